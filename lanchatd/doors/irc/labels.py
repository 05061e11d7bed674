"""Labels: a client gives a message one, and knows its answer by it.

https://ircv3.net/specs/extensions/labeled-response
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain

from lanchatd.chat.cursors import Cursor
from lanchatd.chat.events import Event
from lanchatd.chat.posted import Posted
from lanchatd.chat.user import Session
from lanchatd.doors.irc.lines import Message, escaped
from lanchatd.formats.irc import HOST

LONGEST_LABEL_BYTES = 64

# What was said with a label and has not come back to who said it, as that reads slowly. More of it comes back
# without its label, which is acknowledged at once.
MOST_ECHOES = 100

# What stands for a nick (`lanchatd.formats.irc.ME`), and for what was not UTF-8.
_NO_LABEL_HAS = frozenset("\0\N{REPLACEMENT CHARACTER}")

NO_LABEL = nullcontext()
"""What is answered within this is answered as it is."""


class Response:
    """What one message is answered, collected until it is whole: when nothing ``waits`` any more.

    ``echo`` is what was said, if its label comes back with that. ``batch`` is what a batch is called. If it
    has gone into rooms, who is there belongs to it too, and is told later, as the client takes it: the batch
    stays open as long.
    """

    def __init__(self, label: str) -> None:
        self.label = escaped(label)
        self.waits = 1  # for the message itself
        self.echo: Posted | None = None
        self.batch = ""
        self._unnamed = 0  # rooms
        self._pieces: list[Iterable[str]] = []
        self._lines: list[str] | None = []

    def add(self, *lines: str) -> None:
        """Lines, without their ends."""
        self._pieces.append([line + "\r\n" for line in lines])
        if self._lines is not None:
            self._lines += lines

    def add_encoded(self, encoded: bytes) -> None:
        """Lines, encoded."""
        self.add(*encoded.decode().split("\r\n")[:-1])

    def add_list(self, pieces: Iterable[str]) -> None:
        """A list that may be long, in pieces: lines with their ends."""
        self._pieces.append(pieces)
        self._lines = None

    def went_into(self, cursors: Collection[Cursor]) -> None:
        """It has gone into these rooms, and has not been told yet who is there."""
        self._unnamed = len(cursors)
        for cursor in cursors:
            cursor.frame = self._framed

    def _framed(self, encoded: bytes, last: bool) -> bytes:
        told = self._in_batch(encoded.decode())
        if last:
            self._unnamed -= 1
            if not self._unnamed:
                told += self._end
        return told.encode()

    @property
    def was_refused(self) -> bool:
        """Whether what was said is told nobody."""
        return self.echo is not None and not self.echo.event.id

    def lines(self) -> list[str] | None:
        """The answer; None if it is a long list."""
        if self._lines is None:
            return None
        if len(self._lines) > 1 or self._unnamed:
            return "".join(self.pieces()).split("\r\n")[:-1]
        if self._lines:
            return [tagged(self._lines[0], f"label={self.label}")]
        if self.echo is not None and not self.was_refused:
            return []
        return [f"@label={self.label} :{HOST} ACK"]

    def pieces(self) -> Iterator[str]:
        """The same as a batch, in pieces."""
        yield f"@label={self.label} :{HOST} BATCH +{self.batch} labeled-response\r\n"
        yield from map(self._in_batch, chain.from_iterable(self._pieces))
        if not self._unnamed:
            yield self._end

    def _in_batch(self, piece: str) -> str:
        tag = f"batch={self.batch}"
        return "".join(tagged(line, tag) + "\r\n" for line in piece.split("\r\n")[:-1])

    @property
    def _end(self) -> str:
        return f":{HOST} BATCH -{self.batch}\r\n"


class Labels:
    """Those of one client, and what it is answered under them. ``session`` is None until it is registered."""

    def __init__(self, whole: Callable[[Response], None]) -> None:
        """``whole`` is called with each answer that has come together."""
        self.session: Session | None = None
        self.response: Response | None = None  # of the message that is being done, if it has a label
        self._whole = whole
        self._echoes: list[Response] = []

    def end(self) -> None:
        """The client is gone, and is held no longer."""
        for cursor in self._cursors:
            cursor.frame = None
        self.session = None
        self._whole = _to_nobody

    def answering(self, message: Message) -> AbstractContextManager[None]:
        """What is answered within this is answered to a message."""
        label = message.tag("label") or ""
        if not 0 < len(label.encode()) <= LONGEST_LABEL_BYTES or not _NO_LABEL_HAS.isdisjoint(label):
            return NO_LABEL
        return self._answering_with(Response(label))

    def later(self, posted: Posted | None) -> AbstractContextManager[None]:
        """What is answered within this belongs to the message that is being done, though it comes later.

        What was ``posted`` comes back to who said it: with the label.
        """
        response = self.response
        if response is None:
            return NO_LABEL
        response.waits += 1
        if posted is not None:
            self._comes_back(response, posted)
        return self._answering_with(response)

    def _comes_back(self, response: Response, posted: Posted) -> None:
        cursors = self._cursors
        self._echoes = [one for one in self._echoes if one.waits or not _was_given(one, cursors)]
        if len(self._echoes) < MOST_ECHOES:
            response.echo = posted
            self._echoes.append(response)

    def label_of(self, event: Event) -> str | None:
        """The label that a line came with, as it stands in a tag."""
        for response in self._echoes:
            own = None if response.echo is None else response.echo.event
            if own is not None and (own.id, own.room) == (event.id, event.room):
                return response.label
        return None

    def left(self, cursor: Cursor) -> None:
        """The client left a room: what it said there, and was not given yet, is acknowledged."""
        before = self.response
        self._collect_for(None)
        for response in self._echoes:
            event = None if response.echo is None else response.echo.event
            if event is None or event.room != cursor.readers.room or 0 < event.id <= cursor.at:
                continue
            if response.waits:  # until it is in the log
                response.echo = None
            elif not response.was_refused:
                response.echo = None
                self._whole(response)
        self._collect_for(before)

    @contextmanager
    def _answering_with(self, response: Response) -> Iterator[None]:
        before, was_in = self.response, self._cursors
        self._collect_for(response)
        try:
            yield
        finally:
            self._collect_for(None)
            response.waits -= 1
            if not response.waits:
                response.went_into([cursor for cursor in self._cursors if cursor not in was_in])
                self._whole(response)
            self._collect_for(before)

    @property
    def _cursors(self) -> tuple[Cursor, ...]:
        return () if self.session is None else self.session.cursors

    def _collect_for(self, response: Response | None) -> None:
        self.response = response
        if self.session is not None:
            self.session.collect = None if response is None else response.add_encoded


def _was_given(response: Response, cursors: Iterable[Cursor]) -> bool:
    if response.echo is None or response.was_refused:
        return True
    event = response.echo.event
    return all(cursor.given_until >= event.id for cursor in cursors if cursor.readers.room == event.room)


def tagged(line: str, tag: str) -> str:
    """A line with one more tag; one that is in a batch already stays in that."""
    if line.startswith("@batch="):
        return line
    return f"@{tag};{line[1:]}" if line.startswith("@") else f"@{tag} {line}"


def _to_nobody(_: Response) -> None: ...
