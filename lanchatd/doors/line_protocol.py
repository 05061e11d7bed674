"""The line protocol: bytes of one connection in, lines to the rules; and the end of a connection.

It decides nothing about the chat. What it keeps is what belongs to a socket: the limits of a connection, the
order of closing, and the record of it in the daemon's log.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from enum import Enum
from functools import partial

from OpenSSL import SSL
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from lanchatd.chat import entering
from lanchatd.chat.accounts.rows import Proof
from lanchatd.chat.answers import Answer
from lanchatd.chat.events import NO_REASON, Item, Notice, Reason
from lanchatd.chat.format import Format, Hello
from lanchatd.chat.user import Session, User
from lanchatd.clock import Call
from lanchatd.doors.door import Opening
from lanchatd.doors.refusal import LAST_LINE_S
from lanchatd.net.allowances import Verdict
from lanchatd.net.credentials import why_lost
from lanchatd.net.lines import BoundedLines
from lanchatd.text.refused import Refusal, Refused

# How long a member that has said its last may go on reading what it was not given yet.
LEAVE_S = 5


class State(Enum):
    """Where a connection is, by what a line is there."""

    ASKED = "the nick"
    JOINED = "said, or a command"
    LEAVING = "thrown away; what was said is still told"
    CLOSING = "thrown away; the last line is on its way"
    GONE = "not possible"

    # As in `lanchatd.chat.events.Kind`.
    __hash__ = object.__hash__


# Looked up here once: an Enum takes a tenth of a microsecond for each look (measured).
LISTENING = frozenset({State.ASKED, State.JOINED})

NEXT = {
    State.ASKED: {State.JOINED, State.CLOSING, State.GONE},
    State.JOINED: {State.LEAVING, State.CLOSING, State.GONE},
    State.LEAVING: {State.CLOSING, State.GONE},
    State.CLOSING: {State.GONE},
    State.GONE: set[State](),
}
"""Where each state can go: by the nick, `/quit` or the end of input, `close`, and the transport's end."""


class ChatProtocol(BoundedLines):
    """One connection, from its first line to its end."""

    wants_nick = True

    def __init__(self, opening: Opening, form: Format) -> None:
        shared = opening.connections
        super().__init__(
            shared.clock, shared.limits, shared.budget, opening.whose, opening.allowance, opening.outbox
        )
        self.limits = shared.limits
        self.chat = shared.chat
        self.format: Format = form
        self.peer = opening.peer
        self.state = State.ASKED
        self.session: Session | None = None
        self.reason = ""
        self._nick_refused = False
        self._connections = shared
        self._nick_by = opening.nick_by
        self._leave_entrance = opening.leave_entrance
        self.refuse_keeping = opening.allowance.refuse_keeping
        self._deadline: Call | None = None
        self._peer_closed = False
        self._proves = False
        self._rooms: list[str] = []
        self.lines = self.refused = 0

    def _go(self, state: State) -> None:
        if state not in NEXT[self.state]:
            raise RuntimeError(f"from {self.state} to {state}")
        self.state = state

    @property
    def awaits_turn(self) -> bool:
        return (not self.lines and self._resting is not None) or self._proves

    # -- bytes and lines come (`BoundedLines`)

    def line_too_long(self, line: bytes) -> None:
        if self.state not in LISTENING:
            return
        verdict = self._allowance.long_line_came(self._clock.seconds())
        text = f"A line has at most {self.limits.max_line_bytes:,} bytes; that one was thrown away."
        self._refuse(Refused("too_long", text))
        if verdict is Verdict.CLOSE:
            text = f"{self.limits.max_long_lines:,} lines too long in a minute; closed."
            self.close("long_lines", Refusal("long_lines", text), "lines too long")

    def scraps_came(self) -> None:
        if self._allowance.scrap_came(self._clock.seconds()) is Verdict.CLOSE:
            self._close_flood()
        else:
            self._connections.flooded(self.peer, self._allowance)

    def pause_s(self) -> float:
        return self._connections.flood_slots.next_in(self._clock.seconds()) if self._allowance.flooding else 0

    # -- lines to the rules

    def come_in(self, hello: Hello) -> None:
        """Come in under a nick, if it is nobody's or this connection proves to own it; else be refused."""
        self.prove(hello.nick, hello.secret, hello.device, partial(self._proved, hello))

    def prove(
        self, nick: str, secret: str | None, device: str, proved: Callable[[Answer[Proof | None]], None]
    ) -> None:
        """Ask whether this connection proves to own a nick (`Chat.prove`); nothing is read meanwhile."""

        def known(proof: Answer[Proof | None]) -> None:
            self._proves = False
            if self.state is State.ASKED:  # else it did not wait for it
                proved(proof)
            self.answered()

        self._proves = True
        self.asks()
        self.chat.prove(nick, self.peer, secret, device).when_known(known)

    def _proved(self, hello: Hello, proof: Answer[Proof | None]) -> None:
        try:
            entering.join(
                self.chat, hello, self.peer, partial(self._make_session, hello), proof=proof.result()
            )
        except Refused as refused:
            self.not_in(refused)
        else:
            self.is_in()

    def is_in(self) -> None:
        """It came in, and was told what everybody is."""

    def not_in(self, refused: Refused) -> None:
        """It was refused, and may try again."""
        self._nick_refused = True
        self._refuse(refused)

    def _make_session(self, hello: Hello, user: User) -> Session:
        now = self._clock.seconds()
        self.session = Session(
            user, self.format, self.outbox, self, self.peer, now, hello.device, hello.several
        )
        self._go(State.JOINED)
        self._stop_waiting()
        self._leave_entrance()
        return self.session

    def _answer(self, item: Item) -> None:
        if isinstance(item, Refusal):
            self.count_refused(item.code)
        self._tell(item)

    def count_refused(self, code: str) -> None:
        """A line was refused for this."""
        self.refused += 1
        self.chat.counts.refused[code] += 1

    def _refuse(self, refused: Refused, ref: str | None = None) -> None:
        self._answer(refused.answering(ref))

    def _tell(self, item: Item) -> None:
        encoded = self.format.render(item)
        if encoded and self.state is not State.GONE:
            self.outbox.tell(encoded)

    # -- the outbox tells (`outbox.Owner`)

    def drained(self) -> None:
        """Nothing waits any more."""
        if self.state is State.CLOSING:
            self._lose()
            return
        if self.paused and self.may_go_on():
            self.resumeProducing()  # the answers may have to wait again
        if self.session is not None:
            self.session.catch_up()

    def fell_behind(self) -> None:
        """A direct message has to wait."""
        if self.session is not None:
            self.session.fell_behind()

    def stalled(self) -> None:
        """The socket took nothing for too long."""
        if self.state is State.CLOSING:
            return  # it has its own, shorter time
        text = f"You read nothing for {self.limits.stall_timeout_s:g} s."
        self.close("stalled", Refusal("stalled", text), "reads nothing")

    def overflowed(self) -> None:
        """Too many direct messages wait."""
        self.outbox.drop()
        text = f"More than {self.limits.direct_bytes:,} bytes of messages to you were waiting."
        self.close("too_slow", Refusal("too_slow", text), "reads too slowly")

    # -- the end

    def close(self, code: str, last: Item | None, to_room: str = "", within_s: float = LAST_LINE_S) -> None:
        """Close the connection: the nick is free at once, and what does not drain ``within_s`` is aborted.

        ``code`` is for the daemon's log, ``last`` for the peer, ``to_room`` for the others.
        """
        self._close(code, last, Reason(to_room), within_s)

    def _close(self, code: str, last: Item | None, reason: Reason, within_s: float = LAST_LINE_S) -> None:
        if self.state in (State.CLOSING, State.GONE):
            return
        self._leave(State.CLOSING, code, reason)
        if last is not None:
            self._tell(last)
        if encoded := self.goodbye(code):
            self.outbox.tell(encoded)
        self._deadline = self._clock.callLater(within_s, self._end)
        if not self.outbox.waiting:
            self._lose()

    def goodbye(self, code: str) -> bytes:
        """What ends what is told, if the door has something for that."""
        return b""

    def quit(self, reason: Reason) -> None:
        """`connection.Connection`: who pipes a few lines and /quit sees them come back."""
        self._leave_when_told("quit", Notice(("Goodbye.",)), reason)

    def is_one_of(self, whose: Hashable) -> None:
        """`connection.Connection`: two of them are as fast as ever, and all together as two."""
        self._connections.owners.count(whose, self._allowance, self._clock.seconds())

    def dismiss(self, code: str, to_session: str, reason: Reason) -> None:
        """`connection.Connection`: moderated away."""
        self._close(code, Refusal(code, to_session), reason)

    def _leave_when_told(self, code: str, last: Item | None, reason: Reason = NO_REASON) -> None:
        if self.session is not None:
            self._go(State.LEAVING)
            close = partial(self._close, code, last, reason, LEAVE_S)
            self.stop_lines()
            self._deadline = self._clock.callLater(LEAVE_S, self._leave_late, close)
            self.chat.when_told_to(self.session, close)

    def _leave_late(self, close: Callable[[], None]) -> None:
        self._deadline = None
        close()

    def _lose(self) -> None:
        self.outbox.lose()
        if not self.outbox.buffered:
            # It is all with the kernel, which needs no more of our time than the peer to close its side.
            self._stop_waiting()
            self._deadline = self._clock.callLater(0 if self._peer_closed else LAST_LINE_S, self._end)

    def _end(self) -> None:
        self._deadline = None
        self.outbox.end()

    def _close_flood(self) -> None:
        text = f"Too fast for {self.limits.flood_timeout_s:g} s; closed."
        self.close("flood", Refusal("flood", text), "too fast")

    def _no_nick(self) -> None:
        self._deadline = None
        what = "Your nick was refused, and you gave no other" if self._nick_refused else "You gave no nick"
        text = f"{what} within {self.limits.nick_timeout_s:g} s."
        self.close("no_nick", Refusal("no_nick", text))

    def _leave(self, state: State, code: str, reason: Reason = NO_REASON) -> None:
        """The one place where a session ends, whatever the way."""
        joined = self.state in (State.JOINED, State.LEAVING)
        self._go(state)
        self.reason = code
        self._stop_waiting()
        self._leave_entrance()
        self.stop_lines()
        if joined and self.session is not None:
            self._rooms = [room.name for room in self.chat.rooms_of(self.session)]
            self.chat.leave(self.session, reason)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # -- Twisted tells

    def connectionMade(self) -> None:
        self.outbox.owner = self
        self._deadline = self._clock.callLater(max(0, self._nick_by - self._clock.seconds()), self._no_nick)

    def readConnectionLost(self) -> None:
        """The peer has no more to say, but may still read: `printf 'ci\\nhello\\n' | nc -N host 8000`."""
        self._peer_closed = True
        self.end_of_input()
        if self.state is State.JOINED:
            self._leave_when_told("hung_up", None)
        elif self.state is State.ASKED:
            self.close("hung_up", None)
        elif self.state is State.CLOSING and not self.outbox.waiting:
            self.outbox.end()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self.state is State.CLOSING:
            self._leave(State.GONE, self.reason)
        elif reason.check(ConnectionDone) or self._said_goodbye():
            # There Twisted closes both sides then.
            if not self.paused:
                self.end_of_input()
            self._leave(State.GONE, "hung_up")
        else:
            self._leave(State.GONE, "lost", Reason("connection lost"))
        self.outbox.close()
        user = None if self.session is None else self.session.user
        self._connections.ended(
            self.peer, self.reason,
            nick=None if user is None else user.nick,
            room=", ".join(self._rooms) or None,
            door=self.format.name,
            lines=self.lines, refused=self.refused, bytes=self.bytes,
            said=0 if user is None else user.lines_said,
            detail=why_lost(reason) if self.reason == "lost" else "",
        )  # fmt: skip
        self.session = None  # it holds this one

    def _said_goodbye(self) -> bool:
        """Whether the peer has ended TLS by the word that it has for it (RFC 8446, 6.1)."""
        if not self.peer.encrypted:
            return False
        return bool(self.transport.getHandle().get_shutdown() & SSL.RECEIVED_SHUTDOWN)
