"""A QR code of an address, for the camera of a phone."""

from __future__ import annotations

import io
from functools import lru_cache

import segno

# Modules of white around it: less than the 4 that the standard wants, as terminals are small; phones take it.
_BORDER = 2


@lru_cache(16)
def as_svg(text: str) -> bytes:
    """As a picture of its own, black on white wherever it is shown."""
    out = io.BytesIO()
    segno.make(text, micro=False).save(
        out, kind="svg", border=_BORDER, light="#fff", xmldecl=False, omitsize=True
    )
    return out.getvalue()


def as_lines(text: str) -> list[str]:
    """For a terminal: lines of half blocks, white on black by themselves, whatever its colours are."""
    out = io.StringIO()
    segno.make(text, micro=False).terminal(out, border=_BORDER, compact=True)
    # Bright white on black, by the numbers of 256 colours, which themes leave alone.
    return [f"\033[38;5;231;48;5;16m{line}\033[0m" for line in out.getvalue().splitlines()]


def columns(lines: list[str]) -> int:
    """How wide these lines are."""
    return max(sum(char in " \u2580\u2584\u2588" for char in line) for line in lines)
