"""A session of an administrator: what its client asks for, and what runs there (RFC 4254, 6)."""

# Conch is untyped for the most part, and has names of its own.
# mypy: allow-untyped-calls
# ruff: noqa: N802

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from twisted.conch.ssh.channel import SSHChannel
from twisted.conch.ssh.common import getNS
from twisted.conch.ssh.connection import EXTENDED_DATA_STDERR
from twisted.conch.ssh.transport import DISCONNECT_BY_APPLICATION
from twisted.logger import Logger

from lanchatd.clock import Call
from lanchatd.ssh.application import Application, Output
from lanchatd.ssh.connection import Connection
from lanchatd.ssh.quiet_log import QUIET
from lanchatd.terminal.keys import PASTE_PAUSE_S

# Output that has not been taken, in bytes: five hundred screens. What is shown at once may be more, as a list
# of ten thousand members is; what comes when more is waiting closes the session.
MOST_UNSENT_BYTES = 1_048_576

# With less than this waiting, what was shown counts as taken.
LITTLE_BYTES = 65_536

# As long as a line of the chat can be made (`lanchatd.limits`).
LONGEST_COMMAND_BYTES = 65_536

# Columns of a terminal that are believed, and what is taken if it does not know.
LEAST_WIDTH, MOST_WIDTH, USUAL_WIDTH = 5, 1_000, 80

# A packet of a session, in bytes: what Conch takes, which is the most that is sent too.
LARGEST_PACKET = 32_768

# Exit codes: as a command that does not exist, and as ssh's own for what went wrong on the way.
NOT_A_COMMAND, BROKEN = 2, 255

_STDOUT = 0
_INTERRUPT = b"\x03"


class Owner(Protocol):
    """The channels of the connection: how a session sends, as Conch calls that."""

    connection: Connection

    def refuse(self, what: bytes) -> None:
        """Log what was asked for in vain."""
        ...

    def sendData(self, channel: SSHChannel, data: bytes) -> None: ...

    def sendExtendedData(self, channel: SSHChannel, dataType: int, data: bytes) -> None: ...  # noqa: N803

    def sendRequest(self, channel: SSHChannel, requestType: bytes, data: bytes) -> Any: ...  # noqa: N803

    def sendEOF(self, channel: SSHChannel) -> None: ...

    def sendClose(self, channel: SSHChannel) -> None: ...


class SessionChannel(SSHChannel):
    """One session. It sends what is shown there as fast as the client takes it."""

    name = b"session"
    log = Logger("lanchatd")
    _log = QUIET

    def __init__(
        self,
        channels: Owner,
        make_application: Callable[[Output], Application],
        window: int,
        largest_packet: int,
    ) -> None:
        super().__init__(
            localMaxPacket=LARGEST_PACKET,
            remoteWindow=window,
            remoteMaxPacket=min(largest_packet, LARGEST_PACKET),
            conn=channels,  # type: ignore[arg-type]  # they are Conch's, too
        )
        self._channels = channels
        self._make_application = make_application
        self._width: int | None = None  # there is no terminal
        self._begin: Callable[[], None] | None = None
        self._asked = False
        self._application: Application | None = None
        self._input_ended = False
        self._pause: Call | None = None  # until nothing was typed for a while
        self._exit_code: int | None = None  # not ended yet
        # What has not been taken: standard output or error, and bytes. Neighbours are of different kinds.
        self._unsent: deque[tuple[int, bytearray]] = deque()
        self._unsent_bytes = 0
        self._when_taken: list[Callable[[], None]] = []

    def requested(self, kind: bytes, rest: bytes) -> bool:
        """The client asks for something; whether it is granted. It takes effect at `begin`."""
        match kind:
            case b"pty-req" if not self._asked:
                _, size = getNS(rest)
                self._width = _width(size)
            case b"shell" if not self._asked:
                self._ask(lambda application: application.begin(self._width))
            case b"exec" if not self._asked:
                self._ask_to_run(getNS(rest)[0])
            case b"window-change" if self._width is not None:
                self._width = width = _width(rest)
                self._tell(lambda application: application.resized(width))
            case b"break" if self._width is not None:
                self._tell(lambda application: application.typed(_INTERRUPT))
            case b"signal" if self._width is not None and getNS(rest)[0] == b"INT":
                self._tell(lambda application: application.typed(_INTERRUPT))
            case _:
                if kind != b"env":  # the usual client sends its language
                    self._channels.refuse(kind)
                return False
        return True

    def begin(self) -> None:
        """Begin with what was asked for, if that has not been done."""
        begin, self._begin = self._begin, None
        if begin is not None:
            begin()
            if self._input_ended:
                self._tell(lambda application: application.input_ended())

    def show(self, kind: int, encoded: bytes) -> None:
        """Send it as soon as it can be taken."""
        if self._exit_code is not None:
            return
        if self._unsent_bytes > MOST_UNSENT_BYTES:
            self._does_not_read()
            return
        if self._unsent and self._unsent[-1][0] == kind:
            self._unsent[-1][1].extend(encoded)
        elif encoded:
            self._unsent.append((kind, bytearray(encoded)))
        self._unsent_bytes += len(encoded)
        self.flush()

    def when_taken(self, call: Callable[[], None]) -> None:
        """Call it as soon as little waits to be taken; not at all if it is closed before."""
        if self._unsent_bytes <= LITTLE_BYTES:
            call()
        else:
            self._when_taken.append(call)

    def end(self, code: int) -> None:
        """Close it when everything has been sent. Nothing is shown any more."""
        if self._exit_code is None:
            self._exit_code = code
            self.flush()

    def flush(self) -> None:
        """Send what can be taken now."""
        while self._unsent and self.remoteWindowLeft > 0 and self._channels.connection.can_send:
            kind, unsent = self._unsent[0]
            size = min(len(unsent), self.remoteWindowLeft, self.remoteMaxPacket)
            piece = bytes(unsent[:size])
            del unsent[:size]
            if not unsent:
                self._unsent.popleft()
            self._unsent_bytes -= size
            self.remoteWindowLeft -= size
            if kind == _STDOUT:
                self._channels.sendData(self, piece)
            else:
                self._channels.sendExtendedData(self, kind, piece)
        if self._unsent_bytes <= LITTLE_BYTES and self._when_taken:
            calls, self._when_taken = self._when_taken, []
            self._tell(lambda _: _call_all(calls))
        if self._exit_code is not None and not self._unsent:
            self._channels.sendRequest(self, b"exit-status", struct.pack(">L", self._exit_code))
            self._channels.sendEOF(self)
            self._channels.sendClose(self)

    def _ask(self, what: Callable[[Application], None]) -> None:
        self._asked = True

        def begin() -> None:
            try:
                self._application = self._make_application(SessionOutput(self, self._width is not None))
            except Exception:
                self._failed()
            else:
                self._tell(what)

        self._begin = begin

    def _ask_to_run(self, command: bytes) -> None:
        try:
            if len(command) > LONGEST_COMMAND_BYTES:
                raise ValueError(f"That command is longer than {LONGEST_COMMAND_BYTES:,} bytes.")
            line = command.decode()
        except ValueError as error:
            why = "That command is not UTF-8." if isinstance(error, UnicodeDecodeError) else str(error)
            self._asked = True
            self._begin = lambda: self._give_up(why, NOT_A_COMMAND)
        else:
            self._ask(lambda application: application.run(line))

    def _tell(self, what: Callable[[Application], None]) -> None:
        if self._application is not None and self._exit_code is None:
            try:
                what(self._application)
            except Exception:
                self._failed()

    def _failed(self) -> None:
        self.log.failure("what ran at the console has failed")
        self._give_up("That has failed; the log of the server says how.", BROKEN)

    def _give_up(self, why: str, code: int) -> None:
        output = SessionOutput(self, self._width is not None)
        output.write_error(why + "\n")
        output.end(code)

    def _does_not_read(self) -> None:
        connection = self._channels.connection
        self.log.warn(
            "a session of {peer} is closed: more than {limit} bytes were not taken",
            peer=connection.peer,
            account=connection.identity.account if connection.identity else "",
            limit=MOST_UNSENT_BYTES,
        )
        self._unsent.clear()
        self._unsent_bytes = 0
        self.end(BROKEN)
        if connection.full:  # it would not even see that
            connection.end(DISCONNECT_BY_APPLICATION, "You did not read what was sent to you.")

    # What Conch calls.

    def addWindowBytes(self, data: int) -> None:
        self.remoteWindowLeft += data
        self.flush()

    def dataReceived(self, data: bytes) -> None:
        self._cancel_pause()
        self._tell(lambda application: application.typed(data))
        if self._width is not None and self._application is not None:
            clock = self._channels.connection.clock
            self._pause = clock.callLater(PASTE_PAUSE_S, self._nothing_typed)

    def _nothing_typed(self) -> None:
        self._pause = None
        self._tell(lambda application: application.nothing_typed())

    def _cancel_pause(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None

    def eofReceived(self) -> None:
        self._input_ended = True
        self._tell(lambda application: application.input_ended())

    def closeReceived(self) -> None:
        self._unsent.clear()
        self._unsent_bytes = 0
        self._channels.sendClose(self)

    def closed(self) -> None:
        self._cancel_pause()
        self._exit_code = BROKEN if self._exit_code is None else self._exit_code
        application, self._application = self._application, None
        if application is not None:
            try:
                application.closed()
            except Exception:
                self.log.failure("what ran at the console has failed at its end")


def _call_all(calls: list[Callable[[], None]]) -> None:
    for call in calls:
        call()


class SessionOutput:
    """What is shown at a session. Implements `lanchatd.ssh.application.Output`."""

    def __init__(self, session: SessionChannel, terminal: bool) -> None:
        self._session = session
        self._terminal = terminal

    def write(self, text: str) -> None:
        self._session.show(_STDOUT, self._encoded(text))

    def write_error(self, text: str) -> None:
        # A terminal shows both, and only one stream keeps their order.
        kind = _STDOUT if self._terminal else EXTENDED_DATA_STDERR
        self._session.show(kind, self._encoded(text))

    def when_taken(self, call: Callable[[], None]) -> None:
        self._session.when_taken(call)

    def end(self, code: int) -> None:
        self._session.end(code)

    def _encoded(self, text: str) -> bytes:
        if self._terminal:
            text = text.replace("\r\n", "\n").replace("\n", "\r\n")
        return text.encode(errors="replace")


def _width(size: bytes) -> int:
    """The columns of a terminal, from the size that a client gives for it."""
    (columns,) = struct.unpack(">L", size[:4])
    return min(max(columns, LEAST_WIDTH), MOST_WIDTH) if columns else USUAL_WIDTH
