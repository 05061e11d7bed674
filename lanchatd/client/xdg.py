"""Where a user's own files are, by the XDG Base Directory Specification 0.8."""

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
