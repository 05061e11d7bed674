"""twistd whose reactor is watched, for what nobody outside can see:  python watched.py TWISTD [ARGUMENT...]

On SIGUSR1 it prints the CPU time of its longest turn since the last time it was asked, and how many timers
wait. CPU time, as the time on the wall would count whatever else the machine does; the disk's thread has its
own. A turn is from one look at the timers to the next, with all that the sockets had in between.
"""

from __future__ import annotations

import runpy
import signal
import sys
import time
from typing import Any


def watch() -> None:
    from twisted.internet import reactor as installed  # noqa: PLC0415 - as twistd does, when it runs

    reactor: Any = installed
    run_timers = reactor.runUntilCurrent
    longest, began = 0.0, time.thread_time()

    def begin_turn() -> None:
        nonlocal longest, began
        now = time.thread_time()
        longest, began = max(longest, now - began), now
        run_timers()

    def tell(*_: object) -> None:
        nonlocal longest
        told = f"watched: {longest * 1e3:.2f} ms, {len(reactor.getDelayedCalls())} timers"
        print(told, file=sys.__stdout__, flush=True)  # twistd has made sys.stdout a part of its log
        longest = 0.0

    reactor.runUntilCurrent = begin_turn
    signal.signal(signal.SIGUSR1, tell)


if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    watch()
    runpy.run_path(sys.argv[0], run_name="__main__")
