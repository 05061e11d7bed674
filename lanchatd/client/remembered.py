"""The rooms of each server, and how far they were read, kept between runs for nobody else to read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lanchatd.client import xdg
from lanchatd.client.room import LONGEST_NAME, Room
from lanchatd.client.sanitize import clean, number_of, rows_of, text_of
from lanchatd.text import names
from lanchatd.text.refused import Refused

# What is kept: of the servers that were joined last, and as many rooms as a server lets one be in.
MOST_SERVERS = 100
MOST_ROOMS = 50
LARGEST_BYTES = 1_048_576


class Unreadable(Exception):
    """The file is not what was written; the text says so in a line."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """Of one server; ``shown`` is the room where one was, empty for none."""

    rooms: tuple[Room, ...] = ()
    shown: str = ""


def path() -> Path | None:
    """Where it is kept; None where there is no home."""
    state = xdg.base("XDG_STATE_HOME", ".local/state")
    return None if state is None else state / "lanchatd" / "rooms.json"


def read(file: Path | None, server: str) -> Remembered:
    """What is known of a server. Raises `Unreadable`: then the file has another name now."""
    known = _known(file)
    entry = known.get(server)
    if not isinstance(entry, dict):
        return Remembered()
    rooms: dict[str, Room] = {}
    for row in rows_of(entry, "rooms")[:MOST_ROOMS]:
        with suppress(Refused):
            room = _room(row)
            rooms.setdefault(room.key, room)
    with suppress(Refused):
        shown = names.room(text_of(entry, "shown"))
        if shown.key in rooms:
            return Remembered(tuple(rooms.values()), shown.shown)
    return Remembered(tuple(rooms.values()))


def keep(file: Path | None, server: str, rooms: Iterable[Room], shown: str) -> None:
    """Remember this of a server, and of the others what is known. Raises OSError."""
    if file is None:
        return
    try:
        known = _known(file)
    except Unreadable:
        known = {}
    known.pop(server, None)
    kept = [{"room": room.name, "log": room.log, "read": room.read} for room in rooms]
    known[server] = {"shown": shown, "rooms": kept[:MOST_ROOMS]}
    newest = dict(list(known.items())[-MOST_SERVERS:])
    xdg.write(file, json.dumps(newest, ensure_ascii=False, indent=1) + "\n")


def _room(row: object) -> Room:
    name, log, read = names.room(text_of(row, "room")).shown, text_of(row, "log"), number_of(row, "read")
    if not log or read is None or clean(log) != log or len(log) > LONGEST_NAME:
        return Room(name)
    return Room(name, log, read)


def _known(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST_BYTES + 1)
    except OSError:
        return {}
    try:
        known = json.loads(text or b"{}") if len(text) <= LARGEST_BYTES else None
    except (ValueError, RecursionError):
        known = None
    if isinstance(known, dict):
        return known
    aside = file.with_name(file.name + ".unreadable")
    with suppress(OSError):
        file.replace(aside)
    raise Unreadable(f"{file} can't be read: it is {aside.name} now, and its rooms are forgotten.")
