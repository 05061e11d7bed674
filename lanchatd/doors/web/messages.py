"""A request as the site looks at it, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import h11

from lanchatd.chat.peer import Peer

# What a page may do: load its own files and talk to where it came from. Nothing from elsewhere, nothing
# inline, and nobody shows it inside of another page.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ALWAYS = (
    ("Server", "lanchatd"),
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
# Browsers complain about it where a connection is not encrypted.
_IN_TLS = (("Cross-Origin-Opener-Policy", "same-origin"),)


class Malformed(Exception):
    """A request that can be read in two ways."""


@dataclass(frozen=True, slots=True)
class Request:
    """The head of a request. ``target`` is as it was sent; names of headers are in lower case.

    ``must_encrypt`` says that it came in plain, and only what is encrypted is answered. ``peer`` is who asks.
    """

    method: str
    target: str
    version: str
    headers: tuple[tuple[str, str], ...]
    must_encrypt: bool = False
    peer: Peer | None = None

    @classmethod
    def of(cls, event: h11.Request, must_encrypt: bool, peer: Peer | None = None) -> Request:
        """The same, as h11 has read it."""
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in event.headers)
        method, target, version = (
            part.decode("latin-1") for part in (event.method, event.target, event.http_version)
        )
        return cls(method, target, version, headers, must_encrypt, peer)

    def one(self, name: str) -> str | None:
        """The value of a header that may stand there once. Raises `Malformed`."""
        found = [value for known, value in self.headers if known == name]
        if len(found) > 1:
            raise Malformed(name)
        return found[0] if found else None

    def words(self, name: str) -> list[str]:
        """What is in a header that is a list, in lower case."""
        found = ",".join(value for known, value in self.headers if known == name)
        return [word.strip().lower() for word in found.split(",")]

    @property
    def has_body(self) -> bool:
        """Whether something follows it, or says so."""
        return any(
            name == "transfer-encoding" or (name == "content-length" and value != "0")
            for name, value in self.headers
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered. After the ``last`` one the connection is closed."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    last: bool = False

    def head(self, date: str, encrypted: bool, last: bool) -> h11.Response:
        """Its head, for h11 to write."""
        length = () if self.status is HTTPStatus.NOT_MODIFIED else (("Content-Length", str(len(self.body))),)
        close = (("Connection", "close"),) if last else ()
        in_tls = _IN_TLS if encrypted else ()
        headers = (("Date", date), *_ALWAYS, *in_tls, *self.headers, *length, *close)
        return h11.Response(status_code=self.status, reason=self.status.phrase, headers=list(headers))


@dataclass(frozen=True, slots=True)
class Upgrade:
    """The answer to a request for a WebSocket: take it. ``accept`` proves that its key was read.

    ``origin`` is where the page came from that asked, empty for a program that is no browser.
    """

    accept: str
    origin: str = ""

    def head(self) -> h11.InformationalResponse:
        """It, for h11 to write."""
        headers = [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", self.accept)]
        return h11.InformationalResponse(status_code=101, reason="Switching Protocols", headers=headers)


def sentence(status: HTTPStatus, text: str, *headers: tuple[str, str], last: bool = False) -> Answer:
    """An answer of one sentence."""
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(status, (kind, ("Cache-Control", "no-store"), *headers), f"{text}\n".encode(), last)
