"""What a program of ours does with its standard streams: what could not be written is no success."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

FAILED = 1
INTERRUPTED = 130  # as a shell counts it


def run(name: str, main: Callable[[], int]) -> NoReturn:
    """Run a program by its name, and end with the exit code that it returns.

    If standard output does not take what is written to it, also the help, that is told in one line, and the
    code is `FAILED`. A reader that has seen enough, as in ``| head``, is no failure.
    """
    _fill_closed()
    code: object
    try:
        try:
            code = main()
        except SystemExit as end:  # of argparse
            code = end.code
        except KeyboardInterrupt:
            code = INTERRUPTED
            _give_up(1)  # whoever reads it may have stopped
        sys.stdout.flush()
    except BrokenPipeError:
        code = 0
        _give_up(1)
    except OSError as error:
        if error.filename is not None:
            raise
        code = FAILED
        _give_up(1)
        complain(name, f"Can't write to standard output: {error.strerror}.")
    try:
        sys.stderr.flush()
    except OSError:
        _give_up(2)
    raise SystemExit(code)


def complain(name: str, text: str) -> None:
    """Say in one line on standard error, if there is one, what is wrong."""
    with suppress(OSError):
        os.write(2, f"{name}: {text}\n".encode(errors="replace"))


def _fill_closed() -> None:
    """Open what is closed: else the next file opened, a socket perhaps, would take its number.

    It is /dev/null; where what is written would be lost silently, such that nothing can be written.
    """
    for fd, flags in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, flags)  # takes the lowest free number, which is this
    sys.stdin = sys.stdin or open(0, closefd=False)  # noqa: SIM115  it is None if it was closed
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115
    # Gathered also where Python is told not to, as argparse passes over it when a help can't be written.
    sys.stdout = open(1, "w", encoding=getattr(sys.stdout, "encoding", None), closefd=False)  # noqa: SIM115


def _give_up(fd: int) -> None:
    """What could not be written is left: Python would try again at its end, and complain itself."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, fd)
    os.close(null)
