"""The web door: what its connections share, and how many of them there are."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

from lanchatd.doors.web.connection import HttpConnection
from lanchatd.doors.web.websocket import WebSocketFormat
from lanchatd.net.own_address import own_address

if TYPE_CHECKING:
    from lanchatd.doors.first_bytes import FirstBytes
    from lanchatd.doors.web.site import Site

# Connections that ask for pages, and those that wait to ask again: a page has two of them for 15 s. Those of
# the chat are counted apart, and of one address together.
MOST_ASKING = 256


class WebDoor:
    """Opens for connections that speak HTTP."""

    def __init__(self, site: Site, name: str | None = None) -> None:
        """``name`` is what it is called in its address, instead of an IP address."""
        self.site = site
        self.addresses: list[str] = []  # of the page, in the order of what is listened on
        self._name = name
        self.format = WebSocketFormat()
        self._asking: dict[HttpConnection, None] = {}  # who asked last is last

    def open(self, first: FirstBytes, must_encrypt: bool = False) -> HttpConnection:
        """Take over a connection. One that has to encrypt is sent to where it does."""
        return HttpConnection(self, first, must_encrypt)

    def address_at(self, host: Any, only_tls: bool) -> str | None:
        """The page's address, of where Twisted listens or a connection has come in.

        Where it listens on all addresses it is one that others can use. None for a UNIX socket.
        """
        ip = _ip_of(host)
        if ip is None:
            return None
        name = self._name or (own_address() if ip.is_unspecified else str(ip))
        shown = f"[{name}]" if ":" in name else name
        return f"http{'s' if only_tls else ''}://{shown}:{host.port}/"

    def address_for(self, host: Any, only_tls: bool) -> str | None:
        """The same, for who has connected to it: on this machine that is the one for the others."""
        ip = _ip_of(host)
        if self.addresses and (ip is None or ip.is_loopback):
            return self.addresses[0]
        return self.address_at(host, only_tls)

    def enter(self, connection: HttpConnection) -> None:
        """It asks for pages. When too many do, the one goes that has asked nothing for longest."""
        self._asking[connection] = None
        if len(self._asking) > MOST_ASKING:
            longest = next(iter(self._asking))
            self.leave(longest)
            longest.close()

    def heard(self, connection: HttpConnection) -> None:
        """It has asked for something."""
        if connection in self._asking:
            del self._asking[connection]
            self._asking[connection] = None

    def leave(self, connection: HttpConnection) -> None:
        """It is gone, or a WebSocket by now; or it was asked to go before."""
        self._asking.pop(connection, None)


def _ip_of(host: Any) -> IPv4Address | IPv6Address | None:
    """The IP address in one of Twisted's; None in that of a UNIX socket."""
    if not hasattr(host, "host"):
        return None
    ip = ip_address(host.host.partition("%")[0])
    return getattr(ip, "ipv4_mapped", None) or ip
