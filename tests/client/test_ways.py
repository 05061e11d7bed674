"""A chat of several daemons: when one is gone, the client goes on at another that it named."""

from __future__ import annotations

import json
import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509 import load_pem_x509_certificate
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as RefusedError
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from lanchatd.chat.events import Node
from lanchatd.client import known_servers
from lanchatd.client.options import parse
from lanchatd.client.sanitize import MOST_NODES, nodes_in
from lanchatd.client.trust import OtherKey, Untrusted
from lanchatd.client.ways import Way, Ways
from lanchatd.client.wiring import other_way, trust_for
from tests.certificates import Identity, self_made
from tests.daemon import Daemon, daemon
from tests.impostors import Impostor, impostor, server_context
from tests.pseudo_terminal import Seat, key_of, seat

KEY, OTHER_KEY = "sha256:" + "A" * 43, "sha256:" + "B" * 43
A, B, C = (Node(f"{name}.local", 8000, KEY) for name in "abc")
ENTER = "\r"


class There:
    """An endpoint: what it answers with, and how often it was asked."""

    def __init__(self, answer: Exception | str = "") -> None:
        self.answer = answer
        self.tries = 0

    def connect(self, factory: object) -> Deferred[Any]:
        self.tries += 1
        if self.answer == "waits":
            return Deferred()
        return fail(self.answer) if isinstance(self.answer, Exception) else succeed(self.answer)


class Chat:
    """Three daemons, and a client that the user sent to the first."""

    def __init__(self) -> None:
        self.there = {node: There(node.host) for node in (A, B, C)}
        endpoints: Any = self.there
        self.ways = Ways(Way(A, None, endpoints[A]), lambda node: Way(node, None, endpoints[node]))

    def connects(self) -> object:
        """To which it comes; or why to none."""
        got: list[Any] = []
        self.ways.connect(Factory()).addBoth(got.append)
        (result,) = got
        return result.value if isinstance(result, Failure) else result

    def ends(self, *nodes: Node) -> None:
        for node in nodes:
            self.there[node].answer = RefusedError(node.host)


def test_it_stays_where_it_is_while_that_is_there() -> None:
    """Nobody is sent from one to the other."""
    chat = Chat()
    for _ in range(3):
        assert chat.connects() == "a.local"
        assert not chat.ways.arrived([B, C])


def test_it_goes_on_at_the_next_that_is_there() -> None:
    """And stays there, also when the first one is back."""
    chat = Chat()
    chat.connects()
    chat.ways.arrived([B, C])
    chat.ends(A, B)
    assert chat.connects() == "c.local"
    assert chat.ways.current.where == ("c.local", 8000)
    assert chat.ways.arrived([B])
    chat.there[A].answer = "a.local"
    assert chat.connects() == "c.local"
    assert not chat.ways.arrived([A, B])
    chat.ends(C)
    assert chat.connects() == "a.local"


def test_if_none_is_there_it_says_so_of_where_it_was() -> None:
    """The next time it begins there again."""
    chat = Chat()
    assert chat.ways.arrived([B]) is False
    chat.ends(A, B)
    assert str(chat.connects()).endswith("a.local.")
    assert chat.ways.current.node == A
    assert (chat.there[A].tries, chat.there[B].tries) == (1, 1)


def test_one_that_takes_nobody_in_is_left_for_the_next() -> None:
    """As one that is full."""
    chat = Chat()
    chat.ways.move_on()
    assert chat.ways.current.node == A
    chat.ways.arrived([B, C])
    chat.ways.move_on()
    assert chat.connects() == "b.local"


def test_where_it_is_stays_a_way_whoever_names_it() -> None:
    """A daemon does not name itself."""
    chat = Chat()
    chat.ways.arrived([B])
    chat.ends(A)
    chat.connects()
    chat.ways.arrived([C])
    assert chat.connects() == "b.local"


def test_another_key_at_the_address_that_the_user_gave_is_told() -> None:
    """At one that was only named, it is as if it were not there."""
    chat = Chat()
    chat.ways.arrived([B, C])
    chat.there[B].answer = OtherKey(KEY, OTHER_KEY, known=False)
    chat.ends(A)
    assert chat.connects() == "c.local"
    chat.ends(C)
    chat.there[A].answer = OtherKey(KEY, OTHER_KEY, known=True)
    assert isinstance(chat.connects(), Untrusted)
    assert chat.ways.current.node == A


def test_who_gives_up_is_not_sent_on() -> None:
    """Not even to the next one."""
    chat = Chat()
    chat.ways.arrived([B])
    chat.there[A].answer = "waits"
    connecting = chat.ways.connect(Factory())
    got: list[Any] = []
    connecting.addBoth(got.append)
    connecting.cancel()
    assert got[0].check(CancelledError)
    assert chat.there[B].tries == 0


@pytest.mark.parametrize(
    ("row", "node"),
    [
        ({"host": "b.local", "port": 8000, "key": KEY}, B),
        ({"host": "fd00::1", "port": 1, "key": KEY}, Node("fd00::1", 1, KEY)),
        ({"host": "b.local", "port": 0, "key": KEY}, None),
        ({"host": "b.local", "port": 65_536, "key": KEY}, None),
        ({"host": "b.local", "port": "8000", "key": KEY}, None),
        ({"host": "b.local", "port": 8000, "key": "sha256:x"}, None),
        ({"host": "b.local", "port": 8000}, None),
        ({"host": "b.local\x1b[m", "port": 8000, "key": KEY}, None),
        ({"host": "-- b#", "port": 8000, "key": KEY}, None),
        ("b.local:8000", None),
    ],
)
def test_what_can_be_no_daemon_is_none(row: object, node: Node | None) -> None:
    """Whatever a server sends."""
    assert nodes_in({"nodes": [row]}) == ([] if node is None else [node])


def test_a_server_leads_nobody_around_for_long() -> None:
    """Only so many are taken."""
    row = {"host": "b.local", "port": 8000, "key": KEY}
    assert len(nodes_in({"nodes": [row] * 10_000})) == MOST_NODES
    assert nodes_in({"nodes": "many"}) == nodes_in({}) == []


def key_wanted_of(way: Way | None, directory: Path) -> str:
    """By which key it is trusted."""
    assert way is not None
    assert way.trust is not None
    stranger = load_pem_x509_certificate(self_made(directory / "stranger.pem").pem.read_bytes())
    with pytest.raises(OtherKey) as refused:
        way.trust.judge(stranger, None)
    return refused.value.expected


def way(node: Node, *arguments: str) -> Way | None:
    """Where a client that was started so would go on."""
    options = parse(arguments)
    return other_way(reactor, options, trust_for(options, print), node)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without known servers."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def test_one_that_is_known_has_to_have_the_known_key(home: Path) -> None:
    """Whatever another one says of it; and it is not joined in the clear."""
    assert way(B, "a.local", "--plain") is not None
    known_servers.remember(known_servers.path(), "b.local:8000", OTHER_KEY)
    assert key_wanted_of(way(B, "a.local"), home) == OTHER_KEY
    assert way(B, "a.local", "--plain") is None


def test_what_one_says_of_another_is_not_written_down(home: Path) -> None:
    """It holds for this run."""
    named = way(B, "a.local")
    assert key_wanted_of(named, home) == KEY
    assert named is not None
    assert named.trust is not None
    named.trust.keep()
    assert known_servers.read(known_servers.path()).servers == {}


def test_a_file_of_known_servers_that_can_not_be_read_knows_all(home: Path) -> None:
    """Then nobody else is joined."""
    options = parse(["a.local"])
    trust = trust_for(options, print)
    file = known_servers.path()
    assert file is not None
    file.mkdir(parents=True)
    assert other_way(reactor, options, trust, B) is None
    assert other_way(reactor, options, None, B) is None


def test_a_server_elsewhere_sends_nobody_to_their_own_machine(home: Path) -> None:
    """What listens there is no business of its."""
    here = Node("127.0.0.1", 8000, KEY)
    assert way(here, "a.local") is None
    assert way(here, "a.local", "--plain") is None
    assert way(here, "localhost") is not None


# -- with real ones


def welcome(*nodes: Node) -> bytes:
    """What a daemon says to who comes, and names others."""
    named = [{"host": node.host, "port": node.port, "key": node.key} for node in nodes]
    place = {"type": "welcome", "nick": "alice", "room": "#lobby", "log": "9f3c", "last": 0, "topic": ""}
    who = {"type": "members", "room": "#lobby", "here": 1, "members": [{"nick": "alice"}]}
    about = {"server": "chat", "version": "1", "nodes": named}
    return b"".join(json.dumps(each).encode() + b"\n" for each in (place | about, who))


@pytest.fixture
def own(tmp_path: Path) -> Identity:
    """The key of the one that ends."""
    return self_made(tmp_path / "own.pem")


@contextmanager
def others(own: Identity, *nodes: Node, tls: bool = True) -> Iterator[Impostor]:
    """A daemon that names others, with its key."""
    context: ssl.SSLContext | None = server_context(own.pem) if tls else None
    with impostor(context, says=welcome(*nodes)) as first:
        yield first


def node_of(chat: Daemon, key: str = "") -> Node:
    """Where it is."""
    return Node("127.0.0.1", chat.port, key or key_of(chat))


def comes(first: Impostor, own: Identity, home: Path) -> Any:
    """Alice, at her terminal."""
    known = ("--fingerprint", own.fingerprint, "--nick", "alice")
    return seat("127.0.0.1", str(first.port), *known, home=home)


def goes_on_at(chat: Daemon, alice: Seat) -> None:
    alice.sees_line(f"-- Going on at 127.0.0.1 port {chat.port}.")
    with chat.join("bob") as bob:
        alice.sees_line("-- bob joined")
        alice.types("hello" + ENTER)
        bob.reads_until("<alice> hello")


def test_somebody_at_a_terminal_goes_on_at_another_daemon(tmp_path: Path, own: Identity) -> None:
    """By the key that the first one has named: no question is asked."""
    with daemon(cwd=tmp_path) as chat, others(own, node_of(chat)) as first:
        with comes(first, own, tmp_path) as alice:
            alice.sees_line("Welcome to chat (lanchatd 1).")
            first.close()
            goes_on_at(chat, alice)
            chat.process.send_signal(signal.SIGTERM)
            alice.sees_line("-- The server is shutting down.")
        known = (tmp_path / ".config" / "lanchatd" / "known_servers").read_text("utf-8")
        assert known.split() == [f"127.0.0.1:{first.port}", own.fingerprint]


def test_one_with_another_key_than_it_was_named_with_is_not_spoken_to(tmp_path: Path, own: Identity) -> None:
    """It is as if it were not there."""
    pem = self_made(tmp_path / "wrong.pem").pem
    with (
        daemon(cwd=tmp_path) as chat,
        impostor(server_context(pem), says=welcome()) as wrong,
        others(own, Node("127.0.0.1", wrong.port, own.fingerprint), node_of(chat)) as first,
        comes(first, own, tmp_path) as alice,
    ):
        alice.sees_line("Welcome to chat (lanchatd 1).")
        first.close()
        goes_on_at(chat, alice)
        assert wrong.heard == b""
