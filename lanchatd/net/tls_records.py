"""Where records of TLS end, as what they bring comes with their last byte (RFC 8446, 5.1)."""

from __future__ import annotations

_HEADER_BYTES = 5  # type, version, and the size of what follows


class Records:
    """Follows what is read of one connection."""

    __slots__ = ("_header", "_left", "_open")

    def __init__(self) -> None:
        self._open = 0  # bytes of the record that has not ended
        self._left = 0  # of it, still to come; or its header is not whole
        self._header = b""

    def left(self, unread: bytes) -> int:
        """How much is left of the record that is read, or that begins with this; 0 if that is unknown."""
        begin = self._header + unread[:_HEADER_BYTES]
        if self._left or len(begin) < _HEADER_BYTES:
            return self._left
        return _HEADER_BYTES + _size_in(begin) - len(self._header)

    def ended_with(self, piece: bytes) -> int:
        """How many bytes the records have that end in this piece, with what came of them before."""
        data = self._header + piece
        size = self._open + len(piece)
        ended, end = 0, self._left
        while end <= len(data):
            ended = size - (len(data) - end)
            start, end = end, end + _HEADER_BYTES
            if end <= len(data):
                end += _size_in(data[start:end])
            else:
                self._header, self._left = data[start:], 0
                break
        else:
            self._header, self._left = b"", end - len(data)
        self._open = size - ended
        return ended


def _size_in(header: bytes) -> int:
    return int.from_bytes(header[_HEADER_BYTES - 2 : _HEADER_BYTES])
