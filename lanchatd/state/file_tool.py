"""What the programs share that administrators run on one of our files, while the daemon runs or not."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from lanchatd.program import FAILED, complain
from lanchatd.state.database import connect
from lanchatd.state.files import StateError
from lanchatd.text.refused import Refused


class Wrong(Exception):
    """It can't be done; the text is one sentence for who asked."""


def exit_code(program: str, do: Callable[[], None]) -> int:
    """Do it; 0, or 1 with one line on standard error where it can't be done."""
    try:
        do()
    except (Wrong, StateError, sqlite3.Error) as error:
        why = str(error)
    except Refused as refused:
        why = refused.text
    except OSError as error:
        if error.filename is None:
            raise  # of standard output
        why = f"{error.filename}: {error.strerror}"
    else:
        return 0
    complain(program, why)
    return FAILED


@contextmanager
def opened(
    path: Path, application_id: int, what: str, read_only: bool = True
) -> Iterator[sqlite3.Connection]:
    """The file, if it is ours: ``what`` it is, by SQLite's ``application_id``. Raises `Wrong`."""
    with closing(connect(path, read_only=read_only)) as connection:
        if connection.execute("PRAGMA application_id").fetchone() != (application_id,):
            raise Wrong(f"{path} is no {what} of lanchatd")
        yield connection
