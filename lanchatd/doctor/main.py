"""`lanchat-doctor`: what it is asked for, and how it says what it finds."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn

from lanchatd import __version__, program
from lanchatd.client.options import PORT, place, port_from
from lanchatd.doctor import here, there
from lanchatd.doctor.steps import Step, Verdict


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script. Exit codes: 0 all is well, 1 something is wrong, 2 usage."""
    program.run("lanchat-doctor", partial(_main, sys.argv[1:] if arguments is None else arguments))


def _main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="lanchat-doctor",
        usage="lanchat-doctor [--state-dir DIR] [--json]\n       lanchat-doctor HOST [PORT] [--json]",
        description="Say why somebody can't join. Without a HOST it looks at the daemon on this machine, "
        "else at the way to that host. It ends with the first step that is wrong.",
        epilog="Exit codes: 0 all is well, 1 something is wrong, 2 usage.",
        allow_abbrev=False,
    )
    parser.add_argument("host", nargs="?", metavar="HOST", help="a server on another machine")
    parser.add_argument("port", nargs="?", type=port_from, metavar="PORT", help=f"default: {PORT}")
    parser.add_argument("--state-dir", type=Path, metavar="DIR", help="of the daemon on this machine")
    parser.add_argument("--json", action="store_true", dest="as_json", help="print an object a line")
    parser.add_argument("--version", action="version", version=f"lanchat-doctor {__version__}")
    given = parser.parse_args(arguments)
    if given.host is None:
        return _tell(here.steps(given.state_dir), given.as_json)
    if given.state_dir is not None:
        parser.error("argument --state-dir: not allowed with a HOST")
    host, port = place(parser, given.host, given.port)
    return _tell(there.steps(host, port or PORT), given.as_json)


def _tell(steps: Iterator[Step], as_json: bool) -> int:
    for step in steps:
        line = json.dumps(step.as_json(), ensure_ascii=False) if as_json else step.as_line()
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        if step.verdict is Verdict.WRONG:
            return program.FAILED
    return 0


if __name__ == "__main__":
    main()
