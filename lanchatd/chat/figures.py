"""How the chat is at this moment, in numbers: for the console, for the service manager and for metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from lanchatd.chat.chat import Chat


@dataclass(frozen=True, slots=True)
class Figures:
    """``sessions`` by door and whether they are encrypted. ``rooms`` are those with somebody in them.

    Of the sessions that lag, ``behind_lines`` is what they have not been given yet, and ``direct_bytes`` what
    was written to them alone and waits.
    """

    users: int
    rooms: int
    lines_said: int
    sessions: Counter[tuple[str, bool]]
    lagging: int
    behind_lines: int
    direct_bytes: int
    bans: int
    mutes: int
    operators: int


def figures_of(chat: Chat) -> Figures:
    """Looks at each session: with 10,000 of them it takes some milliseconds."""
    sessions = [session for session in chat.sessions() if not session.far]
    # Who is in no room, as IRC clients may be, has nothing to read.
    lagging = [session for session in sessions if session.cursors and not session.live]
    return Figures(
        users=len(chat.users),
        rooms=sum(bool(room.members) for room in chat.rooms.values()),
        lines_said=chat.lines_said,
        sessions=Counter((session.format.name, session.peer.encrypted) for session in sessions),
        lagging=len(lagging),
        behind_lines=sum(cursor.left for session in lagging for cursor in session.cursors),
        direct_bytes=sum(session.outbox.direct_bytes for session in lagging),
        bans=len(chat.moderation.bans),
        mutes=len(chat.moderation.mutes),
        operators=len(chat.moderation.operators),
    )
