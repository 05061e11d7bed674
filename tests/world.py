"""A whole chat in memory: the real factory and protocols, a clock that the test moves, sockets it blocks.

world = World()
alice, bob = world.join("alice"), world.join("bob")
alice.types("hi")
assert bob.sees() == ["<alice> hi"]
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from lanchatd.chat import moderating, renaming
from lanchatd.chat.accounts.accounts import Accounts
from lanchatd.chat.accounts.proof import WayIn
from lanchatd.chat.accounts.rows import BY_PASSWORD, Account, Change, Proof
from lanchatd.chat.answers import Answer
from lanchatd.chat.chat import Chat
from lanchatd.chat.log import Log
from lanchatd.chat.nodes import ALONE, Nodes
from lanchatd.chat.user import Session, User
from lanchatd.doors.all_doors import all_doors
from lanchatd.doors.connections import Connections
from lanchatd.doors.factory import ChatFactory
from lanchatd.doors.first_bytes import PATIENCE_S, FirstBytes
from lanchatd.doors.irc.returning import Returning
from lanchatd.doors.join_addresses import JoinAddresses
from lanchatd.doors.refusal import LastLine
from lanchatd.doors.web.door import WebDoor
from lanchatd.history.memory import MemoryLog
from lanchatd.limits import Limits
from lanchatd.net.credentials import Credentials
from lanchatd.state.certificate import Certificate, own_certificate
from lanchatd.text.refused import Refused

_T = TypeVar("_T")

# What who says nothing reads, and an empty line after it.
ASKED = "HTTP/1.1 100 Welcome to test (lanchatd 0.1.0). What is your nick?"

# 2026-11-22 14:03:11.123 UTC
NOON = 1_795_356_191.123


@cache
def certificate() -> Certificate:
    """What the daemon shows to clients of TLS; nobody in a world speaks it."""
    with TemporaryDirectory() as directory:
        return own_certificate(Path(directory) / "tls.pem", datetime.now(UTC))


class Reversed:
    """Passwords are kept backwards, and looked at in the next turn of the reactor, or when the test says so.

    Implements `lanchatd.chat.accounts.passwords.Hashing`.
    """

    def __init__(self, clock: Clock) -> None:
        self.outdated = ""
        self.held = False
        self.waiting: list[Callable[[], None]] = []
        self._clock = clock

    def hash(self, password: str) -> Answer[str]:
        return self._later(password[::-1])

    def verify(self, password: str, hashed: str) -> Answer[bool]:
        return self._later(hashed in (password[::-1], self.outdated + password[::-1]))

    def is_outdated(self, hashed: str) -> bool:
        return bool(self.outdated) and hashed.startswith(self.outdated)

    def _later(self, value: _T) -> Answer[_T]:
        answer: Answer[_T] = Answer()
        self.waiting.append(partial(answer.settle, value))
        if not self.held:
            self._clock.callLater(0, self.lets_go)
        return answer

    def lets_go(self) -> None:
        waiting, self.waiting = self.waiting, []
        for answer in waiting:
            answer()


class Wire:
    """A transport and its socket. ``room_bytes`` is what the peer's side still takes; None is everything."""

    def __init__(self, world: World, peer: str) -> None:
        self.world = world
        self.peer = IPv4Address("TCP", peer, 5000)
        self.room_bytes: int | None = None
        self.taken = b""
        self.sends: list[int] = []  # their sizes in bytes
        self.broken = False
        self.buffer = b""
        self.producer: Any = None
        self.reading = True
        self.incoming: list[bytes | None] = []  # None is the peer's end of file
        self.closing = False
        self.write_closing = False
        self.write_closed = False
        self.aborted = False
        self.closed = False
        self.protocol: Any = None

    # -- the socket

    def send(self, data: bytes) -> int:
        if self.broken:
            raise BrokenPipeError
        assert not self.buffer, "sent past what waits in the transport"
        assert not self.write_closed, "sent after closing"
        self.sends.append(len(data))
        return self._take(data)

    def _take(self, data: bytes) -> int:
        size = len(data) if self.room_bytes is None else min(self.room_bytes, len(data))
        if data and not size:
            raise BlockingIOError
        self.taken += data[:size]
        if self.room_bytes is not None:
            self.room_bytes -= size
        return size

    # -- the transport, as Twisted's

    def getHandle(self) -> Wire:
        return self

    def fileno(self) -> int:
        raise OSError  # asked how much its peer has acknowledged

    def getPeer(self) -> IPv4Address:
        return self.peer

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "127.0.0.1", 8000)

    def write(self, data: bytes) -> None:
        if not self.closed:
            self.buffer += data

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert self.producer is None
        self.producer = producer
        if not streaming:
            producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self.producer = None

    def pauseProducing(self) -> None:
        self.reading = False

    def resumeProducing(self) -> None:
        self.reading = not self.closed

    def loseConnection(self) -> None:
        self.closing = True

    def loseWriteConnection(self) -> None:
        self.write_closing = True

    def abortConnection(self) -> None:
        self.aborted = True

    @property
    def disconnecting(self) -> bool:
        return self.closing

    # -- what the reactor does in a turn; returns whether anything moved

    def turn(self) -> bool:
        if self.closed:
            return False
        if self.aborted:
            return self.lose(ConnectionAborted())
        if self.buffer:
            try:
                self.buffer = self.buffer[self._take(self.buffer) :]
            except BlockingIOError:
                return self._read()
            if not self.buffer and self.producer is not None:
                self.producer.resumeProducing()
            return True
        if self.closing:
            return self.lose(ConnectionDone())
        if self.write_closing and not self.write_closed:
            self.write_closed = True
            return True
        return self._read()

    def _read(self) -> bool:
        if not self.reading or not self.incoming:
            return False
        data = self.incoming.pop(0)
        if data is None:
            self.protocol.readConnectionLost()
        else:
            self.protocol.dataReceived(data)
        return True

    def lose(self, why: Exception) -> bool:
        self.closed = True
        if self.producer is not None:
            self.producer.stopProducing()
        self.protocol.connectionLost(Failure(why))
        return True


class Person:
    """Somebody at the other end of a `Wire`."""

    def __init__(self, world: World, wire: Wire) -> None:
        self.world = world
        self.wire = wire
        self._seen = 0

    def sends(self, *segments: bytes) -> Person:
        """Send bytes, a segment each."""
        self.wire.incoming += segments
        self.world.settle()
        return self

    def types(self, *lines: str) -> Person:
        """Type lines, in one segment."""
        return self.sends("".join(line + "\n" for line in lines).encode())

    def asks(self, *objects: dict[str, Any]) -> Person:
        """Send JSON lines, in one segment."""
        return self.types(*map(json.dumps, objects))

    def hangs_up(self) -> None:
        """Close the side that it sends on."""
        self.wire.incoming.append(None)
        self.world.settle()

    def vanishes(self) -> None:
        """Lose the connection."""
        self.wire.lose(ConnectionLost())
        self.world.settle()

    def stops_reading(self, after_bytes: int = 0) -> None:
        self.wire.room_bytes = after_bytes

    def reads_on(self, room_bytes: int | None = None) -> None:
        self.wire.room_bytes = room_bytes
        self.world.settle()

    def sees(self) -> list[str]:
        """The whole lines that came since it looked last."""
        end = self.wire.taken.rfind(b"\n") + 1
        seen, self._seen = self.wire.taken[self._seen : end], max(end, self._seen)
        return seen.decode().splitlines()

    def gets(self) -> list[dict[str, Any]]:
        """The same, of JSON lines."""
        return [json.loads(line) for line in self.sees()]

    @property
    def gone(self) -> bool:
        return self.wire.closed

    @property
    def session(self) -> Session:
        return next(one for one in self.world.chat.sessions() if one.outbox is self.wire.protocol.outbox)

    @property
    def user(self) -> User:
        return self.session.user


class World:
    """The daemon, without twistd and without a network. Takes limits by their names."""

    nodes: Nodes = ALONE

    def __init__(
        self,
        new_log: Callable[[str], Log] | None = None,
        motd: tuple[str, ...] = (),
        web: WebDoor | None = None,
        **limits: float,
    ) -> None:
        self.clock = self.new_clock()
        many = Limits(lines_per_s=1_000, burst_lines=1_000, max_per_address=10_000, rooms_per_h=100_000)
        self.limits = replace(many, **limits)  # type: ignore[arg-type]
        self.jump_s = 0.0
        self.kept: list[bytes] = []
        self.disk_error: OSError | None = None
        self.logs = 0
        self.changes: list[Change] = []
        self.accounts = Accounts(self.limits, self.now, self._keep_change)
        self.hashing = Reversed(self.clock)
        self.way_in = WayIn(self.accounts, self.hashing, self.limits, self.clock, self.now)
        log = new_log or self._memory_log
        self.chat = Chat(
            "test", motd, self.limits, self.clock, self.now, log, self._keep, self.way_in, self.nodes
        )
        credentials = Credentials(certificate, self.clock)
        credentials.load()
        self.connections = Connections(
            self.chat, self.clock, self.limits, credentials, join=JoinAddresses(self.clock, web is not None)
        )
        self.returning = Returning(self.clock.seconds)
        self.factory = ChatFactory(self.connections, all_doors(web, self.returning))
        self.wires: list[Wire] = []

    def new_clock(self) -> Clock:
        """The one that it goes by."""
        return Clock()

    def now(self) -> float:
        """Seconds since the epoch; a test may make the wall clock jump."""
        return NOON + self.clock.seconds() + self.jump_s

    def _memory_log(self, room: str) -> MemoryLog:
        self.logs += 1
        return MemoryLog(f"log{self.logs}", self.limits)

    def _keep(self, document: bytes) -> Answer[None]:
        """Keep bans, mutes and operators, at the end of this turn of the reactor."""
        answer: Answer[None] = Answer()
        if self.disk_error is None:
            self.kept.append(document)
            self.clock.callLater(0, answer.settle, None)
        else:
            self.clock.callLater(0, answer.fail, self.disk_error)
        return answer

    def _keep_change(self, change: Change) -> Answer[None]:
        """Keep a change of the accounts, at the end of this turn of the reactor."""
        answer: Answer[None] = Answer()
        if self.disk_error is None:
            self.changes.append(change)
            self.clock.callLater(0, answer.settle, None)
        else:
            self.clock.callLater(0, answer.fail, Refused("not_kept", "That can't be kept: the disk is full."))
        return answer

    def make_owner(self, person: Person) -> None:
        """Give somebody who is here the nick, as if they had registered it, with a password."""
        self.own(person.user)

    def own(self, user: User) -> Proof:
        """The same for a user: what lets them in once more."""
        if user.account is None:
            number = self.accounts.next_number()
            account = Account(number, user.name, self.now(), self.now(), "", "drowssap")
            self.accounts.apply(Change((account,)))
            renaming.became_owner(self.chat, user, Proof(number, BY_PASSWORD))
        assert user.account is not None
        return Proof(user.account, BY_PASSWORD)

    def make_operator(self, person: Person) -> None:
        """As an administrator does."""
        self.make_owner(person)
        moderating.make_operator(self.chat, person.user.name)
        self.settle()

    def connect(self, peer: str = "192.0.2.1") -> Person:
        """A connection; nothing is sent yet."""
        wire = Wire(self, peer)
        wire.protocol = self.factory.buildProtocol(wire.peer)
        assert isinstance(wire.protocol, FirstBytes | LastLine)
        self.wires.append(wire)
        wire.protocol.makeConnection(wire)  # type: ignore[no-untyped-call]
        self.settle()
        return Person(self, wire)

    def join(self, nick: str, peer: str = "192.0.2.1", room: str | None = None) -> Person:
        """Somebody who types a nick, and maybe goes to a room; what they saw so far is forgotten."""
        person = self.connect(peer).types(nick)
        if room is not None:
            person.types(f"/join {room}")
        person.sees()
        return person

    def join_json(self, nick: str, **hello: Any) -> Person:
        """A program that says hello; what it got so far is kept."""
        return self.connect().asks({"nick": nick, **hello})

    def settle(self) -> None:
        """Let the reactor turn until nothing moves."""
        for _ in range(100_000):
            moved = [wire.turn() for wire in list(self.wires)]
            due = any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls())
            self.clock.advance(0)
            if not any(moved) and not due:
                self.wires = [wire for wire in self.wires if not wire.closed]
                return
        raise AssertionError("it never comes to rest")

    def turn(self) -> None:
        """One turn of the reactor: what is put off in it waits for the next one."""
        for wire in list(self.wires):
            wire.turn()
        now = self.clock.seconds()
        due: list[Any] = [call for call in self.clock.getDelayedCalls() if call.getTime() <= now]
        self.clock.calls = [call for call in self.clock.calls if call not in due]
        for call in due:
            call.called = 1
            call.func(*call.args, **call.kw)

    def passes(self, seconds: float) -> None:
        """Time goes by, timer by timer."""
        end = self.clock.seconds() + seconds
        while True:
            calls = [call.getTime() for call in self.clock.getDelayedCalls() if call.getTime() <= end]
            if not calls:
                break
            self.clock.advance(max(0, min(calls) - self.clock.seconds()))
            self.settle()
        self.clock.advance(end - self.clock.seconds())
        self.settle()

    def ask(self) -> None:
        """Wait until whoever said nothing is asked for a nick."""
        self.passes(PATIENCE_S)
