"""The process that `tests.preloaded` forks a program off: it has loaded what the program loads."""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import signal
import socket
import sys
import termios
import time

# What a program loads, all but its reactor; the last is the module with its function.
LOADS = {
    "twistd": (("lanchatd.tap", "twisted.internet.epollreactor", "twisted.scripts.twistd"), "run"),
    "lanchat-client": (
        ("lanchatd.client.terminal", "twisted.internet.epollreactor", "lanchatd.client.main"),
        "main",
    ),
}
REQUEST_BYTES = 131_072


def _serve(asked: socket.socket, program: str) -> None:
    """Fork the program for each request, until nobody is there to ask."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait for what they forked
    while True:
        sent, descriptors, _, _ = socket.recv_fds(asked, REQUEST_BYTES, 4)
        if not sent:
            return
        if os.fork() == 0:
            asked.close()
            _start(program, json.loads(sent), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)


def _start(program: str, request: dict[str, object], descriptors: list[int]) -> None:
    """Become the program, in a process of its own; this one tells its number, and how it ended."""
    *streams, answers = descriptors
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid:
        os.write(answers, f"{pid}\n".encode())
        for descriptor in streams:
            os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        os.write(answers, f"{os.waitstatus_to_exitcode(status)}\n".encode())
        os._exit(0)
    os.close(answers)
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if request["terminal"]:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(str(request["cwd"]))
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    time.tzset()
    sys.argv = request["arguments"]  # type: ignore[assignment]
    modules, function = LOADS[program]
    sys.exit(getattr(sys.modules[modules[-1]], function)())


if __name__ == "__main__":
    wanted = sys.argv[2]
    sys.path[0] = os.path.dirname(sys.executable)  # noqa: PTH120  as if it were a script there
    for module in LOADS[wanted][0]:
        importlib.import_module(module)
    assert "twisted.internet.reactor" not in sys.modules
    gc.freeze()  # looked through, memory that is shared is copied
    _serve(socket.socket(fileno=int(sys.argv[1])), wanted)
