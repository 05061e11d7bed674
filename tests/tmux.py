"""A real terminal with a scrollback of its own: tmux, a server a window, with no settings of this machine."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.daemon import PATIENCE_S, wait_until

needs_tmux = pytest.mark.skipif(
    shutil.which("tmux") is None, reason="there is no tmux here (apt-get install tmux)"
)


class Window:
    """A window where a command runs."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def tmux(self, *arguments: str) -> str:
        """Run a command of tmux; what it prints."""
        done = subprocess.run(
            ["tmux", "-S", str(self._socket), "-f", "/dev/null", *arguments],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE_S,
        )
        return done.stdout

    @property
    def screen(self) -> list[str]:
        """The rows as they are shown, without the empty ones."""
        return [row for row in self.tmux("capture-pane", "-p").splitlines() if row.strip()]

    @property
    def scrollback(self) -> list[str]:
        """The rows that have scrolled away, the oldest first."""
        size = int(self.tmux("display-message", "-p", "#{history_size}"))
        return self.tmux("capture-pane", "-p", "-S", "-", "-E", "-1").splitlines()[:size] if size else []

    def sees(self, text: str) -> None:
        """Wait until a row of the screen holds a text."""
        wait_until(f"{text!r} is shown", lambda: any(text in row for row in self.screen))

    def types(self, *keys: str) -> None:
        """Press keys, by the names that tmux has for them."""
        for key in keys:
            self.tmux("send-keys", key)

    def resizes(self, columns: int, rows: int) -> None:
        """Make the window another size."""
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))


@contextmanager
def window(*command: str, home: Path) -> Iterator[Window]:
    """Run a command in a window of 80 columns and 24 rows, until the block ends."""
    folder = Path(mkdtemp())  # the name of a socket is short, and those of pytest's folders are not
    opened = Window(folder / "tmux")
    environment = {"HOME": str(home), "LOGNAME": "alice", "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": ""}
    settings = [part for name, value in environment.items() for part in ("-e", f"{name}={value}")]
    opened.tmux(
        "new-session", "-d", "-x", "80", "-y", "24", "-c", str(Path.cwd()), *settings, shlex.join(command)
    )
    try:
        yield opened
    finally:
        opened.tmux("kill-server")
        shutil.rmtree(folder)
