"""The file at start: made, brought up to date, or set aside; the daemon starts with what it finds."""

from __future__ import annotations

import shutil
import signal
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lanchatd.history.disk.opening import open_log
from lanchatd.history.disk.schema import MIGRATIONS
from lanchatd.state.files import StateError
from tests.daemon import daemon
from tests.disk import DiskWorld
from tests.history.test_log import said

HEADER, FRAME = 32, 24 + 4_096  # bytes, of a write-ahead log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.sqlite"


def texts(world: DiskWorld) -> list[str]:
    """What was said in the lobby, as somebody new reads it."""
    return [text for _, text in said(world.join_json("reader", after=0))]


def aside(path: Path) -> list[Path]:
    """The files that were set aside."""
    return sorted(file for file in path.parent.iterdir() if ".damaged-" in file.name)


def killed_after(path: Path, *lines: str) -> str:
    """Leave the file as a daemon that is killed does, with one commit a line; the log's name."""
    running = path.with_name("running")
    world = DiskWorld(running)
    alice = world.join("alice")
    for line in lines:
        alice.types(line)
    for part in ("", "-wal"):
        shutil.copy(f"{running}{part}", f"{path}{part}")
    world.store.close()
    return world.store.name


def change(path: Path, place: int) -> None:
    """Turn all bits of one byte around; from the end, if the place is less than 0."""
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


def has_garbage(path: Path) -> None:
    path.write_bytes(b"no database at all " * 1_000)


def lost_a_page(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:8_192] + bytes(8_192) + content[16_384:])


def lost_its_end(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize("damage", [has_garbage, lost_a_page, lost_its_end])
def test_a_damaged_file_is_set_aside_and_a_fresh_one_begun(
    damage: Callable[[Path], None], path: Path, logged_errors: list[str]
) -> None:
    """It is kept under a dated name, and said loudly; and the next start has nothing to say."""
    world = DiskWorld(path)
    world.join("alice").types(*(f"{n} " + "x" * 500 for n in range(40)))
    world.store.close()
    damage(path)
    before = path.read_bytes()
    again = DiskWorld(path)
    kept = aside(path)[0]
    assert kept.read_bytes() == before
    assert len(logged_errors) == 1 and logged_errors[0].startswith("THE LOG IS DAMAGED (")
    assert str(kept) in logged_errors[0]
    logged_errors.clear()
    assert again.store.name != world.store.name
    again.join("alice").types("one")
    assert texts(again.restarts()) == ["one"]


def test_a_damaged_file_does_not_keep_the_daemon_from_starting(tmp_path: Path) -> None:
    """Once; the next start finds the fresh one."""
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        alice.types("hello")
        alice.reads_until("<alice> hello")
        assert chat.ends(by=signal.SIGTERM) == 0
    has_garbage(tmp_path / "state" / "lanchatd" / "history.sqlite")
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        chat.logged("THE LOG IS DAMAGED")
        alice.types("hello again")
        alice.reads_until("<alice> hello again")
        assert chat.ends(by=signal.SIGKILL) == -signal.SIGKILL
    with daemon(cwd=tmp_path) as chat, chat.join("bob"):
        assert not any("DAMAGED" in line for line in chat.log)


@pytest.mark.parametrize("place", [HEADER + 100, HEADER + 2 * FRAME, 3, HEADER - 1, -1])
def test_a_damaged_write_ahead_log_is_told_and_kept(place: int, path: Path, logged_errors: list[str]) -> None:
    """What can be read goes on, under another name: ids that somebody saw may be given again."""
    name = killed_after(path, *"abcdefgh")
    change(Path(f"{path}-wal"), place)
    before = Path(f"{path}-wal").read_bytes()
    world = DiskWorld(path)
    assert [file.name.endswith("-wal") for file in aside(path)] == [False, True]
    assert aside(path)[1].read_bytes() == before
    assert [error[:40] for error in logged_errors] == ["THE END OF THE LOG IS DAMAGED: as it was"]
    logged_errors.clear()
    assert world.store.name != name
    found = texts(world)
    assert found == list("abcdefgh")[: len(found)] and len(found) < 8
    world.join("alice").types("again")
    assert texts(world.restarts()) == [*found, "again"]


@pytest.mark.parametrize("cut", [1, FRAME - 1, FRAME, FRAME + 24, 2 * FRAME])
def test_a_commit_that_was_cut_short_is_no_damage(cut: int, path: Path) -> None:
    """A power cut may leave half of one behind, which nobody saw."""
    name = killed_after(path, *"abcdefgh")
    wal = Path(f"{path}-wal")
    wal.write_bytes(wal.read_bytes()[:-cut])
    world = DiskWorld(path)
    assert texts(world) == list("abcdefg")
    assert (world.store.name, aside(path)) == (name, [])


def test_after_a_kill_all_is_there(path: Path) -> None:
    """The last lines are in the second file only."""
    name = killed_after(path, *"abcdefgh")
    world = DiskWorld(path)
    assert texts(world) == list("abcdefgh")
    assert (world.store.name, aside(path)) == (name, [])


def test_what_is_left_from_before_the_write_ahead_log_began_anew_is_no_damage(path: Path) -> None:
    """It is written over from its beginning, again and again."""
    running = path.with_name("running")
    world = DiskWorld(running)
    alice = world.join("alice").types(*"abcdefgh")
    with closing(sqlite3.connect(running)) as connection:
        connection.execute("PRAGMA wal_checkpoint(RESTART)")
    alice.types("new")
    for part in ("", "-wal"):
        shutil.copy(f"{running}{part}", f"{path}{part}")
    world.store.close()
    assert texts(DiskWorld(path)) == [*"abcdefgh", "new"]


def test_a_newer_file_is_refused(path: Path) -> None:
    """It may hold what this version would lose; nothing is changed."""
    DiskWorld(path).store.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StateError, match="was written by a newer lanchatd: use that one"):
        open_log(path, pytest.fail)
    assert path.read_bytes() == before


def test_a_newer_file_ends_the_daemon_with_one_line(tmp_path: Path) -> None:
    """And exit code 1."""
    state = tmp_path / "state" / "lanchatd"
    with daemon(cwd=tmp_path) as chat, chat.join("alice"):
        assert chat.ends(by=signal.SIGTERM) == 0
    with closing(sqlite3.connect(state / "history.sqlite")) as connection:
        connection.execute("PRAGMA user_version = 99")
    with daemon(cwd=tmp_path) as chat:
        assert chat.ends() == 1
        assert sum("was written by a newer lanchatd" in line for line in chat.log) == 2  # stderr and the log


def test_a_database_of_somebody_else_is_refused(path: Path) -> None:
    """It is not ours to change."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    with pytest.raises(StateError, match="is no log of lanchatd"):
        open_log(path, pytest.fail)
    assert path.read_bytes() == before


def test_a_file_that_may_not_be_written_is_refused(path: Path) -> None:
    """With the system's reason."""
    path.mkdir()
    with pytest.raises(StateError, match=r"history.sqlite: Is a directory"):
        open_log(path, pytest.fail)


def test_an_older_file_is_brought_up_to_date_after_a_copy(path: Path) -> None:
    """The copy is whole, and of the version that it was."""
    world = DiskWorld(path)
    world.join("alice").types("one")
    world.store.close()
    newer = (*MIGRATIONS, "ALTER TABLE room ADD COLUMN a", "SELECT 1")
    connection, name = open_log(path, pytest.fail, newer)
    connection.close()
    assert name == world.store.name
    today = len(MIGRATIONS)
    copy = path.with_name(f"history.sqlite.version-{today}")
    for file, version, columns in ((path, today + 2, 10), (copy, today, 9)):
        with closing(sqlite3.connect(file)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (version,)
            assert len(connection.execute("SELECT * FROM room").fetchone()) == columns
            assert connection.execute("SELECT text FROM event").fetchall() == [("one",)]


def test_a_migration_that_fails_changes_nothing(path: Path) -> None:
    """The daemon does not start; the one before it still can."""
    world = DiskWorld(path)
    world.join("alice").types("one")
    world.store.close()
    with pytest.raises(StateError, match="nonsense"):
        open_log(path, pytest.fail, (*MIGRATIONS, "DELETE FROM event; SELECT nonsense"))
    assert texts(DiskWorld(path)) == ["one"]
