"""Messages of a subject that may be longer than the broker takes as one: they go in parts.

Each part is stored on the condition that it follows on the one before, and the next one goes when that came
back. So what comes in between ends it, at all nodes. If it takes the place of all that its subject had, that
goes when the last part is there: with the first it would be lost if no more came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lanchatd.broker.stream import FROM, ROLLUP, SNAPSHOT, Message, Published, Stream
from lanchatd.clock import Clock

PART = "Lanchat-Part"
"""A header: which one it is, and of how many."""

# A part that has not come by then comes no more: longer than the broker is given to store one.
SILENT_S = 3


@dataclass(slots=True)
class _Writing:
    """What this node writes: the headers of each part, whether all before it goes, and how many came back."""

    parts: Sequence[bytes]
    headers: Mapping[str, str]
    replaces: bool
    answered: Callable[[Published], None]
    came: int = 0

    def has(self, message: Message, number: int) -> bool:
        """Whether that is a part of it: not one of a try before, which may have been another text."""
        return (
            _whose(message.headers) == _whose(self.headers)
            and number <= len(self.parts)
            and message.body == self.parts[number - 1]
        )


class LongMessages:
    """Those of one subject: all of its messages are read here."""

    def __init__(self, stream: Stream, clock: Clock, subject: str) -> None:
        self._stream = stream
        self._clock = clock
        self._subject = subject
        self._writing: _Writing | None = None
        # What was read of one that is not whole: whose it is, and the sequence of the first part.
        self._read: list[bytes] = []
        self._whose: tuple[str | None, ...] = ()
        self._first = 0
        self._busy_until = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether one is being written, at whatever node: what is put in between would end it."""
        return self._clock.seconds() < self._busy_until

    def publish(
        self, body: bytes, headers: Mapping[str, str], expected: int, answered: Callable[[Published], None]
    ) -> None:
        """As `Stream.publish`. The headers say whose it is (`FROM`, and `SNAPSHOT` where it is one)."""
        size = self._stream.largest
        if len(body) <= size:
            self._stream.publish(self._subject, body, headers, expected, answered)
            return
        parts = [body[at : at + size] for at in range(0, len(body), size)]
        each = {name: value for name, value in headers.items() if name not in ROLLUP}
        self._writing = _Writing(parts, each, len(each) < len(headers), answered)
        self._write(self._writing, 1, expected)

    def _write(self, writing: _Writing, number: int, expected: int) -> None:
        self._busy_until = self._clock.seconds() + SILENT_S
        headers = {**writing.headers, PART: f"{number}/{len(writing.parts)}"}
        answered = partial(self._answered, writing, number)
        self._stream.publish(self._subject, writing.parts[number - 1], headers, expected, answered)

    def _answered(self, writing: _Writing, number: int, published: Published) -> None:
        if writing.came >= number:
            return  # it is stored, whatever became of the answer
        if self._writing is writing:
            self._writing = None
        writing.answered(published)

    def read(self, message: Message) -> bytes | None:
        """The body of the next message of the subject; of a long one with the last part, else None."""
        if PART not in message.headers:
            self._ends()
            return message.body
        number, count = map(int, message.headers[PART].split("/"))
        whose = _whose(message.headers)
        if number == 1:
            self._read, self._whose, self._first = [], whose, message.sequence
        if number != len(self._read) + 1 or whose != self._whose:
            self._ends()
            return None  # the first ones were taken out, or something came in between
        self._read.append(message.body)
        self._busy_until = self._clock.seconds() + SILENT_S
        writing = self._writing
        if writing is not None and writing.has(message, number):
            writing.came = number
        else:
            self._writing = writing = None
        if number < count:
            if writing is not None:
                self._write(writing, number + 1, message.sequence)
            return None
        if writing is not None and writing.replaces:
            self._stream.purge(self._subject, self._first)
        whole = b"".join(self._read)
        self._ends()
        return whole

    def _ends(self) -> None:
        """It is whole, or something else came."""
        self._read, self._writing, self._busy_until = [], None, 0.0


def _whose(headers: Mapping[str, str]) -> tuple[str | None, ...]:
    return headers.get(FROM), headers.get(SNAPSHOT)
