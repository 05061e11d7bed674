"""The running daemon, as administrators ask of it: how it does, its limits, what was done, and its end."""

from __future__ import annotations

import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger

from lanchatd.clock import Call
from lanchatd.commands.report import At, Cell, Span, Table
from lanchatd.doors.connections import Connections
from lanchatd.service.figures import Collector
from lanchatd.state.audit import AuditLog
from lanchatd.text.refused import Refused

KIB = 1_024


class Running:
    """Implements `lanchatd.commands.administrators.Daemon`."""

    log = Logger("lanchatd")

    def __init__(
        self,
        reactor: Any,
        connections: Connections,
        audit: AuditLog,
        most_connections: int,
        limits_changed: Callable[[], None],
        collector: Collector,
    ) -> None:
        """``limits_changed`` is called when one has another value."""
        self.most_connections = most_connections
        self._reactor = reactor
        self._connections = connections
        self._audit = audit
        self._limits_changed = limits_changed
        self._collector = collector
        self._since = reactor.seconds()
        self._shutdown: Call | None = None

    def facts(self) -> dict[str, Cell]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        figures = self._collector.collect()
        log = "in memory" if figures.log_bytes is None else figures.log_trouble or "on disk"
        kib = {} if figures.log_bytes is None else {"log_kib": figures.log_bytes // KIB}
        pages = [one.page for one in self._connections.join.all() if one.page is not None]
        return {
            "up": Span(self._reactor.seconds() - self._since),
            "connections": figures.connections,
            "connections_made": figures.connections_made,
            "console_lockouts": figures.counts.console_lockouts,
            "page": ", ".join(pages) or None,
            "tls_key": self._connections.credentials.fingerprint,
            "memory_kib": _memory_kib(),
            "cpu": Span(round(used.ru_utime + used.ru_stime, 2)),
            "certificate_until": At(figures.certificate_until, full=True),
            "log": log,
            **kib,
        }

    def addresses(self) -> list[str]:
        return [way for one in self._connections.join.all() for way in one.all]

    def limits_changed(self) -> None:
        self._limits_changed()
        self.log.info("a limit was changed at the console")

    def recorded(self, count: int) -> Table:
        columns = ("at", "account", "key", "comment", "address", "what", "result")
        try:
            records = self._audit.last(count)
        except OSError as error:
            raise Refused("unreadable", f"The audit log can't be read: {error.strerror}.") from None
        rows = tuple(
            (
                At(record.at, full=True),
                record.account,
                record.fingerprint,
                record.comment,
                record.address,
                record.what,
                record.result,
            )
            for record in records
        )
        return Table("log", columns, rows, "Nothing was done here yet.")

    def shut_down_in(self, seconds: int, reason: str) -> None:
        if self._connections.shutting_down:
            raise Refused("shutdown", "The server is shutting down already.")
        if self._shutdown is not None:
            self._shutdown.cancel()
        self._shutdown = self._reactor.callLater(seconds, self._shut_down, reason)
        self.log.info("an administrator shuts down in {seconds} s", seconds=seconds)

    def _shut_down(self, reason: str) -> None:
        self._shutdown = None
        self._connections.shutdown_reason = reason
        try:
            self._reactor.stop()
        except ReactorNotRunning:  # a signal came first
            self.log.info("it is ending already")


def _memory_kib() -> int:
    """What the process holds in memory: now (Linux), or at most so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, IndexError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize() // KIB
