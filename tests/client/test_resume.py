"""The client over a network that breaks: a proxy that cuts connections anywhere, a server that is killed.

What is real here: the daemon, the sockets, the reactor. Only the pauses between two tries are shorter.
"""

from __future__ import annotations

import random
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import pytest
from twisted.internet import reactor as the_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint
from twisted.internet.error import ConnectionRefusedError as RefusedError
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from lanchatd.chat.events import Node
from lanchatd.client import connection as connection_module
from lanchatd.client import greeting as greeting_module
from lanchatd.client import known_servers
from lanchatd.client.connection import ServerConnection
from lanchatd.client.outgoing import Pace, counted_refs
from lanchatd.client.pipe import Pipe
from lanchatd.client.rendering import shape
from lanchatd.client.server_lines import LONGEST_LINE, ServerLines
from lanchatd.client.session import ClientSession
from lanchatd.client.shown_event import ShownEvent
from lanchatd.client.tls import TlsEndpoint
from lanchatd.client.tries import growing_pauses
from lanchatd.client.trust import Trust
from lanchatd.client.ways import Way, Ways
from tests.certificates import self_made
from tests.daemon import PATIENCE_S, Daemon, daemon
from tests.impostors import impostor, server_context
from tests.pseudo_terminal import key_of

reactor: Any = the_reactor
FAST = ("--lines-per-s=100000", "--burst-lines=100000", "--bytes-per-s=100000000")
PAUSE_S = 0.01

P = ParamSpec("P")
CLIENTS: list[Client] = []


def in_reactor(story: Callable[P, Coroutine[Deferred[Any], Any, None]]) -> Callable[P, Deferred[None]]:
    """pytest-twisted waits for the Deferred that a test returns."""

    @wraps(story)
    def test(*arguments: P.args, **fixtures: P.kwargs) -> Deferred[None]:
        return Deferred.fromCoroutine(story(*arguments, **fixtures))

    return test


@pytest.fixture(autouse=True)
def _clients_stop() -> Iterator[None]:
    """Also those of a test that failed."""
    yield
    while CLIENTS:
        CLIENTS.pop().connection.stop()


def only_way(clock: Any, endpoint: Any, port: int, trust: Trust | None = None) -> Ways:
    """To a server that names no others."""
    encrypted = endpoint if trust is None else TlsEndpoint(clock, endpoint, trust)
    return Ways(Way(Node("server", port, ""), trust, encrypted), lambda _: None)


class Client:
    """A client as the terminal and the pipe have one, with what its observer was told."""

    def __init__(
        self, nick: str, port: int, clock: Any = reactor, endpoint: Any = None, trust: Trust | None = None
    ) -> None:
        self.session = ClientSession(nick, "", counted_refs(nick), Pace(100_000, 100_000))
        endpoint = endpoint or HostnameEndpoint(reactor, b"127.0.0.1", port, timeout=PATIENCE_S)
        pause = growing_pauses(lambda: 0.5) if clock is not reactor else lambda _: PAUSE_S
        ways = only_way(clock, endpoint, port, trust)
        self.connection = ServerConnection(clock, ways, self.session, self, pause)
        self.items: list[ShownEvent] = []
        self.told: list[str] = []
        self._awaited: list[tuple[Callable[[], bool], Deferred[None]]] = []
        CLIENTS.append(self)

    def welcomed(self) -> None:
        self.told.append("welcomed")

    def show(self, items: list[ShownEvent]) -> None:
        self.items += items

    def changed(self) -> None:
        self._look()

    def lost(self, why: str, next_try_s: float) -> None:
        self.told.append(f"lost: {why} {next_try_s:g}")
        self._look()

    def refused(self, code: str, text: str) -> None:
        self.told.append(f"refused: {code}")
        self._look()

    def unknown_key(self, fingerprint: str, why: str) -> None:
        self.told.append(f"unknown key: {fingerprint}")
        self._look()

    def warned(self, text: str) -> None:
        self.told.append(f"warned: {text}")
        self._look()

    def failed(self, why: str) -> None:
        self.told.append(f"failed: {why}")
        self._look()

    def until(self, true: Callable[[], bool]) -> Deferred[None]:
        """Fires when it is true; it is looked at whenever something happens."""
        done: Deferred[None] = Deferred()
        self._awaited.append((true, done))
        reactor.callLater(0, self._look)
        done.addTimeout(PATIENCE_S * 2, reactor)
        return done

    def _look(self) -> None:
        awaited, self._awaited = self._awaited, []
        for true, done in awaited:
            if done.called:
                continue
            if true():
                done.callback(None)
            else:
                self._awaited.append((true, done))

    def said(self) -> list[tuple[int, str]]:
        return [(item.event["id"], item.event["text"]) for item in self.items if item.event["type"] == "said"]

    def shown(self) -> list[str]:
        return [line for item in self.items for line in shape(item, self.session.nick, 0).lines]


class Half(Protocol):
    """One side of a connection through the proxy. After so many bytes it cuts both, wherever that is."""

    def __init__(self, proxy: Proxy, other: Half | None) -> None:
        self.proxy = proxy
        self.other = other
        self.early = b""
        self.gone = False
        self.left = proxy.budget()
        self.transport: Any

    def connectionMade(self) -> None:
        self.proxy.halves.add(self)
        if self.other is None:
            endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", self.proxy.port)
            factory = Factory.forProtocol(Protocol)
            factory.buildProtocol = lambda addr: Half(self.proxy, self)  # type: ignore[method-assign]
            endpoint.connect(factory).addErrback(lambda _: self.cut())
        elif self.other.gone:
            self.cut()
        else:
            self.other.other = self
            self.transport.write(self.other.early)

    def dataReceived(self, data: bytes) -> None:
        passed = data if self.left is None else data[: self.left]
        if self.other is None:
            self.early += passed
        elif not self.other.gone:
            self.other.transport.write(passed)
        if self.left is not None:
            self.left -= len(passed)
            if self.left <= 0:
                self.left = None
                self.proxy.cuts += 1
                # The bytes before the cut arrive, or not: what the kernel has by now.
                reactor.callLater(0, self.cut)

    def cut(self) -> None:
        for half in (self, self.other):
            if half is not None and not half.gone:
                half.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.gone = True
        self.proxy.lost(self)
        if self.other is not None and not self.other.gone:
            self.other.transport.abortConnection()


class Proxy(Factory):
    """Passes on to a port, and cuts so many connections at random places."""

    noisy = False

    def __init__(self, port: int, seed: int, cuts: int) -> None:
        self.port = port
        self.random = random.Random(seed)  # noqa: S311  a seed, so that a failure comes again
        self.cuts = 0
        self.most_cuts = cuts
        self.halves: set[Half] = set()
        self._idle: Deferred[None] | None = None

    def budget(self) -> int | None:
        if self.cuts >= self.most_cuts:
            return None
        return self.random.choice((self.random.randrange(1, 300), self.random.randrange(1, 4_000)))

    def buildProtocol(self, addr: object) -> Half:
        return Half(self, None)

    def lost(self, half: Half) -> None:
        self.halves.discard(half)
        if self._idle is not None and not self.halves:
            self._idle.callback(None)

    def idle(self) -> Deferred[None]:
        """Fires when all connections through it are gone."""
        self._idle = Deferred()
        if not self.halves:
            self._idle.callback(None)
        self._idle.addTimeout(PATIENCE_S, reactor)
        return self._idle


def trust_in(chat: Daemon) -> Trust:
    """Of somebody who knows its key."""
    trust = Trust("server", chat.port, (), None)
    trust.accept(key_of(chat))
    return trust


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("tls", [False, True])
@in_reactor
async def test_in_100_random_cuts_nothing_is_missing_and_nothing_is_double(
    tmp_path: Path, seed: int, tls: bool
) -> None:
    """Two talk through a network that drops connections in the middle of everything, of a handshake too."""
    with daemon("--port=0", *FAST, cwd=tmp_path) as chat:
        proxy = Proxy(chat.port, seed, cuts=100)
        listening = reactor.listenTCP(0, proxy, interface="127.0.0.1")
        port = listening.getHost().port
        clients = [Client(nick, port, trust=trust_in(chat) if tls else None) for nick in ("alice", "bob")]
        for client in clients:
            client.connection.start()
        typed: list[str] = []
        while proxy.cuts < proxy.most_cuts:
            client = proxy.random.choice(clients)
            for _ in range(proxy.random.randrange(1, 6)):
                typed.append(f"{client.session.nick} {len(typed)} {'x' * proxy.random.randrange(1, 200)}")
                client.connection.say(typed[-1])
            await client.until(lambda client=client: client.session.waiting < proxy.random.randrange(1, 12))  # type: ignore[misc]
        for client in clients:
            client.connection.say(f"{client.session.nick} says the last")
            typed.append(f"{client.session.nick} says the last")
        for client in clients:
            await client.until(
                lambda client=client: not client.session.waiting and len(client.said()) >= len(typed)  # type: ignore[misc]
            )
        for client in clients:
            said = client.said()
            assert [number for number, _ in said] == list(range(1, len(typed) + 1))
            assert sorted(text for _, text in said) == sorted(typed)
            for nick in ("alice", "bob"):
                own = [text for _, text in said if text.startswith(nick)]
                assert own == [text for text in typed if text.startswith(nick)]
            assert not any(line.startswith("!!") for line in client.shown())
            client.connection.stop()
        await proxy.idle()
        await listening.stopListening()


@in_reactor
async def test_the_server_is_killed_and_both_go_on_where_they_were(tmp_path: Path) -> None:
    """By themselves, and what was typed meanwhile is said: ids go on, with nothing missing or double."""
    with daemon("--port=0", *FAST, cwd=tmp_path) as chat:
        clients = [Client(nick, chat.port) for nick in ("alice", "bob")]
        alice, bob = clients
        for client in clients:
            client.connection.start()
            await client.until(lambda client=client: client.session.connected)  # type: ignore[misc]
        alice.connection.say("before")
        await bob.until(lambda: bob.said() == [(1, "before")])
        await alice.until(lambda: alice.said() == [(1, "before")] and not alice.session.waiting)
        chat.ends(by=signal.SIGKILL)
        await alice.until(lambda: any("Nothing listens" in told for told in alice.told))
        alice.connection.say("while away")
    with daemon(f"--port={chat.port}", *FAST, cwd=tmp_path) as chat:
        await alice.until(lambda: alice.session.connected and not alice.session.waiting)
        await bob.until(lambda: bob.said() == [(1, "before"), (2, "while away")])
        for client in clients:
            await client.until(lambda client=client: client.said() == [(1, "before"), (2, "while away")])  # type: ignore[misc]
            assert not [line for line in client.shown() if "new log" in line]
            await client.connection.quit().addTimeout(PATIENCE_S, reactor)


@in_reactor
async def test_the_server_is_killed_and_both_come_back(tmp_path: Path) -> None:
    """One that keeps nothing: a line says that it has a new log, and what was typed meanwhile is said."""
    with daemon("--port=0", "--no-history", *FAST, cwd=tmp_path) as chat:
        clients = [Client(nick, chat.port) for nick in ("alice", "bob")]
        alice, bob = clients
        for client in clients:
            client.connection.start()
            await client.until(lambda client=client: client.session.connected)  # type: ignore[misc]
        alice.connection.say("before")
        await bob.until(lambda: bob.said() == [(1, "before")])
        await alice.until(lambda: alice.said() == [(1, "before")] and not alice.session.waiting)
        chat.ends(by=signal.SIGKILL)
        await alice.until(lambda: any("Nothing listens" in told for told in alice.told))
        alice.connection.say("while away")
        port = chat.port
    with daemon(f"--port={port}", "--no-history", *FAST, cwd=tmp_path) as chat:
        await alice.until(lambda: alice.session.connected and not alice.session.waiting)
        await bob.until(lambda: bob.said() == [(1, "before"), (1, "while away")])
        bob.connection.say("after")
        for client in clients:
            await client.until(lambda client=client: client.said()[-1:] == [(2, "after")])  # type: ignore[misc]
            assert [line for line in client.shown() if "new log" in line] == [
                "-- The server has a new log of #lobby; this is all that it holds."
            ]
            assert [text for _, text in client.said()] == ["before", "while away", "after"]
            assert client.told.count("welcomed") == 2
            await client.connection.quit().addTimeout(PATIENCE_S, reactor)


@in_reactor
async def test_reconnect_is_a_new_connection_at_once(tmp_path: Path) -> None:
    """With a connection, and while the next try is far away."""
    with daemon("--port=0", *FAST, cwd=tmp_path) as chat:
        alice = Client("alice", chat.port)
        alice.connection._pause = lambda _: 3_600
        alice.connection.start()
        await alice.until(lambda: alice.session.connected)
        alice.connection.reconnect()
        await alice.until(lambda: alice.told.count("welcomed") == 2)
        chat.ends(by=signal.SIGKILL)
        await alice.until(lambda: alice.told[-1].endswith("3600"))
    with daemon(f"--port={chat.port}", *FAST, cwd=tmp_path) as chat:
        alice.connection.reconnect()
        await alice.until(lambda: alice.told.count("welcomed") == 3)
        await alice.connection.quit().addTimeout(PATIENCE_S, reactor)


# -- with a clock of the test's own, and a server that the test plays

WELCOME = b'{"type": "welcome", "nick": "alice", "room": "#lobby", "log": "a", "last": 0}\n'
TAKEN = b'{"type": "error", "code": "nick_taken", "text": "That nick is taken."}\n'


class Transport(StringTransport):
    """A transport that tells its protocol when it is closed."""

    protocol: Any

    def getHandle(self) -> None:
        """No socket."""

    def loseConnection(self) -> None:
        if not self.disconnecting:
            self.disconnecting = True
            self.protocol.connectionLost(Failure(connectionDone.value))

    abortConnection = loseConnection


class Endpoint:
    """Connects at once, or fails as the test says."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.protocols: list[Any] = []

    def connect(self, factory: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        if self.error is not None:
            done.errback(self.error)
            return done
        protocol, transport = factory.buildProtocol(None), Transport()  # type: ignore[no-untyped-call]
        transport.protocol = protocol
        self.protocols.append(protocol)
        protocol.makeConnection(transport)
        done.callback(protocol)
        return done


class Played:
    """A client, and a server that is played by the test."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.endpoint = Endpoint()
        self.client = Client("alice", 8000, self.clock, self.endpoint)

    def starts(self) -> Played:
        self.client.connection.start()
        return self

    def hears(self, encoded: bytes) -> None:
        self.endpoint.protocols[-1].dataReceived(encoded)
        self.clock.advance(0)

    def loses(self) -> None:
        self.endpoint.protocols[-1]._transport.loseConnection()
        self.clock.advance(0)

    def sent(self) -> bytes:
        """What the client has sent on its last connection."""
        return bytes(self.endpoint.protocols[-1]._transport.value())

    @property
    def told(self) -> list[str]:
        return self.client.told


def test_pauses_grow_until_the_server_has_welcomed_us() -> None:
    """Somebody who only accepts does not make them short again; they go from 1 s to 30 s."""
    played = Played().starts()
    played.hears(WELCOME)
    pauses = []
    for _ in range(10):
        played.loses()
        pauses.append(float(played.told[-1].rsplit(" ", 1)[1]))
        played.clock.advance(pauses[-1] + 0.01)
    assert pauses[0] == 1.5
    assert pauses == sorted(pauses)
    assert pauses[-1] == 29.5
    played.hears(WELCOME)
    played.loses()
    assert played.told[-1] == "lost: The server closed the connection. 1.5"


def test_a_nick_that_our_old_connection_holds_is_asked_for_again() -> None:
    """For 150 s; after that somebody has to choose another."""
    played = Played().starts()
    played.hears(WELCOME)
    played.loses()
    played.clock.advance(1.5)
    asked = 0
    while "refused: nick_taken" not in played.told:
        assert played.sent().count(b"\n") == asked + 1
        played.hears(TAKEN)
        asked += 1
        if "refused: nick_taken" not in played.told:
            assert "may not have noticed" in played.told[-1]
            played.clock.advance(float(played.told[-1].rsplit(" ", 1)[1]) + 0.01)
    assert 150 <= played.clock.seconds() < 190
    played.client.connection.take_nick("alicia")
    assert played.sent().endswith(b'{"nick": "alicia", "room": "#lobby", "after": 0, "log": "a"}\n')


def test_a_nick_refused_at_first_is_asked_for_and_the_connection_kept_or_made_anew() -> None:
    """People think for longer than the server waits."""
    played = Played().starts()
    played.hears(TAKEN)
    assert played.told == ["refused: nick_taken"]
    played.loses()
    played.clock.advance(100)
    assert len(played.endpoint.protocols) == 1
    played.client.connection.take_nick("bob")
    assert played.sent() == b'{"nick": "bob"}\n'
    played.hears(TAKEN)
    played.client.connection.take_nick("carol")
    assert played.sent() == b'{"nick": "bob"}\n{"nick": "carol"}\n'
    played.hears(WELCOME)
    assert played.told[-1] == "welcomed"


def test_a_server_that_never_answers_is_given_up() -> None:
    """At first for good; after it was a lanchat once, it is tried again."""
    played = Played().starts()
    played.clock.advance(greeting_module.WELCOME_S)
    played.clock.advance(0)
    assert played.told[-1].startswith("failed: server port 8000 does not answer within 10 s.")
    played = Played().starts()
    played.hears(WELCOME)
    played.loses()
    played.clock.advance(1.5)
    played.hears(b"502 Bad Gateway\n")
    assert played.told[-1].startswith("lost: What listens on server port 8000 is no lanchat.")


def test_a_hello_that_was_cut_short_is_said_again() -> None:
    """The server was told half of it, and then that this is all: it is no reason to stay away."""
    played = Played().starts()
    played.hears(WELCOME)
    played.loses()
    played.clock.advance(1.5)
    played.hears(b'{"type": "error", "code": "bad_json", "text": "That line is not JSON."}\n')
    assert played.told[-1].startswith("lost: That line is not JSON. ")
    played.clock.advance(30)
    played.hears(WELCOME)
    assert played.told[-1] == "welcomed"


def test_who_was_kicked_stays_away() -> None:
    """Until the user says otherwise."""
    played = Played().starts()
    played.hears(WELCOME)
    played.hears(b'{"type": "error", "code": "kicked", "text": "You were kicked by op."}\n')
    played.loses()
    assert played.told[-1] == "failed: You were kicked by op."
    played.clock.advance(100)
    assert len(played.endpoint.protocols) == 1
    played.client.connection.reconnect()
    played.hears(WELCOME)
    assert played.told[-1] == "welcomed"


class NoThreads(Clock):
    """A reactor for the pipe, moved by the test; what its threads would call is not of interest."""

    def callFromThread(self, call: Any, *arguments: Any) -> None:  # noqa: N802
        pass


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_pipe_tries_for_a_minute_and_then_gives_up(comes_back: bool) -> None:
    """What was connected once may come back; and the exit code says if it did not."""
    clock = NoThreads()
    endpoint: Any = Endpoint()
    session = ClientSession("alice", "", counted_refs("r"))
    complaints: list[str] = []
    codes: list[int] = []
    with Path("/dev/null").open("r+b", buffering=0) as null:
        pipe = Pipe(
            clock, session, stdin=null.fileno(), stdout=null.fileno(), complain=complaints.append,
            as_json=False, own_nick=True, now=lambda: 0.0,
        )  # fmt: skip
        pause = growing_pauses(lambda: 0.0)
        connection = ServerConnection(clock, only_way(clock, endpoint, 8000), session, pipe, pause)
        pipe.run(connection).addCallback(codes.append)
        endpoint.protocols[-1].dataReceived(WELCOME)
        endpoint.error = RefusedError()
        endpoint.protocols[-1]._transport.loseConnection()
        clock.advance(0)
        for _ in range(59):
            clock.advance(1)
        assert complaints[:2] == [
            "The server closed the connection. Trying again in 1 s.",
            "Nothing listens on server port 8000. Is the server running, and is that its port? "
            "Trying again in 2 s.",
        ]
        assert codes == []
        if comes_back:
            endpoint.error = None
            connection.reconnect()
            endpoint.protocols[-1].dataReceived(WELCOME)
            assert complaints[-1] == "Connected again."
            clock.advance(100)
            assert codes == []
            connection.stop()
        else:
            clock.advance(1)
            assert complaints[-1] == "Gave up after 60 s."
            pipe._output.unwritten = 0  # the welcome, if the thread was not there yet
            pipe._wrote()
            assert codes == [1]
        assert not clock.getDelayedCalls()


@pytest.mark.parametrize("step", [1_000, 70_000, 10_000_000])
def test_a_line_without_end_is_thrown_away_and_those_behind_it_are_not(step: int) -> None:
    """And it is never held whole."""
    played = Played().starts()
    encoded = WELCOME + b"x" * (3 * LONGEST_LINE) + b"\n" + b'{"type": "notice", "text": "hi"}\n' * 2
    (protocol,) = played.endpoint.protocols
    for begin in range(0, len(encoded), step):
        protocol.dataReceived(encoded[begin : begin + step])
        assert len(protocol._protocol._buffer) <= LONGEST_LINE + step
    assert [item.event["type"] for item in played.client.items] == ["welcome", "notice", "notice"]
    assert issubclass(ServerLines, Protocol)


def test_leaving_says_goodbye_and_waits_a_moment() -> None:
    """The server closes; or it does not, and we do."""
    for answers in (True, False):
        played = Played().starts()
        played.hears(WELCOME)
        left: list[None] = []
        played.client.connection.quit("bye").addCallback(left.append)
        assert played.sent().endswith(b'{"line": "/quit bye"}\n')
        if answers:
            played.loses()
        else:
            played.clock.advance(connection_module.QUIT_S)
        assert left == [None]
        played.clock.advance(100)
        assert len(played.endpoint.protocols) == 1
        assert not played.clock.getDelayedCalls()


@in_reactor
async def test_a_client_that_does_not_read_holds_the_server_up_over_tls_too(tmp_path: Path) -> None:
    """What waits for it is in the log of the server, and not in its memory; and then it misses nothing."""
    lines, text = 2_000, "x" * 2_000
    with daemon("--port=0", *FAST, cwd=tmp_path) as chat:
        alice, bob = (Client(nick, chat.port, trust=trust_in(chat)) for nick in ("alice", "bob"))
        for client in (alice, bob):
            client.connection.start()
            await client.until(lambda client=client: client.session.connected)  # type: ignore[misc]
        alice.connection.pause_reading()
        for number in range(lines):
            bob.connection.say(f"{number} {text}")
        await bob.until(lambda: len(bob.said()) == lines and not bob.session.waiting)
        assert len(alice.said()) < lines // 2
        alice.connection.resume_reading()
        await alice.until(lambda: len(alice.said()) == lines)
        assert alice.said() == bob.said()
        await alice.connection.quit().addTimeout(PATIENCE_S, reactor)
        await bob.connection.quit().addTimeout(PATIENCE_S, reactor)


@in_reactor
async def test_who_was_told_of_another_key_meanwhile_says_nothing(tmp_path: Path) -> None:
    """Two clients were asked at once, and the other one has remembered another key."""
    own, file = self_made(tmp_path / "own.pem"), tmp_path / "known_servers"
    with impostor(server_context(own.pem)) as server:
        trust = Trust("server", server.port, (), file)
        trust.accept(own.fingerprint)
        other = "sha256:" + "A" * 43
        known_servers.remember(file, f"server:{server.port}", other)
        client = Client("alice", server.port, trust=trust)
        client.connection.start()
        await client.until(lambda: bool(client.told))
        assert f"Known: {other}. Now: {own.fingerprint}." in client.told[0]
        assert client.told[0].startswith("failed: ")
        server.was_tried()
        assert server.heard == b""


@in_reactor
async def test_a_dead_network_is_noticed_over_tls_too(tmp_path: Path) -> None:
    """The socket below it is asked to look, as it is without TLS."""
    with daemon("--port=0", cwd=tmp_path) as chat:
        asked = []
        for trust in (None, trust_in(chat)):
            client = Client("alice", chat.port, trust=trust)
            client.connection.start()
            await client.until(lambda client=client: client.session.connected)  # type: ignore[misc]
            protocol: Any = client.connection._protocol
            transport = protocol.transport if trust is None else protocol.transport.transport
            handle = transport.getHandle()
            asked.append(
                [handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)]
                + [
                    handle.getsockopt(socket.IPPROTO_TCP, option)
                    for option in (socket.TCP_KEEPIDLE, socket.TCP_USER_TIMEOUT, socket.TCP_NODELAY)
                ]
            )
            await client.connection.quit().addTimeout(PATIENCE_S, reactor)
        assert asked == [[1, 40, 90_000, 1]] * 2
