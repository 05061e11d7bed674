"""Writes how far owners have read, every ten seconds if anybody has read on: never a commit for a line."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.logger import Logger

from lanchatd.chat.accounts.accounts import Accounts
from lanchatd.chat.accounts.rows import Change
from lanchatd.chat.answers import Answer
from lanchatd.clock import Call
from lanchatd.text.refused import Refused

# What a kill loses; one reads some lines again then.
EVERY_S = 10


class WrittenReadMarks(Service):
    """Begins when the accounts are loaded."""

    log = Logger("lanchatd")

    def __init__(self, reactor: Any, accounts: Accounts) -> None:
        self._reactor = reactor
        self._accounts = accounts
        self._writing = False
        self._next: Call

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._next = self._reactor.callLater(EVERY_S, self._look)

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]
        self._next.cancel()
        self._write()

    def _look(self) -> None:
        self._next = self._reactor.callLater(EVERY_S, self._look)
        if not self._writing:  # on a disk that hangs for long
            self._write()

    def _write(self) -> None:
        marks = self._accounts.read_marks
        if marks.change() == Change():
            return
        self._writing = True
        try:
            self._accounts.propose(marks.change).when_known(self._written)
        except Refused:  # too many others wait to be written
            self._writing = False

    def _written(self, done: Answer[Change]) -> None:
        self._writing = False
        if done.error is not None:
            self.log.warn("how far who has read is not written yet: {why}", why=str(done.error))
