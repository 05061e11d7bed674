"""How little the client is: what it loads, and what it keeps of a long day. Counted, and not timed."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pyte
import pytest

from lanchatd.client import kept as kept_module
from lanchatd.client import room as room_module
from lanchatd.client.colours import NICK_COLOURS
from lanchatd.client.kept import Kept
from lanchatd.client.printed import Printed
from lanchatd.terminal.screen import Screen
from tests.client.test_session import said
from tests.client.test_windows import Desk
from tests.daemon import daemon
from tests.pseudo_terminal import at, seat

# Nothing of this is needed before the prompt; each would be seen in the time until then, or in the memory.
NEVER = {
    "sqlite3", "confusable_homoglyphs", "h11", "wsproto", "segno", "tomllib", "twisted.conch", "twisted.web",
    "twisted.names", "twisted.trial", "twisted.words", "lanchatd.history", "lanchatd.doors", "lanchatd.net",
}  # fmt: skip
# With Twisted, OpenSSL, and 75 of our own; Python's own are not the same in each of its versions.
MOST_MODULES = 640


def test_what_is_loaded_before_the_prompt() -> None:
    """By the packages and their number: half of the time until the prompt is loading them."""
    asks = (
        "import sys, lanchatd.client.main, lanchatd.client.terminal; from twisted.internet import reactor; "
        "from lanchatd.client.options import parse; from lanchatd.client.settings import read; "
        "from pathlib import Path; parse([], lambda: read(Path('none'))); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", asks], check=True, capture_output=True, text=True
    ).stdout.split()
    assert NEVER.isdisjoint({".".join(name.split(".")[:n]) for name in loaded for n in (1, 2)})
    assert len(loaded) < MOST_MODULES


def test_what_is_kept_of_a_long_day_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the room that is shown and of the others, whoever talks there."""
    monkeypatch.setattr(kept_module, "KEPT_CHARACTERS", 20_000)
    monkeypatch.setattr(room_module, "MOST_NICKS", 50)
    desk = Desk()
    printed = Printed(Screen(80, styles=True), Kept(), "2026-11-22", NICK_COLOURS, links=False)

    def lines(first: int, count: int) -> int:
        """So many lines in two rooms; the bytes that are held after them."""
        for number in range(first, first + count):
            for room in ("#lobby", "#dev"):
                item = desk.received(said(number, f"line {number} " * 5, f"nick{number % 500}", room))
                printed.rows(desk.arriving.shapes(item, 10), "alice")
        desk.logged.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    lines(1, 600)  # every list is full
    tracemalloc.start()
    try:
        before = lines(601, 600)
        after = lines(1_201, 1_200)
    finally:
        tracemalloc.stop()
    assert after < before * 1.1 + 10_000


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_a_hundred_thousand_lines_cost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less than 40 MiB of its own, on a real terminal; what it shares with every Python is not counted."""
    fast = ("--port=0", "--lines-per-s=100000", "--burst-lines=100000", "--bytes-per-s=100000000")
    with (
        daemon(*fast, cwd=tmp_path) as chat,
        chat.join("bob") as bob,
        seat(*at(chat), home=tmp_path) as alice,
    ):
        alice.sees_line("· connected")
        monkeypatch.setattr(pyte.ByteStream, "feed", lambda *_: None)  # nobody looks at the screen any more
        for begin in range(0, 100_000, 1_000):
            bob.types(*(f"line {begin + number} of a talk, as long as lines are" for number in range(1_000)))
            last = f"<bob> line {begin + 999} of a talk, as long as lines are"
            bob.reads_until(last)
            alice.sees(lambda seat, last=last: last.partition(" ")[2].encode() in seat.raw[-100_000:])  # type: ignore[misc]
        status = Path(f"/proc/{alice.process.pid}/status").read_text()
        own = re.search(r"RssAnon:\s+(\d+) kB", status)
        assert own is not None and int(own[1]) < 40 * 1_024, own
