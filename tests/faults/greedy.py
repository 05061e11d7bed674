"""Those who keep to the limits of each connection and want more, for `tests.faults.intruders`."""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter, deque
from contextlib import suppress
from typing import Any

from tests.faults.members import A_HOUSEHOLD, PATIENCE_S, REFUSED, WAITS, connect

Found = dict[str, Any]
A_PLACE = 20_000 * A_HOUSEHOLD  # of one address


def reconnect(
    port: int, lines: int, size: int, at_once: int, seconds: float, rooms: bool = False, tls: bool = False
) -> Found:
    """One address: connect, a nick, a burst, end, and again; into ever other rooms, or into the lobby.

    It goes on for so long after it was told for the first time that it comes too often; how many connections
    it had made by then, and in how many seconds, is what it found.
    """
    began = time.monotonic()
    peers: deque[socket.socket] = deque()
    made = let_in = 0
    full_s = 0.0
    told: Counter[str] = Counter()
    while (passed_s := time.monotonic() - began) < min(
        full_s + seconds if full_s else PATIENCE_S, PATIENCE_S
    ):
        made += 1
        room = f"/join #r{made}\n" if rooms else ""
        burst = "".join(f"{made} {number} ".ljust(size, "x") + "\n" for number in range(lines))
        try:
            peer = connect(port, A_PLACE + A_HOUSEHOLD, tls=tls)
            peer.sendall(f"again{made}\n{room}{burst}/quit\n".encode())
        except OSError:  # turned away: over TLS it is told so in plain text
            full_s = full_s or passed_s
            told["turned away"] += 1
            continue
        peers.append(peer)
        while len(peers) >= at_once:
            last = _read_for(peers.popleft(), 0.02)
            told.update(last)
            if any("connected too often" in text for text in last):
                full_s = full_s or passed_s
        let_in += not full_s
    for peer in peers:
        peer.close()
    return {"made": made, "let_in": let_in, "full_s": full_s, "told": dict(told)}


def _read_for(peer: socket.socket, seconds: float) -> set[str]:
    """What it was refused, until it is closed or for so long; then it is closed."""
    peer.settimeout(seconds)
    came = b""
    end = time.monotonic() + seconds
    with peer, suppress(OSError):
        while time.monotonic() < end and (more := peer.recv(65_536)):
            came += more
    return {text.decode(errors="replace") for text in REFUSED.findall(came)}


def at_one_moment(
    port: int, line: str, lines: int, connections: int, every_s: float, seconds: float, tls: bool = False
) -> Found:
    """Members of one address who each send so many lines at one moment, again and again; they read."""
    selector = selectors.DefaultSelector()
    peers = [connect(port, A_PLACE, tls=tls) for _ in range(connections)]
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
            except WAITS:
                continue
            except OSError:
                more = b""
            came += len(more)
            if not more:
                selector.unregister(key.fileobj)
    left = len(selector.get_map())
    for peer in peers:
        peer.close()
    return {"bytes": came, "left": left}
