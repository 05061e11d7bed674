"""Some who only want to talk, while others do what they can."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.daemon import Daemon, Peer

# What is bearable: of somebody's own lines, until they come back, on a machine with nothing else to do.
MEDIAN_MS = 5
P99_MS = 50

MANY = 10
EVERY_S = 0.025  # within the rate of each


@dataclass(frozen=True)
class Trips:
    """How long somebody's own lines took to come back, in ms."""

    median: float
    p99: float
    count: int

    def are_bearable(self, alone: Trips) -> bool:
        """Within the bounds, and what the machine has to do besides: it was measured alone as well."""
        return self.median <= MEDIAN_MS + 2 * alone.median and self.p99 <= P99_MS + 2 * alone.p99


@contextmanager
def victims(chat: Daemon) -> Iterator[list[Peer]]:
    """So many that together they may say a line every `EVERY_S`, who have joined."""
    with ExitStack() as stack:
        yield [stack.enter_context(chat.join(f"victim{number}")) for number in range(MANY)]


def talk(peers: list[Peer], goes_on: Callable[[float], bool]) -> Trips:
    """Say lines by turns, again and again; ``goes_on`` is asked with the seconds that have passed."""
    trips: list[float] = []
    began = time.monotonic()
    while goes_on(time.monotonic() - began):
        number = len(trips) % MANY
        said = time.monotonic()
        peers[number].types(f"~{said}")
        peers[number].reads_until(f"<victim{number}> ~{said}")
        trips.append((time.monotonic() - said) * 1e3)
        time.sleep(max(0, said + EVERY_S - time.monotonic()))
    trips.sort()
    return Trips(trips[len(trips) // 2], trips[min(len(trips) - 1, len(trips) * 99 // 100)], len(trips))
