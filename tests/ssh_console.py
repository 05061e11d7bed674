"""A console in a small process of its own, where an echo sits: ``-m tests.ssh_console FOLDER LIMITS``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.internet import reactor as installed
from twisted.logger import Logger, globalLogBeginner, textFileLogObserver

from lanchatd.limits import Limits
from lanchatd.ssh.application import Identity, Output
from lanchatd.ssh.authorized_keys import AuthorizedKeys
from lanchatd.ssh.server import Account, SshConsole
from tests.daemon import PATIENCE_S, Daemon, started

reactor: Any = installed


class Echo:
    """Says back what it is told. Implements `lanchatd.ssh.application.Application`."""

    def __init__(self, identity: Identity, output: Output) -> None:
        self._identity = identity
        self._output = output
        self._read = 0
        self._echoes = True
        self._closed = False

    def run(self, line: str) -> None:
        match line.split():
            case ["exit", code]:
                self._output.write("out\n")
                self._output.write_error("err\n")
                self._output.end(int(code))
            case ["who"]:
                me = self._identity
                self._output.write(f"{me.account} {me.fingerprint} {me.comment} {me.address}\n")
                self._output.end(0)
            case ["flood", kib]:
                self._output.write(("x" * 1_023 + "\n") * int(kib))
                self._output.end(0)
            case ["both", kib]:
                for number in range(int(kib)):
                    self._output.write(f"{number:1023}\n")
                    self._output.write_error(f"{number:1023}\n")
                self._output.end(0)
            case ["stream"]:  # for ever
                self._stream()
            case ["late"]:
                reactor.callLater(0.01, self._write_late)
            case ["hold"]:
                self._output.write("held\n")
            case ["shutdown"]:
                self._output.write("done\n")
                self._output.end(0)
                reactor.stop()
            case ["fail"]:
                raise RuntimeError("on purpose")
            case ["count"]:
                self._echoes = False
            case _:
                self._output.write(f"ran {line!r}\n")
                self._output.end(0)

    def begin(self, width: int | None) -> None:
        self._echoes = width is not None
        self._output.write(f"welcome at {width} columns\n")

    def typed(self, typed: bytes) -> None:
        self._read += len(typed)
        if not self._echoes:
            return
        if b"\x04" in typed:
            self._output.write_error("bye\n")
            self._output.end(3)
        elif b"\x03" in typed:
            self._output.write("interrupted\n")
        else:
            self._output.write(f"typed {typed.decode()!r}\n")

    def nothing_typed(self) -> None:
        """It says nothing about that."""

    def input_ended(self) -> None:
        self._output.write(f"{self._read} bytes came\n")
        self._output.end(0)

    def resized(self, width: int) -> None:
        self._output.write(f"now {width} columns\n")

    def closed(self) -> None:
        self._closed = True
        Logger().info("the echo is gone")

    def _write_late(self) -> None:
        self._output.write("late\n")
        self._output.end(0)
        Logger().info("it is written late")

    def _stream(self) -> None:
        if not self._closed:
            self._output.write("x" * 65_536)
            reactor.callLater(0, self._stream)


@contextmanager
def console(folder: Path, interface: str = "127.0.0.1", **limits: float) -> Iterator[Daemon]:
    """Run one until the block ends. The keys are in ``admin_keys`` in the folder."""
    command = [sys.executable, "-m", "tests.ssh_console", str(folder), interface, json.dumps(limits)]
    with started(command, Path(__file__).parents[2]) as running:
        running.port = int(running.logged(r"administrators' console on \S+ port (\d+)")[1])
        yield running
        running.process.terminate()
        running.process.wait(PATIENCE_S)


def main(folder: str, interface: str, limits: str) -> None:
    globalLogBeginner.beginLoggingTo([textFileLogObserver(sys.stdout)], redirectStandardIO=False)
    keys = AuthorizedKeys(Path(folder) / "admin_keys")
    accounts = {"admin": Account(keys, Echo)}
    place = interface, 0, Path(folder) / "host_key"
    service = SshConsole(reactor, Limits(**json.loads(limits)), *place, accounts)
    service.startService()
    reactor.addSystemEventTrigger("before", "shutdown", service.stopService)
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
