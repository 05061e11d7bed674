"""Looking back: the lines before a moment, and those that hold some words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Event, Item, Notice, Past
from lanchatd.chat.log import Found, Log
from lanchatd.chat.searching import Asker, Hits
from lanchatd.commands.speaker import Speaker
from lanchatd.text.refused import Refused

PAGE = 50  # lines that a search shows at once

TOO_LONG = "The search took too long, and was ended there."

# What a line takes on its way beside its text and nick, at the most, in bytes.
_AROUND = 400


def show(chat: Chat, speaker: Speaker, lines: int) -> None:
    """Show the last lines of the room that it was given again, as many as fit in one chunk."""
    until = _given_until(speaker)

    def was_read(events: Found) -> None:
        if isinstance(events, Refused):
            _answer(speaker, events)
            return
        session, now = speaker.session, chat.now()
        pieces = [session.format.render(event, now) for event in events if not session.ignores(event)]
        size = sum(map(len, pieces))
        while pieces and size > chat.limits.chunk_bytes:
            size -= len(pieces.pop(0))
        _answered(speaker)
        nothing = session.format.render(Notice(("Nothing was said here yet.",)))
        session.tell_encoded(b"".join(pieces) or nothing)

    speaker.session.asking = True
    speaker.room.log.read(until - lines, until, lines * chat.limits.chunk_bytes, was_read)


def _given_until(speaker: Speaker) -> int:
    """Not beyond what a lagging session has been given: those lines are still to come, in their order."""
    cursor = speaker.session.cursor_in(speaker.room.key)
    return speaker.room.readers.newest if cursor is None else cursor.given_until


def show_before(chat: Chat, speaker: Speaker, at: float, lines: int) -> None:
    """Show a member the last lines of its room before a moment (seconds since the epoch)."""

    def found_place(place: int | Refused) -> None:
        if isinstance(place, Refused):
            _answer(speaker, place)
        else:
            _show_until(chat, speaker, place, lines)

    speaker.session.asking = True
    _last_before(speaker.room.log, at, 0, _given_until(speaker), found_place)


def show_before_id(chat: Chat, speaker: Speaker, before: int, lines: int) -> None:
    """Show a member so many lines of its room: those that have the ids right before this one."""
    speaker.session.asking = True
    _show_until(chat, speaker, min(max(0, before - 1), _given_until(speaker)), lines)


def _show_until(chat: Chat, speaker: Speaker, until: int, lines: int) -> None:
    def was_read(events: Found) -> None:
        if isinstance(events, Refused):
            _answer(speaker, events)
        else:
            newest = _fitting(chat, events[::-1])
            _answer(speaker, _past(chat, speaker, newest[::-1]))

    speaker.room.log.read(max(0, until - lines), until, chat.limits.chunk_bytes * lines, was_read)


def _last_before(log: Log, at: float, low: int, high: int, answer: Callable[[int | Refused], None]) -> None:
    """Answer the id of the last event before a moment, 0 for none: one of the ids from ``low`` to ``high``.

    By halves, as an event tells its time and time goes forward with the ids; where the clock was set back, it
    is one of the places where the moment passed. What the log no longer holds is long before.
    """
    if low == high:
        answer(low)
        return
    middle = (low + high + 1) // 2

    def was_read(events: Found) -> None:
        if isinstance(events, Refused):
            answer(events)
        elif events and events[0].at >= at:
            _last_before(log, at, low, middle - 1, answer)
        else:
            _last_before(log, at, middle, high, answer)

    log.read(middle - 1, middle, 1, was_read)


def search(chat: Chat, speaker: Speaker, words: str | None) -> None:
    """Show a member the newest lines of all rooms that hold these words; without any, the next ones.

    Raises `Refused` if there is nothing to search in, or no more to show.
    """
    in_log = chat.search
    if in_log is None:
        raise Refused("no_history", "This server keeps nothing that could be searched.")
    place = None
    if words is None:
        if speaker.session.found is None:
            raise Refused("usage", "Say what to search for: /search WORDS. Alone it shows the next ones.")
        words, place = speaker.session.found
    looked_for = words

    def found(hits: Hits | Refused) -> None:
        if isinstance(hits, Refused):
            _answer(speaker, hits)
        elif not (hits.whole or hits.lines):
            text = "Nothing was found in time: search for longer words, or for fewer."
            _answer(speaker, Refused("took_too_long", text))
        else:
            shown = _fitting(chat, [event for _, event in hits.lines[:PAGE]])
            more = len(hits.lines) > len(shown) or not hits.whole
            speaker.session.found = (looked_for, hits.lines[len(shown) - 1][0]) if more else None
            past = _past(chat, speaker, shown, more, in_rooms=True)
            _answer(speaker, past, *(() if hits.whole else (Notice((TOO_LONG,)),)))

    speaker.session.asking = True
    asker = Asker(speaker.address, lambda: bool(speaker.session.cursors))
    # When its own lines are in the log, which it may have typed right before.
    speaker.room.when_told(lambda: in_log(looked_for, place, PAGE + 1, asker, found))


def _fitting(chat: Chat, events: Sequence[Event]) -> Sequence[Event]:
    """The first of them, as many as fit in one chunk, and at least one."""
    size = 0
    for count, event in enumerate(events):
        size += event.size + _AROUND
        if size > chat.limits.chunk_bytes and count:
            return events[:count]
    return events


def _past(
    chat: Chat, speaker: Speaker, events: Sequence[Event], more: bool = False, in_rooms: bool = False
) -> Past:
    shown = tuple(event for event in events if not speaker.session.ignores(event))
    return Past(shown, more, in_rooms, chat.now())


def _answered(speaker: Speaker) -> None:
    speaker.session.asking = False
    speaker.session.connection.answered()


def _answer(speaker: Speaker, answer: Past | Refused, *more: Item) -> None:
    _answered(speaker)
    speaker.tell(answer.answering(None) if isinstance(answer, Refused) else answer, *more)
