"""The console, and peers that do not keep to the rules: nothing of them reaches the log as a traceback."""

# Conch is untyped for the most part.
# mypy: allow-untyped-calls

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from twisted.conch.ssh.common import NS
from twisted.conch.ssh.keys import Key

from lanchatd.ssh.host_key import host_key
from lanchatd.ssh.server import MOST_CONNECTIONS
from tests.daemon import PATIENCE_S, Daemon
from tests.openssh import write_keys
from tests.rogue import rogue
from tests.ssh_console import console

BAD = "That is not SSH as it should be."


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Key:
    """An administrator's key."""
    return host_key(tmp_path_factory.mktemp("key") / "alice")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, key: Key) -> Iterator[Daemon]:
    """A console where nobody is locked out, that waits half a second for a login."""
    folder = tmp_path_factory.mktemp("console")
    write_keys(folder / "admin_keys", f"{key.public().toString('openssh').decode()} alice")
    with console(folder, admin_tries=100, admin_login_s=0.5) as running:
        yield running


@pytest.fixture
def port(shared: Daemon) -> Iterator[int]:
    """Its port. It is still there after the test, and has logged no traceback."""
    yield shared.port
    with socket.create_connection(("127.0.0.1", shared.port), PATIENCE_S) as peer:
        assert peer.recv(8) == b"SSH-2.0-"
    assert not [line for line in shared.log if "Traceback" in line]


def says(port: int, *pieces: bytes) -> bytes:
    """What somebody is told who sends this, up to the end."""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as peer:
        for piece in pieces:
            peer.sendall(piece)
        told = b""
        with suppress(ConnectionResetError):
            while came := peer.recv(65_536):
                told += came
    return told


def packet(message: int, payload: bytes = b"", length: int | None = None) -> bytes:
    """A packet that is not encrypted."""
    whole = bytes([message]) + payload
    padding = 8 - (len(whole) + 5) % 8 + 8
    return (
        struct.pack(">LB", len(whole) + padding + 1 if length is None else length, padding)
        + whole
        + b"\0" * padding
    )


HELLO = b"SSH-2.0-OpenSSH_9.2\r\n"


USUAL = (b"curve25519-sha256", b"ssh-ed25519", *[b"aes128-ctr"] * 2, *[b"hmac-sha2-256"] * 2, *[b"none"] * 2)


def kex_init(*names: bytes) -> bytes:
    """What a client could begin a key exchange with, and what it may be instead from the first name on."""
    chosen = *names, *USUAL[len(names) :], b"", b""
    return packet(20, b"\0" * 16 + b"".join(NS(name) for name in chosen) + b"\0" * 5)


@pytest.mark.parametrize(
    ("pieces", "told"),
    [
        ((b"\0" * 5_000,), "Peer version string longer than 4KB"),
        ((b"SSH-1.5-old\r\n",), "bad version 1.5"),
        ((b"SSH-\r\n",), "bad version "),
        ((b"GET / HTTP/1.1\r\n\r\n",), "bad packet length 1195725856"),
        ((b"SSH\xff-\xff-\r\n" * 40,), "bad packet length"),
        ((HELLO, b"GET / HTTP/1.1\r\n\r\n"), "bad packet length 1195725856"),
        ((HELLO, packet(20, length=11)), "bad packet mod"),
        ((HELLO, packet(20)), BAD),
        ((HELLO, packet(20, b"\0" * 16 + b"\xff" * 40)), BAD),
        ((HELLO, kex_init(b"diffie-hellman-group14-sha1")), "couldn't match all kex parts"),
        ((HELLO, kex_init(*USUAL[:6], b"zlib", b"zlib")), "couldn't match all kex parts"),
        ((HELLO, kex_init(), kex_init()), BAD),
        ((HELLO, kex_init(), packet(30)), BAD),
        ((HELLO, kex_init(), packet(30, NS(b"\0" * 32))), BAD),
        ((HELLO, kex_init(), packet(30, NS(b"short"))), BAD),
        ((HELLO, kex_init(b"mlkem768x25519-sha256"), packet(30, NS(b"short"))), "Invalid C_INIT length"),
        ((HELLO, packet(5, NS("ssh-userauth"))), BAD),
        ((HELLO, packet(50, NS("admin"))), BAD),
        ((HELLO, packet(98)), BAD),
        ((HELLO, packet(1)), ""),
        ((HELLO, packet(1, struct.pack(">L", 11) + NS("bye") + NS(""))), ""),
    ],
)
def test_junk_is_told_and_disconnected(port: int, pieces: tuple[bytes, ...], told: str) -> None:
    """At once, and in one piece or many."""
    assert told.encode() in says(port, *pieces)
    assert told.encode() in says(port, b"".join(pieces))


def test_a_huge_packet_before_the_login(port: int) -> None:
    """Its end is not waited for."""
    with rogue(port) as client:
        begin = struct.pack(">LB", 1_000_012, 4) + b"\0" * 11
        client.write(client.currentEncryptions.encrypt(begin) + b"x" * 70_000)
        assert client.is_told() == BAD


def test_new_keys_out_of_nothing_end_it(port: int) -> None:
    """There is nothing to encrypt with then, not even to say so."""
    says(port, HELLO, packet(21))
    says(port, HELLO, kex_init(), packet(21))


@pytest.mark.parametrize(
    "pieces",
    [
        (),
        (b"GET / HTTP/1.1\r",),
        (HELLO,),
        (HELLO, kex_init()),
        (HELLO, kex_init()[:50]),
        (HELLO, packet(2)),
    ],
)
def test_who_stops_on_the_way_runs_out_of_time(port: int, pieces: tuple[bytes, ...]) -> None:
    """Wherever that is."""
    assert b"It took too long to log in." in says(port, *pieces)


def test_who_has_the_keys_and_does_not_log_in_runs_out_of_time(port: int) -> None:
    """Before asking for the login, and in the middle of it."""
    with rogue(port) as silent, rogue(port) as asking:
        asking.sendPacket(5, NS("ssh-userauth"))
        asking.waits_for(6)
        assert [silent.is_told(), asking.is_told()] == ["It took too long to log in."] * 2


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        (50, b""),
        (50, NS("admin") + NS("ssh-connection") + NS("publickey")),
        (50, NS("admin") + NS("ssh-connection") + NS("publickey") + b"\1" + NS("ssh-ed25519")),
        (5, b""),
        (20, b""),
        (0, b""),
    ],
)
def test_a_login_that_makes_no_sense(port: int, message: int, payload: bytes) -> None:
    """Ends the connection."""
    with rogue(port) as client:
        client.sendPacket(5, NS("ssh-userauth"))
        client.waits_for(6)
        client.sendPacket(message, payload)
        if message:
            assert client.is_told() == BAD
        else:
            client.waits_for(3)  # "unimplemented"


@pytest.mark.parametrize("service", ["ssh-connection", "", "\x1b"])
def test_nothing_is_to_be_had_before_the_login(port: int, service: str) -> None:
    """Only the login."""
    with rogue(port) as client:
        client.sendPacket(5, NS(service))
        assert client.is_told() == "There is no such service now."


@pytest.mark.parametrize("message", range(80, 101))
def test_no_session_before_the_login(port: int, message: int) -> None:
    """It is no message there."""
    with rogue(port) as client:
        client.sendPacket(5, NS("ssh-userauth"))
        client.waits_for(6)
        client.sendPacket(message, NS("session") + struct.pack(">3L", 0, 1_000_000, 32_768))
        client.waits_for(3)  # "unimplemented"


def test_a_signature_of_somebody_else(port: int, key: Key, tmp_path: Path, shared: Daemon) -> None:
    """The right key, and a signature that another key has made; or that was made for another session."""
    with rogue(port) as client:
        client.sendPacket(5, NS("ssh-userauth"))
        client.waits_for(6)
        begin = (
            NS("admin") + NS("ssh-connection") + NS("publickey") + b"\1" + NS(key.sshType()) + NS(key.blob())
        )
        other = host_key(tmp_path / "mallory")
        for signature in (
            other.sign(NS(client.sessionID or b"") + b"\x32" + begin),
            key.sign(b"\x32" + begin),
        ):
            client.got.clear()
            client.sendPacket(50, begin + NS(signature))
            assert client.waits_for(51) == NS("publickey") + b"\0"
    shared.logged("can't log in as admin: the signature with the key SHA256:.* is wrong")


def test_a_password_is_one_more_failed_try(port: int, shared: Daemon) -> None:
    """Though nobody offered to take one."""
    with rogue(port) as client:
        client.sendPacket(5, NS("ssh-userauth"))
        client.waits_for(6)
        client.sendPacket(50, NS("admin") + NS("ssh-connection") + NS("password") + b"\0" + NS("admin"))
        assert client.waits_for(51) == NS("publickey") + b"\0"
    shared.logged("can't log in as admin: password is no way in, only publickey is")


def test_an_rsa_key_with_sha_1(port: int, tmp_path: Path, shared: Daemon, key: Key) -> None:
    """Such a signature can be forged, whoever's key it is."""
    rsa = Key(generate_private_key(65_537, 2_048))
    file = shared.logged(r"1 keys in (\S+)")[1]
    before = Path(file).read_text()
    write_keys(Path(file), before, rsa.public().toString("openssh").decode())
    try:
        with rogue(port) as client:
            client.sendPacket(5, NS("ssh-userauth"))
            client.waits_for(6)
            begin = NS("admin") + NS("ssh-connection") + NS("publickey")
            client.sendPacket(50, begin + b"\0" + NS("ssh-rsa") + NS(rsa.blob()))
            client.waits_for(51)
            client.sendPacket(50, begin + b"\0" + NS("rsa-sha2-512") + NS(rsa.blob()))
            client.waits_for(60)  # it would do
            client.got.clear()
            signed = begin + b"\1" + NS("rsa-sha2-512") + NS(rsa.blob())
            message = NS(client.sessionID or b"") + b"\x32" + signed
            client.sendPacket(50, signed + NS(rsa.sign(message, b"ssh-rsa")))
            client.waits_for(51)
            client.sendPacket(50, signed + NS(rsa.sign(message, b"rsa-sha2-512")))
            client.waits_for(52)
    finally:
        write_keys(Path(file), before)


def test_tries_on_many_connections_are_of_one_address(tmp_path: Path, key: Key) -> None:
    """What has been opened before the last try does not help."""
    write_keys(tmp_path / "admin_keys", f"{key.public().toString('openssh').decode()} alice")
    with console(tmp_path) as running, rogue(running.port) as first, rogue(running.port) as second:
        for _ in range(3):
            second.logs_in_vainly()
        assert second.is_told().startswith("Too many failed tries from your address; ")
        with pytest.raises(AssertionError):
            first.logs_in(key)
        assert first.is_told().startswith("Too many failed tries from your address; ")


def test_a_second_login_on_a_connection(port: int, key: Key) -> None:
    """Is refused: who somebody is does not change."""
    with rogue(port) as client:
        client.logs_in(key)
        client.sendPacket(5, NS("ssh-userauth"))
        assert client.is_told() == "There is no such service now."


@pytest.mark.parametrize(
    ("message", "payload"),
    [
        (80, b""),
        (81, b""),
        (82, b""),
        (90, b""),
        (90, NS("session")),
        (91, struct.pack(">4L", 0, 0, 1, 1)),
        (92, struct.pack(">2L", 0, 1) + NS("") + NS("")),
        (93, struct.pack(">2L", 7, 1)),
        (94, struct.pack(">2L", 7, 1) + b"x"),
        (94, struct.pack(">2L", 0, 9)[:6]),
        (96, struct.pack(">L", 7)),
        (97, b""),
        (98, struct.pack(">L", 0)),
        (98, struct.pack(">L", 0) + NS("pty-req") + b"\1"),
        (98, struct.pack(">L", 0) + NS("pty-req") + b"\1" + NS("xterm") + b"\0"),
        (98, struct.pack(">L", 0) + NS("exec") + b"\0"),
        (98, struct.pack(">L", 7) + NS("shell") + b"\1"),
    ],
)
def test_broken_messages_of_an_administrator(port: int, key: Key, message: int, payload: bytes) -> None:
    """End the connection too."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens()
        client.waits_for(91)
        client.sendPacket(message, payload)
        assert client.is_told() == BAD


@pytest.mark.parametrize(
    ("kind", "rest"),
    [
        ("x11-req", b"\0"),
        ("auth-agent-req@openssh.com", b""),
        ("env", NS("LANG") + NS("C")),
        ("subsystem", NS("sftp")),
        ("window-change", struct.pack(">4L", 70, 20, 0, 0)),
        ("signal", NS("INT")),
        ("break", struct.pack(">L", 0)),
        ("\xff\x1b", b""),
        ("", b""),
    ],
)
def test_requests_that_are_refused(port: int, key: Key, kind: str, rest: bytes) -> None:
    """As there is nothing of the kind, or no terminal; the session goes on."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens()
        client.asks(kind, rest)
        client.waits_for(100)
        client.asks(kind, rest, answer=False)
        client.asks("exec", NS("who"))
        assert b"admin SHA256:" in client.waits_for(94)


def test_a_session_runs_one_thing(port: int, key: Key) -> None:
    """A second command or shell is refused, and so is a terminal behind it."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens()
        client.asks("exec", NS("hold"))
        client.waits_for(99)
        for kind, rest in (("exec", NS("who")), ("shell", b""), ("pty-req", NS("") + b"\0" * 16 + NS(""))):
            client.got.clear()
            client.asks(kind, rest)
            client.waits_for(100)


def test_an_interrupt_at_a_terminal(port: int, key: Key) -> None:
    """A signal or a break is Ctrl-C, and a new size before anything runs counts."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens()
        client.asks("pty-req", NS("xterm") + struct.pack(">4L", 90, 24, 0, 0) + NS(""))
        client.asks("window-change", struct.pack(">4L", 60, 20, 0, 0), answer=False)
        client.asks("shell")
        assert b"welcome at 60 columns\r\n" in client.waits_for(94)
        for kind, rest in (("signal", NS("INT")), ("break", struct.pack(">L", 500))):
            client.got.clear()
            client.asks(kind, rest)
            assert b"interrupted\r\n" in client.waits_for(94)
        client.got.clear()
        client.sendPacket(94, struct.pack(">L", 0) + NS(b"\4"))
        assert b"bye\r\n" in client.waits_for(94)  # standard output, for the order of both


def test_the_answer_comes_before_what_it_is_about(port: int, key: Key) -> None:
    """First that a command is run, then its output, its exit code, and the end."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens()
        client.asks("exec", NS("exit 2"))
        client.waits_for(97)
        assert [number for number, _ in client.got][-6:] == [99, 94, 95, 98, 96, 97]
        assert client.waits_for(98) == struct.pack(">L", 0) + NS("exit-status") + b"\0" + struct.pack(">L", 2)


def test_input_at_odd_moments(port: int, key: Key) -> None:
    """Before anything runs, its end before that, and after the session has ended."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens()
        client.sendPacket(94, struct.pack(">L", 0) + NS("early"))
        client.sendPacket(95, struct.pack(">2L", 0, 1) + NS("error"))
        client.sendPacket(96, struct.pack(">L", 0))
        client.asks("exec", NS("count"))
        assert b"0 bytes came" in client.waits_for(94)
        client.waits_for(97)
        client.sendPacket(94, struct.pack(">L", 0) + NS("late"))
        client.sendPacket(93, struct.pack(">2L", 0, 1_000))
        client.sendPacket(96, struct.pack(">L", 0))
        client.asks("env", NS("LANG") + NS("C"))
        client.sendPacket(97, struct.pack(">L", 0))
        client.sendPacket(80, NS("keepalive@openssh.com") + b"\1")
        client.waits_for(82)


def test_more_than_the_window_closes_the_session(port: int, key: Key) -> None:
    """A client has to wait for room."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens()
        client.sendPacket(94, struct.pack(">L", 0) + NS("x" * 40_000))
        client.waits_for(97)


def test_output_waits_for_the_window(port: int, key: Key) -> None:
    """It comes in the pieces that the client has room for, and in packets that are not too large for it."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens(window=1_000, largest=256)
        client.asks("exec", NS("flood 2"))
        client.asks("env")
        client.waits_for(100)
        assert sum(len(payload) - 8 for number, payload in client.got if number == 94) == 1_000
        client.sendPacket(93, struct.pack(">2L", 0, 500))
        client.sendPacket(93, struct.pack(">2L", 0, 548))
        client.waits_for(97)
        sizes = [len(payload) - 8 for number, payload in client.got if number == 94]
        assert sum(sizes) == 2_048 and max(sizes) == 256


@pytest.mark.parametrize("largest", [0, 1, 255])
def test_packets_that_are_too_small(port: int, key: Key, largest: int) -> None:
    """Would be sent without end."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens(largest=largest)
        client.waits_for(92)


def test_nobody_talks_in_a_key_exchange(port: int, key: Key) -> None:
    """The answers would be kept until it is done, and it never is."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens()
        client.waits_for(91)
        client.sendKexInit()
        client._keyExchangeState = client._KEY_EXCHANGE_NONE  # it does not keep to the rules
        client.asks("shell")
        assert client.is_told() == BAD


def test_output_is_bounded_in_a_key_exchange(port: int, key: Key, shared: Daemon) -> None:
    """That is never finished."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens(window=2**32 - 1)
        client.asks("exec", NS("stream"))
        client.waits_for(94)
        client.sendKexInit()
        shared.logged(rf"a session of {client.address} is closed: more than 1048576 bytes were not taken")


def test_what_is_shown_in_a_key_exchange_comes_after_it(port: int, key: Key, shared: Daemon) -> None:
    """By itself, without another message of the client."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens()
        client.asks("exec", NS("late"))
        client.sendKexInit()
        shared.logged("it is written late")
        assert client.waits_for(94) == struct.pack(">L", 0) + NS("late\n")
        client.waits_for(97)


def test_who_reads_late_is_told(port: int, key: Key, shared: Daemon) -> None:
    """And the connection is closed properly, as all of it was read."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens(window=2**32 - 1)
        client.asks("exec", NS("stream"))
        client.waits_for(94)
        shared.logged(rf"{client.address} is disconnected")
        assert client.is_told() == "You did not read what was sent to you."


def test_a_window_without_end_is_bounded_by_the_socket(port: int, key: Key, shared: Daemon) -> None:
    """Who announces room for everything and reads nothing is disconnected."""
    with rogue(port) as client:
        client.logs_in(key)
        client.opens(window=2**32 - 1)
        client.asks("exec", NS("stream"))
        client.waits_for(94)
        where = client.address
        shared.logged(rf"a session of {where} is closed: more than 1048576 bytes were not taken")
        shared.logged(rf"{where} has left the console")


def test_connections_have_an_end(tmp_path: Path) -> None:
    """Whatever the limits are."""
    write_keys(tmp_path / "admin_keys")
    with console(tmp_path, admin_waiting=1_000) as running, ExitStack() as stack:
        for _ in range(MOST_CONNECTIONS):
            peer = stack.enter_context(socket.create_connection(("127.0.0.1", running.port), PATIENCE_S))
            assert peer.recv(8) == b"SSH-2.0-"
        assert says(running.port) == b""
