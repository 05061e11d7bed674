"""Some who only want to talk, while others do what they can."""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.daemon import PATIENCE_S, Daemon, Peer

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
    """Say lines by turns, again and again; ``goes_on`` is asked with the seconds that have passed.

    All of them read all the time, or they would wait for what they have not read.
    """
    trips: list[float] = []
    began = time.monotonic()
    with selectors.DefaultSelector() as selector:
        for peer in peers:
            selector.register(peer.socket, selectors.EVENT_READ, peer)
        while goes_on(time.monotonic() - began):
            number = len(trips) % MANY
            said = time.monotonic()
            peers[number].types(f"~{said}")
            _read_on(selector, said + PATIENCE_S, peers[number], f"<victim{number}> ~{said}\n".encode())
            now = time.monotonic()
            trips.append((now - said) * 1e3)
            _read_on(selector, max(now, said + EVERY_S))
    trips.sort()
    return Trips(trips[len(trips) // 2], trips[min(len(trips) - 1, len(trips) * 99 // 100)], len(trips))


def _read_on(
    selector: selectors.DefaultSelector, end: float, who: Peer | None = None, line: bytes = b""
) -> None:
    """Read what all are told until then, or until one has read this line."""
    last = b""
    while (left_s := end - time.monotonic()) > 0:
        for key, _ in selector.select(left_s):
            came = key.data.reads_more()
            assert came, "closed"
            if key.data is who:
                last = last[-len(line) :] + came
                if line in last:
                    return
    assert who is None, f"{line!r} did not come back"
