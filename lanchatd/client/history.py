"""What was typed, kept between runs for nobody else to read; without what was for one member only."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lanchatd.client import xdg
from lanchatd.commands.all_commands import MEMBERS

LINES = 1_000


def path() -> Path | None:
    """Where it is kept; None where there is no home."""
    state = xdg.base("XDG_STATE_HOME", ".local/state")
    return None if state is None else state / "lanchatd" / "history"


def move_old(file: Path | None) -> None:
    """Move the file of older versions, which was in a directory called otherwise. Raises OSError."""
    if file is None:
        return
    old = file.parent.with_name("lanchat") / file.name
    if old.exists():
        _write(file, [*read(old), *read(file)])
        old.unlink()
        with suppress(OSError):  # there is something else in it
            old.parent.rmdir()


def read(file: Path | None) -> list[str]:
    """The lines, the oldest first; none if they can't be read."""
    try:
        return [] if file is None else file.read_text("utf-8", errors="replace").splitlines()[-LINES:]
    except OSError:
        return []


def is_kept(line: str) -> bool:
    """Whether a line is for everybody; a command that there is not may be `/msg` with a slip in it."""
    if not line.startswith("/") or line.startswith("//"):
        return True
    command = MEMBERS.find(line[1:].partition(" ")[0])
    return command is not None and not command.private


def add(file: Path | None, lines: Iterable[str]) -> None:
    """Put these behind what is there by now, from other runs too; whole or not at all. Raises OSError."""
    if file is not None:
        _write(file, [*read(file), *lines])


def _write(file: Path, lines: Iterable[str]) -> None:
    kept = list(filter(is_kept, lines))[-LINES:]
    xdg.write(file, "".join(line + "\n" for line in kept))
