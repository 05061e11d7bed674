"""The service: it listens, and ends as it should."""

from __future__ import annotations

import resource
import signal
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from os import dup
from typing import Any, NoReturn

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.logger import Logger
from twisted.python.failure import Failure

from lanchatd.factory import ChatFactory
from lanchatd.limits import Limits

# Open files that are not for connections: listening sockets, logs, and connections being turned away.
SPARE_FILES = 256


class ChatService(Service):
    """Starts to listen, and says goodbye."""

    log = Logger("lanchatd")

    def __init__(
        self,
        reactor: Any,
        factory: ChatFactory,
        endpoints: Sequence[tuple[str, IStreamServerEndpoint]],
    ) -> None:
        """``endpoints`` are each with the name that its user knows it by."""
        self.factory = factory
        self._reactor = reactor
        self._endpoints = endpoints
        self._ports: list[IListeningPort] = []

    def privilegedStartService(self) -> None:
        """Listen, or end the daemon with one line on standard error and exit code 1."""
        for name, endpoint in self._endpoints:
            # An endpoint answers at once, and an exception raised in the Deferred would be lost in it.
            failures: list[Failure] = []
            endpoint.listen(self.factory).addCallback(self._listening).addErrback(failures.append)
            if failures:
                self._give_up(f"can't listen on {name}: {_plain(failures[0].value)}")

    def _give_up(self, why: str) -> NoReturn:
        self.log.error("{why}", why=why)
        # twistd has made sys.stderr a part of its log by now.
        print(f"lanchatd: {why}", file=sys.__stderr__)
        # Not a SystemExit: twistd would leave its pid file behind, and in the background whoever started it
        # would wait for ever. The line says it all, so there is no traceback below it.
        sys.excepthook = lambda *_: None
        raise RuntimeError(why)

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._reactor.callWhenRunning(self._exit_0_on_sigterm)

    def stopService(self) -> Deferred[Any]:
        super().stopService()  # type: ignore[no-untyped-call]
        self.log.info("shutting down, with {members} members", members=len(self.factory.chat.members))
        stopped = [maybeDeferred(port.stopListening) for port in self._ports]
        return DeferredList([*stopped, self.factory.shut_down()])

    def _listening(self, port: IListeningPort) -> None:
        self._ports.append(port)
        set_socket_options(port, self.factory.limits)
        where = port.getHost()
        self.log.info("listening on {where}", where=getattr(where, "port", None) or where, address=str(where))

    def _exit_0_on_sigterm(self) -> None:
        # Twisted stops as it should, and then ends itself with the signal once more, which is no exit code 0.
        signal.signal(signal.SIGTERM, lambda *_: self._reactor.callFromThread(self._stop))

    def _stop(self) -> None:
        with suppress(ReactorNotRunning):  # the second signal while it says goodbye
            self._reactor.stop()


def set_socket_options(port: IListeningPort, limits: Limits) -> None:
    """Bound what the kernel keeps, and for how long: accepted sockets inherit it from the listening one."""
    listening = socket.socket(fileno=dup(port.fileno()))  # type: ignore[attr-defined]
    with listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.send_buffer_bytes)
        if listening.family == socket.AF_UNIX:
            return
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        # A line is not held back to be sent with the next one.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Half of the time idle, then four probes; and with something unsent, the whole time.
        for option, value in (
            ("TCP_KEEPIDLE", round(limits.keepalive_s / 2)),
            ("TCP_KEEPINTVL", round(limits.keepalive_s / 8)),
            ("TCP_KEEPCNT", 4),
            ("TCP_USER_TIMEOUT", round(limits.keepalive_s * 1_000)),
        ):
            if hasattr(socket, option):  # Linux has all of them
                listening.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def within_open_files(limits: Limits) -> Limits:
    """Raise the limit of open files as far as it goes; the limits, with the connections that it allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return limits
    allowed = max(hard - SPARE_FILES, hard // 2)
    if allowed < limits.max_connections:
        ChatService.log.warn(
            "--max-connections is {allowed}, as the limit of open files is {hard}", allowed=allowed, hard=hard
        )
    return replace(limits, max_connections=min(allowed, limits.max_connections))


def _plain(why: BaseException | None) -> str:
    """What went wrong, without the address, which the line names already."""
    cause = getattr(why, "socketError", why)
    return getattr(cause, "strerror", None) or str(cause)
