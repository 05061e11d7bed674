"""Several daemons in memory as one chat, with their logs: the stream is in memory, the copies are real files.

several = LogWorlds(tmp_path)
here, there = several
alice, bob = here.join("alice"), there.join("bob")
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lanchatd.broker.connected import Opened
from lanchatd.broker.room_log import RoomLog
from lanchatd.broker.store import BrokerStore
from lanchatd.chat.chat import Chat
from lanchatd.service.broker import BrokerService
from tests.broker.memory_stream import MemoryStream
from tests.broker.several import Node, Several
from tests.disk import HeldWorker


class _Link:
    """The stream in memory, as the service begins and ends it."""

    def __init__(self, several: LogWorlds, stream: MemoryStream) -> None:
        self.stream = stream
        self._several = several
        self.watch = stream.watch

    def begin(self, opened: Callable[[Opened], int], unfit: Callable[[str], None]) -> str | None:
        self.stream.begins_after(opened(Opened(self._several.log, self._several.broker.last)))
        self.stream.begin()
        return None

    def end(self) -> None:
        self.stream.dies()


class _Served:
    """The people of a `Node`, who are served already."""

    def serve(self, chat: Chat) -> None: ...

    def advertise(self, here: Any) -> None: ...


class LogNode(Node):
    """One of them. ``path`` is where its copy is."""

    def __init__(self, several: LogWorlds, path: Path, **limits: float) -> None:
        self.path = path
        self.workers: dict[str, HeldWorker] = {}
        self._store: BrokerStore | None = None
        self.ready = 0
        super().__init__(several, new_log=self._log_of, **limits)  # type: ignore[arg-type]
        reactor: Any = self.clock
        reactor.addSystemEventTrigger = lambda *_: None
        reactor.callWhenRunning = lambda call: call()
        link: Any = _Link(several, self.stream)
        served: Any = _Served()
        self.service = BrokerService(
            reactor, link, self.store, served, self.chat, "nats://broker", lambda: None, self._is_ready
        )

    def _is_ready(self) -> None:
        self.ready += 1

    @property
    def store(self) -> BrokerStore:
        if self._store is None:
            self._store = BrokerStore(
                self.path, self.stream, self.limits, self.clock, self.now, self._new_worker
            )
        return self._store

    def _log_of(self, room: str) -> RoomLog:
        return self.store.log_of(room)

    def _new_worker(self, name: str) -> HeldWorker:
        self.workers[name] = HeldWorker(self.clock)
        return self.workers[name]

    def log(self, room: str = "#lobby") -> list[tuple[int, str, str, float]]:
        """What is in the log of a room here: id, nick, text and time."""
        log = self.chat.rooms[room].log
        read = log.read(0, log.newest, 1_000_000)
        self.settle()
        return [(event.id, event.nick, event.text, event.at) for event in read.result()]

    def dies(self) -> None:
        super().dies()
        self.store.close()


class LogWorlds(Several):
    """All of them."""

    def __init__(self, directory: Path, count: int = 2, **limits: float) -> None:
        self.directory = directory
        self.log = "9f3c"
        self._started = 0
        super().__init__(count, **limits)

    def add(self, name: str | None = None) -> LogNode:
        """One more daemon starts, with the copy of that name."""
        self._started += 1
        node = LogNode(
            self, self.directory / (name or f"copy{self._started}"), **{"min_free_bytes": 1, **self.limits}
        )
        self.nodes.append(node)
        node.service.startService()
        self.settle()
        return node
