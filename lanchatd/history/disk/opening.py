"""What is done with the file at start: made, brought up to date, or set aside if it is damaged."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from lanchatd.history.disk.schema import APPLICATION_ID, MIGRATIONS, NEW_NAME
from lanchatd.state import wal
from lanchatd.state.database import PARTS, Damaged, Schema, make_empty, open_whole, refuse_foreign_parts
from lanchatd.state.files import StateError

Warn = Callable[[str], None]
"""Told in one sentence what was found wrong."""


def open_log(
    path: Path, warn: Warn, migrations: Sequence[str] = MIGRATIONS
) -> tuple[sqlite3.Connection, str]:
    """The connection to write by, and the log's name. The file is made if there is none.

    One that is damaged is set aside under a dated name, and a fresh one begun. Raises `StateError`.
    """
    refuse_foreign_parts(path)
    schema = Schema("log", APPLICATION_ID, migrations)
    try:
        cut_short = wal.is_damaged(Path(f"{path}-wal"))
        aside = set_aside(path, copy=True) if cut_short else None
        try:
            connection = open_whole(path, schema)
        except Damaged as error:
            aside, cut_short = set_aside(path), False
            warn(f"THE LOG IS DAMAGED ({error}): it is kept as {aside}, and a fresh one is begun")
            connection = open_whole(path, schema)
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
            make_empty(new)
            shutil.copyfile(old, new)
        else:
            old.rename(new)
    return aside
