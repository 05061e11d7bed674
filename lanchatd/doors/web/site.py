"""What is at which address of the site, and who may ask.

A page of another site, open in a browser on this network, could ask here as well as our own: it must not read
what is said, nor speak for who sits at that browser. So what is asked for has to be under a name of this
machine (else any name could be made to lead here: DNS rebinding), and a WebSocket is for a page from here.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from ipaddress import ip_address
from typing import Protocol

from wsproto.utilities import generate_accept_token

from lanchatd.doors.web.files import File
from lanchatd.doors.web.messages import Answer, Malformed, Request, Upgrade, sentence
from lanchatd.lan import qr
from lanchatd.lan.join_address import JoinAddress

WEBSOCKET = "/ws"
HEALTH = "/health"
METRICS = "/metrics"
JOIN = "/join"
QR = "/qr.svg"

# A name or an address, maybe with a port (RFC 9110, 7.2).
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?)\]|([A-Za-z0-9._~-]+))(?::([0-9]{0,5}))?")
_KEY_BYTES = 16
_READS = ("GET", "HEAD")

_BAD_HOST = sentence(HTTPStatus.BAD_REQUEST, "That request does not say which host it is for.", last=True)
_BAD_TARGET = sentence(HTTPStatus.BAD_REQUEST, "That is not an address of a page.", last=True)
_MALFORMED = sentence(HTTPStatus.BAD_REQUEST, "A header is there twice that may be there once.", last=True)
_BAD_KEY = sentence(HTTPStatus.BAD_REQUEST, "Sec-WebSocket-Key is not 16 bytes in base64.")
_BODY = sentence(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "A request has no body here.", last=True)
_NOT_OURS = sentence(
    HTTPStatus.MISDIRECTED_REQUEST,
    "This server does not know that name as its own: use its IP address, or start it with --web-host NAME.",
    last=True,
)
_OTHER_SITE = sentence(HTTPStatus.FORBIDDEN, "Only this server's own page may talk to it.")
_NO_PAGE = sentence(HTTPStatus.NOT_FOUND, "There is no such page here.")
_VERSION = sentence(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "This server speaks HTTP/1.1.", last=True)
_UPGRADE = sentence(
    HTTPStatus.UPGRADE_REQUIRED,
    "Here is a WebSocket, of version 13.",
    ("Upgrade", "websocket"),
    ("Connection", "Upgrade"),
    ("Sec-WebSocket-Version", "13"),
)


class Metrics(Protocol):
    """The numbers of the daemon, for programs that watch it."""

    def answer(self, request: Request) -> Answer | None:
        """All of them; None if who asks is not to have them."""
        ...


class Site:
    """What is where. ``names`` are this machine's; it can be asked for under every IP address."""

    def __init__(
        self,
        names: Iterable[str],
        files: Mapping[str, File],
        join: Callable[[str, int | None], JoinAddress | None] = lambda name, port: None,
        metrics: Metrics | None = None,
    ) -> None:
        """``join`` tells where others join, of the host and the port that were asked for.

        ``metrics`` are the numbers of the daemon, if somebody is to have them.
        """
        self._metrics = metrics
        self._join = join
        self._names = {name.lower().rstrip(".") for name in names}
        self._files = files

    def known_as(self, name: str) -> None:
        """This is a name of this machine, too."""
        self._names.add(name.lower())

    def answer(self, request: Request) -> Answer | Upgrade:
        """To any request whose head could be read."""
        try:
            return self._answer(request)
        except Malformed:
            return _MALFORMED

    def _answer(self, request: Request) -> Answer | Upgrade:
        if request.version not in ("1.0", "1.1"):
            return _VERSION
        host, target = request.one("host"), request.target
        if target.lower().startswith("http://"):
            # A whole address, which counts more than the header (RFC 9112, 3.2.2).
            host, _, path = target[len("http://") :].partition("/")
            target = f"/{path}"
        if host is None or not (found := _HOST.fullmatch(host)):
            return _BAD_HOST
        name, port = found[1] or found[2], int(found[3]) if found[3] else None
        if not self._is_ours(name):
            return _NOT_OURS
        if request.has_body:
            return _BODY
        if not target.startswith("/"):
            return _BAD_TARGET
        if request.must_encrypt:
            location = ("Location", f"https://{host}{target}")
            return sentence(
                HTTPStatus.TEMPORARY_REDIRECT, "Only encrypted connections come in here.", location
            )
        path = target.partition("?")[0]
        if path == METRICS and request.method in _READS:
            return (self._metrics and self._metrics.answer(request)) or _NO_PAGE
        if path in (JOIN, QR) and request.method in _READS:
            return self._invitation(path, name, port)
        return self._at(path, request, host)

    def _is_ours(self, name: str) -> bool:
        try:
            ip_address(name)
        except ValueError:
            return name.lower().rstrip(".") in self._names
        return True

    def _at(self, path: str, request: Request, host: str) -> Answer | Upgrade:
        file = self._files.get(path)
        if path not in (WEBSOCKET, HEALTH, JOIN, QR) and file is None:
            return _NO_PAGE
        allowed = ("GET",) if path == WEBSOCKET else _READS
        if request.method not in allowed:
            text = f"That can only be asked for with {' or '.join(allowed)}."
            return sentence(HTTPStatus.METHOD_NOT_ALLOWED, text, ("Allow", ", ".join(allowed)))
        if file is not None:
            return file.answer(request)
        return _websocket(request, host) if path == WEBSOCKET else sentence(HTTPStatus.OK, "ok")

    def _invitation(self, path: str, name: str, port: int | None) -> Answer:
        """What to pass on: how to join, in words or as a QR code of the page's address."""
        join = self._join(name, port)
        if join is None or join.page is None:
            return _NO_PAGE
        if path == JOIN:
            return sentence(HTTPStatus.OK, "\n".join(join.all))
        kind = (("Content-Type", "image/svg+xml"), ("Cache-Control", "no-store"))
        return Answer(HTTPStatus.OK, kind, qr.as_svg(join.page))


def _websocket(request: Request, host: str) -> Answer | Upgrade:
    # RFC 6455, 4.2.1. Programs that are no browsers send no origin, and nobody sends them anywhere.
    origin = request.one("origin")
    if origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()):
        return _OTHER_SITE
    if not (
        "websocket" in request.words("upgrade")
        and "upgrade" in request.words("connection")
        and request.one("sec-websocket-version") == "13"
    ):
        return _UPGRADE
    key = request.one("sec-websocket-key") or ""
    try:
        if len(base64.b64decode(key, validate=True)) != _KEY_BYTES:
            return _BAD_KEY
    except (binascii.Error, ValueError):
        return _BAD_KEY
    return Upgrade(generate_accept_token(key.encode()).decode(), origin or "")
