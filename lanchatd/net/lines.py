"""Bytes to lines, whatever is sent: a `LineReceiver` with a bound for each line and for each turn."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from twisted.protocols.basic import LineReceiver

from lanchatd.clock import Call, Clock
from lanchatd.limits import Limits
from lanchatd.net.allowances import Allowance
from lanchatd.net.outbox import Outbox, Transport
from lanchatd.net.turn_time import TURN_S, Budget

# Lines of one connection that are handled in one turn, if they are cheap: 65,536 empty lines in one segment
# would take 83 ms (measured).
LINES_A_TURN = 64


class BoundedLines(LineReceiver):
    """Calls `line_came` for each line, and `line_too_long` once for each over the longest.

    Such a line is thrown away as it comes, up to its end, and the connection stays; LineReceiver itself would
    throw away the good lines behind it too. After `LINES_A_TURN` lines it rests until the next turn of the
    reactor, or as long as `pause_s` says.
    """

    delimiter = b"\n"

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        budget: Budget,
        whose: Hashable,
        allowance: Allowance,
        outbox: Outbox,
    ) -> None:
        """``whose`` is what connections share their time by."""
        self.transport: Transport  # type: ignore[assignment]
        self.outbox = outbox
        self.bytes = 0
        self._allowance = allowance
        self._clock = clock
        self._limits = limits
        self._budget = budget
        self._whose = whose
        self._turn_at = clock.seconds()
        self._lines_left = LINES_A_TURN
        self._behind_scraps: bytes | None = None
        self._all_split = True
        self._more = True  # perhaps
        self._resting: Call | None = None
        self._stopped = False
        self._unanswered = 0

    # -- what the connection makes of it

    def line_came(self, line: bytes) -> None:
        """A line, without its end."""
        raise NotImplementedError

    def line_too_long(self, line: bytes) -> None:
        """A line is too long. Its end may not have come yet: this is how it begins, `most_bytes` at least."""
        raise NotImplementedError

    @property
    def most_bytes(self) -> int:
        """How many may come without an end; by then it `is_too_long`."""
        most: int = self._limits.max_line_bytes
        return most

    def is_too_long(self, line: bytes) -> bool:
        """Whether a line, without its end, is to be thrown away."""
        return len(line) > self._limits.max_line_bytes

    def scraps_came(self) -> None:
        """More of a line too long came, and its end did not."""
        raise NotImplementedError

    def pause_s(self) -> float:
        """How long to rest after the lines of one turn."""
        raise NotImplementedError

    # -- bytes to lines

    def dataReceived(self, data: bytes) -> None:
        if self._stopped:
            return
        size = len(data)
        self.bytes += size
        self._allowance.bytes_came(size, self._clock.seconds())
        self.go_on(data)

    def go_on(self, data: bytes) -> None:
        """Handle what came, or with nothing what was left from before, as far as one turn goes."""
        budget = self._budget
        if not budget.begin() and not (self.paused or self._stopped):
            self._rest()  # what came waits
        if budget.at - self._turn_at >= TURN_S:
            self._turn_at, self._lines_left = budget.at, LINES_A_TURN
        try:
            self.split(data)
        finally:
            budget.end()

    def split(self, data: bytes) -> None:
        """Handle the lines in it and in what was left from before, until it has to rest."""
        if self._all_split and not self.paused and data.find(b"\n") == len(data) - 1:
            if data:  # one line, as nearly always; the long way costs twice as much
                self._more = False
                self.lineReceived(data[:-1])
                self._more = True
            return
        # A carriage return before the line's end may come on top of the longest line.
        self.MAX_LENGTH = self.most_bytes + 1
        super().dataReceived(data)  # type: ignore[no-untyped-call]
        while self._behind_scraps is not None:
            # LineReceiver stops after a line too long, with whole lines behind it.
            rest, self._behind_scraps = self._behind_scraps, None
            self.setLineMode()  # type: ignore[no-untyped-call]
            super().dataReceived(rest)  # type: ignore[no-untyped-call]
        self._all_split = data.endswith(b"\n") and not self.paused and bool(self.line_mode)

    def end_of_input(self) -> None:
        """Nothing more will come: what came last is a line, though it was not ended."""
        rest = self.clearLineBuffer()  # type: ignore[no-untyped-call]
        if rest and self.line_mode and not self._stopped:
            self.lineReceived(rest)

    def lineReceived(self, line: bytes) -> None:
        line = line.removesuffix(b"\r")
        if self.is_too_long(line):
            self.line_too_long(line)
        else:
            self.line_came(line)
        self.took_one()

    def took_one(self) -> None:
        """A line was handled, or something that is as much work; it may have to rest now."""
        self._lines_left -= 1
        if self.paused or self._stopped:
            return
        if self._lines_left <= 0 or (self._more and self._budget.is_spent()):
            self._rest()
        elif not self.may_go_on():
            self.pauseProducing()  # type: ignore[no-untyped-call]

    def lineLengthExceeded(self, line: bytes) -> None:
        self.line_too_long(line)
        self.setRawMode()  # type: ignore[no-untyped-call]
        self.rawDataReceived(line)

    def rawDataReceived(self, data: bytes) -> None:
        _, newline, rest = data.partition(b"\n")
        if newline:
            self._behind_scraps = rest
        else:
            self.scraps_came()

    # -- its turn, and others'

    def may_go_on(self) -> bool:
        """Whether more lines are wanted now; if not, `resumeProducing` is to be called when they are.

        Who does not read the answers is asked nothing more: what it asked itself never closes it.
        """
        waiting = self.outbox.direct_bytes
        return not self._unanswered and (not waiting or waiting <= self._limits.chunk_bytes)

    def asks(self) -> None:
        """What came last is answered later, and no line is wanted until then."""
        self._unanswered += 1

    def answered(self) -> None:
        """That was answered: it may have been resting until now."""
        self._unanswered -= 1
        if self.paused and self.may_go_on():
            self._clock.callLater(0, self._answered_now)

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Within this something is asked that may take a while."""
        self.asks()
        try:
            yield
        finally:
            self.answered()

    def _answered_now(self) -> None:
        if not self._stopped and self.paused and self.may_go_on():
            self.resumeProducing()

    def resumeProducing(self) -> None:
        """Go on with the lines that were left, unless it is resting."""
        if self._resting is None and not self._stopped:
            self.paused = False
            self.transport.resumeProducing()
            self.go_on(b"")

    def stop_lines(self) -> None:
        """No more lines are wanted, but the end of file is: what comes is to be thrown away."""
        self._stopped = True
        self.clearLineBuffer()  # type: ignore[no-untyped-call]
        if self._resting is not None:
            self._resting.cancel()
            self._resting = None
        if self.paused:
            self.transport.resumeProducing()

    def _rest(self) -> None:
        self.pauseProducing()  # type: ignore[no-untyped-call]
        if pause_s := self.pause_s():
            self._resting = self._clock.callLater(pause_s, self._wait)
        else:
            self._wait()

    def _wait(self) -> None:
        self._resting = self._budget.wait(self._whose, self._rested)

    def _rested(self) -> None:
        self._resting = None
        self._turn_at, self._lines_left = self._clock.seconds(), LINES_A_TURN
        if self.may_go_on():
            self.resumeProducing()
