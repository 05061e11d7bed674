"""A browser that may not come in: told why on a page, or by its WebSocket."""

from __future__ import annotations

from http import HTTPStatus

import h11
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection

from lanchatd.doors import http
from lanchatd.doors.web.connection import HEAD_BYTES
from lanchatd.doors.web.messages import Request, Upgrade
from lanchatd.doors.web.site import Site
from lanchatd.doors.web.websocket import CLOSE_FOR_A_REASON, WebSocketFormat
from lanchatd.text.refused import Refusal, Refused

_STATUS = {
    "banned": HTTPStatus.FORBIDDEN,
    "address_full": HTTPStatus.TOO_MANY_REQUESTS,
    "too_often": HTTPStatus.TOO_MANY_REQUESTS,
    "full": HTTPStatus.SERVICE_UNAVAILABLE,
}


def turned_away(site: Site, begin: bytes, refused: Refused, late: bool) -> bytes | None:
    """What is answered to a request that begins so; None while its head is not whole, unless it is ``late``.

    A WebSocket is taken, told and closed: of another answer to it a page is not told.
    """
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
    connection.receive_data(begin)
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError:
        pass  # whatever it asks
    else:
        if isinstance(event, h11.Request):
            answer = site.answer(Request.of(event, must_encrypt=False))
            if isinstance(answer, Upgrade):
                connection.next_event()  # its end
                return (connection.send(answer.head()) or b"") + _told(refused)
        elif not late:
            return None
    status = _STATUS[refused.code]
    return http.answer(f"{status.value} {status.phrase}", refused.text, to=begin)


def _told(refused: Refused) -> bytes:
    error = WebSocketFormat().render(Refusal(refused.code, refused.text))
    close = CloseConnection(CLOSE_FOR_A_REASON, refused.code)
    return error + bytes(Connection(ConnectionType.SERVER).send(close))
