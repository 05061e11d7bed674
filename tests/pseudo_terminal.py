"""A person at a terminal: the real client in a real pseudo-terminal, read as a terminal emulator shows it."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyte

from tests.daemon import PATIENCE_S, Daemon
from tests.preloaded import CLIENT, Forked


def at(chat: Daemon, *more: str) -> tuple[str, ...]:
    """The arguments to join a daemon, by the key that it says it has: no question is asked."""
    return ("127.0.0.1", str(chat.port), "--fingerprint", key_of(chat), *more)


def key_of(chat: Daemon) -> str:
    """The fingerprint of its key, from its log."""
    return chat.logged(r"(sha256:[A-Za-z0-9+/]{43})")[1]


class Seat:
    """Somebody at a terminal where the client runs."""

    def __init__(
        self,
        process: subprocess.Popen[bytes] | Forked,
        master: int,
        slave: int,
        size: tuple[int, int],
        settings_before: list[Any],
    ) -> None:
        self.process = process
        self.settings_before = settings_before
        self.raw = b""
        self.columns, self.rows = size
        self._master = master
        self._slave = slave
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                came = os.read(self._master, 65_536)
            except OSError:  # the last one to hold the other side has closed it
                return
            if not came:
                return
            with self._more:
                self.raw += came
                self._stream.feed(came)
                self._more.notify_all()

    @property
    def screen(self) -> list[str]:
        """The rows as they are shown, without the empty ones."""
        return [row.rstrip() for row in self._screen.display if row.strip()]

    @property
    def typed_row(self) -> str:
        """The row that the cursor is in."""
        return self._screen.display[self._screen.cursor.y].rstrip()

    @property
    def column(self) -> int:
        """The column of the cursor."""
        return int(self._screen.cursor.x)

    @property
    def row(self) -> int:
        """The row of the cursor."""
        return int(self._screen.cursor.y)

    def cells(self) -> Iterator[tuple[int, Any]]:
        """The rows with their characters as pyte has them: by column, with colours."""
        return ((y, self._screen.buffer[y]) for y in range(self._screen.lines))

    def sees(self, true: Callable[[Seat], Any]) -> None:
        """Wait until the screen is so."""
        with self._more:
            assert self._more.wait_for(lambda: true(self), PATIENCE_S), "\n".join(self._screen.display)

    def sees_line(self, text: str) -> None:
        """Wait until a row of the screen holds a text."""
        self.sees(lambda seat: any(text in row for row in seat.screen))

    def types(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def resizes(self, columns: int, rows: int) -> None:
        """Make the window another size."""
        with self._more:
            self._screen.resize(rows, columns)
            set_size(self._slave, columns, rows)

    def settings(self) -> list[Any]:
        """How the terminal is set."""
        return termios.tcgetattr(self._slave)

    def ends(self) -> int:
        """Wait until the client has ended; its exit code."""
        return self.process.wait(PATIENCE_S)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._slave)
        self._reader.join(PATIENCE_S)
        os.close(self._master)


def set_size(descriptor: int, columns: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


@contextmanager
def seat(
    *arguments: str,
    home: Path,
    size: tuple[int, int] = (80, 24),
    command: tuple[str, ...] = CLIENT,
    **environment: str,
) -> Iterator[Seat]:
    """Run the client in a new terminal, until the block ends."""
    master, slave = pty.openpty()
    set_size(slave, *size)
    settings_before = termios.tcgetattr(slave)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in ("NO_COLOR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "SSL_CERT_FILE")
    }
    variables = inherited | {"TERM": "xterm-256color", "HOME": str(home), "LOGNAME": "alice"} | environment
    process: subprocess.Popen[bytes] | Forked
    # The terminal has to be the one that its session is controlled from, to be told of a new size.
    if command == CLIENT:
        process = Forked(
            [*command, *arguments], stdin=slave, stdout=slave, stderr=slave, env=variables, terminal=True
        )
    else:
        process = subprocess.Popen(
            [*command, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=variables,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
    somebody = Seat(process, master, slave, size, settings_before)
    try:
        yield somebody
    finally:
        somebody.close()
