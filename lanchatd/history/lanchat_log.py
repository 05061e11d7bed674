"""``lanchat-log``: what administrators do with the log on disk, while the daemon runs or not."""

from __future__ import annotations

import argparse
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TypeAlias

from lanchatd.chat.events import Event
from lanchatd.formats.json_lines import JsonFormat
from lanchatd.formats.text import TextFormat
from lanchatd.history.disk import reading
from lanchatd.history.disk.pruning import DAY_S, due, prune
from lanchatd.history.disk.reading import RoomRow
from lanchatd.history.disk.schema import APPLICATION_ID, NEW_NAME
from lanchatd.state.database import back_up, connect
from lanchatd.state.directory import default_state_dir
from lanchatd.state.file_tool import Wrong, exit_code, opened
from lanchatd.text import names
from lanchatd.text.times import full_time, moment_from

HISTORY, REPLICA = "history.sqlite", "replica.sqlite"

_CHUNK = 1_048_576  # bytes of text that are held at once

_HOLES = """
    SELECT name FROM room JOIN (
        SELECT room, count(*) AS many, min(id) AS oldest, max(id) AS newest FROM event GROUP BY room
    ) ON room = number WHERE oldest != pruned + 1 OR many != newest - oldest + 1
"""


_ROOMS = """
    SELECT name, count(id), max(at_us) FROM room LEFT JOIN event ON room = number GROUP BY number ORDER BY key
"""

_OF_ALL = """
    SELECT place, name, id, at_us, kind, nick, text, known FROM event JOIN room ON number = room
    WHERE place > ? ORDER BY place LIMIT ?
"""

_MOST_DAYS = 1_000_000  # more are before our calendar

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(
    arguments: Sequence[str] | None = None, add_more: Callable[[Commands], None] = lambda _: None
) -> int:
    """Run it; the exit code is 0, or 1 with one line on standard error.

    ``add_more`` adds commands, each with its ``run``, and what it ``reads`` if that is no state directory.
    """
    return exit_code("lanchat-log", partial(_run, _parser(add_more).parse_args(arguments)))


def _run(asked: argparse.Namespace) -> None:
    if "reads" in asked:
        path = asked.reads(asked)
        if not path.is_file():
            raise Wrong(f"{path}: there is no such file")
    else:
        path = _path_in(asked)
    with opened(path, APPLICATION_ID, "log", read_only=asked.run is not _prune) as connection:
        asked.run(connection, asked)


def _path_in(asked: argparse.Namespace) -> Path:
    directory: Path = asked.state_dir or default_state_dir(os.environ)
    path = directory / HISTORY
    if not path.exists() and (directory / REPLICA).exists():
        path = directory / REPLICA  # of one of several daemons
    if not path.exists():
        raise Wrong(f"{path}: there is no log here; --state-dir says where it is")
    return path


def _parser(add_more: Callable[[Commands], None]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lanchat-log", description="The log of lanchatd on disk.")
    parser.add_argument("--state-dir", type=Path, help="the daemon's; by default that of this user")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    commands.add_parser("rooms", help="list the rooms").set_defaults(run=_rooms)
    export = commands.add_parser("export", help="print what was said in a room, or in all")
    which = export.add_mutually_exclusive_group(required=True)
    which.add_argument("room", metavar="ROOM", nargs="?", help="# may be left out")
    which.add_argument("--all", action="store_true", help="all rooms, in the order in which it was said")
    export.add_argument("--since", metavar="TIME", type=_moment, default=0, help="like 2026-11-22 or 14:03")
    form = export.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one object a line, as programs get it")
    form.add_argument("--text", action="store_true", help="as people see it, with the local time (default)")
    export.set_defaults(run=_export)
    pruning = commands.add_parser("prune", help="take old lines out for good")
    pruning.add_argument("--older-than", metavar="DAYS", type=_days, required=True)
    pruning.add_argument("--yes", action="store_true", help="don't ask, as in a script")
    pruning.set_defaults(run=_prune)
    commands.add_parser("check", help="say whether the file is whole").set_defaults(run=_check)
    backup = commands.add_parser("backup", help="copy the file, while the daemon runs or not")
    backup.add_argument("file", metavar="FILE", type=Path)
    backup.set_defaults(run=_backup)
    add_more(commands)
    return parser


def _moment(text: str) -> float:
    try:
        return moment_from(text, time.time())
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError("a time is like 14:03, 2026-11-22 or 2026-11-22 14:03") from None


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = -1
    if not 0 <= days <= _MOST_DAYS:  # nor is it a NaN
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 0 to {_MOST_DAYS:,}")
    return days


def _rooms(connection: sqlite3.Connection, asked: argparse.Namespace) -> None:
    for name, count, newest_us in connection.execute(_ROOMS):
        last = "" if newest_us is None else f", the last at {full_time(newest_us / reading.US)}"
        sys.stdout.buffer.write(f"{name}: {_lines(count)}{last}\n".encode())


def _export(connection: sqlite3.Connection, asked: argparse.Namespace) -> None:
    text, json = TextFormat(), JsonFormat()
    for event in _all_events(connection) if asked.all else _events(connection, asked.room):
        if event.at >= asked.since:
            place = f"{full_time(event.at)} {event.room + ' ' if asked.all else ''}".encode()
            sys.stdout.buffer.write(json.render(event) if asked.json else place + text.render(event))


def _all_events(connection: sqlite3.Connection) -> Iterator[Event]:
    # Some at a time: as long as one statement reads, all that the daemon writes meanwhile is kept twice.
    place = 0
    while events := connection.execute(_OF_ALL, (place, reading.MOST_READ)).fetchall():
        yield from (reading.event_from(*columns) for _, *columns in events)
        place = events[-1][0]


def _events(connection: sqlite3.Connection, name: str) -> Iterator[Event]:
    found = connection.execute(
        "SELECT number, key, name FROM room WHERE key = ?", (names.room(name).key,)
    ).fetchone()
    if found is None:
        raise Wrong(f"nothing was ever said in {name}")
    room, after = RoomRow(*found), 0
    while events := reading.read(connection, room, after, sys.maxsize, _CHUNK):
        yield from events
        after = events[-1].id


def _prune(connection: sqlite3.Connection, asked: argparse.Namespace) -> None:
    now, keep_s = time.time(), asked.older_than * DAY_S
    (many,) = connection.execute("SELECT count(*) FROM event").fetchone()
    going = due(connection, now, keep_s)
    if going and not asked.yes:
        would = f"{_lines(going)} of {many:,} would go for good"
        if not sys.stdin.isatty():
            raise Wrong(f"{would}; --yes says that it is meant")
        print(f"{would}. Take them out? (yes/no) ", end="", flush=True)  # noqa: T201
        if sys.stdin.readline().strip().lower() != "yes":
            raise Wrong("nothing was taken out")
    while prune(connection, now, keep_s, sys.maxsize) is not None:
        pass
    (left,) = connection.execute("SELECT count(*) FROM event").fetchone()
    print(f"{many - left:,} lines are gone, {left:,} are kept.")  # noqa: T201


def _lines(count: int) -> str:
    return f"{count:,} line{'' if count == 1 else 's'}"


def _check(connection: sqlite3.Connection, asked: argparse.Namespace) -> None:
    (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise Wrong(f"the file is damaged: {found}")
    if (hole := connection.execute(_HOLES).fetchone()) is not None:
        raise Wrong(f"lines are missing in {hole[0]}")
    (rooms,) = connection.execute("SELECT count(*) FROM room").fetchone()
    (lines,) = connection.execute("SELECT count(*) FROM event").fetchone()
    print(f"The file is whole: {lines:,} lines in {rooms:,} rooms.")  # noqa: T201


def _backup(connection: sqlite3.Connection, asked: argparse.Namespace) -> None:
    if asked.file.exists():
        raise Wrong(f"{asked.file} is there already")
    back_up(connection, asked.file)
    # Put in place of the log, it is another one: ids that were given since would be given again.
    with closing(connect(asked.file)) as copy:
        copy.execute(NEW_NAME)
