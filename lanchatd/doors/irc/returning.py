"""Coming back: what an IRC client is known to have had of each room, so that it is told the rest alone.

Clients keep their windows when a connection is lost, and know of no ids. What one had is asked with a PING:
who answers has read everything before.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from lanchatd.chat.format import Place

REMEMBERED_S = 24 * 60 * 60
# Of all clients together: 12 MB if ten thousand were in five each, and 53 if each is of another client, with
# the longest names; to write and to read that takes 100 MB more for a moment (measured).
MOST_ROOMS = 50_000

VERSION = 1

Had = dict[str, Place]
"""By the keys of rooms, how far a client has read there."""


class Returning:
    """What clients had that are gone, by the key of the nick and what they call themselves."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._gone: dict[tuple[str, str], tuple[float, Had]] = {}  # who went last is last
        self._rooms = 0

    def went(self, who: tuple[str, str], had: Had) -> None:
        """One is gone."""
        self._went_at(self._seconds(), who, had)

    def _went_at(self, seconds: float, who: tuple[str, str], had: Had) -> None:
        self._take(who)
        if had:
            self._gone[who] = seconds, had
            self._rooms += len(had)
            while self._rooms > MOST_ROOMS:
                self._take(next(iter(self._gone)))

    def came(self, who: tuple[str, str]) -> Had:
        """One is here, perhaps again."""
        went_at, had = self._take(who)
        return had if self._is_remembered(went_at) else {}

    def _take(self, who: tuple[str, str]) -> tuple[float, Had]:
        went_at, had = self._gone.pop(who, (0.0, {}))
        self._rooms -= len(had)
        return went_at, had

    def _is_remembered(self, went_at: float) -> bool:
        return self._seconds() - went_at < REMEMBERED_S

    def document(self, now: float) -> bytes:
        """All of it, for the next run, as JSON; empty if there is nothing. ``now`` is since the epoch."""
        ahead = now - self._seconds()
        clients = [
            [*who, round(went_at + ahead), {key: [place.after, place.log] for key, place in had.items()}]
            for who, (went_at, had) in self._gone.items()
            if self._is_remembered(went_at)
        ]
        if not clients:
            return b""
        document = {"version": VERSION, "clients": clients}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()

    def load(self, document: bytes, now: float) -> None:
        """Know what the last run has put into a document.

        Raises ValueError if it is not what was written there, and knows nothing of it then.
        """
        ahead = now - self._seconds()
        try:
            read = json.loads(document)
            if read["version"] != VERSION:
                raise ValueError(f"its version is {read['version']}, and not {VERSION}")
            clients = [_client_from(*client) for client in read["clients"]]
        except (KeyError, TypeError, AttributeError, RecursionError):
            raise ValueError("it is not the JSON that was written there") from None
        for at, who, had in clients:
            # If the clock was set back, nobody went later than now.
            self._went_at(min(at, now) - ahead, who, had)


def _client_from(
    nick: object, user: object, at: object, rooms: dict[str, tuple[object, object]]
) -> tuple[int, tuple[str, str], Had]:
    if not (isinstance(nick, str) and isinstance(user, str) and isinstance(at, int) and at >= 0):
        raise TypeError
    return at, (nick, user), {key: _place_from(*place) for key, place in rooms.items()}


def _place_from(after: object, log: object) -> Place:
    if not (isinstance(after, int) and after >= 0 and isinstance(log, str)):
        raise TypeError
    return Place(None, after, log)
