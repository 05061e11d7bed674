"""Where records of TLS end, as what they bring comes with their last byte (RFC 8446, 5.1)."""

from __future__ import annotations

HEADER_BYTES = 5  # type, version, and the size of what follows


class Records:
    """Follows what is read of one connection."""

    __slots__ = ("_header", "_left", "_open")

    def __init__(self) -> None:
        self._open = 0  # bytes of the record that has not ended
        self._left = 0  # of it, still to come; or its header is not whole
        self._header = b""

    def left(self, unread: bytes) -> int:
        """How much is left of the record that is read, or that begins with this; 0 if that is unknown."""
        begin = self._header + unread[:HEADER_BYTES]
        if self._left or len(begin) < HEADER_BYTES:
            return self._left
        return HEADER_BYTES + size_in(begin) - len(self._header)

    def ended_with(self, piece: bytes) -> int:
        """How many bytes the records have that end in this piece, with what came of them before."""
        data = self._header + piece
        size = self._open + len(piece)
        ended, end = 0, self._left
        while end <= len(data):
            ended = size - (len(data) - end)
            start, end = end, end + HEADER_BYTES
            if end <= len(data):
                end += size_in(data[start:end])
            else:
                self._header, self._left = data[start:], 0
                break
        else:
            self._header, self._left = b"", end - len(data)
        self._open = size - ended
        return ended


def size_in(header: bytes) -> int:
    """How much follows a whole header."""
    return int.from_bytes(header[HEADER_BYTES - 2 : HEADER_BYTES])
