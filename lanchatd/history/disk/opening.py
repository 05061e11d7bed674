"""What is done with the file at start: made, brought up to date, or set aside if it is damaged."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

from lanchatd.history.disk import wal
from lanchatd.history.disk.schema import APPLICATION_ID, MIGRATIONS, NEW_NAME
from lanchatd.state.files import StateError, refuse_unless_own, refuse_unless_plain

# How long a commit waits for another program that writes to the file, such as the one that prunes it.
BUSY_S = 5

# What SQLite says of a file that is not whole.
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

# The parts of an SQLite file, by what is behind its name.
PARTS = ("", "-wal", "-shm")

Warn = Callable[[str], None]
"""Told in one sentence what was found wrong."""


class _Damaged(Exception):
    """The file can't be used."""


def connect(path: Path, read_only: bool = False) -> sqlite3.Connection:
    """A connection for one thread at a time. Raises sqlite3.Error, and `StateError` if a part is no file."""
    for part in PARTS:
        refuse_unless_plain(Path(f"{path}{part}"))  # SQLite would wait for a pipe
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    # Every commit waits until the disk has it: in WAL mode that is FULL (https://sqlite.org/pragma.html).
    connection.execute("PRAGMA synchronous = FULL")
    # What goes is overwritten, which many builds of SQLite do anyway, and others don't.
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute(f"PRAGMA query_only = {int(read_only)}")
    return connection


def open_log(
    path: Path, warn: Warn, migrations: Sequence[str] = MIGRATIONS
) -> tuple[sqlite3.Connection, str]:
    """The connection to write by, and the log's name. The file is made if there is none.

    One that is damaged is set aside under a dated name, and a fresh one begun. Raises `StateError`.
    """
    for part in PARTS:
        refuse_unless_own(Path(f"{path}{part}"))
    try:
        cut_short = wal.is_damaged(Path(f"{path}-wal"))
        aside = set_aside(path, copy=True) if cut_short else None
        try:
            connection = _opened(path, migrations)
        except _Damaged as error:
            aside, cut_short = set_aside(path), False
            warn(f"THE LOG IS DAMAGED ({error}): it is kept as {aside}, and a fresh one is begun")
            connection = _opened(path, migrations)
        if cut_short:
            # What can be read goes on, but ids that somebody saw may be given again: under another name.
            connection.execute(NEW_NAME)
            warn(f"THE END OF THE LOG IS DAMAGED: as it was it is kept as {aside}; some lines are lost")
        (name,) = connection.execute("SELECT name FROM log").fetchone()
    except sqlite3.Error as error:
        raise StateError(f"{path}: {error}") from None
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from None
    return connection, name


def set_aside(path: Path, copy: bool = False) -> Path:
    """Give the file with its parts another, dated name; or to a copy of it. Raises OSError."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.damaged-{stamp}-{secrets.token_hex(2)}")
    for part in PARTS:
        old, new = Path(f"{path}{part}"), Path(f"{aside}{part}")
        if not old.exists():
            continue
        if copy:
            _make_empty(new)
            shutil.copyfile(old, new)
        else:
            old.rename(new)
    return aside


def _opened(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """Raises `_Damaged`, `StateError`, sqlite3.Error and OSError."""
    _make_empty(path)  # with its mode, which SQLite gives the other parts too
    with ExitStack() as undo:
        try:
            connection = undo.enter_context(closing(connect(path)))
            _bring_up_to_date(connection, path, migrations)
            (damage,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
                raise _Damaged(str(error)) from None
            raise
        if damage != "ok":
            raise _Damaged(damage.replace("\n", " "))
        undo.pop_all()
        return connection


def _make_empty(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _bring_up_to_date(connection: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise StateError(f"{path} is no log of lanchatd")
    if version > len(migrations):
        raise StateError(f"{path} was written by a newer lanchatd: use that one, or another --state-dir")
    connection.execute("PRAGMA journal_mode = WAL")
    if 0 < version < len(migrations):
        back_up(connection, path.with_name(f"{path.name}.version-{version}"))
    for number in range(version, len(migrations)):
        connection.executescript(
            f"BEGIN IMMEDIATE; {migrations[number]};"
            f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {number + 1}; COMMIT;"
        )


def back_up(connection: sqlite3.Connection, path: Path) -> None:
    """Copy the whole file, as it is now, while others write to it. Raises sqlite3.Error and OSError."""
    unfinished = path.with_name(f".{path.name}.lanchatd-new")
    unfinished.unlink(missing_ok=True)
    _make_empty(unfinished)
    with closing(sqlite3.connect(unfinished)) as copy:
        connection.backup(copy)  # all at once: page by page it would begin anew with each commit
    unfinished.rename(path)
