"""How the daemon is, in numbers: collected here for the console, for the service manager and for metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lanchatd.chat.counts import Counts
from lanchatd.chat.figures import Figures, figures_of
from lanchatd.doors.connections import Connections


class Kept(Protocol):
    """Where the log is."""

    @property
    def trouble(self) -> str | None:
        """Why lines are refused, None while they are not."""
        ...

    def size_bytes(self) -> int:
        """Of its files."""
        ...


@dataclass(frozen=True, slots=True)
class DaemonFigures:
    """``log_trouble`` is why lines are refused, None while they are not; ``log_bytes`` None in memory.

    ``certificate_until`` is seconds since the epoch.
    """

    chat: Figures
    counts: Counts
    log_trouble: str | None
    log_bytes: int | None
    connections: int
    connections_made: int
    certificate_until: float


class Collector:
    """Looks where the numbers are."""

    def __init__(self, connections: Connections, store: Kept | None) -> None:
        """Without a ``store`` the log is in memory."""
        self._connections = connections
        self._store = store

    def collect(self) -> DaemonFigures:
        """All of them, as they are now."""
        connections, store = self._connections, self._store
        return DaemonFigures(
            chat=figures_of(connections.chat),
            counts=connections.chat.counts,
            log_trouble=None if store is None else store.trouble,
            log_bytes=None if store is None else store.size_bytes(),
            connections=len(connections.open),
            connections_made=connections.made,
            certificate_until=connections.credentials.until,
        )

    def status(self) -> str:
        """In a line, for ``systemctl status``: asked every two seconds, so it looks at no session."""
        chat, trouble = self._connections.chat, None if self._store is None else self._store.trouble
        said, told = chat.lines_said, chat.counts.deliveries.total()
        why = "" if trouble is None else f"; lines are refused: {trouble}"
        return f"{chat.summary()}; {said:,} said, {told:,} delivered{why}"
