"""The first message of TLS, until it is whole (RFC 8446, 4.1.2): nothing is made for a connection before."""

from __future__ import annotations

from lanchatd.net.tls_records import HEADER_BYTES, size_in

# What the header of a record says that belongs to a handshake (RFC 8446, 5.1).
_HANDSHAKE, _MAJOR_VERSION, _MOST_IN_A_RECORD = 0x16, 3, 16_384

# A message's type and size, and its type.
_MESSAGE_HEADER_BYTES = 4
_CLIENT_HELLO = 1

# So much of it is waited for; what is longer is for OpenSSL to judge. Browsers' have 2 KiB at the most.
HELLO_BYTES = HEADER_BYTES + _MOST_IN_A_RECORD


class NoHelloError(Exception):
    """It is none; the message says why, in a few words."""


class ClientHello:
    """Gathers it. It may come in segments of any size, and in several records."""

    __slots__ = ("_begin", "_next", "_size", "came")

    def __init__(self) -> None:
        self.came = b""
        self._begin = b""  # of the message, without the records around it
        self._size = 0  # of what came of it in whole records
        self._next = 0  # where the next record begins

    def has_come(self, data: bytes) -> bool:
        """Whether it is whole now, with these bytes more. Raises `NoHelloError`."""
        self.came += data
        while not self._is_whole():
            header = self.came[self._next : self._next + HEADER_BYTES]
            size = _size_in(header)
            start = self._next + HEADER_BYTES
            if len(header) < HEADER_BYTES or len(self.came) < start + size:
                return len(self.came) >= HELLO_BYTES
            self._next = start + size
            self._size += size
            self._begin += self.came[start : min(self._next, start + _MESSAGE_HEADER_BYTES)]
            if self._begin[0] != _CLIENT_HELLO:
                raise NoHelloError("does not begin with a hello")
        return True

    def _is_whole(self) -> bool:
        if self._size < _MESSAGE_HEADER_BYTES:
            return False
        size = int.from_bytes(self._begin[1:_MESSAGE_HEADER_BYTES])
        return self._size >= _MESSAGE_HEADER_BYTES + size


def _size_in(header: bytes) -> int:
    """How much is in the record; 0 if not enough of its header came to say that. Raises `NoHelloError`."""
    if header[:1] not in (b"", bytes((_HANDSHAKE,))):
        raise NoHelloError("not a record of a handshake")
    if len(header) > 1 and header[1] != _MAJOR_VERSION:
        raise NoHelloError("a record of an unknown version")
    if len(header) < HEADER_BYTES:
        return 0
    size = size_in(header)
    if not 0 < size <= _MOST_IN_A_RECORD:
        raise NoHelloError("a record of an impossible size")
    return size
