"""Answers that come later: something is done when it has been kept, and then whoever asked is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from lanchatd.chat.events import Told
from lanchatd.text.refused import Refused


class Later(Protocol):
    """What was begun. An `Event` is one: it is done when it has been fanned out."""

    @property
    def id(self) -> int:
        """Its place in a log, 0 if it has none."""
        ...

    def when_told(self, told: Told) -> None:
        """Call this once, when it is done (None), or with why it could not be."""
        ...


class Kept:
    """Something that is being kept. Implements `Later`."""

    id = 0

    def __init__(self) -> None:
        self._told: list[Told] = []
        self._settled = False
        self._refused: Refused | None = None

    def settle(self, refused: Refused | None) -> None:
        """It is kept, or this is why it is not."""
        self._settled, self._refused = True, refused
        told, self._told = self._told, []
        for call in told:
            call(refused)

    def when_told(self, told: Told) -> None:
        if self._settled:
            told(self._refused)
        else:
            self._told.append(told)

    def then(self, call: Callable[[], None]) -> Kept:
        """Call this when it is kept, before whoever asks from now on."""
        self.when_told(lambda refused: call() if refused is None else None)
        return self


def all_of(begun: Sequence[Later]) -> Kept:
    """Done when all of them are; refused with the first refusal, when the last one is told."""
    kept = Kept()
    refusals: list[Refused] = []
    waiting = len(begun)

    def told(refused: Refused | None) -> None:
        nonlocal waiting
        waiting -= 1
        if refused is not None:
            refusals.append(refused)
        if not waiting:
            kept.settle(refusals[0] if refusals else None)

    for later in begun:
        later.when_told(told)
    if not begun:
        kept.settle(None)
    return kept
