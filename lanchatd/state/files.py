"""Files that are the daemon's own, or secrets that it was given: opened so that they are what they seem."""

from __future__ import annotations

import errno
import os
import pwd
import stat
from collections.abc import Collection
from pathlib import Path


class StateError(Exception):
    """The daemon can't start so; the text is one sentence for who starts it."""


def open_own(path: Path, flags: int) -> int:
    """Open a file of the state directory, and make it for its owner alone if ``flags`` say so.

    Raises OSError, and `StateError` if it is a link, a pipe or of another user: nothing is written to it
    then, and nobody waits for it.
    """
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        if error.errno == errno.ELOOP and path.is_symlink():
            raise StateError(_is_a_link(path)) from None
        raise
    try:
        refuse_foreign(path, os.fstat(descriptor))
    except StateError:
        os.close(descriptor)
        raise
    return descriptor


def refuse_unless_own(path: Path) -> None:
    """The same for a file that somebody else is to open, if it is there. Raises `StateError`."""
    refuse_unless_plain(path)
    if path.exists():
        refuse_foreign(path, path.stat())


def refuse_unless_plain(path: Path) -> None:
    """Raises `StateError` if it is a link, a pipe or anything else that is no file; it need not be there."""
    if path.is_symlink():
        raise StateError(_is_a_link(path))
    if path.exists() and not (path.is_file() or path.is_dir()):  # a directory can't be opened so
        raise StateError(f"{path} is not a file")


def refuse_foreign(path: Path, status: os.stat_result, also: Collection[int] = ()) -> None:
    """Raises `StateError` if it is no file or directory of this user; or of one of those users."""
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise StateError(f"{path} is not a file")
    if status.st_uid not in (os.geteuid(), *also):
        try:
            owner = pwd.getpwuid(status.st_uid).pw_name
        except KeyError:
            owner = str(status.st_uid)
        raise StateError(f"{path} belongs to another user, {owner}: chown it")


def _is_a_link(path: Path) -> str:
    return f"{path} is a symbolic link: put the file itself there"
