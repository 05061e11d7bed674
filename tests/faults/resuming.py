"""A program that comes back by the rules: ``after`` and ``log`` for what it missed, ``ref`` for its lines."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from tests.daemon import PATIENCE_S, Peer


class Program:
    """Says its lines over however many connections it takes. ``seen`` are the events that it was given.

    One that is given twice, or not in its place, ends it with what was ``wrong``.
    """

    def __init__(self, port: int, nick: str, lines: list[str]) -> None:
        self.seen: list[dict[str, Any]] = []
        self.connections = 0
        self.wrong = ""
        self._port = port
        self._nick = nick
        self._log = ""
        self._unsaid = dict(enumerate(lines, 1))
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def last(self) -> int:
        """The newest id that it knows."""
        return self.seen[-1]["id"] if self.seen else 0

    @property
    def waiting(self) -> int:
        """Lines that are not acknowledged."""
        return len(self._unsaid)

    def ends(self) -> None:
        self._ends.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        while not (self._ends.is_set() or self.wrong):
            self.connections += 1
            try:
                with Peer(self._port) as peer:
                    self._talk(peer)
            except (OSError, ValueError):  # cut, maybe in the middle of a line
                time.sleep(0.05)

    def _talk(self, peer: Peer) -> None:
        hello = {"nick": self._nick, "after": self.last} | ({"log": self._log} if self._log else {})
        peer.types(json.dumps(hello))
        while not (self._ends.is_set() or self.wrong):
            got = peer.gets()
            match got["type"]:
                case "welcome":
                    self._log = got["log"]
                    self._say_next(peer)
                case "error" if "ref" not in got:
                    # The nick is taken by our own last connection, of which the server does not know yet; or
                    # half a line got there, and this was all.
                    return
                case "error" | "missed":
                    self.wrong = str(got)
                case "said" if got["id"] == self.last + 1:
                    self.seen.append(got)
                case "said":
                    self.wrong = f"{got} came after {self.last}"
                case "ok":
                    self._unsaid.pop(int(got["ref"]), None)
                    self._say_next(peer)

    def _say_next(self, peer: Peer) -> None:
        """One at a time, so that the order is that of the lines."""
        if self._unsaid:
            ref, line = next(iter(self._unsaid.items()))
            peer.types(json.dumps({"line": line, "ref": str(ref)}))
