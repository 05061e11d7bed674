"""Programs that talk while things break: they go on at another daemon, by what they have.

Each says a line, waits until it is answered, and says the next one. When its daemon is gone, or silent for so
long that it has to be, it goes to the next one, with the id of the last line that it has, and says what was
not answered again, with its ref.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

# A connection that says nothing for so long is given up, if there is something to wait for.
SILENT_S = 4.0
PATIENCE_S = 90.0


class Talker(threading.Thread):
    """One of them. ``ports`` gives those of the daemons, in the order in which it tries them."""

    def __init__(self, nick: str, ports: Callable[[], Sequence[int]], room: str) -> None:
        super().__init__(name=nick, daemon=True)
        self.nick = nick
        self.lines: dict[int, str] = {}
        self.doubled: list[int] = []
        self.acked: dict[str, int] = {}
        self.refused: Counter[str] = Counter()
        self.longest_s = 0.0
        """The longest time until a line was answered."""
        self.log = ""
        self.last = 0
        self.error: BaseException | None = None
        self._ports = ports
        self._room = room
        self._said = 0
        self._socket: socket.socket | None = None
        self._received = b""
        self._quiet = threading.Event()
        self._until: int | None = None

    # -- from the test's thread

    def falls_silent(self) -> None:
        """Say no more than what is under way."""
        self._quiet.set()

    def reads_until(self, id_: int) -> None:
        """And end when that line is there."""
        self._until = id_
        self._quiet.set()

    @property
    def is_quiet(self) -> bool:
        """Whether all that it said is answered."""
        return self._quiet.is_set() and len(self.acked) == self._said

    # -- in its own

    def run(self) -> None:
        try:
            while not self._quiet.is_set():
                self._said += 1
                self._says(f"{self.nick} {self._said}", str(self._said))
            while self._until is None or self.last < self._until:
                self._connected()
                self._receives(0.2)
        except BaseException as error:
            self.error = error
        finally:
            self._drops()

    def _says(self, text: str, ref: str) -> None:
        began_at = time.monotonic()
        line = (json.dumps({"line": text, "ref": ref}) + "\n").encode()
        while ref not in self.acked:
            assert time.monotonic() < began_at + PATIENCE_S, f"{text} was never answered"
            self._connected()
            try:
                assert self._socket is not None
                self._socket.sendall(line)
            except OSError:
                self._drops()
                continue
            silent_at = time.monotonic() + SILENT_S
            refused = self.refused.total()
            while self._socket is not None and ref not in self.acked and self.refused.total() == refused:
                if self._receives(0.5):
                    silent_at = time.monotonic() + SILENT_S
                elif time.monotonic() > silent_at:
                    self._drops()
            if self.refused.total() != refused:
                time.sleep(0.1)
        self.longest_s = max(self.longest_s, time.monotonic() - began_at)

    def _connected(self) -> None:
        late_at = time.monotonic() + PATIENCE_S
        while self._socket is None:
            assert time.monotonic() < late_at, "nobody lets it in"
            for port in self._ports():
                if self._comes_in(port):
                    return
            time.sleep(0.1)

    def _comes_in(self, port: int) -> bool:
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), 1)
            after: dict[str, Any] = {"after": self.last, "log": self.log} if self.log else {"after": 0}
            hello = {"nick": self.nick, "device": self.nick, "room": self._room, **after}
            self._socket.sendall((json.dumps(hello) + "\n").encode())
        except OSError:
            self._drops()
            return False
        before, self.log = self.log, ""
        silent_at = time.monotonic() + SILENT_S
        while self._socket is not None and not self.log and time.monotonic() < silent_at:
            self._receives(0.5)
        if not self.log:
            self.log = before
            self._drops()
            return False
        assert self.log == before or not before, "another log"
        return True

    def _receives(self, within_s: float) -> bool:
        """Take what comes; whether anything did."""
        assert self._socket is not None
        self._socket.settimeout(within_s)
        try:
            came = self._socket.recv(65_536)
        except TimeoutError:
            return False
        except OSError:
            came = b""
        if not came:
            self._drops()
            return False
        *lines, self._received = (self._received + came).split(b"\n")
        for line in lines:
            self._got(json.loads(line))
        return True

    def _got(self, got: dict[str, Any]) -> None:
        match got["type"]:
            case "welcome":
                self.log = got["log"]
            case "said":
                if got["id"] in self.lines:
                    self.doubled.append(got["id"])
                self.lines[got["id"]] = got["text"]
                self.last = max(self.last, got["id"])
            case "ok":
                self.acked[got["ref"]] = got["id"]
            case "error" if not self.log:
                self._drops()  # it is not let in
            case "error":
                self.refused[got["code"]] += 1

    def _drops(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._received = b""


class Talking:
    """All of them."""

    def __init__(self, talkers: Sequence[Talker]) -> None:
        self.talkers = talkers

    @property
    def said(self) -> int:
        """How many lines were answered."""
        return sum(len(talker.acked) for talker in self.talkers)

    def say(self, count: int) -> None:
        """Wait until so many more lines were answered."""
        wanted = self.said + count
        self._wait(f"{count} more lines", lambda: self.said >= wanted)

    def all_is_well(self) -> None:
        """End it: nothing is lost, doubled or left out, and everybody has the same."""
        for talker in self.talkers:
            talker.falls_silent()
        self._wait("all is answered", lambda: all(talker.is_quiet for talker in self.talkers))
        newest = max(id_ for talker in self.talkers for id_ in talker.acked.values())
        for talker in self.talkers:
            talker.reads_until(newest)
        for talker in self.talkers:
            talker.join(PATIENCE_S)
            assert talker.error is None, (talker.nick, talker.error)
            assert not talker.is_alive(), (talker.nick, talker.last, newest)
        first = self.talkers[0].lines
        for talker in self.talkers:
            missing = set(range(1, newest + 1)) ^ talker.lines.keys()
            assert not missing, (talker.nick, newest, missing, [talker.lines.get(id_) for id_ in missing])
            assert talker.lines == first, (talker.nick, "another text")
            assert not talker.doubled, (talker.nick, "told twice", talker.doubled)
            for ref, id_ in talker.acked.items():
                assert first[id_] == f"{talker.nick} {ref}", (talker.nick, ref, id_, first[id_])
        assert len(set(first.values())) == len(first), "said twice"
        assert newest == self.said, "a line that nobody said"

    @property
    def longest_s(self) -> float:
        """The longest time until a line was answered."""
        return max(talker.longest_s for talker in self.talkers)

    @property
    def refused(self) -> Counter[str]:
        """How many were refused, by the reason."""
        return sum((talker.refused for talker in self.talkers), Counter[str]())

    def _wait(self, what: str, true: Callable[[], bool]) -> None:
        late_at = time.monotonic() + PATIENCE_S
        while not true():
            for talker in self.talkers:
                assert talker.error is None, (talker.nick, talker.error)
            assert time.monotonic() < late_at, what
            time.sleep(0.02)


@contextmanager
def talking(ports: Callable[[], Sequence[int]], count: int = 6, room: str = "#lobby") -> Iterator[Talking]:
    """So many, who begin at the daemons by turns, until the block ends."""

    def beginning_with(number: int) -> Callable[[], Sequence[int]]:
        def turned() -> Sequence[int]:
            there = list(ports())
            return [there[(number + step) % len(there)] for step in range(len(there))]

        return turned

    talkers = [Talker(f"talker{number}", beginning_with(number), room) for number in range(count)]
    together = Talking(talkers)
    try:
        for talker in talkers:
            talker.start()
        yield together
    finally:
        for talker in talkers:
            talker.reads_until(0)
