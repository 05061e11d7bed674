"""What the fuzzer calls: bytes are lines of four people, and how they are cut."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogBeginner
from zope.interface import implementer

from tests.crowd import NICKS, Crowd, script

_logged: list[LogEvent] = []


@implementer(ILogObserver)
def _observe(event: LogEvent) -> None:
    if event.get("log_level") in (LogLevel.error, LogLevel.critical):
        _logged.append(event)


globalLogBeginner.beginLoggingTo([_observe], redirectStandardIO=False, discardBuffer=True)


def play(fuzzed: bytes) -> None:
    """Lines of up to 4 people. The first byte of each is who sends it, and whether it comes in two pieces."""
    crowd = Crowd()
    for line in fuzzed.split(b"\n"):
        who, pieces = line[:1] or b"0", line[1:] + b"\n"
        place = who[0] // len(NICKS) % len(pieces)
        crowd.sends(who[0] % len(NICKS), *filter(None, (pieces[:place], pieces[place:])))
    crowd.check()
    assert not _logged, _logged


def seeds() -> Iterator[bytes]:
    """What to begin with: the lines of the tests."""
    for seed in range(300):
        lines = script(Random(seed), 8)  # noqa: S311
        yield b"\n".join(bytes([48 + who]) + line for who, line in lines)
