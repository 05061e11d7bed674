"""What is done with the file at start: made, brought up to date, or set aside if it is damaged."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from lanchatd.disk import wal
from lanchatd.disk.schema import APPLICATION_ID, MIGRATIONS, VERSION
from lanchatd.state import StateError

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
    """A connection for one thread at a time. Raises sqlite3.Error."""
    connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        # Every commit waits until the disk has it: in WAL mode that is FULL (https://sqlite.org/pragma.html).
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA query_only = {int(read_only)}")
    except BaseException:
        connection.close()
        raise
    return connection


def open_log(path: Path, warn: Warn) -> tuple[sqlite3.Connection, str]:
    """The connection to write by, and the log's name. The file is made if there is none.

    One that is damaged is set aside under a dated name, and a fresh one begun. Raises `StateError`.
    """
    try:
        lost = _lost_commits(path)
        try:
            connection = _opened(path)
        except _Damaged as error:
            aside = set_aside(path, "damaged")
            warn(f"THE LOG IS DAMAGED ({error}): it is kept as {aside}, and a fresh one is begun")
            connection = _opened(path)
            lost = None
        if lost is not None:
            # What can be read goes on, but ids that somebody saw may be given again: under another name.
            connection.execute("UPDATE log SET name = ?", (new_name(),))
            warn(
                f"THE LATEST PART OF THE LOG IS DAMAGED: as it was it is kept as {lost}; some lines are lost"
            )
        (name,) = connection.execute("SELECT name FROM log").fetchone()
    except sqlite3.Error as error:
        raise StateError(f"{path}: {error}") from None
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from None
    return connection, name


def new_name() -> str:
    """A name for a log that no other one has."""
    return secrets.token_hex(4)


def set_aside(path: Path, why: str, copy: bool = False) -> Path:
    """Give the file with its parts another, dated name; or to a copy of it. Raises OSError."""
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    aside = path.with_name(f"{path.name}.{why}-{stamp}-{secrets.token_hex(2)}")
    for part in PARTS:
        old, new = Path(f"{path}{part}"), Path(f"{aside}{part}")
        if not old.exists():
            continue
        if copy:
            _make_empty(new)
            new.write_bytes(old.read_bytes())
        else:
            old.rename(new)
    return aside


def _lost_commits(path: Path) -> Path | None:
    """Where the file was copied to, if what SQLite would leave out of it in silence is damage."""
    if wal.is_damaged(Path(f"{path}-wal")):
        return set_aside(path, "damaged", copy=True)
    return None


def _opened(path: Path) -> sqlite3.Connection:
    """Raises `_Damaged`, `StateError`, sqlite3.Error and OSError."""
    _make_empty(path)  # with its mode, which SQLite gives the other parts too
    connection = connect(path)
    try:
        _bring_up_to_date(connection, path)
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if damage != "ok":
            raise _Damaged(damage.replace("\n", " "))
    except sqlite3.DatabaseError as error:
        connection.close()
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
            raise _Damaged(str(error)) from None
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def _make_empty(path: Path) -> None:
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        raise StateError(f"{path} is no log of lanchatd")
    if version > VERSION:
        raise StateError(f"{path} was written by a newer lanchatd: use that one, or another --state-dir")
    connection.execute("PRAGMA journal_mode = WAL")
    if 0 < version < VERSION:
        back_up(connection, path.with_name(f"{path.name}.version-{version}"))
    for number in range(version, VERSION):
        _migrate(connection, MIGRATIONS[number], number + 1)
    if version == 0:
        connection.execute("INSERT INTO log (name) VALUES (?)", (new_name(),))


def _migrate(connection: sqlite3.Connection, statements: str, version: int) -> None:
    connection.executescript(
        f"BEGIN IMMEDIATE; {statements};"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}; COMMIT;"
    )


def back_up(connection: sqlite3.Connection, path: Path) -> None:
    """Copy the whole file, as it is now, while others write to it. Raises sqlite3.Error and OSError."""
    unfinished = path.with_name(f".{path.name}.lanchatd-new")
    unfinished.unlink(missing_ok=True)
    _make_empty(unfinished)
    with closing(sqlite3.connect(unfinished)) as copy:
        connection.backup(copy)  # all at once: page by page it would begin anew with each commit
    unfinished.rename(path)
