"""A crowd at the real daemon: members and intruders in processes of their own, and the daemon watched."""

from __future__ import annotations

import json
import select
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.daemon import Daemon, daemon

_ROOT = Path(__file__).parent.parent.parent
_WATCHED = (sys.executable, str(Path(__file__).parent / "watched.py"))

# Of one connection. The tests' talkers speak for fifty; whoever floods does so with the default limits.
UNLIMITED = ("--lines-per-s=100000", "--burst-lines=1000000", "--bytes-per-s=1000000000")


# Who does harm does it from other machines: here it has the time that the daemon and its members leave.
_ELSEWHERE = ("nice", "-n", "19")


class Child:
    """A program of this folder in a process of its own, which answers in lines of JSON."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def answers(self) -> dict[str, Any]:
        """Wait for its next answer."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "it has ended; standard error tells why"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def has_answered(self) -> bool:
        """Whether `answers` has something to read at once."""
        assert self.process.stdout is not None
        return bool(select.select([self.process.stdout], [], [], 0)[0])


class Crowd(Child):
    """The members of `tests.faults.members`."""

    def begins(self, do: str, **arguments: Any) -> None:
        """Give a command; `answers` waits until it is done."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
        self.process.stdin.flush()

    def does(self, do: str, **arguments: Any) -> dict[str, Any]:
        """Give a command, and wait until it is done."""
        self.begins(do, **arguments)
        return self.answers()


@contextmanager
def _child(module: str, *arguments: str, prefix: Sequence[str] = ()) -> Iterator[subprocess.Popen[str]]:
    command = [*prefix, sys.executable, "-m", f"tests.faults.{module}", *arguments]
    with subprocess.Popen(
        command, cwd=_ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def crowd(chat: Daemon) -> Iterator[Crowd]:
    """Members of this daemon, who are all gone at the end of the block. Nobody has joined yet."""
    with _child("members", str(chat.port)) as process:
        yield Crowd(process)


@contextmanager
def intruder(chat: Daemon, what: str, port: int = 0, **arguments: Any) -> Iterator[Child]:
    """Begin one of `tests.faults.intruders`; it answers when it is done, and is stopped with the block.

    ``port`` is another one than that of the chat.
    """
    with _child(
        "intruders", what, str(port or chat.port), json.dumps(arguments), prefix=_ELSEWHERE
    ) as process:
        yield Child(process)


def watched(*options: str, cwd: Path, prefix: tuple[str, ...] = ()) -> AbstractContextManager[Daemon]:
    """The real daemon, whose reactor tells of its turns (`turns`)."""
    return daemon("--port=0", *options, cwd=cwd, prefix=(*prefix, *_WATCHED))


def turns(chat: Daemon) -> tuple[float, int]:
    """The CPU time in ms of its longest turn since the last time that this was asked, and its timers."""
    seen = len(chat.log)
    chat.process.send_signal(signal.SIGUSR1)
    match = chat.logged(r"^watched: (\S+) ms, (\d+) timers$", after=seen)
    return float(match[1]), int(match[2])


def median_ratio(rounds: Sequence[tuple[float, ...]]) -> float:
    """How many times the second of each two is the first.

    What other programs take comes and goes, so those two are compared that were measured one after the other.
    """
    return statistics.median(loud / quiet for quiet, loud in rounds)
