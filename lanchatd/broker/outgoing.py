"""What a node has to say of its own people: a queue, and one message on its way into the stream.

All that came in one turn is one message, or some if it is much, and the next one goes when that came back. It
is sent again until then: it carries a count, so that it counts once.
"""

from __future__ import annotations

from collections.abc import Callable

from lanchatd.broker.packing import as_json
from lanchatd.broker.roster import GONE, Row
from lanchatd.broker.stream import AGAIN_S, PEOPLE, Published, Stream
from lanchatd.clock import Clock

# Of one message: some 100 KiB.
MOST_ROWS = 500

LATE_S = 3  # what did not come back by then is sent again


class Outgoing:
    """Rows by a word and what they are about, of which there is one at a time: the newest."""

    def __init__(self, stream: Stream, clock: Clock, session_row: Callable[[int], Row]) -> None:
        """``session_row`` tells of a session, by its number, what is so when it is said."""
        self.count = 0  # of the messages
        self._stream = stream
        self._clock = clock
        self._session_row = session_row
        self._queue: dict[tuple[str, str | int], Row | None] = {}
        self._under_way: bytes | None = None
        self._sent_at = 0.0
        self._due = False

    def has(self, word: str, about: str | int) -> bool:
        """Whether that waits to be said."""
        return (word, about) in self._queue

    @property
    def is_under_way(self) -> bool:
        """Whether a message did not come back yet."""
        return self._under_way is not None

    def say(self, word: str, about: str | int, row: Row | None) -> None:
        """Say it at the end of this turn, or when the message before came back; None of a session."""
        self._queue.pop((word, about), None)  # what it needs may have come behind it
        self._queue[word, about] = row
        self.go_on()

    def take_back(self, word: str, about: str | int) -> None:
        """It needs not be said any more."""
        self._queue.pop((word, about), None)

    def begin_anew(self, first: Row) -> None:
        """Under another name: all of this node is to be said again, and this first."""
        self.count, self._under_way = 0, None
        gone = {key: row for key, row in self._queue.items() if key[0] == GONE}
        self._queue = {(first[0], ""): first, **gone}
        self.go_on()

    def came_back(self, count: int) -> None:
        """The message with this count is in the stream, or a later one is."""
        if count >= self.count:
            self._under_way = None
            self.go_on()

    def go_on(self) -> None:
        """Send the next message soon, if it may go."""
        if not self._due and self._under_way is None and self._queue and self._stream.up:
            self._due = True
            self._clock.callLater(0, self._send)

    def end(self) -> None:
        """Say all that there is to say; nobody waits for it to come back."""
        while self._queue and self._stream.up:
            self._under_way = None
            self._send()

    def _send(self) -> None:
        self._due = False
        if self._under_way is not None or not self._queue or not self._stream.up:
            return
        rows, size = list[bytes](), 0
        for word, about in tuple(self._queue)[:MOST_ROWS]:
            row = self._queue.pop((word, about))
            rows.append(as_json(self._session_row(int(about)) if row is None else row))
            size += len(rows[-1])
            if size > self._stream.largest // 2:  # what is said of one session is far less
                break
        self.count += 1
        # As one object of JSON, whose rows are known.
        about_it = as_json({"node": self._stream.node, "count": self.count})
        self._under_way = b'%b,"rows":[%b]}' % (about_it[:-1], b",".join(rows))
        self.send_again()

    def send_again(self) -> None:
        """The message that is under way, if there is one: it may not have been stored."""
        if (sent := self._under_way) is None or not self._stream.up:
            return
        self._sent_at = self._clock.seconds()

        def answered(_: Published) -> None:
            if self._under_way is sent:
                self._clock.callLater(AGAIN_S, again)

        def again() -> None:
            if self._under_way is sent:
                self.send_again()

        self._stream.publish(PEOPLE, sent, {}, None, answered)

    def send_again_if_late(self) -> None:
        """Once a second."""
        if self._clock.seconds() - self._sent_at >= LATE_S:
            self.send_again()
