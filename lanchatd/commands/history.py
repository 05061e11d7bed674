"""Looking back: the lines before a moment, and those that hold some words."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

from lanchatd.chat.answers import Answer, begin
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Event, Notice, Past
from lanchatd.chat.log import Log
from lanchatd.chat.room import Room
from lanchatd.chat.searching import Asker, Search
from lanchatd.commands.speaker import Speaker
from lanchatd.text.refused import Refused

PAGE = 50  # lines that a search shows at once

TOO_LONG = "The search took too long, and was ended there."

# What a line takes on its way beside its text and nick, at the most, in bytes.
_AROUND = 400


def show(chat: Chat, speaker: Speaker, lines: int) -> None:
    """Show the last lines of the room that it was given again, as many as fit in one chunk."""
    _ask(speaker, _last(chat, speaker, _given_until(speaker), lines))


def show_before(chat: Chat, speaker: Speaker, at: float, lines: int) -> None:
    """Show a member the last lines of its room before a moment (seconds since the epoch)."""
    _ask(speaker, _before(chat, speaker, at, _given_until(speaker), lines))


def show_before_id(chat: Chat, speaker: Speaker, before: int, lines: int) -> None:
    """Show a member so many lines of its room: those that have the ids right before this one."""
    _ask(speaker, _until(chat, speaker, min(max(0, before - 1), _given_until(speaker)), lines))


def search(chat: Chat, speaker: Speaker, words: str | None) -> None:
    """Show a member the newest lines of all rooms that hold these words; without any, the next ones.

    Raises `Refused` if there is nothing to search in, or no more to show.
    """
    if chat.search is None:
        raise Refused("no_history", "This server keeps nothing that could be searched.")
    place = None
    if words is None:
        if speaker.session.found is None:
            raise Refused("usage", "Say what to search for: /search WORDS. Alone it shows the next ones.")
        words, place = speaker.session.found
    _ask(speaker, _found(chat, speaker, speaker.room, chat.search, words, place))


def _ask(speaker: Speaker, looks: Coroutine[Answer[Any], None, bytes]) -> None:
    begin(_answer(speaker, looks))


async def _answer(speaker: Speaker, looks: Coroutine[Answer[Any], None, bytes]) -> None:
    """Look for something, and show it; meanwhile the session is asked nothing more."""
    session = speaker.session
    try:
        with session.connection.asking():
            shown = await looks
    except Refused as refused:
        shown = session.format.render(refused.answering(None))
    session.tell_encoded(shown)


async def _last(chat: Chat, speaker: Speaker, until: int, lines: int) -> bytes:
    events = await speaker.room.log.read(until - lines, until, lines * chat.limits.chunk_bytes)
    session, now = speaker.session, chat.now()
    pieces = [session.format.render(event, now) for event in events if not session.ignores(event)]
    size = sum(map(len, pieces))
    while pieces and size > chat.limits.chunk_bytes:
        size -= len(pieces.pop(0))
    return b"".join(pieces) or session.format.render(Notice(("Nothing was said here yet.",)))


async def _before(chat: Chat, speaker: Speaker, at: float, until: int, lines: int) -> bytes:
    place = await last_before(speaker.room.log, at, until)
    return await _until(chat, speaker, place, lines)


async def _until(chat: Chat, speaker: Speaker, place: int, lines: int) -> bytes:
    events = await speaker.room.log.read(max(0, place - lines), place, chat.limits.chunk_bytes * lines)
    newest = _fitting(chat, events[::-1])
    first = newest[-1].id if newest else 0
    return speaker.session.format.render(_past(chat, speaker, newest[::-1], first=first))


async def last_before(log: Log, at: float, until: int) -> int:
    """The id of the last event before a moment, 0 for none: one of those up to ``until``.

    By halves, as an event tells its time and time goes forward with the ids; where the clock was set back, it
    is one of the places where the moment passed. What the log no longer holds is long before.
    """
    low, high = 0, until
    while low < high:
        middle = (low + high + 1) // 2
        events = await log.read(middle - 1, middle, 1)
        if events and events[0].at >= at:
            high = middle - 1
        else:
            low = middle
    return low


async def _found(
    chat: Chat, speaker: Speaker, room: Room, in_log: Search, words: str, place: int | None
) -> bytes:
    # When its own lines are in the log, which it may have typed right before.
    told: Answer[None] = Answer()
    room.when_told(partial(told.settle, None))
    await told
    session = speaker.session
    asker = Asker(speaker.address, lambda: bool(session.cursors))
    hits = await in_log(words, place, PAGE + 1, asker)
    if not (hits.whole or hits.lines):
        raise Refused("took_too_long", "Nothing was found in time: search for longer words, or for fewer.")
    shown = _fitting(chat, [event for _, event in hits.lines[:PAGE]])
    more = len(hits.lines) > len(shown) or not hits.whole
    session.found = (words, hits.lines[len(shown) - 1][0]) if more else None
    items = (
        _past(chat, speaker, shown, more, in_rooms=True),
        *(() if hits.whole else (Notice((TOO_LONG,)),)),
    )
    return b"".join(map(session.format.render, items))


def _given_until(speaker: Speaker) -> int:
    """Not beyond what a lagging session has been given: those lines are still to come, in their order."""
    cursor = speaker.session.cursor_in(speaker.room.key)
    return speaker.room.readers.newest if cursor is None else cursor.given_until


def _fitting(chat: Chat, events: Sequence[Event]) -> Sequence[Event]:
    """The first of them, as many as fit in one chunk, and at least one."""
    size = 0
    for count, event in enumerate(events):
        size += event.size + _AROUND
        if size > chat.limits.chunk_bytes and count:
            return events[:count]
    return events


def _past(
    chat: Chat,
    speaker: Speaker,
    events: Sequence[Event],
    more: bool = False,
    in_rooms: bool = False,
    first: int = 0,
) -> Past:
    shown = tuple(event for event in events if not speaker.session.ignores(event))
    return Past(shown, more, in_rooms, chat.now(), first)
