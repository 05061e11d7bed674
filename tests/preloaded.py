"""Daemons that start in a quarter of the time: forked off a process that has loaded what all of them load.

There is one such process for each that runs tests. It has no reactor and no thread, and what it forks runs
`twistd` as ever, with the arguments, directory, environment and output that it is given.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

_TWISTD = Path(sys.executable).parent / "twistd"
_REQUEST_BYTES = 131_072


class Forked:
    """A daemon, with what is used of `subprocess.Popen`."""

    def __init__(self, arguments: list[str], cwd: Path, environment: dict[str, str]) -> None:
        self.args = [str(_TWISTD), *arguments]
        self.returncode: int | None = None
        self.stdin = self.stderr = None
        ours, its = socket.socketpair()
        read, write = os.pipe()
        self.stdout = os.fdopen(read, encoding="utf-8")
        with its:
            request = {"arguments": arguments, "cwd": str(cwd), "environment": environment}
            sent = json.dumps(request).encode()
            socket.send_fds(_preloaded(), [sent], [write, its.fileno()])
        os.close(write)
        self._answers = ours.makefile("r")
        ours.close()
        self.pid = int(self._answers.readline())

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


@cache
def _preloaded() -> socket.socket:
    """Where daemons are asked for. The process ends with this one."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        process = subprocess.Popen(
            [sys.executable, __file__, str(its.fileno())],
            pass_fds=(its.fileno(),), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def ends() -> None:
        ours.close()
        process.wait()

    atexit.register(ends)
    return ours


# -- the process itself


def _serve(asked: socket.socket) -> None:
    """Fork a daemon for each request, until nobody is there to ask."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait for the daemons
    while True:
        sent, descriptors, _, _ = socket.recv_fds(asked, _REQUEST_BYTES, 2)
        if not sent:
            return
        if os.fork() == 0:
            asked.close()
            _start(json.loads(sent), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _start(request: dict[str, object], output: int, answers: int) -> None:
    """Become a daemon, in a process of its own; this one tells its number, and how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        os.write(answers, f"{pid}\n".encode())
        os.close(output)
        _, status = os.waitpid(pid, 0)
        os.write(answers, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    os.close(answers)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    time.tzset()
    sys.argv = [str(_TWISTD), *request["arguments"]]  # type: ignore[misc]
    from twisted.scripts.twistd import run  # noqa: PLC0415 - loaded before

    sys.exit(run())


def _load() -> None:
    """What a daemon loads, all but its reactor."""
    for module in ("lanchatd.tap", "twisted.internet.epollreactor", "twisted.scripts.twistd"):
        importlib.import_module(module)
    assert "twisted.internet.reactor" not in sys.modules


if __name__ == "__main__":
    sys.path[0] = str(_TWISTD.parent)
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
