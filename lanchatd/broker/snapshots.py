"""All that is known of who is here, written into the stream to take the place of what was said before it.

It is one message, or some that follow on each other, as more of them than the broker takes as one would be
refused. Those before it go when the last one is there: with the first they would be lost if no more came.
"""

from __future__ import annotations

from collections.abc import Callable

from lanchatd.broker.stream import FROM, PEOPLE, ROLLUP, SNAPSHOT, Message, Published, Stream

PART = "Lanchat-Part"
"""A header: which one it is, and of how many."""


class Snapshots:
    """What is being written by this node, and read of others."""

    def __init__(self, stream: Stream, answered: Callable[[Published], None]) -> None:
        """``answered`` is called with what the broker does not store."""
        self._stream = stream
        self._answered = answered
        # What this node writes, and behind which sequence.
        self._parts: list[bytes] = []
        self._behind = 0
        # What was read of one, and which sequence of the subject was known when it began; the first one's.
        self._read: list[bytes] = []
        self._known = self._first = 0

    def write(self, snapshot: bytes, behind: int) -> None:
        """Write it on the condition that this is the newest sequence of the subject, and stays so."""
        size = self._stream.largest
        if len(snapshot) <= size:
            headers = {**ROLLUP, SNAPSHOT: str(behind)}
            self._stream.publish(PEOPLE, snapshot, headers, behind, self._answered)
            return
        self._parts = [snapshot[at : at + size] for at in range(0, len(snapshot), size)]
        self._behind = behind
        self._write_part(1, behind)

    def _write_part(self, number: int, behind: int) -> None:
        part = f"{number}/{len(self._parts)}"
        headers = {FROM: self._stream.node, SNAPSHOT: str(self._behind), PART: part}
        self._stream.publish(PEOPLE, self._parts[number - 1], headers, behind, self._answered)

    def read(self, message: Message, last: int) -> tuple[bytes, bool] | None:
        """A message that is one, or a part; ``last`` is the sequence that was known before it.

        When it is whole: that, and whether there is something in it that was not known.
        """
        behind = message.headers[SNAPSHOT]
        if PART not in message.headers:
            self.ends()
            return message.body, behind != str(last)
        number, _, count = message.headers[PART].partition("/")
        if number == "1":
            self._read, self._known, self._first = [], last, message.sequence
        if int(number) != len(self._read) + 1:
            return None  # the first ones were taken out, or something came in between
        self._read.append(message.body)
        mine = message.headers.get(FROM) == self._stream.node and behind == str(self._behind)
        if number != count:
            if mine and self._parts:
                self._write_part(int(number) + 1, message.sequence)
            return None
        if mine and self._stream.up:
            self._stream.purge(PEOPLE, self._first)
        whole = b"".join(self._read)
        self.ends()
        return whole, behind != str(self._known)

    def ends(self) -> None:
        """Something else came: what was begun is not written any more, and nothing."""
        self._read, self._parts = [], []
