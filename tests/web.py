"""Browsers, as the daemon sees them: requests, answers and frames, over a wire in memory or a real socket."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

from lanchatd.doors.web.door import WebDoor
from lanchatd.doors.web.files import File
from lanchatd.doors.web.site import Site
from tests.world import Person, World

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPTED = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="  # RFC 6455, 1.3
HOST = "192.0.2.9:8000"

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA

INDEX = File(b"<!doctype html>\n", "text/html; charset=utf-8", '"1"')
LARGE = File(b"x" * 50_000, "text/javascript; charset=utf-8", '"2"')


def web_door() -> WebDoor:
    """A site of two files, at chat.local."""
    return WebDoor(Site(["chat.local"], {"/": INDEX, "/app.js": LARGE}))


def web_world(**limits: float) -> World:
    """A daemon in memory, with a page."""
    return World(None, (), web_door(), **limits)


def request(target: str = "/", *headers: str, method: str = "GET", host: str | None = HOST) -> bytes:
    """A request, as it goes over the wire."""
    hosts = [] if host is None else [f"Host: {host}"]
    return "\r\n".join([f"{method} {target} HTTP/1.1", *hosts, *headers, "", ""]).encode("latin-1")


def upgrade(*headers: str, host: str = HOST) -> bytes:
    """The request of a page for its WebSocket."""
    known = "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"
    return request("/ws", *known, f"Sec-WebSocket-Key: {KEY}", *headers, host=host)


@dataclass(frozen=True)
class Answered:
    """An answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def answers(came: bytes, *, to_head: bool = False) -> list[Answered]:
    """The whole answers that came; nothing may be left behind them."""
    found = []
    while came:
        head, end, came = came.partition(b"\r\n\r\n")
        assert end, head
        first, *lines = head.decode().split("\r\n")
        version, status, _ = first.split(" ", 2)
        assert version == "HTTP/1.1"
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        size = 0 if to_head else int(headers.get("content-length", 0))
        assert len(came) >= size
        found.append(Answered(int(status), headers, came[:size]))
        came = came[size:]
    return found


def frame(opcode: int, payload: bytes = b"", fin: bool = True, mask: bytes | None = b"\1\2\3\4") -> bytes:
    """A frame as a browser sends it."""
    first, size = opcode | (0x80 if fin else 0), len(payload)
    masked = 0 if mask is None else 0x80
    if size < 126:
        head = struct.pack("!BB", first, masked | size)
    elif size < 1 << 16:
        head = struct.pack("!BBH", first, masked | 126, size)
    else:
        head = struct.pack("!BBQ", first, masked | 127, size)
    if mask is None:
        return head + payload
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def message(value: Any) -> bytes:
    """A frame of JSON."""
    return frame(TEXT, json.dumps(value).encode())


def closing(code: int, reason: bytes = b"") -> bytes:
    """What a frame that closes has in it."""
    return struct.pack("!H", code) + reason


def frames_in(came: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames of a server, none of them masked or a part, and what came of the next one."""
    found = []
    while len(came) >= 2:
        assert came[0] & 0x80 and not came[0] & 0x70 and not came[1] & 0x80, came[:2]
        size, at = came[1], 2
        if size == 126:
            size, at = int.from_bytes(came[2:4], "big"), 4
        elif size == 127:
            size, at = int.from_bytes(came[2:10], "big"), 10
        if len(came) < at + size:
            break
        found.append((came[0] & 0xF, came[at : at + size]))
        came = came[at + size :]
    return found, came


class Page:
    """A page in a world, whose WebSocket is open."""

    def __init__(self, world: World, peer: str = "192.0.2.1") -> None:
        self.person: Person = world.connect(peer)
        self.person.sends(upgrade(f"Origin: http://{HOST}"))
        head, end, self._left = self.person.wire.taken.partition(b"\r\n\r\n")
        assert end and head.startswith(b"HTTP/1.1 101 "), head
        self._seen = len(head) + 4

    @classmethod
    def joins(cls, world: World, nick: str, **hello: Any) -> Page:
        """One that has said hello; what it got so far is kept."""
        page = cls(world)
        page.person.sends(message({"nick": nick, **hello}))
        return page

    def says(self, *lines: str) -> Page:
        self.person.sends(b"".join(message({"line": line}) for line in lines))
        return self

    def sends(self, *segments: bytes) -> Page:
        self.person.sends(*segments)
        return self

    def frames(self) -> list[tuple[int, bytes]]:
        """What came since it looked last."""
        taken = self.person.wire.taken
        found, left = frames_in(taken[self._seen :])
        self._seen = len(taken) - len(left)
        return found

    def gets(self) -> list[dict[str, Any]]:
        """The same, of messages alone."""
        return [json.loads(payload) for opcode, payload in self.frames() if opcode == TEXT]
