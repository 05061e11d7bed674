"""``lanchat-log`` with what only several daemons need: `import`."""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from lanchatd.broker.asked import add_broker, broker_in
from lanchatd.history import lanchat_log
from lanchatd.program import run

_TOLD_EVERY = 100_000  # lines


def program() -> NoReturn:
    """The console script."""
    run("lanchat-log", main)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code is 0, or 1 with one line on standard error."""
    return lanchat_log.main(arguments, add_import)


def add_import(commands: lanchat_log.Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("import", help="put what one daemon has kept into a broker without a chat")
    parser.add_argument("file", metavar="FILE", type=Path, help="its history.sqlite, or a copy of it")
    add_broker(parser, "as the daemons will have it", "of a user who may do everything")
    parser.set_defaults(run=_import, reads=lambda asked: asked.file)


def _import(connection: sqlite3.Connection, asked: argparse.Namespace) -> None:
    address = broker_in(asked)
    from lanchatd.broker import keeping  # noqa: PLC0415
    from lanchatd.broker.importing import bring_in  # noqa: PLC0415

    (many,) = connection.execute("SELECT count(*) FROM event").fetchone()
    told = 0

    def tell(count: int) -> None:
        nonlocal told
        if count >= told + _TOLD_EVERY:
            told = count
            print(f"{count:,} of {many:,} lines", file=sys.stderr, flush=True)  # noqa: T201

    count = keeping.with_broker(address, lambda connected: bring_in(connected, connection, tell))
    print(f"{count:,} lines are in the broker.")  # noqa: T201
