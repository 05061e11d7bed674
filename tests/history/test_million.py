"""A room of a million lines is as quick to use as a small one, and takes no more memory."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pytest

from lanchatd.chat.events import Event, Kind
from lanchatd.chat.posted import Posted
from lanchatd.history.disk import writing
from lanchatd.history.disk.index import index
from lanchatd.history.disk.opening import open_log
from lanchatd.history.disk.reading import RoomRow
from lanchatd.service.services import HISTORY
from tests.daemon import Daemon, Peer, daemon

LINES, AT_ONCE = 1_000_000, 5_000
ASKED = 30  # times
WITHIN_S = 0.1
MORE_KIB = 16 * 1_024  # of memory than a daemon with an empty log: what is restored of a room is bounded
BETWEEN_S = 0.07  # two lines
WORDS = ("apple", "bread", "cheese", "dill", "egg")


def fill(directory: Path, began_at: float) -> None:
    """A log: a lobby in which many lines were said, one word in each fifth, and a rare one in ten of them."""
    directory.mkdir(parents=True, mode=0o700)
    connection, _ = open_log(directory / HISTORY, pytest.fail)
    connection.execute("PRAGMA synchronous = OFF")
    writing.write(connection, writing.values_of_rooms([RoomRow(1, "#lobby", "#lobby")]), [])
    for first in range(1, LINES + 1, AT_ONCE):
        batch = []
        for id_ in range(first, first + AT_ONCE):
            rare = " needle" if id_ % (LINES // 10) == 0 else ""
            text = f"line {id_} of {WORDS[id_ % len(WORDS)]} and more{rare}"
            batch.append(
                Posted(Event(Kind.SAID, "#lobby", f"n{id_ % 50}", text, began_at + id_ * BETWEEN_S, id_))
            )
        writing.write(connection, [], writing.values_of_events([(1, batch)]))
    while index(connection):
        pass
    connection.close()


def resident_kib(chat: Daemon) -> int:
    status = Path(f"/proc/{chat.process.pid}/status").read_text("utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1])


def took_s(ask: Callable[[int], None]) -> float:
    """The median of what it took."""
    times = []
    for number in range(ASKED):
        begin = time.perf_counter()
        ask(number)
        times.append(time.perf_counter() - begin)
    return median(times)


class Talk:
    """Somebody says fifty lines a second, until the block ends."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._talk)

    def _talk(self) -> None:
        while not self._ends.wait(0.02):
            self._peer.types("hello")
            self._peer.reads()

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *raised: object) -> None:
        self._ends.set()
        self._thread.join()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_room_of_a_million_lines(tmp_path: Path) -> None:
    began_at = time.time() - LINES * BETWEEN_S - 3_600
    fill(tmp_path / "large" / "state" / "lanchatd", began_at)
    (tmp_path / "small").mkdir()
    with daemon("--port=0", cwd=tmp_path / "small") as small:
        empty_kib = resident_kib(small)
    options = ("--port=0", "--lines-per-s=1000", "--burst-lines=1000")
    with (
        daemon(*options, cwd=tmp_path / "large") as chat,
        chat.join("alice") as alice,
        chat.connect() as asker,
    ):
        assert resident_kib(chat) - empty_kib < MORE_KIB
        asker.types('{"nick": "asker"}')

        def asks(line: str, answer: str, ref: str) -> None:
            asker.types(json.dumps({"line": line, "ref": ref}))
            while not ((got := asker.gets())["type"] == answer and got.get("ref", ref) == ref):
                pass

        def joins(number: int) -> None:
            chat.join(f"guest{number}").close()

        def looks_back(number: int) -> None:
            asks(f"/history {20 + number}", "ok", f"h{number}")

        def looks_back_far(number: int) -> None:
            at = datetime.fromtimestamp(began_at + number * 2_000, UTC).astimezone()
            asks(f"/history before {at:%Y-%m-%d %H:%M}", "past", f"b{number}")

        def searches(number: int) -> None:
            asks(f"/search {WORDS[number % len(WORDS)]}", "past", f"s{number}")

        def searches_what_is_rare(number: int) -> None:
            asks("/search needle", "past", f"r{number}")

        with Talk(alice):
            for ask in (joins, looks_back, looks_back_far, searches, searches_what_is_rare):
                assert took_s(ask) < WITHIN_S, ask
        assert resident_kib(chat) - empty_kib < MORE_KIB
