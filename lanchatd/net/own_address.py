"""The address by which others on the network reach this machine."""

from __future__ import annotations

import socket

from lanchatd.state.certificate import addresses

# Of no network that there is (RFC 5737): what would be sent there leaves by the default route.
_ELSEWHERE = ("192.0.2.1", 9)


def own_address() -> str:
    """That of the default route, else of any interface, else of this machine alone."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect(_ELSEWHERE)  # nothing is sent
            return str(asking.getsockname()[0])
    except OSError:
        return str(next((found for found in addresses() if not found.is_loopback), "127.0.0.1"))
