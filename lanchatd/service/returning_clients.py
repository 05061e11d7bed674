"""Keeps what IRC clients had from one run to the next: each window that stayed open goes on where it was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.logger import Logger

from lanchatd.doors.irc.returning import Returning
from lanchatd.state.directory import read_own, write_safely
from lanchatd.state.files import StateError
from lanchatd.state.worker import ThreadWorker

# `returning.MOST_ROOMS` of as many clients, with the longest names, are half of it.
LARGEST_BYTES = 67_108_864
# A daemon whose disk hangs ends all the same.
WRITTEN_WITHIN_S = 2


class ReturningClients(Service):
    """It is written when the daemon ends in good order, and the file is there only until the next start.

    What a killed one left would be of the run before: clients would be told again what they have read since.
    """

    log = Logger("lanchatd")

    def __init__(self, reactor: Any, path: Path, returning: Returning, now: Callable[[], float]) -> None:
        """``now`` tells seconds since the epoch."""
        self._reactor = reactor
        self._path = path
        self._returning = returning
        self._now = now

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        try:
            self._returning.load(read_own(self._path, LARGEST_BYTES)[0], self._now())
        except FileNotFoundError:
            pass
        except (OSError, StateError, ValueError) as error:
            self._warn("read", error)
        else:
            # Not before: a start that fails leaves it to the next one.
            self._reactor.callWhenRunning(self._remove)
        # When all services have stopped: then every client is gone.
        self._reactor.addSystemEventTrigger("during", "shutdown", self._write)

    def _remove(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            self._warn("removed", error)

    def _write(self) -> None:
        document = self._returning.document(self._now())
        if not document:
            return
        results: list[Exception | None] = []
        worker = ThreadWorker("what IRC clients had", lambda answer: answer())
        worker.do(partial(write_safely, self._path, document), results.append)
        if not worker.stop(WRITTEN_WITHIN_S):
            self._warn("written", "the disk does not answer")
        elif results[0] is not None:
            self._warn("written", results[0])

    def _warn(self, done: str, why: object) -> None:
        text = "what IRC clients have read can't be {done}: {path}: {why}"
        self.log.warn(text, done=done, path=str(self._path), why=getattr(why, "strerror", None) or str(why))
