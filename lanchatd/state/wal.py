"""Whether a write-ahead log of SQLite is damaged.

SQLite leaves out everything behind the first frame whose checksum is wrong, and says nothing: so it gets rid
of a commit that a power cut left half written. But if one that was complete is left out, lines that somebody
saw are gone, and their ids would be given again. Format: https://sqlite.org/fileformat2.html#walformat
"""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER, _FRAME = 32, 24  # bytes
_MAGIC = 0x377F_0682  # its last bit says in which order of bytes the checksums are


def is_damaged(path: Path) -> bool:
    """Whether a commit is behind a frame that is wrong, or everything behind a wrong header.

    Raises OSError.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return False
    with file:
        header = file.read(_HEADER)
        if len(header) < _HEADER:
            return False  # nothing was written behind it yet
        magic, _, page_bytes, _, salts, *_ = struct.unpack(">4I8s2I", header)
        order = ">" if magic & 1 else "<"
        sums = _checksum(order, header[:24], (0, 0))
        if magic & ~1 != _MAGIC or sums != struct.unpack(">2I", header[24:]):
            return True
        whole = True
        while len(frame := file.read(_FRAME + page_bytes)) == _FRAME + page_bytes:
            _, pages_after_commit, frame_salts, *expected = struct.unpack(">2I8s2I", frame[:_FRAME])
            if frame_salts != salts:
                return False  # from here on it is left over from before the log began anew
            if whole:
                sums = _checksum(order, frame[:8] + frame[_FRAME:], sums)
                whole = sums == tuple(expected)
            if not whole and pages_after_commit:
                return True
    return False


def _checksum(order: str, content: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(content) // 4}I", content)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFF_FFFF
        second = (second + odd + first) & 0xFFFF_FFFF
    return first, second
