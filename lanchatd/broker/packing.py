"""What daemons tell each other, as bytes: JSON, and packed where it is all that there is of something."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from typing import Any

# Unpacked: a million sessions, or a hundred thousand accounts with all that they may have.
MOST_BYTES = 268_435_456


def as_json(value: Any, default: Callable[[Any], Any] | None = None) -> bytes:
    """A value without a space too many; ``default`` as `json.dumps` takes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=default).encode()


def packed(encoded: bytes) -> bytes:
    """The same in a fraction of its size."""
    return zlib.compress(encoded, 1)


def unpacked(encoded: bytes) -> Any:
    """The value that was packed as JSON. Raises ValueError, also if it is of more than `MOST_BYTES`."""
    try:
        return json.loads(zlib.decompressobj().decompress(encoded, MOST_BYTES))
    except zlib.error as error:
        raise ValueError(str(error)) from None
