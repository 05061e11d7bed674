"""The real link to a real broker; its reactor is the test, which takes what comes when it looks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import chain
from queue import Empty, SimpleQueue

from twisted.internet.task import Clock

from lanchatd.broker.address import Address, address_from
from lanchatd.broker.connected import Opened
from lanchatd.broker.link import Link
from lanchatd.broker.stream import Message, Published
from tests.broker.server import PATIENCE_S


class Linked:
    """A daemon's link, and what came of it. ``after`` is what it says that it knows."""

    def __init__(self, url: str, after: int = 0, address: Address | None = None) -> None:
        self.came: list[Message] = []
        self.said: list[str | None] = []
        self.opened: list[Opened] = []
        self.unfit: list[str] = []
        self.answered: list[Published] = []
        self.heard: list[bytes] = []
        self._after = after
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.link = Link(address or address_from(url), Clock(), self._calls.put)
        self.link.watch(self.said.append)
        for subject in ("room.*", "people"):
            self.link.subscribe(subject, self.came.append)

    @property
    def bodies(self) -> list[str]:
        """What came, as text."""
        return [message.body.decode() for message in self.came]

    def begin(self) -> str | None:
        return self.link.begin(self._open, self.unfit.append)

    def _open(self, opened: Opened) -> int:
        self.opened.append(opened)
        return self._after if len(self.opened) == 1 else 0

    def publish(self, subject: str, body: str, expected: int | None = None, **headers: str) -> None:
        self.link.publish(subject, body.encode(), headers, expected, self.answered.append)

    @property
    def on_their_way(self) -> int:
        """How many messages wait to be taken."""
        calls: list[Callable[[], None]] = []
        while not self._calls.empty():
            calls.append(self._calls.get())
        for call in calls:
            self._calls.put(call)
        handed = chain.from_iterable(call.args[0] for call in calls if isinstance(call, partial))
        return sum(isinstance(one, Message) for one in handed)

    def until(self, what: str, true: Callable[[], bool]) -> None:
        """Take what comes until this is so."""
        end = time.monotonic() + PATIENCE_S
        while not true():
            try:
                self._calls.get(timeout=max(0, end - time.monotonic()))()
            except Empty:
                raise AssertionError(what) from None

    def has(self, count: int) -> None:
        """So many messages came."""
        self.until(f"{count} came", lambda: len(self.came) >= count)
        assert len(self.came) == count

    def is_up(self) -> None:
        self.until("it is up", lambda: self.link.up)

    def is_down(self) -> None:
        self.until("it is down", lambda: not self.link.up)


@contextmanager
def linked(url: str, after: int = 0, address: Address | None = None) -> Iterator[Linked]:
    """One that is up, until the block ends."""
    one = Linked(url, after, address)
    try:
        assert one.begin() is None
        one.is_up()
        yield one
    finally:
        one.link.end()
