"""`lanchat-log`, and taking old lines out: while the daemon runs or not."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from lanchatd.history.disk.pruning import STEP
from lanchatd.history.tool import main
from tests.daemon import TWISTD, daemon, environment_in
from tests.disk import DiskWorld
from tests.test_disk_log import said

DAY_S = 86_400


@pytest.fixture
def world(tmp_path: Path) -> DiskWorld:
    """A log in which two rooms were talked in."""
    world = DiskWorld(tmp_path / "history.sqlite")
    alice = world.join("alice").types("one", "/me waves", "/topic Tea")
    world.jump_s = DAY_S
    alice.types("zwei ü")
    world.join("bob", room="#dev").types("in dev")
    return world


def run(world: DiskWorld, *arguments: str) -> int:
    return main(["--state-dir", str(world.path.parent), *arguments])


def ids(world: DiskWorld, room: str = "#lobby") -> list[int]:
    reader = world.join_json("reader", room=room, after=0)
    found = [id_ for id_, _ in said(reader)]
    reader.vanishes()
    return found


def test_a_room_is_exported_as_people_see_it(world: DiskWorld, capfd: pytest.CaptureFixture[str]) -> None:
    """With date and time, the oldest first, while the daemon runs."""
    assert run(world, "export", "#LOBBY") == 0
    assert capfd.readouterr().out.splitlines() == [
        "2026-11-22 14:03:11 <alice> one",
        "2026-11-22 14:03:11 * alice waves",
        "2026-11-22 14:03:11 -- alice set the topic: Tea",
        "2026-11-23 14:03:11 <alice> zwei ü",
    ]
    assert run(world, "export", "lobby", "--since", "2026-11-23", "--text") == 0
    assert capfd.readouterr().out == "2026-11-23 14:03:11 <alice> zwei ü\n"


@pytest.mark.parametrize("typed", ["2026", "14", "14.03", "yesterday"])
def test_what_only_resembles_a_time_is_refused(
    world: DiskWorld, typed: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """As `/history before` does."""
    with pytest.raises(SystemExit):
        run(world, "export", "#lobby", "--since", typed)
    assert "a time is like 14:03, 2026-11-22 or 2026-11-22 14:03" in capfd.readouterr().err


def test_a_room_is_exported_for_programs(world: DiskWorld, capfd: pytest.CaptureFixture[str]) -> None:
    """As they get it from the server."""
    assert run(world, "export", "#dev", "--json") == 0
    assert json.loads(capfd.readouterr().out) == {
        "type": "said", "id": 1, "room": "#dev", "from": "bob", "text": "in dev",
        "at": "2026-11-23T14:03:11.123Z",
    }  # fmt: skip


def test_a_long_room_is_exported_whole(world: DiskWorld, capfd: pytest.CaptureFixture[str]) -> None:
    """More than is read at once."""
    alice = world.join("carol", room="#long")
    for number in range(700):
        alice.types(f"line {number}")
    assert run(world, "export", "#long") == 0
    assert [line.rsplit(" ", 1)[1] for line in capfd.readouterr().out.splitlines()] == list(
        map(str, range(700))
    )


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("export", "#nowhere"), "nothing was ever said in #nowhere"),
        (("export", "no room"), "A room is # and"),
        (("backup", "."), ". is there already"),
        (("backup", "/nowhere/at/all"), "/nowhere/at/.all.lanchatd-new: No such file"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    world: DiskWorld, arguments: tuple[str, ...], why: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """On standard error, with exit code 1."""
    assert run(world, *arguments) == 1
    error = capfd.readouterr().err
    assert error.startswith(f"lanchat-log: {why}") and error.count("\n") == 1


def test_where_there_is_no_log_none_is_made(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Nor is a file of somebody else touched."""
    assert main(["--state-dir", str(tmp_path), "check"]) == 1
    assert "there is no log here; --state-dir says where it is" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []
    with closing(sqlite3.connect(tmp_path / "history.sqlite")) as connection:
        connection.execute("CREATE TABLE t (x)")
    assert main(["--state-dir", str(tmp_path), "prune", "--older-than", "1"]) == 1
    assert "is no log of lanchatd" in capfd.readouterr().err


def test_a_whole_file_is_said_to_be_whole(world: DiskWorld, capfd: pytest.CaptureFixture[str]) -> None:
    """With how much is in it."""
    assert run(world, "check") == 0
    assert capfd.readouterr().out == "The file is whole: 5 lines in 2 rooms.\n"


@pytest.mark.parametrize("gone", ["id = 2", "room = 1 AND id = 1"])
def test_a_hole_is_found(world: DiskWorld, gone: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Ids are without a gap."""
    with closing(sqlite3.connect(world.path)) as connection:
        connection.execute(f"DELETE FROM event WHERE {gone}")  # noqa: S608
        connection.commit()
    assert run(world, "check") == 1
    assert capfd.readouterr().err == "lanchat-log: lines are missing in #lobby\n"


def test_a_damaged_file_is_found(world: DiskWorld, capfd: pytest.CaptureFixture[str]) -> None:
    """By its structure."""
    world.store.close()
    content = world.path.read_bytes()
    world.path.write_bytes(content[:8_192] + bytes(8_192) + content[16_384:])
    assert run(world, "check") == 1
    assert capfd.readouterr().err.startswith("lanchat-log: ")


def test_a_backup_can_be_put_in_place(world: DiskWorld, tmp_path: Path) -> None:
    """It is another log: ids that were given after it was made will be given again."""
    copy = tmp_path / "copy"
    assert run(world, "backup", str(copy)) == 0
    assert copy.stat().st_mode & 0o777 == 0o600
    world.join("carol").types("after the backup")
    again = DiskWorld(copy)
    assert ids(again) == [1, 2, 3, 4] and ids(world) == [1, 2, 3, 4, 5]
    assert again.store.name != world.store.name


def test_old_lines_are_taken_out_for_good(world: DiskWorld, capfd: pytest.CaptureFixture[str]) -> None:
    """The topic stays, ids go on, words of them are not found, and the file is whole."""
    with closing(sqlite3.connect(world.path)) as connection:
        connection.execute("UPDATE event SET at_us = at_us - 4000000000000000 WHERE id < 4 AND room = 1")
        connection.commit()
    assert run(world, "prune", "--older-than", "10000") == 0
    assert capfd.readouterr().out == "3 lines are gone, 2 are kept.\n"
    assert run(world, "check") == 0
    again = world.restarts()
    assert again.chat.rooms["#lobby"].topic == "Tea"
    alice = again.join_json("alice")
    assert said(alice.asks({"line": "five"})) == [(4, "zwei ü"), (5, "five")]
    assert again.join("carol").types("/search one").sees()[-1] == "-- There is no such line."
    (missed,) = [got for got in again.join_json("dave", after=1).gets() if got["type"] == "missed"]
    assert missed["count"] == 2


def test_only_so_many_lines_of_a_room_are_kept(world: DiskWorld) -> None:
    """A few are taken out at once, on disk and in memory, until it is so."""
    alice = world.join("carol", room="#long")
    for number in range(3 * STEP):
        alice.types(f"line {number}")
    world.limits.keep_events = 10
    world.passes(61)
    assert ids(world, "#long") == list(range(3 * STEP - 9, 3 * STEP + 1))
    assert (ids(world), ids(world, "#dev")) == ([1, 2, 3, 4], [1])
    alice.types("next")
    world.passes(61)
    assert ids(world.restarts(), "#long") == list(range(3 * STEP - 8, 3 * STEP + 2))


def test_lines_are_kept_for_so_many_days(world: DiskWorld) -> None:
    """A room of which nothing is left goes on counting, after a restart too."""
    world.limits.keep_days = 1
    world.passes(2 * DAY_S)
    assert ids(world) == ids(world, "#dev") == []
    assert world.join("dave").types("/history 5 before 2030-01-01").sees() == ["-- There is no such line."]
    again = world.restarts()
    assert said(again.join_json("alice").asks({"line": "five"})) == [(5, "five")]


def test_pruning_goes_on_when_the_disk_is_well(world: DiskWorld) -> None:
    """What failed is tried again in a minute."""
    world.limits.keep_events = 1
    with closing(sqlite3.connect(world.path, isolation_level=None)) as other:
        world.store._workers[0][1].execute("PRAGMA busy_timeout = 1")
        other.execute("BEGIN IMMEDIATE")
        world.passes(61)
        assert ids(world) == [1, 2, 3, 4]
        other.execute("ROLLBACK")
    world.passes(61)
    assert ids(world) == [4]


def test_the_tool_works_while_the_daemon_runs(tmp_path: Path) -> None:
    """By its name, in the state directory of this user; the daemon notices nothing."""
    tool = str(Path(TWISTD).with_name("lanchat-log"))
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        alice.types("hello")
        alice.reads_until("<alice> hello")
        done = subprocess.run(
            [tool, "check"], env=environment_in(tmp_path), capture_output=True, text=True, check=True
        )
        assert done.stdout == "The file is whole: 1 lines in 1 rooms.\n"
        alice.types("still here")
        alice.reads_until("<alice> still here")
        assert chat.ends(by=signal.SIGTERM) == 0
