"""Who may not come in: told why, in the form that they speak."""

from __future__ import annotations

from collections.abc import Callable

from lanchatd.clock import Call
from lanchatd.doors.connections import Connections
from lanchatd.doors.door import Doors
from lanchatd.doors.first_bytes import PATIENCE_S
from lanchatd.doors.refusal import LastLine
from lanchatd.text.refused import Refusal, Refused


class TurnedAway(LastLine):
    """Waits for the first bytes, as a browser does not show a line of text, and says why not.

    Who says nothing is told at the end of the patience that everybody is waited for.
    """

    def __init__(
        self, connections: Connections, doors: Doors, refused: Refused, ended: Callable[[LastLine], None]
    ) -> None:
        super().__init__(connections, b"", ended)
        self._doors = doors
        self._refused = refused
        self._begin = b""
        self._waits: Call | None = None

    def connectionMade(self) -> None:
        self._waits = self._connections.clock.callLater(PATIENCE_S, self._tell, True)

    def dataReceived(self, data: bytes) -> None:
        if self._waits is not None:
            self._begin += data
            self._tell(late=False)

    def readConnectionLost(self) -> None:
        self._tell(late=True)
        super().readConnectionLost()

    def connectionLost(self, *reason: object) -> None:
        if self._waits is None:
            super().connectionLost()
        else:
            self._waits.cancel()
            self._ended(self)

    def _tell(self, late: bool) -> None:
        if self._waits is None:
            return
        door = self._doors.door_for(self._begin)
        if door is None and not late:
            return
        if door is None or door.turn_away is None:
            refusal = Refusal(self._refused.code, self._refused.text)
            encoded: bytes | None = self._connections.text.render(refusal)
        else:
            encoded = door.turn_away(self._begin, self._refused, late)
        if encoded is not None:
            if self._waits.active():
                self._waits.cancel()
            self._waits = None
            self._encoded = encoded
            super().connectionMade()
