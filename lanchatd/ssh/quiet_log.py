"""Conch's own log, with nothing in it but what must not happen.

It tells of each message, and as an error of what a peer did; the console's own lines say what matters.
"""

from __future__ import annotations

from twisted.logger import FilteringLogObserver, Logger, LogLevel, LogLevelFilterPredicate, globalLogPublisher

QUIET = Logger(
    observer=FilteringLogObserver(
        globalLogPublisher,
        [LogLevelFilterPredicate(LogLevel.critical)],
    )
)
"""Instead of the ``_log`` of Conch's classes; only exceptions come through."""
