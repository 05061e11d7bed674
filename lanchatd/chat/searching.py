"""What the chat asks of a log that can be searched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lanchatd.chat.answers import Answer
from lanchatd.chat.events import Event


@dataclass(frozen=True, slots=True)
class Asker:
    """Who searches: from which address, as those take turns, and whether it still waits for the answer."""

    address: str | None
    waits: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Hits:
    """The lines that were found, the newest first, each with its place in the order of all rooms.

    If not ``whole``, it took too long: there may be older ones.
    """

    lines: Sequence[tuple[int, Event]]
    whole: bool = True


Search = Callable[[str, int | None, int, Asker], Answer[Hits]]
"""Finds lines with some words in all rooms, before a place if one is given, and no more than so many.

It never answers if the asker no longer waits.
"""
