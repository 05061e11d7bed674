"""Programs of ours that start in a fraction of the time: forked off a process that has loaded what they load.

There is one such process for each program, and each that runs tests (`tests/forking.py`). It has no reactor
and no thread, and what it forks runs the program as ever, with the arguments, directory, environment and
standard streams that it is given. Variables that are read as Python starts have to be as they are here.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TextIO

TWISTD = str(Path(sys.executable).parent / "twistd")
CLIENT = (sys.executable, "-m", "lanchatd.client.main")

_PROGRAMS = {(TWISTD,): "twistd", CLIENT: "lanchat-client"}
_READ_AT_THE_START = ("PYTHON", "LANG", "LC_", "LD_")

Stream = int | IO[Any] | None


class Forked:
    """A process, with what is used of `subprocess.Popen`. What is written to its pipes and read is text."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        stdin: Stream = None,
        stdout: Stream = None,
        stderr: Stream = None,
        terminal: bool = False,
    ) -> None:
        """With ``terminal``, its standard input is the terminal that its session is controlled from."""
        self.args = list(command)
        self.returncode: int | None = None
        start = next(start for start in _PROGRAMS if tuple(command[: len(start)]) == start)
        environment = dict(os.environ if env is None else env)
        assert can_be_forked(environment)
        request = {
            "arguments": [start[-1], *command[len(start) :]],
            "cwd": str(cwd or Path.cwd()),
            "environment": environment,
            "terminal": terminal,
        }
        ours, its = socket.socketpair()
        with its, ExitStack() as opened:
            self.stdin, first = _stream(stdin, 0, opened)
            self.stdout, second = _stream(stdout, 1, opened)
            self.stderr, third = (None, second) if stderr == subprocess.STDOUT else _stream(stderr, 2, opened)
            given = [first, second, third, its.fileno()]
            socket.send_fds(_preloaded(_PROGRAMS[start]), [json.dumps(request).encode()], given)
        self._answers = ours.makefile("r")
        ours.close()
        self.pid = int(self._answers.readline())

    def __enter__(self) -> Forked:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        """It goes on no longer than the block."""
        self.kill()
        self.wait()
        for stream in (self.stdin, self.stdout, self.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()

    def poll(self) -> int | None:
        """How it ended, if it has."""
        if self.returncode is None and select.select([self._answers], [], [], 0)[0]:
            self.returncode = int(self._answers.readline())
            self._answers.close()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """How it ends."""
        if self.returncode is None and not select.select([self._answers], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def run(
    command: Sequence[str],
    *,
    timeout: float,
    input: str | None = None,
    stdin: Stream = None,
    stdout: Stream = subprocess.PIPE,
    stderr: Stream = subprocess.PIPE,
    **how: Any,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as `subprocess.run` does."""
    if input is not None:
        stdin = subprocess.PIPE
    with (
        ThreadPoolExecutor() as readers,
        Forked(command, stdin=stdin, stdout=stdout, stderr=stderr, **how) as process,
    ):
        pipes = [pipe for pipe in (process.stdout, process.stderr) if pipe is not None]
        told = {pipe: readers.submit(pipe.read) for pipe in pipes}
        if process.stdin is not None:
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(input or "")
        code = process.wait(timeout)
        read = {pipe: text.result() for pipe, text in told.items()}
        out, error = (read[pipe] if pipe else None for pipe in (process.stdout, process.stderr))
        return subprocess.CompletedProcess(process.args, code, out, error)


def _stream(how: Stream, number: int, opened: ExitStack) -> tuple[TextIO | None, int]:
    """Our end of a standard stream, if it is a pipe, and the descriptor that the process is given."""
    if how == subprocess.PIPE:
        read, write = os.pipe()
        ours, its = (write, read) if number == 0 else (read, write)
        opened.callback(os.close, its)
        return os.fdopen(ours, "w" if number == 0 else "r", encoding="utf-8"), its
    if how == subprocess.DEVNULL:
        its = os.open(os.devnull, os.O_RDWR)
        opened.callback(os.close, its)
        return None, its
    if how is None:
        return None, number
    return None, how if isinstance(how, int) else how.fileno()


def can_be_forked(environment: Mapping[str, str]) -> bool:
    """Whether a program finds nothing else in it, when it starts, than what the loaded one has found."""
    return _read_at_the_start(environment) == _read_at_the_start(os.environ)


def _read_at_the_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_THE_START)}


@cache
def _preloaded(program: str) -> socket.socket:
    """Where a program is asked for. The process ends with this one."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forking.py")), str(its.fileno()), program],
            pass_fds=(its.fileno(),), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def ends() -> None:
        ours.close()
        process.wait()

    atexit.register(ends)
    return ours
