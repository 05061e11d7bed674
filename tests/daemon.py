"""The real daemon, as its user starts it: `twistd` in a process of its own, and plain sockets to join it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from tests import preloaded
from tests.preloaded import Forked

TWISTD = preloaded.TWISTD

# A test that waits longer than this for something that is sure to come has failed. Nothing waits this long.
PATIENCE_S = 20


class Daemon:
    """A running daemon; ``port`` is what it listens on. What it logs is read as it comes."""

    def __init__(self, process: subprocess.Popen[str] | Forked) -> None:
        self.process = process
        self.log: list[str] = []
        self.port = 0
        self._more = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._more:
                self.log.append(line.rstrip("\n"))
                self._more.notify_all()

    def logged(self, pattern: str, after: int = 0) -> re.Match[str]:
        """Wait until a line of the log matches, which may be the one after so many or a later one."""

        def found() -> re.Match[str] | None:
            return next((match for line in self.log[after:] if (match := re.search(pattern, line))), None)

        with self._more:
            match = self._more.wait_for(found, PATIENCE_S)
        assert match, self.log
        return match

    def ends(self, by: signal.Signals | None = None) -> int:
        """Wait until it has ended, after a signal if one is given; the exit code."""
        if by is not None:
            self.process.send_signal(by)
        code = self.process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code

    def connect(self, **options: Any) -> Peer:
        """Open a connection."""
        return Peer(self.port, **options)

    def join(self, nick: str) -> Peer:
        """Join as somebody who types a nick; what was told so far is read."""
        peer = self.connect()
        peer.types(nick)
        peer.reads_until(f"-- You are {nick} in #lobby. /help lists the commands.")
        peer.reads_until_match(r"^-- \d+ in #lobby: ")
        return peer


class Peer:
    """A plain socket at the other end."""

    def __init__(
        self,
        port: int,
        receive_buffer: int | None = None,
        tls: ssl.SSLContext | None = None,
        host: str = "127.0.0.1",
        own: str = "",
    ) -> None:
        """``own`` is the address that it comes from."""
        self.socket = socket.socket()
        if own:
            self.socket.bind((own, 0))
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE_S)
        try:
            self.socket.connect((host, port))
            if tls is not None:
                self.socket = tls.wrap_socket(self.socket)
        except OSError:
            self.socket.close()
            raise
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Peer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def encrypt(self, tls: ssl.SSLContext) -> None:
        """Begin to speak TLS."""
        self.socket = tls.wrap_socket(self.socket)
        self._file = self.socket.makefile("rb")

    def types(self, *lines: str) -> None:
        self.socket.sendall("".join(line + "\n" for line in lines).encode())

    def reads(self) -> str:
        """The next line; empty at the end of file."""
        return self.reads_line().decode().rstrip("\n")

    def reads_line(self) -> bytes:
        """The same, as it came, with its end."""
        return self._file.readline()

    def reads_until(self, line: str) -> list[str]:
        """The lines up to this one."""
        return self.reads_until_match("^" + re.escape(line) + "$")

    def reads_until_match(self, pattern: str) -> list[str]:
        """The lines up to one that matches."""
        seen: list[str] = []
        while not (seen and re.search(pattern, seen[-1])):
            line = self._file.readline().decode()
            assert line.endswith("\n"), (pattern, seen, line)
            seen.append(line.rstrip("\n"))
        return seen

    def reads_all(self) -> list[str]:
        """The lines up to the end of file."""
        return self._file.read().decode().splitlines()

    def reads_more(self) -> bytes:
        """Some of what has come, or comes next."""
        return self._file.read1(65_536)

    def gets(self) -> dict[str, Any]:
        """The next line, which is JSON."""
        got: dict[str, Any] = json.loads(self._file.readline())
        return got


def environment_in(cwd: Path) -> dict[str, str]:
    """The environment of a daemon, which keeps its state below this directory."""
    return os.environ | {"XDG_STATE_HOME": str(cwd / "state")}


@contextmanager
def started(
    command: list[str], cwd: Path, *, environment: dict[str, str] | None = None, hand: tuple[int, ...] = ()
) -> Iterator[Daemon]:
    """A process whose output is read, until the block ends; ``hand`` are descriptors that it is to have."""
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=os.environ | (environment or {}),
        pass_fds=hand,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
    )
    with _until_the_end(process) as running:
        yield running


@contextmanager
def _until_the_end(process: subprocess.Popen[str] | Forked) -> Iterator[Daemon]:
    running = Daemon(process)
    try:
        yield running
    finally:
        process.kill()
        running.ends()
        assert process.stdout is not None
        process.stdout.close()


@contextmanager
def daemon(
    *options: str,
    cwd: Path,
    prefix: tuple[str, ...] = (),
    environment: dict[str, str] | None = None,
    announced: bool = False,
    forked: bool = True,
) -> Iterator[Daemon]:
    """Run ``twistd -n lanchat`` on a free port, until the block ends. It keeps its state in ``cwd``.

    It is ``announced`` only on a network that the test made. It may be ``forked`` (`tests.preloaded`)
    if it has neither a prefix nor an environment of its own.
    """
    silent = () if announced else ("--no-announce",)
    arguments = ["-n", "--pidfile=", "lanchat", *silent, *(options or ("--port=0",))]
    variables = environment_in(cwd) | (environment or {})
    if prefix or environment or not forked:
        starting = started([*prefix, TWISTD, *arguments], cwd, environment=variables)
    else:
        starting = _until_the_end(
            Forked(
                [TWISTD, *arguments], cwd=cwd, env=variables,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
        )  # fmt: skip
    with starting as running:
        match = running.logged(r"listening on (\S+)")
        running.port = int(match[1]) if match[1].isdigit() else 0
        yield running


def wait_until(what: str, true: Any) -> None:
    """Wait for something of another process that nothing tells of, such as its memory."""
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.01)
