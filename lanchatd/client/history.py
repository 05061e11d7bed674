"""What was typed, kept between runs for nobody else to read."""

from __future__ import annotations

import os
from pathlib import Path

LINES = 1_000


def path() -> Path:
    """Where it is kept: in the user's state directory (XDG Base Directory Specification 0.8)."""
    state = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        state = Path.home() / ".local" / "state"
    return state / "lanchat" / "history"


def read(file: Path) -> list[str]:
    """The lines, the oldest first; none if they can't be read."""
    try:
        return file.read_text("utf-8", errors="replace").splitlines()[-LINES:]
    except OSError:
        return []


def write(file: Path, lines: tuple[str, ...]) -> None:
    """Put the newest of these in its place, whole or not at all. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as text:
        text.writelines(line + "\n" for line in lines[-LINES:])
    new.replace(file)
