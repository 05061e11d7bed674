"""One connection that speaks HTTP: bytes in, requests to the site, answers out."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from typing import Any

import h11
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from lanchatd.clock import Call
from lanchatd.doors.door import Opening
from lanchatd.doors.refusal import LAST_LINE_S
from lanchatd.doors.web.messages import Answer, Request, Upgrade, sentence
from lanchatd.doors.web.site import Site
from lanchatd.doors.web.waiting import Asking
from lanchatd.doors.web.websocket import WebSocketChat, WebSocketFormat
from lanchatd.net.turn_time import Budget, Waiting

# What browsers send with a request is 1 to 2 KiB without cookies, and there are none here.
HEAD_BYTES = 8_192
# How long a head may take to come, a connection to wait for its next request, and an answer to be taken.
HEAD_S = 10
IDLE_S = 15
TAKEN_S = 60
MOST_REQUESTS = 100

_MALFORMED = sentence(HTTPStatus.BAD_REQUEST, "That is not HTTP/1.1.", last=True)
_TOO_LARGE = sentence(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    f"The head of a request has at most {HEAD_BYTES:,} bytes.",
    last=True,
)
_TOO_LATE = sentence(HTTPStatus.REQUEST_TIMEOUT, f"A request has to come within {HEAD_S} s.", last=True)


class HttpConnection(Protocol):
    """Answers one request after the other, until one is for a WebSocket. Implements `outbox.Owner`."""

    # Until its first request is answered, or is for a WebSocket: so no more are accepted than get that far.
    wants_nick = True

    def __init__(
        self, site: Site, form: WebSocketFormat, asking: Asking, opening: Opening, must_encrypt: bool
    ) -> None:
        """``must_encrypt`` says that it did not, and has to."""
        self._site = site
        self._format = form
        self._asking = asking
        self._opening = opening
        self._must_encrypt = must_encrypt
        self._clock = opening.connections.clock
        self._budget: Budget = opening.connections.budget
        self._outbox = opening.outbox
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        self._unread = b""
        self._requests = 0
        self._in_head = True
        self._closing = False
        self._peer_closed = False
        self._why = ""
        self._resting: Waiting | None = None
        self._timer: Call | None = None

    @property
    def awaits_turn(self) -> bool:
        return not self._requests and self._resting is not None

    # -- bytes come

    def connectionMade(self) -> None:
        self._outbox.owner = self
        self._wait(HEAD_S, self._late)
        self._asking.enter(self)

    def dataReceived(self, data: bytes) -> None:
        if self._closing:
            return  # thrown away: closing with something unread would lose the answer on its way
        self._unread += data
        if not self._in_head and not self._outbox.waiting:
            self._in_head = True
            self._wait(HEAD_S, self._late)
        self._read()

    def readConnectionLost(self) -> None:
        """The peer asks nothing more; what it has asked is answered."""
        self._peer_closed = True
        if self._closing and not self._outbox.waiting:
            self._outbox.end()
        else:
            self._read()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stop_waiting()
        if self._resting is not None:
            self._resting.cancel()
        self._asking.leave(self)
        self._outbox.close()
        self._opening.connections.ended(self._opening.peer, "http", detail=self._why, requests=self._requests)

    def _read(self) -> None:
        self._budget.begin()
        try:
            while not (self._closing or self._outbox.waiting or self._resting):
                if self._budget.is_spent():
                    self._rest()
                elif not self._read_one():
                    break
        finally:
            self._budget.end()
        if self._peer_closed and not (self._outbox.waiting or self._resting):
            self._lose()

    def _read_one(self) -> bool:
        """Read a part of a request, or answer one; whether there may be more."""
        try:
            event = self._h11.next_event()
        except h11.RemoteProtocolError:
            self._answer(_MALFORMED)
            return False
        if isinstance(event, h11.Request):
            self._requested(event)
            return True
        return self._feed()

    def _feed(self) -> bool:
        """Give h11 as much as the head may still have; whether there was any."""
        if not self._unread:
            return False
        room = HEAD_BYTES - len(self._h11.trailing_data[0])
        if not room:
            self._answer(_TOO_LARGE)
            return False
        self._h11.receive_data(self._unread[:room])
        self._unread = self._unread[room:]
        return True

    def _rest(self) -> None:
        self._asking.leave(self)
        self.transport.pauseProducing()  # type: ignore[union-attr]
        self._resting = self._budget.wait(self._opening.whose, self._rested)

    def _rested(self) -> None:
        self._resting = None
        self._asking.enter(self)
        self.transport.resumeProducing()  # type: ignore[union-attr]
        self._read()

    # -- requests to the site

    def _requested(self, event: h11.Request) -> None:
        self._requests += 1
        request = Request.of(event, self._must_encrypt, self._opening.peer)
        answer = self._site.answer(request)
        if isinstance(answer, Upgrade):
            self._h11.next_event()  # its end
            self._become_websocket(answer)
            return
        if not answer.last:
            self._h11.next_event()
        self._answer(answer, head=request.method == "HEAD")

    def _answer(self, answer: Answer, head: bool = False) -> None:
        last = answer.last or self._requests >= MOST_REQUESTS
        date = formatdate(self._opening.connections.chat.now(), usegmt=True)
        encoded = self._h11.send(answer.head(date, self._opening.peer.encrypted, last)) or b""
        if answer.body and not head:
            encoded += self._h11.send(h11.Data(answer.body)) or b""
        encoded += self._h11.send(h11.EndOfMessage()) or b""
        last |= self._h11.our_state is not h11.DONE
        self._in_head = False
        self._opening.leave_entrance()
        self._asking.enter(self)
        self._wait(IDLE_S, self._lose)
        self._outbox.tell(encoded)
        if last:
            self._lose()
        else:
            self._h11.start_next_cycle()

    def _become_websocket(self, upgrade: Upgrade) -> None:
        self._closing = True  # here; what comes goes there
        self._stop_waiting()
        self._asking.leave(self)
        self._outbox.tell(self._h11.send(upgrade.head()) or b"")
        opening = self._opening
        opening.await_nick()
        chat = WebSocketChat(opening, self._format, upgrade.origin)
        opening.take_over(chat, self._h11.trailing_data[0] + self._unread)
        if self._peer_closed:
            chat.readConnectionLost()

    # -- the outbox tells (`outbox.Owner`)

    def fell_behind(self) -> None:
        """An answer has to wait; no more is asked until it was taken."""
        self._wait(TAKEN_S, self.stalled)
        self.transport.pauseProducing()  # type: ignore[union-attr]

    def drained(self) -> None:
        """It was taken."""
        self.transport.resumeProducing()  # type: ignore[union-attr]
        if self._closing:
            self._end()
            return
        self._wait(IDLE_S, self._lose)
        self._read()

    def stalled(self) -> None:
        """It was not taken in time."""
        self._why = "reads nothing"
        self._outbox.end()

    overflowed = stalled

    # -- the end

    def close(self, *why: Any) -> None:
        """`Inner`: as soon as what it was answered is taken; nobody there reads why."""
        self._lose()

    give_way = close

    def _late(self) -> None:
        if self._h11.trailing_data[0]:
            self._answer(_TOO_LATE)
        else:
            self._lose()

    def _lose(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._opening.leave_entrance()
        self._asking.leave(self)
        self._stop_resting()
        if not self._outbox.waiting:
            self._end()

    def _end(self) -> None:
        self._wait(0 if self._peer_closed else LAST_LINE_S, self._outbox.end)
        self._outbox.lose()

    def _stop_resting(self) -> None:
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
            self.transport.resumeProducing()  # type: ignore[union-attr]

    def _wait(self, seconds: float, call: Callable[[], None]) -> None:
        self._stop_waiting()
        self._timer = self._clock.callLater(seconds, self._timed, call)

    def _timed(self, call: Callable[[], None]) -> None:
        self._timer = None
        call()

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
