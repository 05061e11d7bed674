"""The file of the daemon's log, which somebody may move away: ``twistd --logfile``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.logger import ILogObserver, textFileLogObserver
from twisted.python.logfile import LogFile

from lanchatd.state.files import StateError


class MovableLog:
    """The file that twistd would open by itself, and then never again."""

    def __init__(self, path: str) -> None:
        self._file = LogFile.fromFullPath(path)
        self.observer: ILogObserver = textFileLogObserver(self._file)

    def reopen(self) -> None:
        """After it was renamed: go on in a new file. Raises `StateError`, and goes on in the old one then."""
        path = Path(self._file.path)
        try:
            path.open("ab").close()
        except OSError as error:
            raise StateError(f"can't write to {path}: {error.strerror}") from None
        self._file.reopen()

    def rotate(self) -> None:
        """As twistd does when it is asked by a signal."""
        self._file.rotate()


def log_of(twistd: Mapping[str, Any] | None) -> MovableLog | None:
    """The file that these options of twistd ask for; None if the log goes somewhere else."""
    if twistd is None or twistd["logger"] or twistd["syslog"]:
        return None
    name = twistd["logfile"] or ("-" if twistd["nodaemon"] else "twistd.log")
    return None if name == "-" else MovableLog(name)
