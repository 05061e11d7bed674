"""The log of a room: append a batch, read after a cursor, its name and newest id.

`lanchatd.history` has those in memory and on disk; one on a broker may come behind the same calls. Such logs
answer later: `read` returns an `Answer`, and `append` is told to the `Listener`, in the order of the log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from lanchatd.chat.answers import Answer
from lanchatd.chat.events import Event
from lanchatd.chat.posted import Posted
from lanchatd.text.refused import Refused


class Listener(Protocol):
    """Whose log it is."""

    def arrived(self, posted: Sequence[Posted], refused: Refused | None = None) -> None:
        """These are in the log now, in its order, after all that arrived before; or ``refused``, and are not.

        They are those that were appended, the same objects, but for those that are `Posted.before`; or others
        that came into the log elsewhere.
        """
        ...

    def hangs(self) -> None:
        """It refuses from now on; what is on its way may take long."""
        ...


class Log(Protocol):
    """What a room needs of its log. The room has at most one append under way."""

    @property
    def name(self) -> str:
        """Names the log that the ids count in: another log, another name."""
        ...

    @property
    def newest(self) -> int:
        """The id of the newest event, 0 in an empty log."""
        ...

    def refuses(self) -> Refused | None:
        """Why nothing should be said at present: what is on its way into the log may take long. Or None."""
        ...

    def listen(self, listener: Listener) -> None:
        """Tell this one room from now on, before anything is appended."""
        ...

    def append(self, batch: Sequence[Posted]) -> None:
        """Number the events from ``newest`` + 1 without a gap and keep them all, or none.

        Then, at once or later, `Listener.arrived` is called: with these, numbered, or with why not.
        """
        ...

    def put_away(self) -> bool:
        """Nobody is in the room: hold no more of it in memory than there has to be.

        Returns whether it is kept elsewhere; if not, it is lost when nobody holds this log.
        """
        ...

    def throw_away(self) -> Answer[None]:
        """Lose everything that is in it, for good; all that is appended from now on is refused.

        It answers when it does not come back after a restart either; `Refused` if that can't be, and then it
        goes on.
        A log for the same room that is made afterwards has another name.
        """
        ...

    def read(self, after: int, until: int, limit_bytes: int) -> Answer[Sequence[Event]]:
        """The events with ``after`` < id <= ``until``, the oldest first.

        No more than fit in ``limit_bytes`` of `Event.size`, and at least one, from the oldest that is held:
        a first id past ``after`` + 1 says how many are lost, and no event at all that every one is. `Refused`
        if they can't be read.
        """
        ...
