"""A server is asked what it is, in each way in which others ask; nobody joins."""

from __future__ import annotations

import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from cryptography import x509

from lanchatd.lan.announcement import cleaned

# Who says nothing is greeted after 0.5 s.
GREETED_S = 3
ANSWERED_S = 5
# Enough for the largest file of the page; the rest is not looked at.
MOST_BYTES = 262_144
# Longer than any packet of a network: it comes in several.
LARGE_BYTES = 4_000

_WELCOME = re.compile(r"(?:HTTP/1\.1 100 |-- )?Welcome to (.+) \(lanchatd ([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Answered:
    """To a request of HTTP. ``date`` is seconds since the epoch, as the server has it."""

    status: int
    date: float | None
    body: bytes


def connected(address: str, port: int, tls: bool = False) -> socket.socket:
    """A connection. Raises OSError, of which `ssl.SSLError` is one."""
    family, kind, _, _, where = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )[0]
    made = socket.socket(family, kind)
    made.settimeout(ANSWERED_S)
    try:
        made.connect(where)
        return _anybody().wrap_socket(made) if tls else made
    except OSError:
        made.close()
        raise


def _anybody() -> ssl.SSLContext:
    # Who it is, is looked at by its key.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def greeting(address: str, port: int) -> tuple[str, bool]:
    """What it says to who says nothing, and whether only TLS is spoken there.

    It is one line, safe to show; empty if it says nothing. Raises OSError.
    """
    line = _first_line(address, port, tls=False)
    if welcome(line) is None:
        with suppress(OSError):
            inside = _first_line(address, port, tls=True)
            if welcome(inside) is not None:
                return inside, True
    return line, False


def _first_line(address: str, port: int, *, tls: bool) -> str:
    with connected(address, port, tls) as made:
        made.settimeout(GREETED_S)
        said = b""
        with suppress(TimeoutError):
            while b"\n" not in said and len(said) < LARGE_BYTES and (more := made.recv(1_024)):
                said += more
    return cleaned(said.split(b"\n")[0].decode(errors="replace"), 200)


def welcome(line: str) -> tuple[str, str] | None:
    """The name and the version of the lanchatd that greets so; None if it is none."""
    found = _WELCOME.search(line)
    return None if found is None else (found[1], found[2])


def certificate(address: str, port: int) -> x509.Certificate:
    """That of its TLS. Raises OSError."""
    with connected(address, port, tls=True) as made:
        assert isinstance(made, ssl.SSLSocket)  # noqa: S101  for mypy
        shown = made.getpeercert(binary_form=True)
    return x509.load_der_x509_certificate(shown or b"")


def get(address: str, port: int, path: str, *, tls: bool, padding: int = 0) -> Answered | None:
    """What is at a path of its page; None if it speaks no HTTP. Raises OSError."""
    host = address.partition("%")[0]
    shown = f"[{host}]" if ":" in host else host
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {shown}:{port}",
        f"X-Padding: {'x' * padding}",
        "Connection: close",
    )
    said = b""
    with connected(address, port, tls) as made:
        made.sendall("\r\n".join([*lines, "", ""]).encode())
        while len(said) < MOST_BYTES and (more := made.recv(65_536)):
            said += more
    first, _, body = said.partition(b"\r\n\r\n")
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", first)
    if found is None:
        return None
    date = re.search(rb"\r\nDate: ([^\r]+)", first)
    at = None
    if date:
        with suppress(ValueError):
            at = parsedate_to_datetime(date[1].decode("latin-1")).timestamp()
    return Answered(int(found[1]), at, body)


def speaks_irc(address: str, port: int, *, tls: bool) -> bool:
    """Whether IRC clients are answered. Raises OSError."""
    with connected(address, port, tls) as made:
        made.sendall(b"CAP LS 302\r\n")
        said = made.recv(1_024)
        made.sendall(b"QUIT\r\n")
    return b" CAP * LS" in said
