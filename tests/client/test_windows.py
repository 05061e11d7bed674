"""Rooms and private conversations as windows: what is shown, what is counted, and what the row says of it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from wcwidth import wcswidth

from lanchatd.client.arriving import Arriving
from lanchatd.client.outgoing import counted_refs
from lanchatd.client.room import Room
from lanchatd.client.session import ClientSession
from lanchatd.client.shown_event import ShownEvent
from lanchatd.client.status import Status, status_row
from lanchatd.client.windows import MISSED_CHARACTERS, MOST_MISSED, MOST_PRIVATE, Windows
from lanchatd.client.wishes import Wishes
from lanchatd.text.refused import Refused
from tests.client.test_session import FAST, error, said, welcome

ROOMS = ("#lobby", "#dev", "#ops")


class Desk:
    """Somebody in three rooms, of whom nothing is seen but lines."""

    def __init__(self, wishes: Wishes | None = None) -> None:
        self.logged: list[tuple[str, str]] = []
        rooms = [Room(name) for name in ROOMS]
        self.session = ClientSession("alice", "", counted_refs("r"), FAST, several=rooms)
        self.windows = Windows(self.session.places)
        self.arriving = Arriving(self.session, self.windows, wishes or Wishes(), "%H:%M", self._log)
        self.session.connect(0)
        self.hears(*(welcome(room=name, log=name) for name in ROOMS))

    def received(self, event: dict[str, Any]) -> ShownEvent:
        """What the session makes of one that means one thing."""
        (item,) = self.session.received(json.dumps(event).encode(), 0).items
        return item

    def _log(self, room: str, at: float, lines: Iterable[str]) -> None:
        self.logged += [(room, line) for line in lines]

    def hears(self, *events: dict[str, Any]) -> list[str]:
        """What is shown of it."""
        got = [self.session.received(json.dumps(event).encode(), 0) for event in events]
        shapes = [shape for one in got for item in one.items for shape in self.arriving.shapes(item, 10)]
        return [line for shape in shapes for line in shape.lines]

    def shows(self, name: str) -> list[str]:
        """What is shown on going there."""
        self.windows.show(next(window for window in self.windows.all if window.title == name))
        return [line for shape in self.arriving.header(10) for line in shape.lines]

    def row(self, columns: int = 200, **fields: Any) -> str:
        status = {"nick": "alice", "away": False, "operator": False, "here": 0, "waiting": 0, "trouble": "",
                  "encrypted": True, "server": "chat.local"}  # fmt: skip
        parts = status_row(Status(**{**status, **fields}), self.windows, columns)
        return "".join(text for text, _ in parts)


def private(sender: str, to: str = "alice") -> dict[str, Any]:
    return {"type": "private", "from": sender, "to": to, "text": "psst"}


def test_what_is_said_elsewhere_is_counted_and_shown_on_going_there() -> None:
    """With a line that says what is new; and then it is read."""
    desk = Desk()
    assert desk.hears(said(1, "one"), said(1, "two", room="#dev"), said(2, "three", room="#dev")) == [
        "<bob> one"
    ]
    assert desk.row().startswith(" alice · [#lobby] #dev 2 #ops ·")
    desk.hears({"type": "topic", "id": 3, "room": "#dev", "from": "bob", "text": "food"})
    assert desk.shows("#dev") == [
        "-- #dev: food", "-- 3 new --", "<bob> two", "<bob> three", "-- bob set the topic: food",
    ]  # fmt: skip
    assert desk.hears(said(4, "four", room="#dev")) == ["<bob> four"]
    assert desk.shows("#lobby") == ["-- #lobby"]
    assert desk.row().startswith(" alice · [#lobby] #dev #ops ·")


def test_who_comes_and_goes_elsewhere_is_not_told() -> None:
    """Nor is one's own line from another device counted."""
    desk = Desk()
    joined = {"type": "joined", "nicks": ["carol"], "others": 0, "here": 2, "at": ""}
    assert desk.hears({**joined, "room": "#dev"}) == []
    assert desk.hears({**joined, "room": "#lobby"}) == ["-- carol joined"]
    desk.hears(said(1, sender="alice", room="#dev"))
    assert desk.row().startswith(" alice · [#lobby] #dev #ops ·")


def test_where_one_is_named_comes_first() -> None:
    """Before what is nearer in the row."""
    desk = Desk()
    desk.hears(said(1, room="#dev"), said(1, "alice?", room="#ops"))
    assert desk.row().startswith(" alice · [#lobby] #dev 1 #ops 1! ·")
    visited = []
    while (window := desk.windows.next_unread()) is not None:
        visited.append(window.title)
        desk.shows(window.title)
    assert visited == ["#ops", "#dev"]


def test_a_private_conversation_is_a_window() -> None:
    """It is shown at once, and counted until one goes there."""
    desk = Desk()
    assert desk.hears(private("bob")) == ["[bob -> alice] psst"]
    assert desk.row().startswith(" alice · [#lobby] #dev #ops @bob 1 ·")
    assert desk.shows("@bob") == ["-- @bob: what you type here is for bob alone", "-- 1 new --"]
    assert desk.windows.speaks_to == "#lobby"
    desk.hears({"type": "renamed", "room": "#dev", "from": "bob", "to": "rob"})
    assert desk.hears(private("rob"), private("alice", "rob")) == [
        "[rob -> alice] psst",
        "[alice -> rob] psst",
    ]
    assert desk.row().startswith(" alice · #lobby #dev #ops [@rob] ·")


def test_of_an_other_nick_one_is_told_once() -> None:
    """Though it is told in every room; and of one's own also while one talks in private."""
    desk = Desk()
    renamed = [{"type": "renamed", "room": room, "from": "alice", "to": "alicia"} for room in ROOMS]
    desk.windows.show(desk.windows.query("bob"))
    assert desk.hears(*renamed) == ["-- alice is now alicia"]
    others = [{"type": "renamed", "room": room, "from": "carol", "to": "carla"} for room in ROOMS]
    assert desk.hears(*others) == []


def test_a_flood_is_counted_and_bounded() -> None:
    """The newest are shown, and where the others are is said."""
    desk = Desk()
    for number in range(1, 501):
        desk.hears(said(number, str(number), room="#dev"))
    assert desk.shows("#dev") == [
        "-- #dev", "-- 500 new; these are the last 10, /history shows more --",
        *(f"<bob> {number}" for number in range(491, 501)),
    ]  # fmt: skip
    for number in range(1, 501):
        desk.hears(said(number, "x" * 4_000, room="#ops"))
    (ops,) = (window for window in desk.windows.all if window.title == "#ops")
    assert sum(len(line) for shape in ops.missed for line in shape.lines) <= MISSED_CHARACTERS
    for number in range(501, 1_000):
        desk.hears(said(number, "x", room="#ops"))
    assert len(ops.missed) == MOST_MISSED


def test_strangers_open_a_bounded_number_of_conversations() -> None:
    """The others are shown all the same; and whoever wants one more ends one."""
    desk = Desk()
    for number in range(MOST_PRIVATE + 5):
        assert desk.hears(private(f"nick{number}")) == [f"[nick{number} -> alice] psst"]
    assert desk.hears(private("not a nick")) == ["[not a nick -> alice] psst"]
    assert sum(window.private for window in desk.windows.all) == MOST_PRIVATE
    with pytest.raises(Refused):
        desk.windows.query("bob")


def test_a_room_is_shown_from_when_it_is_joined() -> None:
    """What is typed behind it is for that room; one that is refused brings back the one before."""
    desk = Desk()
    desk.windows.show(desk.windows.join("new"))
    assert (desk.windows.speaks_to, desk.windows.shown.title) == ("#new", "#new")
    desk.session.say("/join #new", "#lobby")
    desk.session.outgoing(0)
    assert desk.hears(error("bad_room", 1)) == ["!! No.", "-- #lobby"]
    assert desk.row().startswith(" alice · [#lobby] #dev #ops ·")
    with pytest.raises(Refused):
        desk.windows.join("not a room")


def test_a_room_that_is_left_has_no_window() -> None:
    """The one that was shown before it is shown then."""
    desk = Desk()
    desk.shows("#ops"), desk.shows("#dev")
    desk.hears(said(1, room="#ops"))
    assert desk.hears({"type": "parted", "room": "#dev"})[1:] == ["-- #ops", "-- 1 new --", "<bob> hi"]
    assert desk.session.room == "#ops"
    assert desk.windows.beside(1).title == "#lobby"
    assert desk.windows.numbered(3) is None


def test_after_a_lost_connection_what_is_new_is_marked_and_counted() -> None:
    """In the room that is shown by a line, in the others in the row."""
    desk = Desk()
    desk.hears(said(1), said(1, room="#dev"))
    desk.session.connect(0)
    shown = desk.hears(
        welcome(log="#lobby", last=3), welcome(room="#dev", log="#dev", last=2),
        welcome(room="#ops", log="#ops"), said(2), said(2, room="#dev"), said(3),
    )  # fmt: skip
    assert shown == [
        "-- You are alice in #lobby. /help lists the commands.",
        "-- 2 new --",
        "<bob> hi",
        "<bob> hi",
    ]
    assert desk.row().startswith(" alice · [#lobby] #dev 2 #ops ·")


@pytest.mark.parametrize(
    ("columns", "fields", "row"),
    [
        (113, {"here": 3}, " alice · [#lobby] #dev 2 #ops 1! @bob 1 · 3 here · connected · chat.local"),
        (80, {"here": 3}, " alice · [#lobby] #dev 2 #ops 1! @bob 1 · 3 here · connected"),
        (50, {"here": 3}, " alice · [#lobby] #dev 2 #ops 1! @bob 1 · 3 here"),
        (40, {"here": 3}, " alice · [#lobby] #dev 2 #ops 1! @bob 1"),
        (38, {"here": 3}, " [#lobby] #dev 2 #ops 1! @bob 1"),
        (20, {}, " [#lobby] +3"),
        (51, {"waiting": 2, "here": 3}, " 2 waiting · alice · [#lobby] #dev 2 #ops 1! @bob 1"),
        (40, {"trouble": "reconnecting in 3 s", "waiting": 2, "here": 3},
         " 2 waiting · reconnecting in 3 s · [#lobby] +3"),
        (90, {"operator": True, "away": True, "encrypted": False},
         " alice (operator, away) · [#lobby] #dev 2 #ops 1! @bob 1 · not encrypted · connected"),
    ],
)  # fmt: skip
def test_the_row_shortens_sensibly(columns: int, fields: dict[str, Any], row: str) -> None:
    """What is wrong comes first and is never cut; then where something is unread."""
    desk = Desk()
    desk.hears(said(1, room="#dev"), said(2, room="#dev"), said(1, "alice!", room="#ops"), private("bob"))
    assert desk.row(columns, **fields) == row
    assert wcswidth(row) <= columns or "waiting" in row


def test_the_list_of_rooms_says_in_which_one_is() -> None:
    """Not by their beginnings."""
    desk = Desk()
    rooms = [{"room": name, "here": 2, "topic": "(3 here)"} for name in ("#dev", "#development")]
    assert desk.hears({"type": "rooms", "rooms": rooms, "total": 2}) == [
        "-- #dev (2 here, you too) (3 here)",
        "-- #development (2 here) (3 here)",
    ]


def test_what_is_hidden_is_not_counted_and_is_read() -> None:
    """In the room that is shown and elsewhere, and in private; others are heard, also by that nick."""
    desk = Desk(Wishes(ignore=["Mallory"]))
    assert desk.hears(said(1, "alice!", sender="mallory"), said(1, sender="MALLORY", room="#dev")) == []
    assert desk.hears(private("mallory"), said(2, "alice!", sender="mallory2")) == ["<mallory2> alice!"]
    assert desk.row() == " alice · [#lobby] #dev #ops · connected · chat.local"
    assert desk.shows("#dev") == ["-- #dev"]
    assert desk.windows.shown.room is not None and desk.windows.shown.room.read == 1


def test_what_calls_beside_the_nick() -> None:
    """A word, whoever says it, and all that somebody says; not what one says oneself, and no command."""
    desk = Desk(Wishes(highlights=["release train", "@dora"]))
    calls = []
    for event in (
        said(1, "The Release Train!"), said(2, "releases"), said(3, "hi", sender="DORA"),
        said(4, "release train", sender="alice"), {"type": "notice", "text": "release train"},
    ):  # fmt: skip
        desk.hears(event)
        calls.append(desk.arriving.call)
        desk.arriving.call = None
    assert calls == [("#lobby", "bob"), None, ("#lobby", "DORA"), None, None]


def test_what_is_told_in_a_room_can_be_written() -> None:
    """Once, whichever is shown; not what was seen and asked for again, nor what is private."""
    desk = Desk()
    desk.hears(
        said(1, "one", room="#dev"), {"type": "joined", "room": "#dev", "nicks": ["bob"]}, private("bob")
    )
    desk.session.say("/history 1", "#dev")
    desk.session.outgoing(0)
    assert desk.hears(said(1, "one", room="#dev")) == ["<bob> one"]
    assert desk.logged == [("#dev", "<bob> one"), ("#dev", "-- bob joined")]
