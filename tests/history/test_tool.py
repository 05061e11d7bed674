"""`lanchat-log`, and taking old lines out: while the daemon runs or not."""

from __future__ import annotations

import json
import os
import pty
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing, suppress
from pathlib import Path

import pytest

from lanchatd.history.disk.pruning import STEP, due, prune
from lanchatd.history.lanchat_log import main
from tests.daemon import TWISTD, daemon, environment_in
from tests.disk import DiskWorld
from tests.history.test_log import said

DAY_S = 86_400

LANCHAT_LOG = Path(TWISTD).with_name("lanchat-log")


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


def test_the_copy_of_one_of_several_daemons_is_looked_at_too(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It has the same tables."""
    copy = DiskWorld(tmp_path / "replica.sqlite")
    copy.join("alice").types("one")
    assert run(copy, "export", "lobby", "--text") == 0
    assert capfd.readouterr().out == "2026-11-22 14:03:11 <alice> one\n"


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
    assert run(world, "prune", "--older-than", "10000", "--yes") == 0
    assert capfd.readouterr().out == "3 lines are gone, 2 are kept.\n"
    assert run(world, "check") == 0
    again = world.restarts()
    assert again.chat.rooms["#lobby"].topic.text == "Tea"
    alice = again.join_json("alice")
    assert said(alice.asks({"line": "five"})) == [(4, "zwei ü"), (5, "five")]
    assert again.join("carol").types("/search one").sees()[-1] == "-- There is no such line."
    (missed,) = [got for got in again.join_json("dave", after=1).gets() if got["type"] == "missed"]
    assert missed["count"] == 2


def counts(world: DiskWorld) -> tuple[int, int]:
    """How many lines are kept in the lobby, and in #dev."""
    with closing(sqlite3.connect(world.path)) as connection:
        found = [
            connection.execute("SELECT count(*) FROM event WHERE room = ?", (n,)).fetchone() for n in (1, 2)
        ]
    return found[0][0], found[1][0]


def test_nothing_is_taken_out_unasked(world: DiskWorld, capfd: pytest.CaptureFixture[str]) -> None:
    """In a script only with a word that it is meant; where nothing is to go there is nothing to ask."""
    with closing(sqlite3.connect(world.path)) as connection:
        connection.execute("UPDATE event SET at_us = at_us - 4000000000000000")
        connection.commit()
    assert run(world, "prune", "--older-than", "0") == 1
    error = capfd.readouterr().err
    assert error == "lanchat-log: 5 lines of 5 would go for good; --yes says that it is meant\n"
    assert counts(world) == (4, 1)
    assert run(world, "prune", "--older-than", "999999") == 0
    assert capfd.readouterr().out == "0 lines are gone, 5 are kept.\n"
    assert run(world, "prune", "--older-than", "0", "--yes") == 0
    assert counts(world) == (0, 0)


@pytest.mark.parametrize(
    ("typed", "code", "left", "told"),
    [
        (b"yes\n", 0, 2, "3 lines are gone, 2 are kept."),
        (b"no\n", 1, 5, "lanchat-log: nothing was taken out"),
        (b"\x04", 1, 5, "lanchat-log: nothing was taken out"),
    ],
)
def test_a_person_is_asked(world: DiskWorld, typed: bytes, code: int, left: int, told: str) -> None:
    """With how many lines it is about; anything but yes leaves them where they are."""
    with closing(sqlite3.connect(world.path)) as connection:
        connection.execute("UPDATE event SET at_us = at_us - 4000000000000000 WHERE id < 4 AND room = 1")
        connection.commit()
    person, terminal = pty.openpty()
    tool = subprocess.Popen(
        [LANCHAT_LOG, "--state-dir", world.path.parent, "prune", "--older-than", "10000"],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    seen = b""
    while not seen.endswith(b"(yes/no) "):
        seen += os.read(person, 1_024)
    assert seen == b"3 lines of 5 would go for good. Take them out? (yes/no) "
    os.write(person, typed)
    with suppress(OSError):  # it is closed on the other side
        while more := os.read(person, 1_024):
            seen += more
    os.close(person)
    assert tool.wait() == code
    assert told in seen.decode()
    assert sum(counts(world)) == left


@pytest.mark.parametrize("ahead_s", [0, 10 * 365 * DAY_S])
def test_what_would_go_is_what_goes(world: DiskWorld, ahead_s: int) -> None:
    """Also where some of it is from the future, said while the clock was ahead, or the clock was set back."""
    now = 1_900_000_000
    ages = [9, 5, 9, 1, 9, 2, 9, 9]
    for future in range(len(ages)):
        with closing(sqlite3.connect(world.path)) as connection:
            connection.execute("DELETE FROM event")
            connection.executemany(
                "INSERT INTO event (room, id, at_us, kind, nick, text) VALUES (?, ?, ?, 'said', 'a', 'b')",
                [
                    (room, id_, round((now + ahead_s if id_ == future else now - age * DAY_S) * 1e6))
                    for room, first in ((1, 0), (2, 4))
                    for id_, age in enumerate(ages[first:], 1)
                ],
            )
            connection.commit()
        for days in (0, 1, 2, 5, 8, 10):
            with closing(sqlite3.connect(world.path, isolation_level=None)) as connection:
                copy = sqlite3.connect(":memory:", isolation_level=None)
                connection.backup(copy)
            with closing(copy):
                going = due(copy, now, days * DAY_S)
                (before,) = copy.execute("SELECT count(*) FROM event").fetchone()
                while prune(copy, now, days * DAY_S, sys.maxsize) is not None:
                    pass
                (after,) = copy.execute("SELECT count(*) FROM event").fetchone()
                assert going == before - after


@pytest.mark.parametrize("days", ["-1", "nan", "inf", "1e9", "a year"])
def test_a_number_of_days_that_cannot_be_is_refused(
    world: DiskWorld, days: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever it would have meant, it may have been everything."""
    with pytest.raises(SystemExit):
        run(world, "prune", "--yes", "--older-than", days)
    assert "is no number of days from 0 to 1,000,000" in capfd.readouterr().err
    assert sum(counts(world)) == 5


def test_the_rooms_are_listed(world: DiskWorld, capfd: pytest.CaptureFixture[str]) -> None:
    """With how much is in each, and how new it is; also those of which nothing is left."""
    with closing(sqlite3.connect(world.path)) as connection:
        connection.execute("INSERT INTO room (number, key, name) VALUES (3, '#über', '#Über')")
        connection.commit()
    assert run(world, "rooms") == 0
    assert capfd.readouterr().out.splitlines() == [
        "#dev: 1 line, the last at 2026-11-23 14:03:11",
        "#lobby: 4 lines, the last at 2026-11-23 14:03:11",
        "#Über: 0 lines",
    ]


def test_all_rooms_are_exported(world: DiskWorld, capfd: pytest.CaptureFixture[str]) -> None:
    """In the order in which it was said, as people see it and for programs."""
    world.join("carol", room="#long").types(*(f"line {number}" for number in range(700)))
    world.join("dave").types("last")
    assert run(world, "export", "--all") == 0
    lines = capfd.readouterr().out.splitlines()
    assert lines[0] == "2026-11-22 14:03:11 #lobby <alice> one"
    assert lines[4:6] == ["2026-11-23 14:03:11 #dev <bob> in dev", "2026-11-23 14:03:11 #long <carol> line 0"]
    assert (len(lines), lines[-1]) == (706, "2026-11-23 14:03:11 #lobby <dave> last")
    assert run(world, "export", "--all", "--json", "--since", "2026-11-23") == 0
    objects = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert [event["room"] for event in objects] == ["#lobby", "#dev", *["#long"] * 700, "#lobby"]


@pytest.mark.parametrize("which", [(), ("#lobby", "--all")])
def test_a_room_or_all_are_exported(world: DiskWorld, which: tuple[str, ...]) -> None:
    """One of the two."""
    with pytest.raises(SystemExit):
        run(world, "export", *which)


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
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        alice.types("hello")
        alice.reads_until("<alice> hello")
        done = subprocess.run(
            [LANCHAT_LOG, "check"], env=environment_in(tmp_path), capture_output=True, text=True, check=True
        )
        assert done.stdout == "The file is whole: 1 lines in 1 rooms.\n"
        alice.types("still here")
        alice.reads_until("<alice> still here")
        assert chat.ends(by=signal.SIGTERM) == 0
