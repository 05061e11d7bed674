"""Who has to speak TLS, and who may not begin with it any more; without a network."""

from __future__ import annotations

import pytest
from OpenSSL.SSL import Error, SysCallError
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from lanchatd.doors.first_bytes import LATE_HELLO_S
from lanchatd.net.credentials import why_lost
from tests.encrypted import Encrypted
from tests.world import ASKED, World, certificate

CLIENT_HELLO = bytes.fromhex("16030100c8010000c40303") + b"\n" * 40
JOIN_WITH_TLS = "!! Only encrypted connections come in here. Join with: lanchat-client HOST 8000"


@pytest.fixture
def strict(world: World) -> World:
    """A daemon with --require-tls."""
    world.connections.require_tls = True
    return world


@pytest.mark.parametrize("begin", [b"alice\n", b'{"nick": "alice"}\n'])
@pytest.mark.parametrize("peer", ["192.0.2.7", "2001:db8::7", "::ffff:192.0.2.7"])
def test_who_has_to_encrypt_is_told_so_and_how(strict: World, begin: bytes, peer: str) -> None:
    """In one line, whatever they begin with."""
    strict.make_operator(strict.join("op", "127.0.0.1"))
    visitor = strict.connect(peer).sends(begin)
    assert visitor.sees() == [JOIN_WITH_TLS]
    assert visitor.wire.write_closed
    strict.passes(1)
    assert visitor.gone
    assert [member.nick for member in strict.chat.users.values()] == ["op"]


def test_a_browser_that_has_to_encrypt_is_told_so_in_its_own_language(strict: World) -> None:
    """A page cannot be loaded from here without."""
    browser = strict.connect().sends(b"GET / HTTP/1.1\r\n\r\n")
    head, _, body = browser.wire.taken.decode().partition("\r\n\r\n")
    assert (head.splitlines()[0], body) == ("HTTP/1.1 403 Forbidden", JOIN_WITH_TLS[3:] + "\n")
    strict.passes(1)
    assert browser.gone


@pytest.mark.parametrize("says", [b"alice\n", b"GET / HTTP/1.1\r\n\r\n"])
def test_who_says_nothing_and_has_to_encrypt_reads_that_first(strict: World, says: bytes) -> None:
    """After a longer patience, and in a line that a browser reads past."""
    visitor = strict.connect()
    strict.passes(LATE_HELLO_S - 0.1)
    assert visitor.sees() == []
    strict.passes(0.1)
    assert visitor.sees() == ["HTTP/1.1 100 " + JOIN_WITH_TLS[3:], ""]
    assert visitor.sends(says).sees()[-1].endswith(JOIN_WITH_TLS[3:])
    strict.passes(1)
    assert visitor.gone


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"])
def test_who_is_on_the_same_machine_need_not_encrypt(strict: World, peer: str) -> None:
    """Nobody else can read along there."""
    alice = strict.connect(peer)
    strict.ask()
    assert alice.sees() == [ASKED, ""]
    assert alice.types("alice").sees()[-1] == "-- 1 in #lobby: alice (plain)"


def test_who_has_to_encrypt_is_told_so_at_shutdown_and_at_its_end_of_file(strict: World) -> None:
    """It is no member, whatever comes first."""
    first, second = strict.connect("192.0.2.7"), strict.connect("192.0.2.8")
    first.hangs_up()
    assert first.sees() == [JOIN_WITH_TLS]
    done = strict.connections.shut_down()
    strict.settle()
    assert second.sees() == [JOIN_WITH_TLS]
    strict.passes(1)
    assert done.called and first.gone and second.gone


@pytest.mark.parametrize("step", [1, 100, 5_000])
def test_a_hello_may_come_in_pieces(strict: World, step: int) -> None:
    """Over several segments, as on a network of small packets."""
    alice = strict.connect()
    encrypted = Encrypted(alice, step)
    alice.sends(encrypted.records(b"alice\n"))
    assert encrypted.sees()[-1] == "-- 1 in #lobby: alice"


@pytest.mark.parametrize("begin", [b"\x16", CLIENT_HELLO])
def test_a_hello_that_does_not_come_whole_makes_nothing(world: World, begin: bytes) -> None:
    """The transport is what it was; and it is waited for as a handshake is."""
    visitor = world.connect().sends(begin)
    opening = visitor.wire.protocol
    world.passes(world.limits.tls_handshake_s - 0.1)
    assert opening.transport is visitor.wire and not visitor.gone
    world.passes(0.1)
    assert visitor.gone and visitor.wire.aborted
    assert visitor.wire.taken == b""
    assert world.chat.counts.closed == {"tls": 1}
    assert world.clock.getDelayedCalls() == []


def test_who_hangs_up_in_the_midst_of_a_hello_is_gone(world: World) -> None:
    """Nobody is told that somebody came."""
    visitor = world.connect().sends(CLIENT_HELLO)
    visitor.hangs_up()
    assert visitor.gone
    assert world.chat.counts.closed == {"tls": 1}
    assert world.clock.getDelayedCalls() == []


def test_what_is_no_hello_is_closed_at_once(world: World) -> None:
    """It says so in its first bytes."""
    visitor = world.connect().sends(b"\x16\x03\x01\xff\xff")
    assert visitor.gone and visitor.wire.aborted
    assert world.chat.counts.closed == {"tls": 1}
    assert world.clock.getDelayedCalls() == []


def test_the_greeting_says_the_fingerprint_of_the_key(world: World) -> None:
    """So whoever is inside can tell it to those who ask."""
    alice = world.connect().types("#")
    assert alice.sees()[1] == f"-- TLS key: {certificate().fingerprint}"


def test_a_whole_room_comes_back_at_once(world: World) -> None:
    """A thousand are connected before the first of them is heard, and all of them get in."""
    room = [world.connect() for _ in range(1_000)]
    for number, person in enumerate(room):
        person.wire.incoming.append(f"n{number}\n".encode())
    world.settle()
    assert len(world.chat.users) == 1_000


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Error([("SSL routines", "", "no shared cipher")]), "no shared cipher"),
        (Error([("SSL routines", "", "first"), ("SSL routines", "", "last")]), "last"),
        (SysCallError(-1, "Unexpected EOF"), "(-1, 'Unexpected EOF')"),
        (ConnectionLost(), "Connection to the other side was lost in a non-clean fashion."),
    ],
)
def test_why_a_connection_was_lost(error: Exception, why: str) -> None:
    """In OpenSSL's own words, and without its brackets, where it has any."""
    assert why_lost(Failure(error)) == why


def test_hello_may_come_when_hexchat_sends_it(world: World) -> None:
    """It waits 0.3 s, always; who is asked for a nick before that takes the question for bad TLS."""
    person = world.connect()
    world.passes(0.4)
    person.sends(Encrypted(person).records(b"alice\n"))
    assert list(world.chat.users) == ["alice"]
