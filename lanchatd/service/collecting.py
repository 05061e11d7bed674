"""When Python looks for what holds each other and nothing else holds, and in how much of what there is.

It looks through everything that it has, and nothing else is done meanwhile: 355 ms with 10,000 members
(measured). But who is gone is freed without that, or by a look at what is new, as `tests/doors/test_freed.py`
shows. So it looks at what is new, a bounded lot of it; and at what was in use then not again, as long as
anybody is here.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import Service

from lanchatd.clock import Call

# Python counts what was made and is still there. Of so much it looks through what is youngest, and of so many
# times that through what has outlived one look: some 4,000 things. All of these are Python's own numbers.
YOUNGEST, YOUNG = 700, 5

# Of so many looks at the young it looks through what has outlived two of them: 8,000 things, in 5 ms.
LOOKS = 2

# By itself it shall not.
NEVER = 1_000_000_000

# How often it is seen whether nobody is here, so that it can look through everything.
EMPTY_EVERY_S = 600


class Collecting(Service):
    """Begins when everything is loaded, which stays until the end."""

    def __init__(self, reactor: Any, is_empty: Callable[[], bool]) -> None:
        """``is_empty`` says that nobody is connected."""
        self._reactor = reactor
        self._is_empty = is_empty
        self._thresholds = gc.get_threshold()
        self._look: Call | None = None
        self._next: Call
        self._passed_over = False  # whether there is anything but what was there at the start

    def privilegedStartService(self) -> None:
        super().privilegedStartService()  # type: ignore[no-untyped-call]
        gc.collect()  # before anybody can come, who would wait for it

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._next = self._reactor.callLater(0, self._begin)

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]
        self._next.cancel()
        if self._looked in gc.callbacks:
            gc.callbacks.remove(self._looked)
        if self._look is not None:
            self._look.cancel()
        gc.set_threshold(*self._thresholds)
        gc.unfreeze()

    def _begin(self) -> None:
        gc.set_threshold(YOUNGEST, YOUNG, NEVER)
        gc.callbacks.append(self._looked)
        gc.freeze()
        self._look_when_empty()

    def _looked(self, phase: str, details: Mapping[str, int]) -> None:
        """Python has looked, in the midst of something; what is in use between two turns is so for long."""
        if phase == "stop" and gc.get_count()[2] >= LOOKS and self._look is None:
            self._look = self._reactor.callLater(0, self._look_on)

    def _look_on(self) -> None:
        self._look = None
        gc.collect()
        gc.freeze()
        self._passed_over = True

    def _look_through_all(self) -> None:
        gc.unfreeze()
        gc.collect()
        gc.freeze()
        self._passed_over = False

    def _look_when_empty(self) -> None:
        if self._passed_over and self._is_empty():
            self._look_through_all()
        self._next = self._reactor.callLater(EMPTY_EVERY_S, self._look_when_empty)
