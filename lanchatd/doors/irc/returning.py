"""Coming back: what an IRC client is known to have had of each room, so that it is told the rest alone.

Clients keep their windows when a connection is lost, and know of no ids. What one had is asked with a PING:
who answers has read everything before.
"""

from __future__ import annotations

from collections.abc import Callable

from lanchatd.chat.format import Place

REMEMBERED_S = 24 * 60 * 60
MOST_REMEMBERED = 4_096

Had = dict[str, Place]
"""By the keys of rooms, how far a client has read there."""


class Returning:
    """What clients had that are gone, by the key of the nick and what they call themselves."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._gone: dict[tuple[str, str], tuple[float, Had]] = {}  # who went last is last

    def went(self, who: tuple[str, str], had: Had) -> None:
        """One is gone."""
        self._gone.pop(who, None)
        if had:
            self._gone[who] = self._seconds(), had
            if len(self._gone) > MOST_REMEMBERED:
                del self._gone[next(iter(self._gone))]

    def came(self, who: tuple[str, str]) -> Had:
        """One is here, perhaps again."""
        went_at, had = self._gone.pop(who, (0.0, {}))
        return had if had and self._seconds() - went_at < REMEMBERED_S else {}
