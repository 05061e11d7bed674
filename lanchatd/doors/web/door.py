"""The web door: what its connections share, and how many of them there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lanchatd.doors.web.connection import HttpConnection
from lanchatd.doors.web.websocket import WebSocketFormat

if TYPE_CHECKING:
    from lanchatd.doors.first_bytes import FirstBytes
    from lanchatd.doors.web.site import Site

# Connections that ask for pages, and those that wait to ask again: a page has two of them for 15 s. Those of
# the chat are counted apart, and of one address together.
MOST_ASKING = 256


class WebDoor:
    """Opens for connections that speak HTTP."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.format = WebSocketFormat()
        self._asking: dict[HttpConnection, None] = {}  # who asked last is last

    def open(self, first: FirstBytes, must_encrypt: bool = False) -> HttpConnection:
        """Take over a connection. One that has to encrypt is sent to where it does."""
        return HttpConnection(self, first, must_encrypt)

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
