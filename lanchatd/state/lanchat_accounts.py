"""``lanchat-accounts``: what administrators do with the file of accounts, while the daemon runs or not."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from lanchatd.chat.accounts.rows import Account, Code, Device, Held, ReadMark
from lanchatd.program import run
from lanchatd.state import wal
from lanchatd.state.accounts_file import ACCOUNTS, SCHEMA, rows_in
from lanchatd.state.database import back_up
from lanchatd.state.directory import default_state_dir
from lanchatd.state.file_tool import Wrong, exit_code, opened
from lanchatd.text.times import iso_time


def program() -> NoReturn:
    """The console script."""
    run("lanchat-accounts", main)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code is 0, or 1 with one line on standard error."""
    return exit_code("lanchat-accounts", partial(_run, _parser().parse_args(arguments)))


def _run(asked: argparse.Namespace) -> None:
    path = (asked.state_dir or default_state_dir(os.environ)) / ACCOUNTS
    if not path.exists():
        raise Wrong(f"{path}: there are no accounts here; --state-dir says where they are")
    if not path.stat().st_size or wal.is_damaged(Path(f"{path}-wal")):
        raise Wrong(f"{path} is damaged")
    with opened(path, SCHEMA.application_id, SCHEMA.what) as connection:
        asked.run(connection, asked)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lanchat-accounts", description="The accounts of lanchatd.")
    parser.add_argument("--state-dir", type=Path, help="the daemon's; by default that of this user")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("check", help="say whether the file is whole").set_defaults(run=_check)
    export = commands.add_parser("export", help="print what is known, without secrets: one object a line")
    export.set_defaults(run=_export)
    backup = commands.add_parser("backup", help="copy the file, while the daemon runs or not")
    backup.add_argument("file", metavar="FILE", type=Path)
    backup.set_defaults(run=_backup)
    return parser


def _check(connection: sqlite3.Connection, asked: argparse.Namespace) -> None:
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise Wrong(f"the file is damaged: {found.splitlines()[-1]}")
    rows = rows_in(connection)
    accounts = {row.number for row in rows if isinstance(row, Account)}
    lost = sum(isinstance(row, Device) and row.account not in accounts for row in rows)
    if lost:
        raise Wrong(f"{_counted(lost, 'device')} {'is' if lost == 1 else 'are'} of no account")
    held = sum(isinstance(row, Held) for row in rows)
    print(f"The file is whole: {_counted(len(accounts), 'account')}, {_counted(held, 'nick')} held.")  # noqa: T201


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _export(connection: sqlite3.Connection, asked: argparse.Namespace) -> None:
    rows, devices = rows_in(connection), defaultdict[int, list[dict[str, str]]](list)
    for device in (row for row in rows if isinstance(row, Device)):
        devices[device.account].append(_device(device))
    for row in rows:
        shown: dict[str, Any]
        match row:
            case Account():
                shown = {
                    "nick": row.name.shown, "made": iso_time(row.made_at), "seen": iso_time(row.seen_at),
                    "by": row.made_by, "password": row.password is not None,
                    "devices": devices[row.number],
                }  # fmt: skip
            case Held():
                until = None if row.until is None else iso_time(row.until)
                shown = {"held": row.name.shown, "until": until}
            case Device() | Code() | ReadMark():
                continue
        sys.stdout.buffer.write((json.dumps(shown, ensure_ascii=False) + "\n").encode())


def _device(device: Device) -> dict[str, str]:
    seen = {"made": iso_time(device.made_at), "seen": iso_time(device.seen_at)}
    return {"name": device.name, "kind": device.kind, "print": device.print, **seen}


def _backup(connection: sqlite3.Connection, asked: argparse.Namespace) -> None:
    if asked.file.exists():
        raise Wrong(f"{asked.file} is there already")
    back_up(connection, asked.file)
