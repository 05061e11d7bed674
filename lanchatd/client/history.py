"""What was typed, kept between runs for nobody else to read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from lanchatd.client import xdg

LINES = 1_000


def path() -> Path | None:
    """Where it is kept; None where there is no home."""
    state = xdg.base("XDG_STATE_HOME", ".local/state")
    return None if state is None else state / "lanchat" / "history"


def read(file: Path | None) -> list[str]:
    """The lines, the oldest first; none if they can't be read."""
    try:
        return [] if file is None else file.read_text("utf-8", errors="replace").splitlines()[-LINES:]
    except OSError:
        return []


def add(file: Path | None, lines: Iterable[str]) -> None:
    """Put these behind what is there by now, from other runs too; whole or not at all. Raises OSError."""
    kept = [*read(file), *lines][-LINES:]
    if file is None:
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as text:
            text.writelines(line + "\n" for line in kept)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
