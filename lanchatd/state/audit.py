"""The audit log: what administrators did, one JSON object a line, only ever added to.

Each line is one small write, and none is synced. What was written is in the kernel's hands: a kill or a crash
of the daemon loses nothing, and only a power cut can lose the last half minute (Linux's writeback), with the
members and rooms that it was about. Waiting for the disk would hold up everybody's talk at each line typed.

The last line can be torn: by a power cut, by a full disk, and by a kill while a write goes over from one page
of memory to the next. Then the next record begins on a line of its own.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from twisted.logger import Logger

from lanchatd.state.files import StateError, open_own
from lanchatd.text.times import from_iso, iso_time

# Characters of one text in a record. As long as a line of the chat may be; an answer can be a table of 10,000
# members, and the log is to say what was done, not to repeat what was shown.
LONGEST_TEXT = 4_096

# What `AuditLog.last` looks back on: about 4,500 usual records, which take 20 ms to read.
TAIL_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Record:
    """What an administrator did: ``at`` in seconds since the epoch, by which key and from where."""

    at: float
    account: str
    fingerprint: str
    comment: str
    address: str
    what: str
    result: str


_TEXTS = tuple(field.name for field in fields(Record) if field.name != "at")


class AuditLog:
    """The file. It grows for ever, unless somebody rotates it and calls `reopen`."""

    log = Logger("lanchatd")

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1  # closed
        self._torn = False  # the file ends in a piece of a line
        self._lost = 0  # records that could not be written since the last one that could

    def open(self) -> None:
        """Open it, or make it with mode 0600. Raises `StateError`."""
        try:
            descriptor = open_own(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT)
        except OSError as error:
            raise StateError(f"can't write to {self._path}: {error.strerror}") from None
        status = os.fstat(descriptor)
        if status.st_mode & 0o077:
            os.close(descriptor)
            raise StateError(f"others can read {self._path}: chmod 600 it")
        self.close()
        self._descriptor = descriptor
        self._torn = status.st_size > 0 and os.pread(descriptor, 1, status.st_size - 1) != b"\n"

    reopen = open
    """After it was renamed: go on in a new file. If that raises, it goes on in the old one."""

    def close(self) -> None:
        """Nothing is added any more."""
        if self._descriptor != -1:
            os.close(self._descriptor)
            self._descriptor = -1

    def append(self, record: Record) -> None:
        """Add a record. What can't be written is lost, and the daemon's own log says so, once.

        That never keeps an administrator from anything: on a full disk it must still be possible to ban, and
        to find out what fills it.
        """
        line = rest = b"\n" * self._torn + _encoded(record)
        try:
            while rest:  # again only when the disk is full after a part of it, and that will say so
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError as error:
            self._torn = self._torn or len(rest) < len(line)
            self._could_not_write(error)
            return
        self._torn = False
        if self._lost:
            self.log.info(
                "{path} is written again; {lost} records are missing", path=str(self._path), lost=self._lost
            )
            self._lost = 0

    def last(self, count: int, fingerprint: str | None = None) -> list[Record]:
        """The newest records, of one key or of all, in order; of what fits in `TAIL_BYTES`.

        Lines that can't be read are left out, and so is a piece of one where the tail begins. Raises OSError.
        """
        begin = max(0, os.fstat(self._descriptor).st_size - TAIL_BYTES)
        lines = os.pread(self._descriptor, TAIL_BYTES, begin).split(b"\n")
        found: list[Record] = []
        for line in reversed(lines):
            if len(found) == count:
                break
            record = _decoded(line)
            if record is not None and fingerprint in (None, record.fingerprint):
                found.append(record)
        return found[::-1]

    def _could_not_write(self, error: OSError) -> None:
        if not self._lost:
            self.log.error(
                "can't write to {path}: {why}; what administrators do is not recorded",
                path=str(self._path),
                why=error.strerror,
            )
        self._lost += 1


def _encoded(record: Record) -> bytes:
    texts = {name: _cut(text) for name, text in asdict(record).items() if name in _TEXTS}
    line = json.dumps({"at": iso_time(record.at), **texts}, ensure_ascii=False)
    if not line.isprintable():
        # Whoever looks at the file in a terminal should see what is there: nothing that moves the cursor,
        # turns the direction of writing, ends the line or can't be seen. It can only be inside JSON's quotes.
        line = "".join(_escaped(character) for character in line)
    return (line + "\n").encode()


def _cut(text: str) -> str:
    more = len(text) - LONGEST_TEXT
    return text if more <= 0 else f"{text[:LONGEST_TEXT]}… ({more:,} more characters)"


def _escaped(character: str) -> str:
    return character if character.isprintable() else json.dumps(character)[1:-1]


def _decoded(line: bytes) -> Record | None:
    try:
        read = json.loads(line)
        texts = {name: read[name] for name in _TEXTS}
        at = from_iso(read["at"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return Record(at, **texts) if all(isinstance(text, str) for text in texts.values()) else None
