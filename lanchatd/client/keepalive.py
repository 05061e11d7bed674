"""A network that is dead is noticed within a minute and a half, also when nobody says anything."""

from __future__ import annotations

import socket

# Idle time, and four probes; and with something unsent.
_IDLE_S, _PROBE_S, _PROBES = 40, 12, 4
_UNSENT_MS = 90_000


def keep_alive(handle: object) -> None:
    """Set it up for a socket; of anything else there is nothing to set."""
    if not isinstance(handle, socket.socket) or handle.family not in (socket.AF_INET, socket.AF_INET6):
        return
    handle.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", _IDLE_S),
        ("TCP_KEEPINTVL", _PROBE_S),
        ("TCP_KEEPCNT", _PROBES),
        ("TCP_USER_TIMEOUT", _UNSENT_MS),
    ):
        if hasattr(socket, option):  # Linux has all of them
            handle.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
