"""``twistd lanchat``: the options, and the parts put together."""

from __future__ import annotations

import ipaddress
import secrets
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twisted.application.service import IService
from twisted.internet.endpoints import (
    StandardIOEndpoint,
    TCP4ServerEndpoint,
    TCP6ServerEndpoint,
    serverFromString,
)
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.python import usage

from lanchatd import wire
from lanchatd.chat import Chat
from lanchatd.events import Refused
from lanchatd.factory import ChatFactory
from lanchatd.limits import Limits, conflict_in, each_limit, limit_from, option_name
from lanchatd.log import MemoryLog
from lanchatd.service import ChatService, within_open_files

PORT = 8000
LARGEST_PORT = 65_535
# Connections that wait to be accepted. When a room comes back at once, one that does not fit tries again only
# after a second (Twisted's default is 50).
BACKLOG = 1_024
LONGEST_NAME = 64  # characters, of the server
LONGEST_MOTD = 16_384  # bytes: it is sent to everybody, in one go


class Options(usage.Options):
    """What can be set. Everything is checked before anything starts."""

    synopsis = "[options]"
    longdesc = "A chat server for the people on one network: they join with nc, telnet or a program."
    optParameters = [  # noqa: RUF012
        ["port", "p", None, f"TCP port; 0 takes any that is free.  [default: {PORT}]"],
        ["interface", "i", None, "IP address to listen on.  [default: all, IPv4 and IPv6]"],
        ["name", None, None, "Name of this server, in the greeting.  [default: the host name]"],
        ["motd", None, None, "File whose lines are part of the greeting, in UTF-8."],
        *(
            [option_name(limit), None, limit.default, f"{limit.metadata['what']} ({limit.metadata['unit']})"]
            for limit in each_limit()
        ),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.listens: list[str] = []
        self.endpoints: list[tuple[str, IStreamServerEndpoint]] = []
        self.limits = Limits()
        self.motd: tuple[str, ...] = ()

    def opt_listen(self, endpoint: str) -> None:
        """Twisted server endpoint to listen on, instead of the port; may be given again.

        For example unix:/run/lanchatd.sock or tcp:8000:interface=127.0.0.1
        """
        self.listens.append(endpoint)

    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Parse and check. What is wrong ends the process with one line on standard error and exit code 1."""
        try:
            super().parseOptions(options)  # type: ignore[no-untyped-call]
        except usage.UsageError as error:
            # twistd itself would print the whole help, and all of it on standard output.
            raise SystemExit(f"twistd lanchat: {error} (see twistd lanchat --help)") from None

    def postOptions(self) -> None:
        from twisted.internet import reactor

        numbers: dict[str, Any] = {}
        for limit in each_limit():
            name = option_name(limit)
            try:
                numbers[limit.name] = limit_from(limit, str(self[name]))
            except ValueError as error:
                raise usage.UsageError(f"--{name}: {error}") from None
        self.limits = Limits(**numbers)
        if conflict := conflict_in(self.limits):
            raise usage.UsageError(conflict)
        self["name"] = _name(self["name"])
        self.motd = _motd(self["motd"])
        if self.listens and (self["port"] is not None or self["interface"] is not None):
            raise usage.UsageError("--listen takes the place of --port and --interface")
        if self.listens:
            self.endpoints = [(listen, _endpoint(reactor, listen)) for listen in self.listens]
        else:
            self.endpoints = [_tcp(reactor, _port(self["port"]), _interface(self["interface"]))]


def makeService(options: Options) -> IService:
    """Put the daemon together; called by twistd."""
    from twisted.internet import reactor

    # Nothing is scheduled yet. Twisted's timers run on the wall clock by default: when it is set back an hour
    # they all stop, and when it is set forward every time-out fires.
    reactor.seconds = time.monotonic  # type: ignore[method-assign]
    limits = within_open_files(options.limits)

    def new_log(room: str) -> MemoryLog:
        return MemoryLog(secrets.token_hex(4), limits.log_events, limits.log_bytes)

    chat = Chat(options["name"], options.motd, limits, reactor, time.time, new_log)
    return ChatService(reactor, ChatFactory(chat, reactor, limits), options.endpoints)


def _port(text: str | None) -> int:
    if text is None:
        return PORT
    if not (text.isascii() and text.isdigit() and int(text[:6]) <= LARGEST_PORT):
        raise usage.UsageError(f"--port: {text!r} is not a port from 0 to 65535")
    return int(text)


def _interface(text: str | None) -> str:
    if text is None:
        return ""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise usage.UsageError(f"--interface: {text!r} is not an IP address") from None


def _tcp(reactor: Any, port: int, interface: str) -> tuple[str, IStreamServerEndpoint]:
    if not interface:
        interface = "::" if _has_ipv6() else "0.0.0.0"  # noqa: S104
    six = ":" in interface
    kind = TCP6ServerEndpoint if six else TCP4ServerEndpoint
    endpoint = kind(reactor, port, backlog=BACKLOG, interface=interface)
    return f"port {port}", endpoint


def _has_ipv6() -> bool:
    """Whether a socket can be bound to all addresses of both kinds."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::", 0))
            return not probe.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
    except OSError:
        return False


def _endpoint(reactor: Any, text: str) -> IStreamServerEndpoint:
    try:
        endpoint: IStreamServerEndpoint = serverFromString(reactor, text)
    except Exception as error:
        raise usage.UsageError(f"--listen: {text!r}: {error}") from None
    if isinstance(endpoint, StandardIOEndpoint):
        raise usage.UsageError(f"--listen: {text!r}: nobody can connect to it")
    return endpoint


def _name(text: str | None) -> str:
    try:
        name = wire.clean(socket.gethostname() if text is None else text).strip()
    except Refused as refused:
        raise usage.UsageError(f"--name: {refused.text}") from None
    if not 1 <= len(name) <= LONGEST_NAME:
        raise usage.UsageError(f"--name: a name has 1 to {LONGEST_NAME} characters")
    return name


def _motd(path: str | None) -> tuple[str, ...]:
    if path is None:
        return ()
    try:
        with Path(path).open("rb") as file:
            encoded = file.read(LONGEST_MOTD + 1)
    except OSError as error:
        raise usage.UsageError(f"--motd: {path}: {error.strerror}") from None
    if len(encoded) > LONGEST_MOTD:
        raise usage.UsageError(f"--motd: {path} has more than {LONGEST_MOTD:,} bytes")
    try:
        return tuple(wire.clean(line).rstrip() for line in wire.decode(encoded).splitlines())
    except Refused as refused:
        raise usage.UsageError(f"--motd: {path}: {refused.text}") from None
