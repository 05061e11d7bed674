"""Nicks that belong to somebody, at a real terminal and by the key of the device, with a real daemon."""

from __future__ import annotations

import re
import socket
import ssl
import stat
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from lanchatd.net.tls_records import HEADER_BYTES, size_in
from tests.daemon import PATIENCE_S, Daemon, Peer, daemon
from tests.pseudo_terminal import Seat, seat

CODE = r"[a-z0-9]{5}-[a-z0-9]{5}"

CERTIFICATE_REQUEST, HELLO_DONE = 13, 14


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Daemon]:
    (tmp_path / "daemon").mkdir()
    with daemon("--port=0", cwd=tmp_path / "daemon") as running:
        yield running


def sits(chat: Daemon, home: Path, nick: str = "alice", **how: Any) -> AbstractContextManager[Seat]:
    """Somebody at a device, which is a home of its own."""
    home.mkdir(exist_ok=True)
    return seat("127.0.0.1", str(chat.port), "--nick", nick, home=home, **how)


def key_of(home: Path) -> Path:
    return home / ".config" / "lanchatd" / "device_key.pem"


def test_a_nick_is_kept_by_one_word_and_another_device_comes_in_by_a_code(
    chat: Daemon, tmp_path: Path
) -> None:
    """And both are there at once, as one member; nobody else gets in under the nick, by no door."""
    laptop, phone, other = tmp_path / "laptop", tmp_path / "phone", tmp_path / "other"
    with sits(chat, laptop) as alice:
        alice.sees_line("You are alice in #lobby")
        alice.types("/register\r")
        alice.sees_line("alice is yours now, by the key")
        assert stat.S_IMODE(key_of(laptop).stat().st_mode) == 0o600
        alice.types("/quit\r")
        alice.ends()
    with chat.connect() as stranger:
        stranger.types("alice")
        stranger.reads_until_match(r"^!! alice belongs to somebody\. If that is you: alice PASSWORD or")
    with sits(chat, other) as eve:
        eve.sees_line("alice belongs to somebody")
        eve.types("alice a wrong password\r")
        eve.sees_line("nor a code that is good now")
        eve.types("eve\r")
        eve.sees_line("You are eve in #lobby")
        eve.types("/quit\r")
        eve.ends()
    with sits(chat, laptop) as alice:
        alice.sees_line("You are alice in #lobby")
        alice.types("/code\r")
        alice.sees_line("once, within 10 minutes")
        code = re.search(CODE, "\n".join(alice.screen))
        assert code is not None
        with sits(chat, phone) as second:
            second.sees_line("alice belongs to somebody")
            second.types(f"alice {code[0]}\r")
            second.sees_line("You are alice in #lobby")
            second.types("hello\r")
            alice.sees_line("<alice> hello")
            second.types("/quit\r")
            second.ends()
        with sits(chat, phone) as second:
            second.sees_line("You are alice in #lobby")  # the key, which nobody is asked for
            alice.types("/devices\r")
            alice.sees_line("2. ")
            alice.types("/devices remove 2\r")
            second.sees_line("removed")
    for home in (laptop, phone, other):
        assert not any("password" in line for line in history_of(home))


def history_of(home: Path) -> list[str]:
    file = home / ".local" / "state" / "lanchatd" / "history"
    return file.read_text().splitlines() if file.exists() else []


def test_a_password_that_was_typed_is_good_for_the_next_connection_too(chat: Daemon, tmp_path: Path) -> None:
    """As long as the client runs; it is nowhere on the disk."""
    with chat.connect() as alice:
        alice.types("alice", "/register correct horse")
        alice.reads_until("-- alice is yours now, by your password.")
    with sits(chat, tmp_path / "laptop") as alice_:
        alice_.sees_line("alice belongs to somebody")
        alice_.types("alice correct horse\r")
        alice_.sees_line("You are alice in #lobby")
        alice_.types("/reconnect\r")
        alice_.sees_line("Reconnecting, as you asked.")
        alice_.types("here again\r")
        alice_.sees_line("<alice> here again")
        alice_.types("/quit\r")
        alice_.ends()
    kept = [file.read_bytes() for file in (tmp_path / "laptop").rglob("*") if file.is_file()]
    assert kept and not any(b"correct horse" in encoded for encoded in kept)


@pytest.mark.parametrize(
    ("does", "why"),
    [
        (lambda file: file.chmod(0o644), "others can read it"),
        (lambda file: file.write_text("no key"), "it is no key in PEM without a password"),
        (lambda file: (file.unlink(), file.mkdir()), "Is a directory"),
    ],
)
def test_a_key_that_can_not_be_used_is_told_and_one_is_in_without_it(
    chat: Daemon, tmp_path: Path, does: Any, why: str
) -> None:
    home = tmp_path / "laptop"
    with sits(chat, home) as alice:
        alice.sees_line("You are alice in #lobby")
        alice.types("/quit\r")
        alice.ends()
    does(key_of(home))
    with sits(chat, home) as alice:
        alice.sees_line("You are alice in #lobby")
        alice.types("/register\r")
        alice.sees_line("This connection has no key that proves")
        assert f"can't be used, and proves nothing now: {why}" in re.sub(r"\s+", " ", alice.raw.decode())
        alice.types("/quit\r")
        alice.ends()


def handshake(chat: Daemon, offered: list[str], certificate: Path | None = None) -> bool:
    """Whether a client that offers these is asked for a certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # where it is asked for in the clear
    if offered:
        context.set_alpn_protocols(offered)
    came, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(came, sent)
    seen = b""
    with socket.create_connection(("127.0.0.1", chat.port), timeout=PATIENCE_S) as plain:
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                plain.sendall(sent.read())
                more = plain.recv(65_536)
                assert more, "closed"
                seen += more
                came.write(more)
    said = messages_in(seen)
    assert HELLO_DONE in said
    return CERTIFICATE_REQUEST in said


def messages_in(seen: bytes) -> list[int]:
    """The types of the messages of a handshake, until it is encrypted (RFC 5246, 6.2.1 and 7.4).

    Keys and signatures are any bytes: what looks like a message may stand in them.
    """
    said, types = b"", []
    while seen[:1] == b"\x16":
        end = HEADER_BYTES + size_in(seen[:HEADER_BYTES])
        said, seen = said + seen[HEADER_BYTES:end], seen[end:]
    while said:
        types.append(said[0])
        said = said[4 + int.from_bytes(said[1:4]) :]
    return types


@pytest.mark.parametrize(
    ("offered", "asked"), [([], True), (["lanchat"], True), (["h2", "http/1.1"], False), (["h2"], False)]
)
def test_browsers_are_never_asked_for_a_key(chat: Daemon, offered: list[str], asked: bool) -> None:
    assert handshake(chat, offered) is asked


def test_a_key_of_openssl_proves_as_well(chat: Daemon, tmp_path: Path) -> None:
    """Of any kind, in a certificate that says anything."""
    pem, shown = tmp_path / "own.pem", tmp_path / "shown.pem"
    for kind in (("-newkey", "rsa:2048"), ("-newkey", "ed25519")):
        subprocess.run(
            ["openssl", "req", "-x509", *kind, "-nodes", "-subj", "/CN=x", "-keyout", pem, "-out", shown],
            check=True, capture_output=True, timeout=PATIENCE_S,
        )  # fmt: skip
        nick = kind[1][:3]
        for line in ("/register", ""):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.load_cert_chain(shown, pem)
            plain = socket.create_connection(("127.0.0.1", chat.port), timeout=PATIENCE_S)
            with plain, context.wrap_socket(plain) as tls:
                tls.sendall(f"{nick}\n{line}\n/quit\n".encode())
                told = b""
                while more := tls.recv(65_536):
                    told += more
            assert b"belongs to somebody" not in told
            assert (f"{nick} is yours now, by the key sha256:".encode() in told) is bool(line)
    with Peer(chat.port) as stranger:
        stranger.types("rsa")
        stranger.reads_until_match("^!! rsa belongs to somebody")
