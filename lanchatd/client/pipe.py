"""Not on a terminal: what is on standard input is said, and only what commands are answered is printed.

With nothing on standard input the room is printed.

Both directions are bounded: no more is read while many lines wait for their acknowledgement, and the server
is not read from while much waits to be printed.
"""

from __future__ import annotations

import json
import time
from codecs import BOM_UTF8
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from lanchatd.client.connection import ServerConnection
from lanchatd.client.outgoing import LONGEST_LINE, TypedLine
from lanchatd.client.rendering import shape
from lanchatd.client.sanitize import text_of
from lanchatd.client.session import ClientSession
from lanchatd.client.shown_event import ShownEvent
from lanchatd.client.streams import InputThread, OutputThread, has_input
from lanchatd.commands.all_commands import command_in

# No more is read from standard input while this many lines are not acknowledged.
MOST_WAITING = 64

# The server is not read from while this much waits to be printed.
MOST_UNPRINTED_BYTES = 262_144

# A connection that was lost is tried again for so long.
RETRY_S = 60

# What a command may be answered with, beside the events of `_is_answer`.
_ANSWERS = frozenset({"members", "rooms", "notice", "past"})

# The notices that an administrator has sent us out of our room: what follows is not meant for another one.
_SENT_OUT = frozenset({"room_closed", "room_removed"})

# A nick that nobody chose is varied when it is taken: alice-2 to alice-9.
_VARIATIONS = range(2, 10)


class Pipe:
    """Implements `lanchatd.client.observer.Observer`. Call `run` with the connection that it observes."""

    def __init__(
        self,
        reactor: Any,
        session: ClientSession,
        *,
        stdin: int,
        stdout: int,
        complain: Callable[[str], None],
        as_json: bool,
        own_nick: bool,
        now: Callable[[], float] = time.time,
    ) -> None:
        """``complain`` prints a line on standard error; ``own_nick`` says that the user chose the nick."""
        self._reactor = reactor
        self._session = session
        self._stdin = stdin
        self._complain = complain
        self._as_json = as_json
        self._own_nick = own_nick
        self._now = now
        self._says = has_input(stdin)
        self._prints = as_json or not self._says
        self._may_print = True
        self._asked = False  # by a command
        self._joining = True
        self._quitting = False
        self._input: InputThread | None = None
        self._output = OutputThread(reactor, stdout, self._wrote, self._output_closed)
        self._connection: ServerConnection
        self._code = 0
        self._done: Deferred[int] | None = None
        self._ending = False
        self._retries_until: Any = None
        self._first_nick = session.nick
        self._variations = iter(_VARIATIONS)
        self._rest = b""
        self._too_long = False
        self._line_number = 0
        self._numbers: dict[str, int] = {}
        self._saying: int | None = None
        self._reading = False
        self._all_read = False

    def run(self, connection: ServerConnection) -> Deferred[int]:
        """Do it all; fires with the exit code."""
        self._connection = connection
        done = self._done = Deferred()
        connection.start()
        return done

    # -- the connection tells

    def welcomed(self) -> None:
        if self._retries_until is not None:
            self._retries_until.cancel()
            self._retries_until = None
            self._complain("Connected again.")

    def show(self, items: list[ShownEvent]) -> None:
        printed: list[str] = []
        sent_out = ""
        for item in items:
            if item.answers is not None or item.event.get("type") == "error":
                self._answered(item)
            if self._prints or (self._asked and self._is_answer(item)):
                printed += self._printed(item)
            match item.event.get("type"):
                case "welcome":
                    self._joining = True
                case "members" if self._joining:
                    self._joined()
                case "notice" if text_of(item.event, "code") in _SENT_OUT:
                    sent_out = text_of(item.event, "text")
                case "error" if self._kept_out(item):
                    sent_out = f"Nothing more was said: it was not meant for {self._session.room}."
        self._output.write("".join(line + "\n" for line in printed).encode(errors="replace"))
        if self._output.unwritten > MOST_UNPRINTED_BYTES:
            self._connection.pause_reading()
        if sent_out:
            self._fail(sent_out)

    def _kept_out(self, item: ShownEvent) -> bool:
        """Whether it was to go to a room that the server does not let us into."""
        line = "" if item.answers is None else item.answers.text
        return self._says and command_in(line) == "join" and text_of(item.event, "code") != "same_room"

    def _joined(self) -> None:
        """Who is here comes last of what is told on joining: what comes from now on may be an answer."""
        self._joining = False
        if self._says and self._input is None:
            self._input = InputThread(self._reactor, self._stdin, self._input_came)

    def _is_answer(self, item: ShownEvent) -> bool:
        kind = text_of(item.event, "type")
        if self._joining or (kind == "notice" and self._quitting):
            return False
        return kind in _ANSWERS or item.event.get("past") is True

    def changed(self) -> None:
        self._go_on()

    def lost(self, why: str, next_try_s: float) -> None:
        if not self._session.been_welcomed:
            self._fail(why)
        elif not self._ending:
            self._complain(f"{why} Trying again in {next_try_s:.0f} s.")
            if self._retries_until is None:
                self._retries_until = self._reactor.callLater(RETRY_S, self._gave_up)

    def refused(self, code: str, text: str) -> None:
        variation = None
        if code == "nick_taken" and not self._own_nick:
            variation = next(self._variations, None)
        if variation is None:
            self._fail(f"{text} Choose another nick with --nick.")
        else:
            self._connection.take_nick(f"{self._first_nick[:30]}-{variation}")

    def unknown_key(self, fingerprint: str, why: str) -> None:
        self._fail(why)  # nobody is here to be asked

    def warned(self, text: str) -> None:
        self._complain(text)

    def failed(self, why: str) -> None:
        self._fail(why)

    # -- standard input

    def _input_came(self, chunk: bytes) -> None:
        self._reading = False
        if self._ending or self._all_read:
            return
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._line_came(line)
        if len(self._rest) > LONGEST_LINE:
            self._too_long, self._rest = True, b""
        if not chunk:
            if self._rest or self._too_long:
                self._line_came(self._rest)
            self._all_read = True
        self._go_on()

    def _line_came(self, encoded: bytes) -> None:
        self._line_number += 1
        if self._line_number == 1:
            encoded = encoded.removeprefix(BOM_UTF8)
        too_long, self._too_long = self._too_long, False
        if self._all_read:
            return
        if too_long:
            self._refused(self._line_number, f"A line has at most about {LONGEST_LINE - 64:,} bytes.")
            return
        try:
            text = encoded.decode().rstrip()
        except UnicodeDecodeError:
            self._refused(self._line_number, "That line is not UTF-8.")
            return
        if command_in(text) == "quit":
            self._all_read = True
        elif text:
            self._asked |= self._may_print and command_in(text) != ""
            self._saying = self._line_number
            ref = self._connection.say(text)
            self._saying = None
            if ref:
                self._numbers[ref] = self._line_number

    def _answered(self, item: ShownEvent) -> None:
        line: TypedLine | None = item.answers
        number = self._saying if line is None else self._numbers.pop(line.ref, None)
        # One that answers nothing says why the connection is being closed, which is told when it is.
        if number is not None and item.event.get("type") == "error":
            self._refused(number, text_of(item.event, "text") or text_of(item.event, "code"))

    def _refused(self, number: int, text: str) -> None:
        self._code = 1
        self._complain(f"line {number}: {text}")

    def _go_on(self) -> None:
        """Read on, or leave when everything was acknowledged."""
        if self._input is None or self._ending:
            return
        if self._all_read:
            if not self._session.waiting and self._session.connected:
                self._quitting = True
                self._connection.quit().addCallback(self._left)
        elif not self._reading and self._session.waiting < MOST_WAITING:
            self._reading = True
            self._input.ask()

    # -- standard output

    def _printed(self, item: ShownEvent) -> list[str]:
        if not self._as_json:
            return list(shape(item, self._session.nick, self._now()).stamped)
        try:
            # Only ASCII: a control character, and whatever a terminal might take for one, is escaped.
            return [json.dumps(item.raw, allow_nan=False).replace("\x7f", "\\u007f")]
        except (ValueError, RecursionError):
            return []

    def _wrote(self) -> None:
        if self._ending:
            self._finish()
        elif self._output.unwritten < MOST_UNPRINTED_BYTES // 2:
            self._connection.resume_reading()

    def _output_closed(self, why: str) -> None:
        if why:
            self._complain(f"Can't write to standard output: {why}.")
            self._code = 1
        if not self._says or self._ending:
            self._end()
        self._prints = self._may_print = self._asked = False

    # -- the end

    def _left(self, _: None) -> None:
        self._end()

    def _gave_up(self) -> None:
        self._retries_until = None
        waiting = self._session.waiting
        lines = f"; {waiting:,} line{'' if waiting == 1 else 's'} not acknowledged" if waiting else ""
        self._fail(f"Gave up after {RETRY_S} s{lines}.")

    def _fail(self, why: str) -> None:
        self._complain(why)
        self._code = 1
        self._end()

    def _end(self) -> None:
        if not self._ending:
            self._ending = True
            if self._retries_until is not None:
                self._retries_until.cancel()
                self._retries_until = None
            self._connection.stop()
        self._finish()

    def _finish(self) -> None:
        if not self._output.unwritten and self._done is not None:
            done, self._done = self._done, None
            done.callback(self._code)
