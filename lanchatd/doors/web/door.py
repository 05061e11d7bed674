"""The web door: a page, and the WebSocket by which it talks."""

from __future__ import annotations

from lanchatd.doors.door import Opening
from lanchatd.doors.web.connection import HttpConnection
from lanchatd.doors.web.site import Site
from lanchatd.doors.web.turned_away import turned_away
from lanchatd.doors.web.waiting import Asking
from lanchatd.doors.web.websocket import WebSocketFormat
from lanchatd.text.refused import Refused


class WebDoor:
    """Opens for connections that speak HTTP."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._format = WebSocketFormat()
        self._asking = Asking()

    def turn_away(self, begin: bytes, refused: Refused, late: bool) -> bytes | None:
        """What is told to who may not come in (`lanchatd.doors.door.Door`)."""
        return turned_away(self._site, begin, refused, late)

    def open(self, opening: Opening) -> HttpConnection:
        """Take over a connection."""
        return HttpConnection(self._site, self._format, self._asking, opening, must_encrypt=False)

    def open_plain(self, opening: Opening) -> HttpConnection:
        """Take over one that has to encrypt: it is sent to where it does."""
        return HttpConnection(self._site, self._format, self._asking, opening, must_encrypt=True)
