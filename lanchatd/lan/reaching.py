"""Whether addresses answer: connections are tried, and given up at once when they are made."""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Sequence
from contextlib import suppress

# One after the other, but not waiting for the one before (RFC 8305, 5).
PAUSE_S = 0.25
PATIENCE_S = 5


def first_to_answer(addresses: Sequence[str], port: int) -> str | None:
    """The address where a connection was made first; None if there is none."""
    waiting = list(addresses)
    tried: dict[socket.socket, str] = {}
    now = next_at = time.monotonic()
    give_up_at = now + PATIENCE_S
    try:
        while (waiting or tried) and now < give_up_at:
            if waiting and (now >= next_at or not tried):
                address = waiting.pop(0)
                with suppress(OSError):
                    tried[begin(address, port)] = address
                next_at = now + PAUSE_S
            until = min(next_at, give_up_at) if waiting else give_up_at
            for done in select.select([], list(tried), [], max(0, until - now))[1]:
                address = tried.pop(done)
                failed = done.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                done.close()
                if not failed:
                    return address
            now = time.monotonic()
    finally:
        for each in tried:
            each.close()
    return None


def begin(address: str, port: int) -> socket.socket:
    """A socket that connects. Raises OSError if it can't even begin."""
    # With its interface, if it has one: getaddrinfo(3).
    family, kind, _, _, where = socket.getaddrinfo(
        address, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )[0]
    trying = socket.socket(family, kind)
    trying.setblocking(False)
    if (failed := trying.connect_ex(where)) not in (0, errno.EINPROGRESS):
        trying.close()
        raise OSError(failed, os.strerror(failed))
    return trying
