"""Somebody whose lines are followed: each comes once and in order, and none of a room that one is not in."""

from __future__ import annotations

from typing import Any

from lanchatd.chat.cursors import RECENT
from tests.world import Person


class Followed:
    """A program, and what it knows by what it was told: where it is in each of its rooms, and who is there.

    ``strict``: it was there before anybody else, and reads at once: it is told of nobody twice.
    """

    def __init__(self, person: Person, hello: dict[str, Any]) -> None:
        self.person = person
        self.strict = False
        self.at: dict[str, int] = {}
        self.log: dict[str, str] = {}
        self.here: dict[str, set[str]] = {}
        self.nick: str = hello["nick"]
        self._hello = hello
        self._several = "rooms" in hello
        self._after = {place["room"]: place for place in hello.get("rooms", ()) if "after" in place}
        self._unsure: set[str] = set()  # rooms in which it is not known which line comes first

    def comes(self) -> None:
        """Say hello."""
        self.person.asks(self._hello)

    def places(self) -> list[dict[str, Any]]:
        """Where it was, as a hello has it that goes on there."""
        return [{"room": room, "after": self.at[room], "log": self.log[room]} for room in self.at]

    def follow(self) -> None:
        """Read what came since."""
        for got in self.person.gets():
            match got["type"]:
                case "welcome":
                    self._welcomed(got)
                case "parted":
                    for known in (self.at, self.log, self.here):
                        known.pop(got["room"], None)
                case "missed" if got["count"] is not None:
                    self.at[got["room"]] += got["count"]
                case "said" | "acted" | "topic":
                    self._said(got)
                case "members":
                    self.here[got["room"]] = {member["nick"] for member in got["members"]}
                case "joined" | "left" | "renamed":
                    self._changed(got)

    def _welcomed(self, got: dict[str, Any]) -> None:
        room, place = got["room"], self._after.pop(got["room"], None)
        if not self._several:
            self.at, self.log, self.here = {}, {}, {}
        assert room not in self.at
        self.log[room], self.here[room] = got["log"], set()
        if place is not None and place["log"] == got["log"]:
            self.at[room] = place["after"]
        else:
            self.at[room] = max(0, got["last"] - RECENT) if place is None else 0
            self._unsure.add(room)

    def _said(self, got: dict[str, Any]) -> None:
        room, id_, past = got["room"], got["id"], "past" in got
        if past and (room not in self.at or id_ <= self.at[room]):
            return  # it was asked for
        if not (past and room in self._unsure):
            assert id_ == self.at[room] + 1
        self._unsure.discard(room)
        self.at[room] = id_

    def _changed(self, got: dict[str, Any]) -> None:
        here = self.here[got["room"]]
        gone = [got["from"]] if got["type"] == "renamed" else got["nicks"] if got["type"] == "left" else []
        come = [got["to"]] if got["type"] == "renamed" else got["nicks"] if got["type"] == "joined" else []
        if self.strict and self.person.user.nick not in come:
            assert here.issuperset(gone)
            assert here.isdisjoint(come)
        here.difference_update(gone)
        here.update(come)
