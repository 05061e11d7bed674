"""One connection that speaks IRC: bytes to messages, its registration, and its end.

What a message does is in `commands`; here is what belongs to the connection, as in `doors.line_protocol`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import partial

from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure

from lanchatd.chat.accounts.rows import Proof
from lanchatd.chat.answers import Answer
from lanchatd.chat.cursors import Cursor
from lanchatd.chat.events import NO_REASON, TALK, Event, Item, Kind, Notice, Private, Reason
from lanchatd.chat.format import Hello, Place
from lanchatd.chat.posted import Posted
from lanchatd.chat.user import Session, User
from lanchatd.doors.door import Opening
from lanchatd.doors.irc import commands
from lanchatd.doors.irc.capabilities import Capabilities
from lanchatd.doors.irc.client import Sasl, device_of
from lanchatd.doors.irc.connecting import told_nick
from lanchatd.doors.irc.labels import NO_LABEL, Labels, Response, tagged
from lanchatd.doors.irc.lines import TAGS_BYTES, Message, is_too_long, message_from, tags_of
from lanchatd.doors.irc.long_lists import LongLists
from lanchatd.doors.irc.markread import read_elsewhere
from lanchatd.doors.irc.numerics import error, number_of, one_word
from lanchatd.doors.irc.proving import refuse_nick, secret_for
from lanchatd.doors.irc.reading import HasRead
from lanchatd.doors.irc.registration import burst
from lanchatd.doors.irc.shared import Shared
from lanchatd.doors.line_protocol import LISTENING, ChatProtocol, State
from lanchatd.formats.irc import HOST, ME
from lanchatd.text import names
from lanchatd.text.refused import Refusal, Refused

# Clients register with up to so many lines: CAP LS, JOIN, CAP REQ, CAP END, NICK, USER (irssi), or PASS.
REGISTERS_WITHIN = 8

# What each is told of what it did itself; and who has asked for what it says.
_TOLD_ITSELF = frozenset({Kind.TOPIC, Kind.OPERATOR, Kind.NO_OPERATOR})
_ECHOED = _TOLD_ITSELF | TALK


class IrcChat(ChatProtocol):
    """One client, from its first line to its end."""

    def __init__(self, opening: Opening, shared: Shared) -> None:
        super().__init__(opening, shared.formats.format_for(frozenset()))
        self.shared = shared
        self.capabilities = Capabilities()
        self.nick = ""
        self.user_name = ""
        self.real_name = ""
        self.password = ""
        self.sasl = Sasl()
        self.read_here: dict[str, float] = {}
        self.proof: Proof | None = None
        self.renames: AbstractContextManager[None] = NO_LABEL
        self._rests_until = 0.0
        self._told_itself = _TOLD_ITSELF
        self._lists = LongLists(self.chat.list_turns, self.outbox, self._tell_piece, self.answered)
        self._batches = 0
        self._labels = Labels(self._answer_whole)
        self._quits: Response | None = None
        self._has_read: HasRead | None = None

    # -- lines come

    @property
    def awaits_turn(self) -> bool:
        """Those that register wait for their turn between two lines as well."""
        return self.session is None and self._resting is not None and self.lines < REGISTERS_WITHIN

    @property
    def most_bytes(self) -> int:
        most: int = self._limits.max_line_bytes
        return TAGS_BYTES + most

    def is_too_long(self, line: bytes) -> bool:
        most = self._limits.max_line_bytes
        size = len(line)  # looked at here, as nearly each is short
        return (size > most or size > TAGS_BYTES) and is_too_long(line, most)

    def line_came(self, line: bytes) -> None:
        if self.state not in LISTENING:
            return
        self.lines += 1
        try:
            message = message_from(line.decode())
        except UnicodeDecodeError:
            self.costs(1)
            self._not_utf8(message_from(line.decode(errors="replace")))
            return
        if message.tags and message.command:
            with self._answering(message):
                self._run(message)
        else:
            self._run(message)

    def line_too_long(self, line: bytes) -> None:
        with self._answering(tags_of(line)):
            super().line_too_long(line)

    def _answering(self, message: Message) -> AbstractContextManager[None]:
        if {"labeled-response", "batch"} <= self.capabilities.held:
            return self._labels.answering(message)
        return NO_LABEL

    def _run(self, message: Message) -> None:
        if message.command == "PONG":
            self._pong_came(message)
            return
        now = self._clock.seconds()
        if rests_s := self._allowance.line_taken(now):
            self._rest_until(now + rests_s)
        if not message.command:
            return
        session = self.session
        if session is None:
            commands.run(self, message)
            return
        session.spoke_at = now
        was_in = session.cursors
        commands.run(self, message)
        if session.cursors is not was_in:
            self._left([cursor for cursor in was_in if cursor not in session.cursors])

    def _left(self, cursors: Iterable[Cursor]) -> None:
        """It left rooms: it does not go on there, and is given nothing more that it said there."""
        for cursor in cursors:
            if self._has_read is not None and self.state in LISTENING:
                self._has_read.forget(cursor.readers.key)
            self._labels.left(cursor)

    def costs(self, lines: int) -> None:
        """What it asks is as much work as so many lines. Over the rate the next one is read later."""
        now = self._clock.seconds()
        for _ in range(lines):
            if rests_s := self._allowance.line_taken(now):
                self._rest_until(now + rests_s)

    def _rest_until(self, at: float) -> None:
        self._rests_until = at
        self._lines_left = 0  # of this turn

    def pause_s(self) -> float:
        return max(0.0, self._rests_until - self._clock.seconds())

    def _not_utf8(self, message: Message) -> None:
        command = message.command
        with self._answering(message):
            named = command if command.isalpha() and command.isascii() else "*"
            self.fail(named, "INVALID_UTF8", "That line is not UTF-8.")

    # -- answers

    def send(self, *lines: str) -> None:
        """Lines for this client alone, in which a NUL stands for its nick."""
        response = self._labels.response
        if response is not None and self.state in LISTENING:
            response.add(*lines)
        elif self.state is not State.GONE and lines:
            self._tell_piece("".join(line + "\r\n" for line in lines))

    @property
    def shown_nick(self) -> str:
        """Its nick in answers, which is "*" until there is one."""
        return "*" if self.session is None else self.session.user.nick

    def answer(self, pieces: Iterable[str]) -> None:
        """Answer with a list that may be long, in pieces: lines, each with its end (`lines.in_pieces`).

        A piece in a turn, as the client takes them, and it is asked nothing more until it has all.
        """
        if self._labels.response is not None:
            self._labels.response.add_list(pieces)
        else:
            if not self._lists:
                self.asks()
            self._lists.add(pieces)

    def _tell_piece(self, piece: str) -> None:
        self.outbox.tell(piece.replace(ME, self.shown_nick).encode())

    def later(self, posted: Posted | None = None) -> AbstractContextManager[None]:
        """What is answered within this belongs to the message that is being done, though it comes later.

        If something was ``posted``, it is when that was told, and its echo is the answer.
        """
        if self._labels.response is None:
            return NO_LABEL
        return self._labels.later(posted if posted is not None and self._is_echoed(posted.event) else None)

    def _answer_whole(self, response: Response) -> None:
        if self.state in (State.CLOSING, State.GONE) or response is self._quits:
            return  # the last line is the answer
        response.batch = self.next_batch()
        lines = response.lines()
        if lines is None:
            self.answer(response.pieces())
        else:
            self.send(*lines)

    def next_batch(self) -> str:
        """What the next batch is called, as long as it is being told."""
        self._batches += 1
        return f"b{self._batches}"

    def drained(self) -> None:
        self._lists.go_on()
        super().drained()

    def refuse(self, refused: Refused, command: str, *about: str, number: int | None = None) -> None:
        """Answer that it was refused: a number, and for who has asked for them a standard reply as well.

        ``about`` are the nick, the room or what else it is of; ``number`` is for where the code has another.
        """
        about = tuple(one_word(word) for word in about if word)
        command = one_word(command)
        code, text = refused.code, refused.text
        self.count_refused(code)
        self.send(error(number or number_of(code), text, command, *about))
        if "standard-replies" in self.capabilities:
            self.send(f":{HOST} FAIL {' '.join((command, code.upper(), *about))} :{text}")

    def fail(self, command: str, code: str, text: str, *about: str) -> None:
        """Answer with a standard reply, or in words for who did not ask for them."""
        self.count_refused(code)
        if "standard-replies" in self.capabilities:
            self.send(f":{HOST} FAIL {' '.join((command, code, *about))} :{text}")
        else:
            self.send(f":{HOST} NOTICE {ME} :{text}")

    def _refuse(self, refused: Refused, ref: str | None = None) -> None:
        self.refuse(refused, "")

    def _tell(self, item: Item) -> None:
        if self.state is State.CLOSING and isinstance(item, Refusal | Notice):
            text = item.text if isinstance(item, Refusal) else item.lines[0]
            line = f"ERROR :Closing link: {text}"
            response = self._quits or self._labels.response
            self.send(line if response is None else tagged(line, f"label={response.label}"))
        else:
            self.send(*self.format.render(item).decode().splitlines())

    def tell(self, item: Item) -> None:
        """What a command that was typed to the server answers."""
        self._answer(item)

    # -- registration

    def prove(
        self, nick: str, secret: str | None, device: str, proved: Callable[[Answer[Proof | None]], None]
    ) -> None:
        later = self.later()

        def known(proof: Answer[Proof | None]) -> None:
            with later:
                proved(proof)

        super().prove(nick, secret, device, known)

    def register(self) -> None:
        """It has a nick if NICK, USER and the choice of capabilities are complete, and the nick is free."""
        if self.session is not None or not self.nick:
            return
        try:
            name = names.nick(self.nick)
            if self.proof is None and self.chat.accounts.named(name.key) is None:
                self.chat.name_for(self.nick)  # it is told at once if it can't have it
        except Refused as refused:
            self.not_in(refused)
            return
        if self.capabilities.open or not self.user_name:
            return
        # Who has proved which nick is theirs is given that one, whatever the client makes of it.
        account = None if self.proof is None else self.chat.accounts.by_number.get(self.proof.account)
        nick = self.nick if account is None else account.name.shown
        hello = Hello(nick, (), several=True, device=device_of(self), secret=secret_for(self, name.key))
        if self.proof is None:
            self.come_in(hello)
        else:
            self._proved(hello, Answer.of(self.proof))

    def is_in(self) -> None:
        self.send(*burst(self))

    def not_in(self, refused: Refused) -> None:
        self._nick_refused = True
        refuse_nick(self, refused, self.nick)
        self.nick = ""
        if refused.code == "banned":
            self.close("banned", Refusal(refused.code, refused.text))

    def _make_session(self, hello: Hello, user: User) -> Session:
        session = super()._make_session(hello, user)
        self._labels.session = session
        session.needs_room = False
        session.tell_own = self._own
        session.told_nick = partial(told_nick, self)
        session.told_read = partial(read_elsewhere, self)
        if self.chat.muted_as(user) is None:  # who is muted says nothing by it either
            session.real_name = self.real_name
        shared = self.shared
        self._has_read = HasRead(
            self.chat, shared.rounds, shared.returning, session, self._goes_on, self._ask
        )
        return session

    def _ask(self, word: str) -> None:
        self.send(f":{HOST} PING {word}")

    def capabilities_changed(self) -> None:
        """It has asked for others."""
        self.format = self.shared.formats.format_for(self.capabilities.held)
        self._told_itself = _ECHOED if "echo-message" in self.capabilities else _TOLD_ITSELF
        if self.session is not None:
            self.session.be_told_in(self.format)

    def _own(self, item: Event | Private) -> bytes:
        """What it is told of what it did itself: what it said if it asked. What else it did is answered."""
        if isinstance(item, Event):
            if item.kind not in self._told_itself:
                return b""
            label = self._labels.label_of(item)
        elif self._is_echoed(item):
            label = None
        else:
            return b""
        encoded = self.format.render(item)
        return encoded if label is None else tagged(encoded.decode(), f"label={label}").encode()

    def _is_echoed(self, item: Event | Private) -> bool:
        if isinstance(item, Event):
            return item.kind in self._told_itself
        return item.to == self.shown_nick or "echo-message" in self.capabilities

    # -- what it has read

    def place_in(self, room_text: str) -> Place:
        """Where it begins in a room: who has been there goes on, and who asks for the past is told none.

        Neither is who did not ask for the time of lines: that is a bot, which would do what old lines say.
        """
        name = names.room(room_text)
        room = self.chat.rooms.get(name.key)
        if self._goes_on():
            return Place() if self._has_read is None else self._has_read.place_in(name.key)
        return Place(after=0 if room is None else room.readers.newest)

    def _goes_on(self) -> bool:
        return "server-time" in self.capabilities and "draft/chathistory" not in self.capabilities

    def _pong_came(self, message: Message) -> None:
        if self._has_read is None or not self._has_read.answered(message.parameters):
            self.costs(1)  # nobody asked for it

    # -- the end

    def say_goodbye(self) -> None:
        """It quits without having come in."""
        self._quits = self._labels.response
        self.close("quit", Notice(("Goodbye.",)))

    def quit(self, reason: Reason) -> None:
        if self._has_read is not None and not self.outbox.waiting:
            self._has_read.has_all()
        self._quits = self._labels.response
        super().quit(reason)

    def _leave(self, state: State, code: str, reason: Reason = NO_REASON) -> None:
        if self._has_read is not None and self.state is not State.CLOSING:
            self._has_read.is_gone()
        self._lists.drop()
        if state is State.GONE:
            self._has_read = None
            self._lists.end()
            self._labels.end()
        super()._leave(state, code, reason)

    # -- Twisted tells

    def readConnectionLost(self) -> None:
        self._closed_in_order()
        super().readConnectionLost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._has_read is not None and self._said_goodbye():
            self._closed_in_order()
        super().connectionLost(reason)

    def _closed_in_order(self) -> None:
        """The peer closes. Who was sent our last line before that has read it, and comes back behind it."""
        if self.state is State.CLOSING and not self.outbox.waiting and self._has_read is not None:
            self._has_read.read_to_the_end()
