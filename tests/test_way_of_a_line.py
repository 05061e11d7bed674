"""How far a said line goes through the code: a newcomer follows it, and the daemon runs it for each line."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path
from types import FrameType

import lanchatd
from tests.disk import DiskWorld

PACKAGE = Path(lanchatd.__file__).parent
# A line of text in a small room, with the log on disk. Whoever makes the way longer says why.
MOST_FILES, MOST_CHANGES = 15, 29


def test_the_way_of_a_line_does_not_grow(tmp_path: Path) -> None:
    """From the bytes that come to the bytes that go: the files, and how often it goes from one to another."""
    world = DiskWorld(tmp_path / "history.sqlite")
    alice, bob = world.join("alice"), world.join("bob")
    alice.types("what is done for the first line only is not counted")
    world.passes(10)
    alice.types("nor what is done for the first one of a second: so often the index hears of new lines")
    bob.sees()
    way: list[str] = []

    def see(frame: FrameType, event: str, _: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(PACKAGE):
            way.append(str(path.relative_to(PACKAGE)))

    sys.setprofile(see)
    try:
        alice.types("hi")
    finally:
        sys.setprofile(None)
    assert bob.sees() == ["<alice> hi"]
    assert len(set(way)) <= MOST_FILES
    assert len(list(groupby(way))) - 1 <= MOST_CHANGES
