"""The log goes to systemd's journal with its fields: ``twistd --logger=lanchatd.service.journal.observer``.

`journalctl LANCHATD_NICK=alice` shows what happened to alice, and a traceback is one entry. The form of an
entry is described at https://systemd.io/JOURNAL_NATIVE_PROTOCOL/.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO, cast

from twisted.logger import ILogObserver, LogEvent, eventAsText, textFileLogObserver
from zope.interface import implementer

JOURNAL = "/run/systemd/journal/socket"
LONGEST_NAME = 64  # characters, of a field; the journal drops a longer one

# Twisted's levels, as syslog(3) numbers them.
PRIORITIES = {"debug": 7, "info": 6, "warn": 4, "error": 3, "critical": 2}


@implementer(ILogObserver)
class JournalObserver:
    """Sends each record as an entry; if that fails it is the usual line on standard error. Never raises."""

    def __init__(self, path: str = JOURNAL) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        # The chat does not wait for a journal that is slow.
        self._socket.setblocking(False)
        # Not sys.stderr: twistd makes that a part of the log, and the line would come back here.
        self._stderr = textFileLogObserver(cast(TextIO, sys.__stderr__))

    def __call__(self, event: LogEvent) -> None:
        try:
            # A record without a text is for other observers (FileLogObserver leaves it out as well).
            if message := eventAsText(event, includeTimestamp=False, includeSystem=False):
                entry = b"".join(_encoded(*field) for field in _fields(event, message))
                self._socket.sendto(entry, self._path)
        except Exception:  # no journal, a full one, an entry that is too long for it
            with suppress(Exception):
                self._stderr(event)

    def close(self) -> None:
        """From now on everything goes to standard error. twistd keeps its observer to its end."""
        self._socket.close()


def observer() -> JournalObserver:
    """What twistd calls to get its observer."""
    return JournalObserver()


def _fields(event: LogEvent, message: str) -> Iterator[tuple[str, str]]:
    priority = PRIORITIES[getattr(event.get("log_level"), "name", "info")]
    if "log_failure" in event:
        # Twisted calls each exception that it catches critical; but the daemon goes on.
        priority = max(priority, PRIORITIES["error"])
    namespace = str(event.get("log_namespace", "-"))
    yield "MESSAGE", message
    yield "PRIORITY", str(priority)
    yield "SYSLOG_IDENTIFIER", "lanchatd"
    yield "LANCHATD_NAMESPACE", namespace
    if namespace == "log_legacy":
        return  # of twisted.python.log: what else it holds is that module's own, under plain names
    for name, value in event.items():
        if not name.startswith("log_") and isinstance(value, str | int | float) and value != "":
            yield _field_name(name), str(value)


def _field_name(name: str) -> str:
    """The journal takes A to Z, digits and ``_``."""
    return re.sub("[^A-Z0-9_]", "_", f"LANCHATD_{name.upper()}")[:LONGEST_NAME]


def _encoded(name: str, value: str) -> bytes:
    """A field with its length before the value: the form in which a value may have more than one line."""
    encoded = value.encode("utf-8", "backslashreplace")
    return name.encode() + b"\n" + len(encoded).to_bytes(8, "little") + encoded + b"\n"
