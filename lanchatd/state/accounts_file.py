"""The file of accounts. All of it is in memory too; here it is read at the start, and each change is written.

A damaged file keeps the daemon from starting: a fresh one would give all nicks away.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from sys import intern

from lanchatd.chat.accounts.rows import Account, Change, Code, Device, Held, ReadMark, Row
from lanchatd.chat.answers import Answer
from lanchatd.state import wal
from lanchatd.state.database import PARTS, Damaged, Schema, open_whole, refuse_foreign_parts, why_not
from lanchatd.state.files import StateError
from lanchatd.state.worker import Worker
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

ACCOUNTS = "accounts.sqlite"

# How long it is waited for the disk, when the daemon ends.
CLOSES_WITHIN_S = 2

# Moments are seconds since the epoch. With AUTOINCREMENT a number is given once, and never again.
SCHEMA = Schema(
    "file of accounts",
    0x6C61_6E61,  # "lana"
    (
        """
        CREATE TABLE account (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL UNIQUE,
            shown TEXT NOT NULL,
            made_at REAL NOT NULL,
            seen_at REAL NOT NULL,
            made_by TEXT NOT NULL,
            password TEXT
        );
        CREATE TABLE device (
            account INTEGER NOT NULL REFERENCES account,
            kind TEXT NOT NULL,
            print TEXT NOT NULL,
            name TEXT NOT NULL,
            made_at REAL NOT NULL,
            seen_at REAL NOT NULL,
            PRIMARY KEY (kind, print)
        );
        CREATE TABLE code (
            hash TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            account INTEGER REFERENCES account,
            uses INTEGER NOT NULL,
            until REAL NOT NULL,
            made_by TEXT NOT NULL
        );
        CREATE TABLE held (key TEXT PRIMARY KEY, shown TEXT NOT NULL, until REAL, account INTEGER);
        """,
        """
        CREATE TABLE read (
            account INTEGER NOT NULL REFERENCES account,
            room TEXT NOT NULL,
            log TEXT NOT NULL,
            id INTEGER NOT NULL,
            PRIMARY KEY (account, room)
        ) WITHOUT ROWID;
        """,
    ),
)

_PUT_ACCOUNT = """
    INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET
        key = excluded.key, shown = excluded.shown, seen_at = excluded.seen_at, password = excluded.password
"""
_PUT_DEVICE = """
    INSERT INTO device VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (kind, print) DO UPDATE SET
        name = excluded.name, seen_at = excluded.seen_at
"""
_PUT_CODE = "INSERT INTO code VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET uses = excluded.uses"
_PUT_HELD = """
    INSERT INTO held VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET
        shown = excluded.shown, until = excluded.until, account = excluded.account
"""
_PUT_READ = """
    INSERT INTO read VALUES (?, ?, ?, ?) ON CONFLICT (account, room) DO UPDATE SET
        log = excluded.log, id = excluded.id
"""


class AccountsFile:
    """The file, with the thread that writes it."""

    def __init__(self, path: Path, new_worker: Callable[[str], Worker]) -> None:
        """``new_worker`` starts a thread with a name."""
        self.path = path
        self._new_worker = new_worker
        self._writer: tuple[Worker, sqlite3.Connection] | None = None

    def open(self) -> tuple[list[Row], int]:
        """All rows, and the highest number that an account ever had. It is made if there is none.

        Raises `StateError`.
        """
        try:
            connection = _opened(self.path)
            rows, last = list(rows_in(connection)), _last_number(connection)
        except Damaged as error:
            why = f"{self.path} is damaged ({error}), and without it all nicks would be anybody's"
            text = f"{why}: put a copy in its place, as lanchat-accounts backup makes them"
            raise StateError(text) from None
        except sqlite3.Error as error:
            raise StateError(f"{self.path}: {why_not(error)}") from None
        except OSError as error:
            raise StateError(f"{self.path}: {error.strerror}") from None
        self._writer = self._new_worker("accounts"), connection
        return rows, last

    def keep(self, change: Change) -> Answer[None]:
        """Write a change, and answer when the disk has it; or `Refused`, and it has nothing of it."""
        answer: Answer[None] = Answer()
        if self._writer is None:
            answer.fail(Refused("not_kept", "That can't be kept: the server is shutting down."))
        else:
            worker, connection = self._writer
            worker.do(partial(write, connection, change), partial(_written, answer))
        return answer

    def close(self) -> bool:
        """Wait for what is being written. Returns False if the disk does not answer."""
        if self._writer is None:
            return True
        (worker, connection), self._writer = self._writer, None
        worker.do(connection.close, lambda _: None)
        return worker.stop(CLOSES_WITHIN_S)


def _written(answer: Answer[None], error: Exception | None) -> None:
    if error is None:
        answer.settle(None)
    else:
        answer.fail(Refused("not_kept", f"That can't be kept: {why_not(error)}. Nothing was changed."))


def _opened(path: Path) -> sqlite3.Connection:
    refuse_foreign_parts(path)
    if not path.exists():
        if any(Path(f"{path}{part}").exists() for part in PARTS):
            raise Damaged("a part of it is missing")
        _make_new(path)
    if not path.stat().st_size:
        raise Damaged("it is empty")
    if wal.is_damaged(Path(f"{path}-wal")):
        raise Damaged("its last changes can't be read")
    return open_whole(path, SCHEMA)


def _make_new(path: Path) -> None:
    """Whole at once: what a kill leaves must not look like a file that lost its accounts."""
    unfinished = path.with_name(f".{path.name}.lanchatd-new")
    for part in PARTS:
        Path(f"{unfinished}{part}").unlink(missing_ok=True)
    open_whole(unfinished, SCHEMA).close()
    unfinished.rename(path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def rows_in(connection: sqlite3.Connection) -> list[Row]:
    """All rows, an account before what belongs to it. Raises sqlite3.Error.

    What is the same in many is one object: of 10,000 accounts with three devices each that is a fifth.
    """
    rows: list[Row] = [
        Account(number, Name(shown, shown if key == shown else key), made_at, seen_at, made_by, password)
        for number, key, shown, made_at, seen_at, made_by, password in connection.execute(
            "SELECT * FROM account ORDER BY number"
        )
    ]
    rows += (
        Device(account, intern(kind), print_, intern(name), made_at, seen_at)
        for account, kind, print_, name, made_at, seen_at in connection.execute(
            "SELECT * FROM device ORDER BY made_at, print"
        )
    )
    rows += (Code(*row) for row in connection.execute("SELECT * FROM code"))
    held = connection.execute("SELECT shown, key, until, account FROM held")
    rows += (Held(Name(shown, key), until, account) for shown, key, until, account in held)
    read = connection.execute("SELECT * FROM read")
    rows += (ReadMark(account, intern(room), intern(log), id_) for account, room, log, id_ in read)
    return rows


def _last_number(connection: sqlite3.Connection) -> int:
    found = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'account'").fetchone()
    return 0 if found is None else int(found[0])


def write(connection: sqlite3.Connection, change: Change) -> None:
    """Keep a change: all of it or nothing. It is on the disk then. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for row in change.gone:
            connection.execute(*_taking_out(row))
        for row in change.put:
            connection.execute(*_putting(row))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _putting(row: Row) -> tuple[str, tuple[object, ...]]:
    match row:
        case Account():
            made = row.made_at, row.seen_at, row.made_by, row.password
            return _PUT_ACCOUNT, (row.number, row.name.key, row.name.shown, *made)
        case Device():
            return _PUT_DEVICE, (row.account, row.kind, row.print, row.name, row.made_at, row.seen_at)
        case Code():
            return _PUT_CODE, (row.hash, row.kind, row.account, row.uses, row.until, row.by)
        case Held():
            return _PUT_HELD, (row.name.key, row.name.shown, row.until, row.account)
        case ReadMark():
            return _PUT_READ, (row.account, row.room, row.log, row.id)


def _taking_out(row: Row) -> tuple[str, tuple[object, ...]]:
    match row:
        case Account():
            return "DELETE FROM account WHERE number = ?", (row.number,)
        case Device():
            return "DELETE FROM device WHERE kind = ? AND print = ?", (row.kind, row.print)
        case Code():
            return "DELETE FROM code WHERE hash = ?", (row.hash,)
        case Held():
            return "DELETE FROM held WHERE key = ?", (row.name.key,)
        case ReadMark():
            return "DELETE FROM read WHERE account = ? AND room = ?", (row.account, row.room)
