"""Where the page is: its address, as it is told and passed on."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from lanchatd.net.own_address import own_address


class PageAddress:
    """The address of the page, at each place where the daemon listens."""

    def __init__(self, name: str | None = None) -> None:
        """``name`` is what it is called in its address, instead of an IP address."""
        self.all: list[str] = []  # in the order of what is listened on
        self._name = name

    def at(self, host: Any, only_tls: bool) -> str | None:
        """The address, of where Twisted listens or a connection has come in.

        Where it listens on all addresses it is one that others can use. None for a UNIX socket.
        """
        ip = _ip_of(host)
        if ip is None:
            return None
        name = self._name or (own_address() if ip.is_unspecified else str(ip))
        shown = f"[{name}]" if ":" in name else name
        return f"http{'s' if only_tls else ''}://{shown}:{host.port}/"

    def for_peer(self, host: Any, only_tls: bool) -> str | None:
        """The same, for who has connected to it: on this machine that is the one for the others."""
        ip = _ip_of(host)
        if self.all and (ip is None or ip.is_loopback):
            return self.all[0]
        return self.at(host, only_tls)


def _ip_of(host: Any) -> IPv4Address | IPv6Address | None:
    """The IP address in one of Twisted's; None in that of a UNIX socket."""
    if not hasattr(host, "host"):
        return None
    ip = ip_address(host.host.partition("%")[0])
    return getattr(ip, "ipv4_mapped", None) or ip
