"""What the terminal showed, kept to be saved to a file."""

from __future__ import annotations

from collections import deque
from pathlib import Path

# What `/save` can write: the talk of a long day.
KEPT_CHARACTERS = 2_000_000


class Kept:
    """Lines, the oldest of which go when there are too many."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._characters += len(line)
        while self._characters > KEPT_CHARACTERS:
            self._characters -= len(self._lines.popleft())

    def clear(self) -> None:
        self._lines.clear()
        self._characters = 0

    def save(self, path: Path) -> None:
        """Write them to a new file. Raises OSError and ValueError."""
        with path.open("x", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in self._lines)
