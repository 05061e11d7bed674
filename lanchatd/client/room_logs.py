"""What is said in a room, written to a file of one's own: one a day, for nobody else to read.

What comes here has no control characters any more (`lanchatd.client.sanitize`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from lanchatd.client import xdg
from lanchatd.client.room import room_key
from lanchatd.client.sanitize import clean
from lanchatd.text.times import full_time, local_day

# A server that floods a room fills no disk: the file of a day has at most so much.
LARGEST_BYTES = 67_108_864


def folder(server: str) -> Path | None:
    """Where those of a server are; None where there is no home."""
    state = xdg.base("XDG_STATE_HOME", ".local/state")
    return None if state is None else state / "lanchatd" / "logs" / _file_name(server)


@dataclass(slots=True)
class _Open:
    """The file of a day."""

    day: str
    descriptor: int
    size: int


class RoomLogs:
    """The rooms that are written. ``complain`` is told when one can't be any more: then it is not."""

    def __init__(self, where: Path | None, complain: Callable[[str], None]) -> None:
        """``where`` is None if nothing is to be kept."""
        self._where = where
        self._complain = complain
        self._files: dict[str, _Open] = {}

    def begin(self, room: str, now: float) -> Path:
        """Write what is said there from now on. The file of today. Raises OSError."""
        day = local_day(now)
        if room_key(room) not in self._files:
            self._files[room_key(room)] = self._opened(room, day)
        return self._path(room, day)

    def end(self, room: str) -> bool:
        """No more; false if it was not written."""
        opened = self._files.pop(room_key(room), None)
        if opened is not None:
            os.close(opened.descriptor)
        return opened is not None

    def write(self, room: str, at: float, lines: Iterable[str]) -> None:
        """This was said there at this moment, in seconds since the epoch; if it is one that is written."""
        opened = self._files.get(room_key(room))
        if opened is None:
            return
        try:
            if (day := local_day(at)) != opened.day:
                self.end(room)
                opened = self._files[room_key(room)] = self._opened(room, day)
            text = "".join(f"{full_time(at)} {line}\n" for line in lines).encode(errors="replace")
            opened.size += len(text)
            if opened.size > LARGEST_BYTES:
                raise OSError(0, f"it has {LARGEST_BYTES:,} bytes for one day")
            while text:
                text = text[os.write(opened.descriptor, text) :]
        except OSError as error:
            self.end(room)
            self._complain(f"What is said in {room} is not written any more: {error.strerror}.")

    def _opened(self, room: str, day: str) -> _Open:
        path = self._path(room, day)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(path, flags, 0o600)
        return _Open(day, descriptor, os.fstat(descriptor).st_size)

    def _path(self, room: str, day: str) -> Path:
        if self._where is None:
            raise OSError(0, "nothing is kept, as --no-save asks, or as there is no home")
        return self._where / f"{_file_name(room_key(room).removeprefix('#'))}.{day}.log"


def _file_name(name: str) -> str:
    """As it can be in no way another place."""
    return quote(clean(name), safe=" []:").lstrip(".") or "_"
