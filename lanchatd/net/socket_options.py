"""What the kernel is told: how much it keeps of a connection, how long, and how many files may be open."""

from __future__ import annotations

import resource
import socket
import sys
from os import dup

from twisted.internet.interfaces import IListeningPort
from twisted.logger import Logger

from lanchatd.limits import Limits
from lanchatd.net.shared_port import shared_socket

# Open files that are not for connections: listening sockets, logs, and connections being turned away.
SPARE_FILES = 256

_log = Logger("lanchatd")


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


def within_open_files(limits: Limits) -> int:
    """Raise the limit of open files as far as it goes, and the limit of connections not above what it allows.

    Returns how many connections it allows.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard == resource.RLIM_INFINITY:
        return sys.maxsize
    allowed = max(hard - SPARE_FILES, hard // 2)
    if allowed < limits.max_connections:
        limits.max_connections = allowed
        _log.warn(
            "--max-connections is {allowed}, as the limit of open files is {hard}", allowed=allowed, hard=hard
        )
    return allowed


def why_taken(interface: str, port: int, shared: bool) -> str:
    """Why nobody can listen there, beside others or alone; empty if somebody can."""
    try:
        if shared:
            shared_socket(interface, port).close()
            return ""
        with socket.socket(socket.AF_INET6 if ":" in interface else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Twisted does
            probe.bind((interface, port))
    except OSError as error:
        return error.strerror or str(error)
    return ""
