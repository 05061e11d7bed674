"""The standard streams, where they are no terminal: read, written and watched by a thread each.

So files, pipes, /dev/null and devices are all the same: epoll takes no regular file, and O_NONBLOCK on a
standard stream would be set for every other process that shares it. Both directions are bounded by who uses
them: one chunk is read each time it is asked for, and what is not written yet is counted.
"""

from __future__ import annotations

import os
import select
import stat
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from lanchatd.client.sanitize import clean

CHUNK_BYTES = 16_384


def has_input(fd: int) -> bool:
    """Whether there may be something on it to say: not on a terminal, /dev/null, or what is closed."""
    try:
        status = os.fstat(fd)
    except OSError:
        return False
    if stat.S_ISCHR(status.st_mode):
        null = os.stat(os.devnull)  # noqa: PTH116
        return status.st_rdev != null.st_rdev and not os.isatty(fd)
    return not stat.S_ISDIR(status.st_mode)


class InputThread:
    """Reads one chunk each time it is asked; empty is the end of file."""

    def __init__(self, reactor: Any, fd: int, came: Callable[[bytes], None]) -> None:
        self._reactor = reactor
        self._fd = fd
        self._came = came
        self._asked = threading.Semaphore(0)
        threading.Thread(target=self._run, daemon=True).start()

    def ask(self) -> None:
        """Read the next chunk."""
        self._asked.release()

    def _run(self) -> None:
        chunk = b"?"
        while chunk:
            self._asked.acquire()
            try:
                chunk = os.read(self._fd, CHUNK_BYTES)
            except BlockingIOError:  # somebody else's O_NONBLOCK
                select.select([self._fd], [], [])
                self._asked.release()
                continue
            except OSError:
                chunk = b""
            self._reactor.callFromThread(self._came, chunk)


class OutputThread:
    """Writes in order. ``unwritten`` counts bytes; ``wrote`` is called as it falls.

    ``closed`` is called once if no more can be written, with the reason; a reader that is gone is none.
    """

    def __init__(
        self, reactor: Any, fd: int, wrote: Callable[[], None], closed: Callable[[str], None]
    ) -> None:
        self.unwritten = 0
        self._reactor = reactor
        self._fd = fd
        self._wrote = wrote
        self._closed = closed
        self._is_closed = False
        self._queue: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()
        threading.Thread(target=self._watch, daemon=True).start()

    def write(self, encoded: bytes) -> None:
        """Write it, after everything before."""
        if encoded and not self._is_closed:
            self.unwritten += len(encoded)
            self._queue.put(encoded)

    def _run(self) -> None:
        while True:
            encoded = self._queue.get()
            rest = memoryview(encoded)
            try:
                while rest:
                    try:
                        rest = rest[os.write(self._fd, rest) :]
                    except BlockingIOError:  # somebody else's O_NONBLOCK
                        select.select([], [self._fd], [])
            except OSError as error:
                quietly = isinstance(error, BrokenPipeError)
                self._reactor.callFromThread(self._close, "" if quietly else os.strerror(error.errno or 0))
                return
            self._reactor.callFromThread(self._written, len(encoded))

    def _watch(self) -> None:
        """`| head -1` closes the pipe; that shall be heard while there is nothing to write, too."""
        watch = select.poll()
        watch.register(self._fd, 0)
        if any(event & (select.POLLERR | select.POLLHUP) for _, event in watch.poll()):
            self._reactor.callFromThread(self._close, "")

    def _written(self, size: int) -> None:
        self.unwritten -= size
        self._wrote()

    def _close(self, why: str) -> None:
        if not self._is_closed:
            self._is_closed = True
            self.unwritten = 0
            self._closed(why)


def complainer(fd: int) -> Callable[[str], None]:
    """Prints a line on a standard error that may be closed."""

    def complain(text: str) -> None:
        line = clean(text).encode(errors="replace")
        with suppress(OSError):
            os.write(fd, b"lanchat-client: " + line + b"\n")

    return complain
