"""What one daemon has kept, put into a broker that has no such chat: with its ids, times and log's name."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lanchatd.broker import batches
from lanchatd.broker.connected import Connected, Gone
from lanchatd.broker.stream import Fate, Published, room_subject

# Of one message, as estimated, if the broker takes four times as much; and messages on their way at once.
MOST_LINES, MOST_BYTES = 500, 262_144
MOST_UNDER_WAY = 64

# Lines that are looked at together, so that those of a room are few messages; and rooms keep their order.
_TOGETHER = 10_000

_LINES = """
    SELECT place, room, id, at_us, kind, nick, text, ref, known FROM event
    WHERE place > ? AND room NOT IN (SELECT number FROM removed) ORDER BY place LIMIT ?
"""
# All that was said in them is gone, and their ids are given again.
_EMPTIED = """
    SELECT key FROM room WHERE pruned > 0 AND number NOT IN (SELECT number FROM removed)
        AND NOT EXISTS (SELECT * FROM event WHERE room = number)
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One of the stream, with so many lines."""

    subject: str
    body: bytes
    headers: dict[str, str]
    count: int


def messages_of(connection: sqlite3.Connection, most_bytes: int) -> Iterator[Message]:
    """All that is in a log of one daemon; about so many bytes are one."""
    rooms = {
        number: (key, name) for number, key, name in connection.execute("SELECT number, key, name FROM room")
    }
    for (key,) in connection.execute(_EMPTIED).fetchall():
        yield Message(room_subject(key), b"", {batches.REMOVED: "1"}, 0)
    place = 0
    while lines := connection.execute(_LINES, (place, _TOGETHER)).fetchall():
        place = lines[-1][0]
        of_rooms: dict[int, list[tuple[int, batches.Line]]] = defaultdict(list)
        for _, room, id_, at_us, kind, nick, text, ref, known in lines:
            of_rooms[room].append(
                (id_, batches.line_of(kind, nick, text, ref, bool(known), at_us / 1_000_000))
            )
        for room, there in of_rooms.items():
            key, name = rooms[room]
            for first, part in _parts(there, most_bytes):
                body = batches.imported(name, part)
                yield Message(room_subject(key), body, {batches.FIRST: str(first)}, len(part))


def _parts(
    lines: list[tuple[int, batches.Line]], most_bytes: int
) -> Iterator[tuple[int, list[batches.Line]]]:
    """Of one room: of each message the first id, and its lines, whose ids have no gap."""
    first, part, size = 0, list[batches.Line](), 0
    for id_, line in lines:
        length = len(line.text.encode()) + len(line.nick.encode()) + 100
        if part and (id_ != first + len(part) or len(part) == MOST_LINES or size + length > most_bytes):
            yield first, part
            part, size = [], 0
        if not part:
            first = id_
        part.append(line)
        size += length
    if part:
        yield first, part


async def bring_in(connected: Connected, connection: sqlite3.Connection, told: Callable[[int], None]) -> int:
    """Make the chat, and put all of it in; how many lines. ``told`` is called with how many there are yet.

    If it fails, there is no chat. Raises `Gone` and `Refusing`.
    """
    (log,) = connection.execute("SELECT name FROM log").fetchone()
    await connected.refuse_if_there()
    await connected.make(log)
    sending = _Sending(connected)
    most_bytes = min(MOST_BYTES, connected.client.max_payload // 4)
    count = 0
    try:
        for message in messages_of(connection, most_bytes):
            await sending.send(message)
            count += message.count
            told(count)
        await sending.finish()
    except BaseException:
        await connected.unmake()
        raise
    return count


class _Sending:
    """Some messages on their way at once; in their order, as the broker takes them so."""

    def __init__(self, connected: Connected) -> None:
        self._connected = connected
        self._places = asyncio.Semaphore(MOST_UNDER_WAY)
        self._why = ""

    async def send(self, message: Message) -> None:
        await self._places.acquire()
        self._refuse()
        await self._connected.publish(message.subject, message.body, message.headers, None, self._answered)

    async def finish(self) -> None:
        for _ in range(MOST_UNDER_WAY):
            await self._places.acquire()
        self._refuse()

    def _answered(self, published: Published) -> None:
        if published.fate is not Fate.STORED:
            self._why = self._why or published.why
        self._places.release()

    def _refuse(self) -> None:
        if self._why:
            raise Gone(self._why)
