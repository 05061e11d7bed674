"""What every test gets: a look for what it left behind, in the reactor and in the log."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings
from twisted.internet import reactor
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from zope.interface import implementer

from tests.world import World

# In CI the generated examples are the same each time: whether a change lands is no matter of luck.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_collection_finish() -> None:
    """The modules and 8,000 tests are there until the end: nothing is looked for among them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def logged_errors() -> Iterator[list[str]]:
    """An exception that Twisted only logs fails the test that it happened in.

    A test in which something has to be logged looks at it here, and clears it.
    """
    errors: list[str] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        if event.get("log_level") in (LogLevel.error, LogLevel.critical):
            failure: Any = event.get("log_failure")
            errors.append(failure.getTraceback() if failure else formatEvent(event))

    globalLogPublisher.addObserver(observe)
    yield errors
    globalLogPublisher.removeObserver(observe)
    assert not errors, "\n".join(errors)


@pytest.fixture(autouse=True)
def _no_timer_left() -> Iterator[None]:
    """A timer left in the reactor belongs to something that was not closed."""
    before = set(reactor.getDelayedCalls())
    yield
    left = [call for call in reactor.getDelayedCalls() if call not in before]
    assert not left, left


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Local times are UTC, wherever the test runs."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def world() -> World:
    """A daemon in memory, with limits that a story does not run into."""
    return World()
