"""Files of SQLite in the state directory: opened, brought up to date, and copied."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

from lanchatd.state.files import StateError, refuse_unless_own, refuse_unless_plain

# How long a commit waits for another program that writes to the file, such as the one that prunes it.
BUSY_S = 5

# What SQLite says of a file that is not whole.
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

# The parts of an SQLite file, by what is behind its name.
PARTS = ("", "-wal", "-shm")


class Damaged(Exception):
    """The file can't be used."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a file is called in a sentence, the number that says that it is one, and its ``migrations``.

    Each takes a file one version on, from an empty one to today's; a released one is never changed.
    """

    what: str
    application_id: int
    migrations: Sequence[str]


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


def refuse_foreign_parts(path: Path) -> None:
    """Raises `StateError` if a part of the file is a link, no file, or another user's."""
    for part in PARTS:
        refuse_unless_own(Path(f"{path}{part}"))


def open_whole(path: Path, schema: Schema) -> sqlite3.Connection:
    """The connection to write by, of a file that is whole and of today's version; made if there is none.

    Raises `Damaged`, `StateError`, sqlite3.Error and OSError.
    """
    make_empty(path)  # with its mode, which SQLite gives the other parts too
    with ExitStack() as undo:
        try:
            connection = undo.enter_context(closing(connect(path)))
            _bring_up_to_date(connection, path, schema)
            (damage,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.DatabaseError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGED:
                raise Damaged(str(error)) from None
            raise
        if damage != "ok":
            raise Damaged(damage.replace("\n", " "))
        undo.pop_all()
        return connection


def make_empty(path: Path) -> None:
    """Make a file for its owner alone, if it is not there. Raises OSError."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _bring_up_to_date(connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != schema.application_id:
        raise StateError(f"{path} is no {schema.what} of lanchatd")
    if version > len(schema.migrations):
        raise StateError(f"{path} was written by a newer lanchatd: use that one, or another --state-dir")
    connection.execute("PRAGMA journal_mode = WAL")
    if 0 < version < len(schema.migrations):
        back_up(connection, path.with_name(f"{path.name}.version-{version}"))
    for number in range(version, len(schema.migrations)):
        connection.executescript(
            f"BEGIN IMMEDIATE; {schema.migrations[number]};"
            f"PRAGMA application_id = {schema.application_id}; PRAGMA user_version = {number + 1}; COMMIT;"
        )


def back_up(connection: sqlite3.Connection, path: Path) -> None:
    """Copy the whole file, as it is now, while others write to it. Raises sqlite3.Error and OSError."""
    unfinished = path.with_name(f".{path.name}.lanchatd-new")
    unfinished.unlink(missing_ok=True)
    make_empty(unfinished)
    with closing(sqlite3.connect(unfinished)) as copy:
        connection.backup(copy)  # all at once: page by page it would begin anew with each commit
    unfinished.rename(path)


# What SQLite's own words for it would not tell everybody.
_WHY = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk fails",
    sqlite3.SQLITE_READONLY: "it can only be read",
    sqlite3.SQLITE_BUSY: "another program is writing to it",
    sqlite3.SQLITE_CORRUPT: "it is damaged",
    sqlite3.SQLITE_NOTADB: "it is damaged",
}


def why_not(error: Exception) -> str:
    """Why something could not be written or read, as it ends a sentence."""
    if isinstance(error, OSError):  # whose own text has the path, which is nobody's business
        return "its file is gone" if isinstance(error, FileNotFoundError) else error.strerror or "it fails"
    code = getattr(error, "sqlite_errorcode", 0)
    return _WHY.get(code & 0xFF, str(error))
