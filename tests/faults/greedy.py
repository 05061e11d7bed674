"""Those who keep to the limits of each connection and want more, for `tests.faults.intruders`."""

from __future__ import annotations

import selectors
import time
from contextlib import suppress
from typing import Any

from tests.faults.members import A_HOUSEHOLD, connect

Found = dict[str, Any]
A_PLACE = 20_000 * A_HOUSEHOLD  # of one address


def at_one_moment(
    port: int, line: str, lines: int, connections: int, every_s: float, seconds: float
) -> Found:
    """Members of one address who each send so many lines at one moment, again and again; they read."""
    selector = selectors.DefaultSelector()
    peers = [connect(port, A_PLACE) for _ in range(connections)]
    for number, peer in enumerate(peers):
        peer.sendall(f"moment{number}\n".encode())
        peer.setblocking(False)
        selector.register(peer, selectors.EVENT_READ)
    end = time.monotonic() + seconds
    due = time.monotonic() + 2
    came = 0
    while selector.get_map() and (now := time.monotonic()) < end:
        if now >= due:
            due = now + every_s
            for peer in peers:
                with suppress(OSError):
                    peer.send(f"{line}\n".encode() * lines)
        for key, _ in selector.select(0.005):
            try:
                more = key.fileobj.recv(1 << 20)  # type: ignore[union-attr]
            except OSError:
                more = b""
            came += len(more)
            if not more:
                selector.unregister(key.fileobj)
    left = len(selector.get_map())
    for peer in peers:
        peer.close()
    return {"bytes": came, "left": left}
