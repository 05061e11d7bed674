"""Where a user's own files are and how they are written, by the XDG Base Directory Specification 0.8."""

from __future__ import annotations

import os
from pathlib import Path


def base(variable: str, default: str) -> Path | None:
    """The directory that a variable names, else ``default`` below the home; None where there is no home."""
    named = Path(os.environ.get(variable, ""))
    if named.is_absolute():
        return named
    try:
        return Path.home() / default
    except RuntimeError:  # a user id without a name or a home, as in containers
        return None


def write(file: Path, text: str) -> None:
    """Write a file that nobody else reads, whole or not at all. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = file.with_name(f"{file.name}.{os.getpid()}")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            opened.write(text)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
