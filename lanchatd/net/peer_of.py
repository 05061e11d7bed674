"""The other end of a connection, by the address that Twisted has of it."""

from __future__ import annotations

import ipaddress

from twisted.internet.interfaces import IAddress

from lanchatd.chat.peer import Peer


def peer_of(addr: IAddress | None) -> Peer:
    """The other end: ``192.0.2.1:5000``, ``[2001:db8::1]:5000``, or ``unix``."""
    host = getattr(addr, "host", None)
    if host is None:
        return Peer("unix", None)
    # An IPv4 peer of a socket that takes both kinds is the same peer.
    address = str(ipaddress.IPv6Address(host).ipv4_mapped or host) if ":" in host else host
    port = getattr(addr, "port", 0)
    return Peer(f"[{address}]:{port}" if ":" in address else f"{address}:{port}", address)
