"""How a lagging session catches up: chunks from its logs, at its own pace, until it is live.

Joining, coming back after a lost connection and reading slowly are all this same pull. Of several rooms the
one with the least left comes first, a chunk at a time, so that a busy room does not starve a quiet one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from lanchatd.chat.answers import Answer
from lanchatd.chat.batch import rendered_for
from lanchatd.chat.cursors import RECENT, Cursor, Reader, make_live
from lanchatd.chat.events import Event, Missed, Reason
from lanchatd.text.refused import Refused


def catch_up(reader: Reader) -> None:
    """Give it the next chunk, or make it live; nothing if it still waits for one."""
    if reader.live or reader.reading is not None or reader.outbox.waiting or not reader.cursors:
        return
    behind = [cursor for cursor in reader.cursors if cursor.is_behind]
    if not behind:
        make_live(reader)
        return
    cursor = min(behind, key=lambda cursor: cursor.left)
    if reader.format.like_irc and cursor.presence_seen < 0:
        reader.reading = cursor
        cursor.readers.around.list_turns.ask(partial(_name_some, cursor))
        return
    if not cursor.left:
        _give(cursor, [])
        return
    reader.reading = cursor
    if cursor.left <= RECENT:
        # A newcomer, or nearly live: not worth the wait.
        _read(cursor, lambda: None)
    else:
        cursor.readers.around.catching_up_turns.ask(partial(_take_turn, cursor, cursor.at))


def _name_some(cursor: Cursor) -> None:
    """`ListTurns`: tell who is here, a piece of it."""
    reader = cursor.reader
    if reader.reading is not cursor:
        return  # it went away meanwhile
    reader.reading = None
    if reader.outbox.waiting:
        return  # something direct came in between
    encoded, naming = reader.names(cursor), cursor.naming
    if naming is not None and naming.reading.is_over:
        # Who went meanwhile may have been named before, and who came was named at the end.
        lost_some = naming.reading.lost_some
        cursor.presence_seen = naming.presences if lost_some else cursor.presences
        cursor.names_at = cursor.readers.late_joins.came
        cursor.naming = None
    if reader.outbox.give(encoded):
        catch_up(reader)


def _take_turn(cursor: Cursor, after: int) -> bool:
    """`CatchingUpTurns`: it is the cursor's turn, if it still reads."""
    if not _still_reads(cursor, after):
        return False
    _read(cursor, cursor.readers.around.catching_up_turns.done)
    return True


def _read(cursor: Cursor, done: Callable[[], None]) -> None:
    readers, after = cursor.readers, cursor.at
    until = readers.newest

    def was_read(events: Answer[Sequence[Event]]) -> None:
        try:
            _was_read(cursor, after, until, events)
        finally:
            done()

    readers.log.read(after, until, readers.around.limits.chunk_bytes).when_known(was_read)


def _still_reads(cursor: Cursor, after: int) -> bool:
    """Whether it is still here, and where it was when it began to read."""
    return cursor.reader.reading is cursor and cursor.at == after


def _was_read(cursor: Cursor, after: int, until: int, answer: Answer[Sequence[Event]]) -> None:
    if not _still_reads(cursor, after):
        return  # it went away while the log was reading
    reader, readers = cursor.reader, cursor.readers
    reader.reading = None
    try:
        events = answer.result()
    except Refused as refused:
        # It can come back and go on from where it was; left as it is, it would wait for ever.
        reader.connection.dismiss(refused.code, refused.text, Reason("the log can't be read"))
        return
    if reader.outbox.waiting:
        return  # something direct came in between; when that has drained, it is read again
    pieces: list[bytes] = []
    first = events[0].id if events else until + 1
    # What was lost of the time before it came does not count, if it did not say where it was.
    known = max(after, cursor.entered_at) if cursor.gap_told else after
    if first > known + 1:
        pieces.append(reader.format.render(Missed(readers.room, readers.log.name, first - known - 1)))
    if first > after + 1:
        cursor.at = first - 1
    cursor.gap_told = False
    size, now, most = 0, readers.around.now(), readers.around.limits.chunk_bytes
    for event in events:
        past = now if event.id <= cursor.entered_at else None
        own = None if past is not None else reader.own(event)
        piece = reader.format.render(event, past) if own is None else own
        piece = b"" if reader.ignores(event) else piece
        size += len(piece)
        if size > most and cursor.at > after:
            break
        pieces.append(piece)
        cursor.at = event.id
    _give(cursor, pieces)


def _give(cursor: Cursor, pieces: list[bytes]) -> None:
    reader, readers = cursor.reader, cursor.readers
    readers.around.counts.deliveries[reader.format.name] += sum(map(bool, pieces))
    if cursor.at == readers.newest and cursor.presence_seen != cursor.presences:
        pieces += _presence(cursor)
    if not reader.outbox.give(b"".join(pieces)):
        return
    if any(other.is_behind for other in reader.cursors):
        readers.around.clock.callLater(0, reader.catch_up)  # others get their turn between two chunks
    else:
        make_live(reader)


def _presence(cursor: Cursor) -> list[bytes]:
    """Who came and went meanwhile, in IRC, which has no other way to tell who is here no more.

    If that is not known any more, all who are here are told next. Others are told those at once.
    """
    reader, readers = cursor.reader, cursor.readers
    seen, cursor.presence_seen = cursor.presence_seen, cursor.presences
    if not reader.format.like_irc:
        return [reader.who(readers)]
    events = readers.came_and_went_after(cursor, seen)
    if events is None:
        cursor.presence_seen = -1
        return []
    return [rendered_for(reader, event, reader.format.render(event)) for event in events]
