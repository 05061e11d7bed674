"""TLS in the tests' world: Python's own at one end, and the daemon's at the other."""

from __future__ import annotations

import ssl
from contextlib import suppress

from tests.impostors import any_server
from tests.world import Person


def hello_of(client: ssl.SSLContext, name: str | None = None) -> bytes:
    """What a client begins with."""
    came, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        client.wrap_bio(came, sent, server_hostname=name).do_handshake()
    return sent.read()


def long_hello() -> bytes:
    """Of a client that offers much."""
    client = any_server()
    client.set_alpn_protocols([f"protocol number {number}" for number in range(40)])
    return hello_of(client, "chat.local")


def in_records(hello: bytes, size: int) -> bytes:
    """The same message in smaller records (RFC 8446, 5.1)."""
    message = hello[5:]
    parts = [message[at : at + size] for at in range(0, len(message), size)]
    return b"".join(hello[:3] + len(part).to_bytes(2) + part for part in parts)


class Encrypted:
    """Somebody in the world who speaks TLS, and shakes hands in segments of so many bytes."""

    def __init__(self, person: Person, segment_bytes: int = 65_536) -> None:
        self._person = person
        self._segment_bytes = segment_bytes
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = any_server().wrap_bio(self._in, self._out)
        self._taken = 0
        while True:
            try:
                self._tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flows()
        self._flows()

    def _flows(self) -> None:
        while segment := self._out.read(self._segment_bytes):
            self._person.sends(segment)
        self._hears()

    def _hears(self) -> None:
        taken = self._person.wire.taken
        self._in.write(taken[self._taken :])
        self._taken = len(taken)

    def records(self, *texts: bytes) -> bytes:
        """Each as a record of its own."""
        for text in texts:
            self._tls.write(text)
        return self._out.read()

    def sees(self) -> list[str]:
        self._hears()
        seen = b""
        try:
            while more := self._tls.read(65_536):
                seen += more
        except ssl.SSLWantReadError:
            pass
        return seen.decode().splitlines()
