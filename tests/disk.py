"""A whole chat in memory, as in `tests.world`, whose log is a real file."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.task import Clock

from lanchatd.history.disk.room_log import DiskLog
from lanchatd.history.disk.store import DiskStore
from lanchatd.service.services import HistoryService
from tests.world import World

_T = TypeVar("_T")


class HeldWorker:
    """Does at once what it is asked, and answers at the end of the turn, or when the test lets it."""

    def __init__(self, clock: Clock) -> None:
        self.held = False
        self.stopped = False
        self.asked = 0  # how often
        self._clock = clock
        self._answers: deque[Callable[[], None]] = deque()

    def do(self, work: Callable[[], _T], answer: Callable[[_T | Exception], None]) -> None:
        assert not self.stopped
        self.asked += 1
        try:
            result: _T | Exception = work()
        except Exception as error:
            result = error
        self._answers.append(partial(answer, result))
        if not self.held:
            self._clock.callLater(0, self.lets_go)

    def answers(self) -> None:
        """Give the next answer."""
        self._answers.popleft()()

    def lets_go(self) -> None:
        """Give all the answers that are due."""
        while self._answers:
            self.answers()

    def stop(self, within_s: float) -> bool:
        self.stopped = True
        return True


class DiskWorld(World):
    """A world that keeps its log in a file. ``writer`` and ``reader`` are its threads."""

    def __init__(self, path: Path, after_s: float = 0, **limits: float) -> None:
        """``after_s`` is how long after the first world this one starts."""
        self.path = path
        self.workers: dict[str, HeldWorker] = {}
        self.warned: list[str] = []
        self._store: DiskStore | None = None
        super().__init__(self._log_of, (), None, **{"min_free_bytes": 1, **limits})
        self.jump_s = after_s
        self.at_shutdown: list[Callable[[], None]] = []
        reactor: Any = self.clock
        reactor.addSystemEventTrigger = lambda phase, event, call: self.at_shutdown.append(call)
        HistoryService(reactor, self.store, self.chat).startService()

    @property
    def store(self) -> DiskStore:
        if self._store is None:
            self._store = DiskStore(self.path, self.limits, self.clock, self.now, self._new_worker)
        return self._store

    def _log_of(self, room: str) -> DiskLog:
        return self.store.log_of(room)

    @property
    def writer(self) -> HeldWorker:
        return self.workers["log writes"]

    @property
    def reader(self) -> HeldWorker:
        return self.workers["log reads"]

    def _new_worker(self, name: str) -> HeldWorker:
        self.workers[name] = HeldWorker(self.clock)
        return self.workers[name]

    def restarts(self, after_s: float = 0, **limits: float) -> DiskWorld:
        """The daemon ends, and is started again so much later."""
        self.store.close()
        return DiskWorld(self.path, self.jump_s + self.clock.seconds() + after_s, **limits)
