"""Python looks through what is new, and never through all that there is while anybody is here."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from weakref import ref

import pytest
from twisted.internet.task import Clock

from lanchatd.service.collecting import EMPTY_EVERY_S, LOOKS, Collecting


class Thing:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.itself = self


class Looks:
    """The service, and how often Python has looked through all that it counts, and at how much."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.is_empty = False
        self.sizes: list[int] = []
        self.service = Collecting(self.clock, lambda: self.is_empty)
        self.service.startService()
        self.clock.advance(0)
        gc.callbacks.append(self._looked)

    def _looked(self, phase: str, details: dict[str, int]) -> None:
        if phase == "start" and details["generation"] == 2:
            self.sizes.append(sum(len(gc.get_objects(generation)) for generation in range(3)))

    def stop(self) -> None:
        gc.callbacks.remove(self._looked)
        self.service.stopService()


@pytest.fixture
def looks() -> Iterator[Looks]:
    looks = Looks()
    yield looks
    looks.stop()


def test_what_is_new_is_looked_at_once(looks: Looks) -> None:
    """However much there is: members that stay are looked at when they came, some at a time."""
    stay: list[list[Thing]] = []
    for _ in range(100):
        stay += [[Thing()] for _ in range(2_000)]
        looks.clock.advance(0)
    assert len(stay) == 200_000
    assert len(looks.sizes) > 10
    assert max(looks.sizes) < 20_000


def test_what_holds_itself_is_freed_soon(looks: Looks) -> None:
    """When as much has come as is looked at."""
    gone = [Thing() for _ in range(50)]
    parts = [ref(thing) for thing in gone]
    del gone
    stay: list[list[int]] = []
    for _ in range(10):
        stay += [[] for _ in range(2_000)]
        looks.clock.advance(0)
    assert [part() for part in parts] == [None] * 50


def test_everything_is_looked_through_when_nobody_is_here(looks: Looks) -> None:
    """What was in use and holds itself by now is freed then at the latest."""
    thing = Thing()
    part = ref(thing)
    stay: list[list[int]] = []
    while not looks.sizes:
        stay += [[] for _ in range(2_000)]
        looks.clock.advance(0)
    del thing
    gc.collect()
    assert part() is not None
    looks.clock.advance(EMPTY_EVERY_S)
    assert part() is not None
    looks.is_empty = True
    looks.clock.advance(EMPTY_EVERY_S)
    assert part() is None
    looks.sizes.clear()
    looks.clock.advance(EMPTY_EVERY_S)
    assert looks.sizes == []  # there is nothing new


def test_it_leaves_python_as_it_was() -> None:
    before = gc.get_threshold(), len(gc.callbacks)
    service = Collecting(Clock(), lambda: True)
    service.startService()
    service.stopService()
    looks = Looks()
    stay: list[list[int]] = []
    while gc.get_count()[2] < LOOKS:
        stay += [[] for _ in range(2_000)]
    looks.stop()
    looks.clock.advance(EMPTY_EVERY_S)
    assert (gc.get_threshold(), len(gc.callbacks)) == before
    assert gc.get_freeze_count() == 0
