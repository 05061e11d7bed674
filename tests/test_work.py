"""How much work a line is: counted, not timed, so that a slip shows on any machine.

The real factory on a real epoll reactor, which the test turns by hand, and real sockets. What is counted is
what the interpreter is seen to call: C functions that reach the kernel, and functions of Python.
"""

from __future__ import annotations

import socket
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pytest

from lanchatd.chat import late_joins
from lanchatd.chat.accounts.accounts import Accounts
from lanchatd.chat.accounts.proof import WayIn
from lanchatd.chat.chat import Chat
from lanchatd.chat.presence_turns import SMALL_ROOM
from lanchatd.doors.all_doors import all_doors
from lanchatd.doors.connections import Connections
from lanchatd.doors.factory import ChatFactory
from lanchatd.doors.irc.returning import Returning
from lanchatd.history.memory import MemoryLog
from lanchatd.limits import Limits
from lanchatd.net.credentials import Credentials
from lanchatd.net.newcomers import ACCEPTS_A_TURN
from lanchatd.net.turn_time import Budget
from lanchatd.text import names
from tests.daemon import PATIENCE_S
from tests.world import certificate

epollreactor = pytest.importorskip("twisted.internet.epollreactor", reason="epoll is Linux's")

EPOLL_CHANGES = ("epoll.register", "epoll.modify", "epoll.unregister")


IRC_HELLO = "NICK {nick}\r\nUSER u 0 * :u\r\nJOIN #lobby\r"


class Work:
    """What was called, by qualified names: ``kernel`` of methods written in C, ``python`` of functions."""

    def __init__(self) -> None:
        self.kernel: Counter[str] = Counter()
        self.python: Counter[str] = Counter()

    def see(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call":
            self.kernel[called.__qualname__] += 1
        elif event == "call":
            self.python[frame.f_code.co_qualname] += 1

    @property
    def renders(self) -> int:
        return sum(count for name, count in self.python.items() if name.endswith("Format.render"))

    @property
    def epoll_changes(self) -> int:
        return sum(self.kernel[name] for name in EPOLL_CHANGES)


class NoTime:
    """A clock that stands still: how much is read in a turn is not a matter of how fast this machine is."""

    def __init__(self, reactor: Any) -> None:
        self.callLater = reactor.callLater

    def seconds(self) -> float:
        return 0


class Room:
    """Members at the other end of real sockets."""

    def __init__(self) -> None:
        self.reactor: Any = epollreactor.EPollReactor()
        limits = Limits(max_per_address=10_000)
        keep: Any = None  # nobody is moderated, and no nick is owned
        credentials = Credentials(certificate, self.reactor)
        credentials.load()
        accounts = Accounts(limits, time.time, keep)
        way_in = WayIn(accounts, keep, limits, self.reactor, time.time)
        log = MemoryLog("log", limits)
        chat = Chat("test", (), limits, self.reactor, time.time, lambda room: log, keep, way_in)
        self.lobby = chat.rooms["#lobby"]
        connections = Connections(chat, self.reactor, limits, credentials)
        connections.budget = Budget(NoTime(self.reactor))
        factory = ChatFactory(connections, all_doors(None, Returning(self.reactor.seconds)))
        self.port = self.reactor.listenTCP(0, factory, backlog=1_024, interface="127.0.0.1")
        self.members: list[socket.socket] = []

    def turn_until(self, done: Callable[[], bool]) -> None:
        late = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < late
            self.reactor.iterate(0.01)

    def joins(self, count: int, irc: bool = False) -> None:
        """So many come, every other one with JSON or all with IRC, and have been told of each other."""
        for _ in range(count):
            member = socket.create_connection(("127.0.0.1", self.port.getHost().port))
            nick = f"m{len(self.members)}"
            hello = f'{{"nick": "{nick}"}}' if len(self.members) % 2 else nick
            member.sendall(f"{IRC_HELLO.format(nick=nick) if irc else hello}\n".encode())
            self.members.append(member)
        room = self.lobby
        self.turn_until(
            lambda: (
                len(room.members) == len(self.members)
                and all(session.live for user in room.members.values() for session in user.sessions)
                and not self.has_more_to_do()
            )
        )
        self.read()

    def has_more_to_do(self) -> bool:
        """Whether something waits for the next turn, such as telling who came."""
        return any(call.getTime() <= self.reactor.seconds() for call in self.reactor.getDelayedCalls())

    def read(self) -> list[int]:
        """Take what has come; how many lines each was told."""
        lines = []
        for member in self.members:
            member.setblocking(False)
            came = b""
            while True:
                try:
                    more = member.recv(1 << 20)
                except BlockingIOError:
                    break
                assert more
                came += more
            lines.append(came.count(b"\n"))
        return lines

    def work_of_joins(self, count: int) -> Work:
        """What it takes to let so many in."""
        work = Work()
        sys.setprofile(work.see)
        try:
            self.joins(count)
        finally:
            sys.setprofile(None)
        return work

    def work_of(self, *talkers: int) -> Work:
        """What it takes to tell everybody a line of each of these members, all in the same turn."""
        newest = self.lobby.readers.newest
        for talker in talkers:
            self.members[talker].sendall(b'{"line": "hi"}\n' if talker % 2 else b"hi\n")
        work = Work()
        sys.setprofile(work.see)
        try:
            self.turn_until(lambda: self.lobby.readers.newest == newest + len(talkers))
        finally:
            sys.setprofile(None)
        assert self.read() == [len(talkers)] * len(self.members)
        return work

    def work_of_a_word_by_irc(self, talker: int) -> tuple[Work, list[int]]:
        """What it takes to tell everybody a line of this one, and how many lines each was told."""
        newest = self.lobby.readers.newest
        self.members[talker].sendall(b"PRIVMSG #lobby :hi\r\n")
        work = Work()
        sys.setprofile(work.see)
        try:
            self.turn_until(lambda: self.lobby.readers.newest == newest + 1)
        finally:
            sys.setprofile(None)
        return work, self.read()

    def work_of_lines_that_come_one_by_one(self, *talkers: int) -> Work:
        """The same, but each comes while the one before it is being read."""
        work = Work()
        sys.setprofile(work.see)
        try:
            for talker in talkers:
                self.members[talker].sendall(b'{"line": "hi"}\n' if talker % 2 else b"hi\n")
                self.reactor.iterate(0)
            self.turn_until(lambda: not self.has_more_to_do())
        finally:
            sys.setprofile(None)
        assert self.read() == [len(talkers)] * len(self.members)
        return work

    def close(self) -> None:
        for member in self.members:
            member.close()
        self.port.stopListening()
        self.turn_until(lambda: not self.port.factory.connections.open)
        self.reactor.removeAll()


@contextmanager
def room_of(count: int, irc: bool = False) -> Iterator[Room]:
    room = Room()
    try:
        for _ in range(2):  # the first half is there before the other comes
            room.joins(count // 2, irc)
        yield room
    finally:
        room.close()


def test_a_line_is_rendered_once_for_each_format_and_sent_once_to_each_member() -> None:
    """And epoll is told nothing: a send by the transport would be two changes of what it waits for."""
    with room_of(100) as room:
        work = room.work_of(0)
    assert work.kernel["socket.send"] == 100
    assert work.renders == 2
    assert work.epoll_changes == 0


def test_the_lines_of_one_turn_are_sent_together() -> None:
    """Eight lines are one send for each member."""
    with room_of(100) as room:
        work = room.work_of(*range(8))
    assert work.kernel["socket.send"] == 100
    assert work.renders == 8 * 2
    assert work.epoll_changes == 0


def test_a_line_that_comes_while_another_is_being_read_is_sent_with_it() -> None:
    """In a large room. Once, the first went out alone, and the others waited until everybody had it."""
    with room_of(SMALL_ROOM + 20) as room:
        work = room.work_of_lines_that_come_one_by_one(0, 1)
    assert work.kernel["socket.send"] == SMALL_ROOM + 20


def test_no_function_of_python_is_called_for_each_member() -> None:
    """Twice the members are twice the sends and nothing else; a call of Python costs half of a send."""
    with room_of(50) as few, room_of(100) as many:
        some, twice = few.work_of(0), many.work_of(0)
    assert twice.kernel["socket.send"] == 2 * some.kernel["socket.send"]
    grown = {name for name in twice.python if twice.python[name] - some.python[name] > 10}
    assert grown == set()
    assert twice.kernel.total() - some.kernel.total() < 50 + 10


def test_the_first_word_in_a_large_irc_room_is_one_send_to_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who were there before are told that somebody came as well, and nobody is looked at by a function.

    Once, half of them were each told apart, in three times the time of the same two lines told to all.
    """
    monkeypatch.setattr(late_joins, "LARGE_ROOM", 10)
    with room_of(60, irc=True) as few, room_of(120, irc=True) as many:
        (some, _), (twice, told) = few.work_of_a_word_by_irc(59), many.work_of_a_word_by_irc(119)
        said, _ = many.work_of_a_word_by_irc(119)
    assert told == [2] * 60 + [1] * 59 + [0]  # who speaks has no echo
    assert twice.kernel["socket.send"] == said.kernel["socket.send"] == 119
    assert {name for name in twice.python if twice.python[name] - some.python[name] > 10} == set()
    assert twice.python.total() - said.python.total() < 60
    # That somebody knows, and is put to those who do, is a look at a number and a note.
    assert twice.kernel.total() - said.kernel.total() < 2 * 120 + 60


def test_twice_the_lines_of_one_turn_are_at_most_twice_the_calls() -> None:
    """No step compares each with each."""
    with room_of(100) as room:
        once, twice = room.work_of(*range(10)), room.work_of(*range(20))
    assert twice.python.total() <= 2.1 * once.python.total()


def test_so_many_are_accepted_in_a_turn_and_no_more() -> None:
    """What they say first, and who is in their rooms, comes in the turns behind: each of them stays short."""
    with room_of(2) as room:
        connections = room.port.factory.connections
        connections.entrance.watch(room.port)
        opened = connections.open
        address = "127.0.0.1", room.port.getHost().port
        room.members += [socket.create_connection(address) for _ in range(6 * ACCEPTS_A_TURN)]
        accepted: list[int] = []
        while sum(accepted) < 6 * ACCEPTS_A_TURN:
            here = len(opened)
            room.reactor.iterate(0.01)
            accepted.append(len(opened) - here)
        assert ACCEPTS_A_TURN / 2 < max(accepted) <= ACCEPTS_A_TURN


def test_those_that_join_in_one_turn_cost_one_list_of_who_is_here() -> None:
    """A hundred names for each of them were a third of what a whole room costs that comes back."""
    with room_of(2) as room:
        work = room.work_of_joins(40)
    assert work.python["Room.who"] <= 2 * 5  # one a turn for each format, and many are accepted in a turn


def test_who_joins_costs_the_comparison_of_one_name() -> None:
    """The nick. What the room is called is known from those who are in it."""
    names.nick.cache_clear()  # of what other tests have asked for
    with room_of(2) as room:
        work = room.work_of_joins(40)
    assert work.python["_name"] == 40
