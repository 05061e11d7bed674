"""Fan-out: what happened in a room is pushed to all that are live, as the same bytes to each, in one send."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from lanchatd.chat.batch import Batch, less
from lanchatd.chat.cursors import Cursor, Reader, Readers, lag
from lanchatd.chat.events import TALK, Event, Kind, Moment, Topic, told_together
from lanchatd.chat.format import Format
from lanchatd.chat.hidden import NOTHING, Hidden
from lanchatd.chat.late_joins import ForSome

_TOPIC = Kind.TOPIC  # an Enum takes a tenth of a microsecond for each look (measured)

_NO_ONE: Mapping[int, ForSome] = {}
_NONE_OWN: Mapping[Cursor, Mapping[int, bytes]] = {}
NOTHING_OWN: Mapping[int, bytes] = {}


def fan_out(readers: Readers, events: Sequence[Event]) -> None:
    """Push a batch to all that are live; its talk is in the log.

    IRC clients are told the events, each of them, and all others what is told together of them.
    """
    happened: Sequence[Event] = events
    before, presences = readers.newest, readers.presences
    for_some: Mapping[int, ForSome] = _NO_ONE
    if readers.late_joins.unheard:
        events, for_some = readers.late_joins.told(events)
    talk, newest, not_all = 0, before, bool(for_some)
    for event in events:
        if event.kind in TALK:
            newest = event.id
            talk += 1
            if event.kind is _TOPIC:
                readers.topic = Topic(event.text, event.nick, event.at)
                readers.around.lists.changed()
        elif event.told is not None:
            not_all = True
    readers.newest = newest
    moments: Sequence[Moment] = happened
    if len(happened) > talk:
        moments = told_together(happened, len(readers.members))
    if len(moments) > talk or len(events) > talk:
        others, irc = presences
        readers.presences = others + len(moments) - talk, irc + len(events) - talk
        _keep(readers, events, for_some)
    owners = _owners(readers, events) if readers.has_owners else _NONE_OWN
    for cursor in owners:
        readers.take_out(cursor)
    hidden = Hidden(events, for_some) if not_all else None
    began = before, presences
    deliveries = readers.around.counts.deliveries
    rendered: dict[Format, list[bytes]] = {}
    for form, cursors in readers.pushed.items():
        if not cursors:
            continue
        told = events if form.like_irc else moments
        whole = rendered[form] = list(map(form.render, told))
        groups: Mapping[frozenset[int], Collection[Callable[[bytes], int]]] = (
            {NOTHING: cursors} if hidden is None or not form.like_irc else hidden.groups(cursors)
        )
        for without, sends in groups.items():
            pieces = less(whole, without) if without else whole
            encoded = b"".join(pieces)
            size = len(encoded)
            if not size:
                continue
            deliveries[form.name] += len(sends) * sum(map(bool, pieces))
            behind: list[tuple[Callable[[bytes], int], int]] = []
            for send in sends:
                try:
                    taken = send(encoded)
                except OSError:
                    # BlockingIOError, or the connection is gone, which its transport is about to tell.
                    taken = 0
                if taken != size:
                    behind.append((send, taken))
            for send, taken in behind:
                _fell_behind(cursors[send], began, told, pieces, taken)
    if owners or readers.pushed_apart:
        _push_apart(readers, Batch(moments, events, rendered), began, owners, hidden)


def _push_apart(
    readers: Readers,
    batch: Batch,
    began: tuple[int, tuple[int, int]],
    owners: Mapping[Cursor, Mapping[int, bytes]],
    hidden: Hidden | None,
) -> None:
    """Push it to those who are told something else than others, or less: each what it is told."""
    deliveries, apart = readers.around.counts.deliveries, readers.pushed_apart
    for cursor in owners:  # first, as who falls behind is taken out again
        if cursor not in apart:
            readers.put_in(cursor)
    for cursor in apart | owners.keys():
        reader = cursor.reader
        form, outbox, own = reader.format, reader.outbox, owners.get(cursor, NOTHING_OWN)
        without = NOTHING if hidden is None or not form.like_irc else hidden.from_one(cursor)
        if without or cursor in apart:
            pieces = batch.pieces_for(reader, without, own)
            encoded, lines = b"".join(pieces), sum(map(bool, pieces))
        else:
            encoded, lines = batch.encoded_with(form, own)
        if encoded:
            deliveries[form.name] += lines
            try:
                taken = outbox.send(encoded)
            except OSError:
                taken = 0
            if taken != len(encoded):
                pieces = batch.pieces_for(reader, without, own)
                _fell_behind(cursor, began, batch.moments(form), pieces, taken)


def _keep(readers: Readers, events: Sequence[Event], for_some: Mapping[int, ForSome]) -> None:
    for at, event in enumerate(events):
        if event.kind not in TALK:
            kept = event
            if event.told is not None:
                # Those who are live are not told it again, and may be many.
                lagging = {reader for reader in event.told if not reader.live}
                kept = event._replace(told=lagging)
            readers.came_and_went.append((kept, for_some.get(at)))


def _owners(readers: Readers, events: Sequence[Event]) -> dict[Cursor, dict[int, bytes]]:
    """The live ones that are told what they did themselves otherwise than all others, and what it is."""
    owners: dict[Cursor, dict[int, bytes]] = {}
    for at, event in enumerate(events):
        for origin in event.origins:
            reader: Reader | None = origin()
            if reader is None or reader.tell_own is None or not reader.live:
                continue
            own = reader.tell_own(event)
            for cursor in reader.cursors:
                if cursor.readers is not readers:
                    continue
                if cursor in owners:
                    owners[cursor][at] = own
                else:
                    owners[cursor] = {at: own}
    return owners


def _fell_behind(
    cursor: Cursor,
    began: tuple[int, tuple[int, int]],
    told: Sequence[Moment],
    pieces: list[bytes],
    taken: int,
) -> None:
    """The socket took only so many bytes: finish the line that it broke off in, then pull.

    If it broke off between two lines, the next one waits: something must, to hear of a ready socket.
    ``began`` are the id of the newest event, and `presences`, before all this was told.
    """
    form = cursor.reader.format
    lag(cursor.reader)
    cursor.at, presences = began
    cursor.presence_seen = presences[form.like_irc]
    end = 0
    for moment, piece in zip(told, pieces, strict=True):
        if end > taken:
            break
        end += len(piece)
        cursor.at = moment.id or cursor.at
    cursor.reader.outbox.wait(b"".join(pieces)[taken:end])
