"""The same rooms through a transport whose socket cannot be sent to straight, whatever opened it to TLS."""

from __future__ import annotations

import select
import signal
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lanchatd.state.certificate import own_certificate
from tests.daemon import daemon
from tests.impostors import any_server

FAST = ("--lines-per-s=100000", "--burst-lines=100000", "--bytes-per-s=100000000")


@pytest.fixture(params=["the one port", "an endpoint of Twisted's"])
def endpoint(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What to listen on."""
    if request.param == "the one port":
        return "--port=0"
    pem = own_certificate(tmp_path / "server.pem", datetime.now(UTC)).path
    return f"--listen=ssl:0:privateKey={pem}:certKey={pem}:interface=127.0.0.1"


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """A client that takes any certificate: what is tested here is the transport."""
    return any_server()


def test_a_slow_reader_over_tls_misses_nothing_and_shutdown_is_clean(
    tmp_path: Path, endpoint: str, trusting: ssl.SSLContext
) -> None:
    """It lags, catches up from the log, is live again; and everybody is told at the end."""
    lines, text = 3_000, "x" * 1_000
    with daemon(endpoint, *FAST, cwd=tmp_path) as chat:
        alice, bob = chat.connect(tls=trusting), chat.connect(tls=trusting, receive_buffer=4_096)
        alice.types("alice")
        alice.reads_until_match("^-- 1 in ")
        bob.types("bob")
        alice.reads_until("-- bob joined")
        for number in range(lines):
            alice.types(f"{number} {text}")
            assert alice.reads() == f"<alice> {number} {text}"
        bob.reads_until_match("^-- 2 in ")
        assert [bob.reads() for _ in range(lines)] == [f"<alice> {number} {text}" for number in range(lines)]
        alice.types("live again?")
        assert bob.reads() == "<alice> live again?"
        bob.types("/quit")
        assert bob.reads_all() == ["-- Goodbye."]
        bob.close()
        alice.reads_until("-- bob left")
        chat.process.send_signal(signal.SIGTERM)
        assert alice.reads_all() == ["-- The server is shutting down."]
        alice.close()
        assert chat.ends() == 0
        assert "Traceback" not in "\n".join(chat.log)


def test_a_reader_over_tls_that_takes_nothing_is_closed(
    tmp_path: Path, endpoint: str, trusting: ssl.SSLContext
) -> None:
    """A TLS transport does not close politely while its peer is silent: it is aborted."""
    with daemon(endpoint, *FAST, "--stall-timeout-s=0.5", cwd=tmp_path) as chat:
        alice, bob = chat.connect(tls=trusting), chat.connect(tls=trusting, receive_buffer=4_096)
        alice.types("alice")
        alice.reads_until_match("^-- 1 in ")
        bob.types("bob")
        alice.reads_until("-- bob joined")
        for number in range(5_000):
            alice.types(f"{number} " + "x" * 1_000)
            if alice.reads() == "-- bob left (reads nothing)":
                break
        else:
            alice.reads_until("-- bob left (reads nothing)")
        chat.logged("closed: stalled")
        alice.close()
        bob.close()


def test_a_reader_over_tls_that_takes_little_is_not_closed(
    tmp_path: Path, endpoint: str, trusting: ssl.SSLContext
) -> None:
    """What its socket takes counts, though it is less than a chunk in the time for that."""
    with daemon(endpoint, *FAST, "--stall-timeout-s=1.2", "--send-buffer-bytes=4096", cwd=tmp_path) as chat:
        alice, bob = chat.connect(tls=trusting), chat.connect(tls=trusting, receive_buffer=4_096)
        alice.types("alice")
        alice.reads_until_match("^-- 1 in ")
        bob.types("bob")
        alice.reads_until("-- bob joined")
        for number in range(100):
            alice.types(f"{number} " + "x" * 4_000)
            assert alice.reads().startswith(f"<alice> {number} ")
        # A chunk of 64 KiB takes him two seconds now.
        for _ in range(20):
            bob.reads_until_match("x$")
            assert not select.select([alice.socket], [], [], 0.12)[0]
        alice.close()
        bob.close()


def test_a_handshake_that_stalls_is_closed(tmp_path: Path, endpoint: str) -> None:
    """In its own time, and not in that for a nick."""
    with daemon(endpoint, "--tls-handshake-s=0.3", cwd=tmp_path) as chat, chat.connect() as silent:
        silent.socket.sendall(b"\x16\x03\x01")
        chat.logged("closed: tls, detail no handshake within 0.3 s$")


@pytest.mark.parametrize(
    ("offered", "taken"),
    [
        (["h2", "http/1.1"], "http/1.1"),
        (["http/1.1"], "http/1.1"),
        (["h2"], None),
        (["irc", "lanchat"], None),
        ([], None),
    ],
    ids=str,
)
def test_whatever_a_client_offers_to_speak_it_comes_in(
    tmp_path: Path, endpoint: str, offered: list[str], taken: str | None
) -> None:
    """Browsers and curl always offer something (ALPN), and speak HTTP when nothing is taken."""
    client = any_server()
    client.set_alpn_protocols(offered)
    with daemon(endpoint, cwd=tmp_path) as chat, chat.connect(tls=client) as alice:
        assert isinstance(alice.socket, ssl.SSLSocket)
        assert alice.socket.selected_alpn_protocol() == taken
        alice.types("alice")
        alice.reads_until("-- 1 in #lobby: alice")
