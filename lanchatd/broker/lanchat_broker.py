"""``lanchat-broker``: what administrators do with what a chat has in its broker, while it runs or not."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from lanchatd.broker.asked import add_broker, broker_in
from lanchatd.program import run
from lanchatd.state.file_tool import exit_code


def program() -> NoReturn:
    """The console script."""
    run("lanchat-broker", main)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code is 0, or 1 with one line on standard error."""
    return exit_code("lanchat-broker", partial(_run, _parser().parse_args(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lanchat-broker", description="What a chat has in its broker.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", dest="command")
    check = commands.add_parser("check", help="say what there is, and whether each of three has all of it")
    backup = commands.add_parser("backup", help="copy all of it into a file, while people talk or not")
    restore = commands.add_parser("restore", help="put a copy into a broker that has no such chat")
    for command in (check, backup, restore):
        add_broker(command, "as the daemons have it", "as the daemons have it")
    for command in (backup, restore):
        command.add_argument("file", metavar="FILE", type=Path)
    restore.add_argument(
        "--moved", action="store_true", help="nothing was said since: who was here goes on where they were"
    )
    return parser


def _run(asked: argparse.Namespace) -> None:
    address = broker_in(asked)
    from lanchatd.broker import keeping  # noqa: PLC0415

    match asked.command:
        case "check":
            keeping.check(address)
        case "backup":
            keeping.back_up(address, asked.file)
        case _:
            keeping.restore(address, asked.file, asked.moved)
