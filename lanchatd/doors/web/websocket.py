"""The WebSocket of a page: one text message is one line of JSON, both ways (RFC 6455).

What is told is framed once for all browsers: a server's frames are not masked, so the same bytes serve
everybody. They are not compressed: that would be done again for each, and hold 256 KiB of memory for it.
"""

from __future__ import annotations

from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Ping, Pong, TextMessage
from wsproto.frame_protocol import CloseReason

from lanchatd.chat.events import Item
from lanchatd.chat.format import Hello, Line
from lanchatd.doors.typed import TypedChat
from lanchatd.formats.json_lines import JsonFormat
from lanchatd.net.allowances import Verdict
from lanchatd.text.refused import Refusal

# What a piece of a message counts on top of its bytes, as those may be none: browsers send whole messages.
PIECE_BYTES = 128

# Why a connection is closed, as a browser is told; the code of the reason goes with it, and what has no
# number there is 4000, which is for applications (RFC 6455, 7.4.2).
_CLOSE_CODES = {
    "quit": CloseReason.NORMAL_CLOSURE,
    "hung_up": CloseReason.NORMAL_CLOSURE,
    "shutdown": CloseReason.GOING_AWAY,
    "too_long": CloseReason.MESSAGE_TOO_BIG,
    "not_text": CloseReason.UNSUPPORTED_DATA,
    "bad_frame": CloseReason.PROTOCOL_ERROR,
    "bad_utf8": CloseReason.INVALID_FRAME_PAYLOAD_DATA,
}
CLOSE_FOR_A_REASON = 4_000

_TEXT = 0x81  # a whole message of text
_SHORT, _LONG, _LONGER = 125, 126, 127


class WebSocketFormat:
    """JSON, each line in a frame of its own. Implements `lanchatd.chat.format.Format`."""

    name = "web"
    like_irc = False

    def __init__(self) -> None:
        self._json = JsonFormat()

    def read_hello(self, encoded: bytes) -> Hello:
        return self._json.read_hello(encoded)

    def read_line(self, encoded: bytes) -> Line:
        return self._json.read_line(encoded)

    def ref_of(self, encoded: bytes) -> str | None:
        return self._json.ref_of(encoded)

    def render(self, item: Item, now: float | None = None) -> bytes:
        return _frame(self._json.render(item, now)[:-1])


def _frame(text: bytes) -> bytes:
    size = len(text)
    if size <= _SHORT:
        return bytes((_TEXT, size)) + text
    if size < 1 << 16:
        return bytes((_TEXT, _LONG)) + size.to_bytes(2, "big") + text
    return bytes((_TEXT, _LONGER)) + size.to_bytes(8, "big") + text


class WebSocketChat(TypedChat):
    """One page, from its first message to its end."""

    def connectionMade(self) -> None:
        super().connectionMade()
        self._frames = Connection(ConnectionType.SERVER)
        self._message = b""
        self._close_code: int | None = None

    # -- frames to lines (`BoundedLines`)

    def split(self, data: bytes) -> None:
        if data:
            self._frames.receive_data(data)
        if self.paused or self._stopped:
            return
        for event in self._frames.events():
            self._came(event)
            if self.paused or self._stopped:
                break

    def end_of_input(self) -> None:
        """What was not sent to its end was not said."""

    def _came(self, event: Event) -> None:
        match event:
            case TextMessage():
                self._text_came(event)
            case BytesMessage():
                self._refuse_message("not_text", "Messages are text.", "sent no text")
            case Ping():
                self._ping_came(bytes(event.payload))
            case CloseConnection():
                self._close_came(event)
            case Pong():  # nobody asked for it, and it may be sent (RFC 6455, 5.5.3)
                self._ping_came(None)

    def _text_came(self, event: TextMessage) -> None:
        self._message += event.data.encode()
        if len(self._message) > self.limits.max_line_bytes:
            text = f"A line has at most {self.limits.max_line_bytes:,} bytes."
            self._refuse_message("too_long", text, "line too long")
        elif event.message_finished:
            line, self._message = self._message, b""
            self.lineReceived(line)
        elif event.frame_finished:
            self._allowance.bytes_came(PIECE_BYTES, self._clock.seconds())
            self.scraps_came()
            self.took_one()

    def _ping_came(self, payload: bytes | None) -> None:
        # It counts as a line: what is over the rate gets no answer.
        verdict = self._allowance.line_came(self._clock.seconds())
        if verdict is Verdict.CLOSE:
            self._close_flood()
        elif verdict is Verdict.TAKE and payload is not None:
            self.outbox.tell(bytes(self._frames.send(Pong(payload))))
        self.took_one()

    def _close_came(self, event: CloseConnection) -> None:
        code = event.code
        if self._frames.state is not ConnectionState.REMOTE_CLOSING:
            reason = "bad_utf8" if code == CloseReason.INVALID_FRAME_PAYLOAD_DATA else "bad_frame"
            self._refuse_message(reason, f"{event.reason}.", "broke the rules of WebSocket")
            return
        self._close_code = code
        self.close("hung_up", None)

    def _refuse_message(self, code: str, text: str, to_room: str) -> None:
        self._message = b""
        self.close(code, Refusal(code, text), to_room)

    # -- the end

    def goodbye(self, code: str) -> bytes:
        if self._frames.state not in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            return b""
        if self._close_code is not None:
            return bytes(self._frames.send(CloseConnection(self._close_code)))
        return bytes(self._frames.send(CloseConnection(_CLOSE_CODES.get(code, CLOSE_FOR_A_REASON), code)))
