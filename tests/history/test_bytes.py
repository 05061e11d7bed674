"""The disk holds so many bytes of all rooms: the oldest lines of the fullest go."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lanchatd.history.disk.store import PRUNE_EVERY_S
from tests.disk import DiskWorld

UNLIMITED = {"burst_lines": 1_000_000, "bytes_per_s": 1_000_000_000, "max_per_address": 1_000_000}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def kept(path: Path) -> dict[str, tuple[int, int]]:
    """Of each room, how many lines are kept, and their bytes."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT key, count(id), bytes FROM room LEFT JOIN event ON room = number GROUP BY number"
        ).fetchall()
    return {key: (lines, size) for key, lines, size in rows}


def test_the_fullest_room_gives_way(path: Path) -> None:
    """In small steps, and until all rooms together are within the limit; the others lose nothing."""
    world = DiskWorld(path, **UNLIMITED)
    alice, bob = world.join("alice", room="#quiet"), world.join("bob", "192.0.2.2", room="#loud")
    alice.types(*[f"{number}" for number in range(100)])
    for number in range(300):
        bob.types(f"{number} {'x' * 1_000}")
    before = kept(path)
    assert before["#quiet"] == (100, 100 * 100 + 100 * len("alice") + 190)
    world.limits.keep_bytes = 150_000
    world.passes(PRUNE_EVERY_S * 2)
    after = kept(path)
    assert after["#quiet"] == before["#quiet"]
    assert 100_000 < sum(size for _, size in after.values()) <= 150_000
    assert bob.types("/history 1").sees()[-1].endswith("x" * 1_000)


def test_the_newest_line_stays(path: Path) -> None:
    """Whatever the limit is."""
    world = DiskWorld(path, **UNLIMITED)
    alice = world.join("alice")
    alice.types("one", "two")
    world.limits.keep_bytes = 1
    world.passes(PRUNE_EVERY_S * 2)
    assert kept(path)["#lobby"][0] == 1


def test_what_an_older_version_kept_is_counted(path: Path) -> None:
    """When its file is brought up to date."""
    world = DiskWorld(path)
    world.join("alice").types("hello", "w\u00f6rld")
    counted = kept(path)
    world.store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "DROP TRIGGER bytes_came; DROP TRIGGER bytes_went; ALTER TABLE room DROP COLUMN bytes;"
            "DROP TRIGGER topic_came; ALTER TABLE room DROP COLUMN topic_by;"
            "ALTER TABLE room DROP COLUMN topic_at_us;"
            "CREATE TRIGGER topic_came AFTER INSERT ON event BEGIN SELECT 1; END;"
            "DROP TABLE removed; ALTER TABLE log DROP COLUMN removals; ALTER TABLE room DROP COLUMN removals;"
            "ALTER TABLE event DROP COLUMN known;"
            "PRAGMA user_version = 2"
        )
    DiskWorld(path)
    assert kept(path) == counted
    assert counted["#lobby"][1] > 0
