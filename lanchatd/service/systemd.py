"""The service manager is told how the daemon is: ready, alive, reloading, stopping (``sd_notify(3)``).

This is less than a library: `sdnotify` knows no watchdog, and the bindings of libsystemd need a compiler.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall

# How often the status is looked at: what `systemctl status` shows is at most so old.
LOOK_S = 2.0


class Notifier(Service):
    """Sends to ``$NOTIFY_SOCKET``; without one it does nothing at all.

    It is the last child of its parent, so that it starts last, with all the others ready, and stops first.
    What can't be sent, as nobody is there or too much waits there already, is sent with the next look: it
    never waits and never fails.
    """

    def __init__(
        self,
        reactor: Any,
        status: Callable[[], str],
        environment: Mapping[str, str] = os.environ,
        is_ready: bool = True,
    ) -> None:
        """``status`` returns one line for people, such as ``2 members in 1 room``; asked often, so cheap.

        If it is not ``is_ready``, somebody says `ready` later.
        """
        self._is_ready = is_ready
        self._reactor = reactor
        self._status = status
        self._environment = environment
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._socket: socket.socket | None = None
        self._calls: list[LoopingCall] = []
        self._state = ""
        self._told = ""

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        if self._address:
            self._reactor.callWhenRunning(self._begin)

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]
        self._become("STOPPING=1")
        while self._calls:
            self._calls.pop().stop()
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def reloading(self) -> None:
        """The daemon has begun to read its files again."""
        # Of the clock that systemd tells by which reload is meant; the reactor's may be another one.
        self._become(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1_000}")

    def reloaded(self) -> None:
        """It has read them, or kept what it had."""
        self._become(f"READY=1\nMAINPID={os.getpid()}" if self._is_ready else f"MAINPID={os.getpid()}")

    def ready(self) -> None:
        """Now it is."""
        self._is_ready = True
        self.reloaded()

    def _begin(self) -> None:
        if not self.running:
            return
        # One socket for good: a daemon that has no file descriptor left can still say that it is alive.
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self.reloaded()
        self._repeat(self._look, LOOK_S)
        if watchdog_s := _watchdog_s(self._environment):
            self._repeat(self._beat, watchdog_s / 2)

    def _repeat(self, what: Callable[[], None], interval_s: float) -> None:
        call = LoopingCall(what)
        call.clock = self._reactor
        call.start(interval_s)
        self._calls.append(call)

    def _become(self, state: str) -> None:
        self._state = state
        self._look()

    def _look(self) -> None:
        """Tell state and status if they are others than were told. Telling a state again changes nothing."""
        text = f"{self._state}\nSTATUS={self._status()}"
        if not self._is_ready:  # and it may take as long as it takes
            self._send(f"EXTEND_TIMEOUT_USEC={10 * LOOK_S * 1_000_000:.0f}")
        if text != self._told and self._send(text):
            self._told = text

    def _beat(self) -> None:
        self._send("WATCHDOG=1")

    def _send(self, text: str) -> bool:
        if self._socket is None:
            return False
        try:
            self._socket.sendto(text.encode(), self._address)
        except OSError:
            return False
        return True


def _address(text: str) -> str:
    """A path, or a name that is no file (``@name``); that of a virtual machine is not understood."""
    if not text.startswith(("/", "@")):
        return ""
    return "\0" + text[1:] if text[0] == "@" else text


def _watchdog_s(environment: Mapping[str, str]) -> float:
    """Seconds after which a silent daemon is killed; 0 if nobody watches this process."""
    usec = environment.get("WATCHDOG_USEC", "")
    if not usec.isdecimal() or environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0
    return int(usec) / 1_000_000
