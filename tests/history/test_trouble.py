"""When the disk fails: lines are refused with the reason, and all goes on when it is well."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lanchatd.chat.presence_turns import SMALL_ROOM
from lanchatd.history.disk.commits import HANGS_S
from lanchatd.history.disk.store import INDEX_AFTER_S
from tests.daemon import Daemon, Peer, daemon
from tests.disk import DiskWorld

NEARLY_FULL = "!! That line can't be kept: the disk is nearly full."
PLENTY = 1_000_000_000_000  # bytes


@pytest.fixture
def world(tmp_path: Path) -> DiskWorld:
    return DiskWorld(tmp_path / "history.sqlite")


def test_a_line_that_cannot_be_kept_is_refused_and_nobody_sees_it(
    world: DiskWorld, logged_errors: list[str]
) -> None:
    """Who comes and goes is told all the same; and when the disk is well, ids go on without a gap."""
    alice, bob = world.join("alice"), world.join_json("bob")
    alice.types("one")
    alice.sees(), bob.gets()
    world.limits.min_free_bytes = PLENTY
    alice.types("two", "/nick robin", "/msg bob psst")
    bob.asks({"line": "/topic three", "ref": "17"})
    refused = {"type": "error", "ref": "17", "code": "log_failed", "text": NEARLY_FULL[3:]}
    assert alice.sees() == ["[robin -> bob] psst", "-- alice is now robin", NEARLY_FULL]
    assert [got for got in bob.gets() if got["type"] == "error"] == [refused]
    world.limits.min_free_bytes = 1
    alice.types("four")
    bob.asks({"line": "/topic three", "ref": "17"})
    assert alice.sees() == ["<robin> four", "-- bob set the topic: three"]
    assert [got["id"] for got in bob.gets() if "id" in got] == [2, 3, 3]
    logged_errors.clear()


def test_a_reason_tells_nothing_of_the_machine(world: DiskWorld, logged_errors: list[str]) -> None:
    """When the file of the log is gone, members read that and not where it was."""
    alice = world.join("alice").types("one")
    alice.sees()
    for path in world.path.parent.iterdir():
        path.unlink()
    assert alice.types("two").sees() == ["!! That line can't be kept: its file is gone."]
    logged_errors.clear()


def test_trouble_is_told_once_and_its_end(world: DiskWorld, logged_errors: list[str]) -> None:
    """In the log and to operators, not for each line."""
    alice, olga = world.join("alice"), world.join("olga")
    world.make_operator(olga)
    alice.types("one")
    olga.sees()
    world.limits.min_free_bytes = PLENTY
    alice.types("two"), alice.types("three")
    assert olga.sees() == ["-- Nobody can say anything: the log can't be written: the disk is nearly full."]
    assert logged_errors == ["lines are refused: the log can't be written: the disk is nearly full"]
    assert world.store.commits.trouble == "the disk is nearly full"
    world.limits.min_free_bytes = 1
    alice.types("four"), alice.types("five")
    assert olga.sees() == ["-- The log can be written again.", "<alice> four", "<alice> five"]
    assert world.store.commits.trouble is None
    assert len(logged_errors) == 1
    logged_errors.clear()


def test_a_new_room_whose_first_line_is_refused_can_be_talked_in_later(
    world: DiskWorld, logged_errors: list[str]
) -> None:
    """Nothing of it was half made."""
    alice = world.join("alice", room="#dev")
    world.limits.min_free_bytes = PLENTY
    alice.types("one")
    world.limits.min_free_bytes = 1
    alice.types("two")
    assert alice.sees() == [NEARLY_FULL, "<alice> two"]
    again = world.restarts()
    assert [room.name for room in again.chat.rooms.values()] == ["#dev", "#lobby"]
    logged_errors.clear()


DOES_NOT_ANSWER = "!! That line can't be kept: the disk does not answer."


def test_a_disk_that_hangs(world: DiskWorld, logged_errors: list[str]) -> None:
    """Lines are refused, and all else goes on; what was on its way is told when it is kept after all."""
    alice, bob, dora = world.join("alice"), world.join_json("bob"), world.join("dora", room="#dev")
    alice.sees(), bob.gets()
    world.writer.held = True
    bob.asks({"line": "one", "ref": "1"})
    alice.types("two")
    dora.types("in another room")
    world.passes(HANGS_S - 1)
    assert alice.sees() == dora.sees() == [] and logged_errors == []
    world.passes(1)
    assert alice.sees() == dora.sees() == [DOES_NOT_ANSWER]
    assert logged_errors == ["lines are refused: the log can't be written: the disk does not answer"]
    assert world.store.commits.trouble == "the disk does not answer"
    alice.types("three", "/topic four", "/nick robin")
    bob.asks({"line": "one", "ref": "1"}, {"line": "five", "ref": "5"})
    carol = world.join("carol")
    assert alice.sees() == [DOES_NOT_ANSWER] * 2 + ["-- alice is now robin", "-- carol joined"]
    assert [(got["type"], got.get("ref")) for got in bob.gets()] == [
        ("renamed", None), ("error", "5"), ("joined", None),
    ]  # fmt: skip
    carol.types("/quit")
    assert carol.sees()[-1] == "-- Goodbye."
    alice.sees(), bob.gets()

    world.writer.held = False
    world.writer.lets_go()
    world.settle()
    assert alice.sees() == ["<bob> one"]
    alice.types("six")
    assert alice.sees() == ["<robin> six"]
    answers = [(got["type"], got.get("ref"), got.get("id")) for got in bob.gets()]
    assert answers == [("said", None, 1), ("ok", "1", 1), ("ok", "1", 1), ("said", None, 2)]
    assert len(logged_errors) == 1
    logged_errors.clear()


def test_who_came_and_went_is_told_in_its_order_when_the_disk_hangs(
    world: DiskWorld, logged_errors: list[str]
) -> None:
    """Those who were to be told with a line that hangs, too; and at once."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    world.writer.held = True
    bob.types("one", "/nick robin")
    world.join("carol").types("/quit")
    world.passes(HANGS_S)
    assert alice.sees() == ["-- bob is now robin", "-- carol joined", "-- carol left"]
    bob.types("/nick rob")
    assert alice.sees() == ["-- robin is now rob"]
    world.writer.lets_go()
    world.settle()
    assert alice.sees() == ["<bob> one"]
    logged_errors.clear()


def test_who_searches_while_the_disk_hangs_is_answered(world: DiskWorld, logged_errors: list[str]) -> None:
    """From what is in the index; if it began to wait before, when it is known that the disk hangs."""
    alice, bob, carol = world.join("alice"), world.join("bob"), world.join("carol", room="#dev")
    alice.types("one")
    world.passes(INDEX_AFTER_S)
    bob.sees()
    world.writer.held = True
    alice.types("one more")
    bob.types("/search one")
    carol.types("/search one")
    carol.sees()
    world.passes(HANGS_S)
    bob.types("/search more")
    for searcher in (bob, carol):
        assert any("<alice> one" in line for line in searcher.sees())
    world.writer.held = False
    world.writer.lets_go()
    world.settle()
    logged_errors.clear()


def test_everybody_is_told_that_the_daemon_ends_while_the_disk_hangs(
    world: DiskWorld, logged_errors: list[str]
) -> None:
    """Before it is sure that it does, it is waited for half of the time."""
    alice = world.join("alice")
    world.writer.held = True
    alice.types("one")
    alice.sees()
    ended = world.connections.shut_down()
    world.passes(world.limits.shutdown_s / 2)
    assert alice.sees() == ["-- The server is shutting down."]
    world.passes(1)
    assert alice.gone and ended.called
    world.writer.held = False
    world.writer.lets_go()
    world.settle()


def test_who_comes_to_a_large_room_is_told_in_it_while_the_disk_hangs(
    world: DiskWorld, logged_errors: list[str]
) -> None:
    """With other large rooms in turns, as ever."""
    alice, *others = [world.join(f"m{number}") for number in range(SMALL_ROOM + 20)]
    world.passes(1)
    world.writer.held = True
    others[0].types("one")
    world.passes(HANGS_S)
    alice.sees()
    for number in range(3):
        world.join(f"new{number}")
    assert alice.sees() == ["-- new0 joined"]
    world.passes(0.1)
    assert alice.sees() == ["-- new1 and new2 joined"]
    world.writer.lets_go()
    world.settle()
    assert alice.sees() == ["<m1> one"]
    logged_errors.clear()


def test_a_file_that_is_damaged_under_way_is_a_reason_to_come_back(tmp_path: Path) -> None:
    """Who reads what can't be read is told so; the daemon stays up."""
    world = DiskWorld(tmp_path / "history.sqlite", log_events=1)
    world.join("alice").types("one", "two")
    world.reader.held = True
    bob = world.join_json("bob", after=0)
    connection = world.store._workers[1][1]
    connection.close()
    world.reader.lets_go()
    carol = world.join_json("carol", after=0)
    world.reader.lets_go()
    world.settle()
    assert [event["type"] for event in bob.gets()][:3] == ["welcome", "said", "said"]
    assert carol.gets()[-1]["code"] == "log_failed"


def say(alice: Peer, line: str, answer: str) -> None:
    alice.types(line)
    assert alice.reads_until_match("^(<|!!)")[-1] == answer


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Daemon]:
    with daemon("--port=0", "--min-free-bytes=1", cwd=tmp_path) as running:
        yield running


def test_a_disk_that_fails_and_is_well_again(chat: Daemon, tmp_path: Path) -> None:
    """With a limit of the system that makes every write to a file fail; nobody who listens is lost."""
    with chat.join("alice") as alice, chat.join("bob") as bob:
        say(alice, "one", "<alice> one")
        before = resource.prlimit(chat.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        for line in ("two", "three"):
            say(alice, line, "!! That line can't be kept: the disk fails.")
        chat.logged("lines are refused: the log can't be written: the disk fails")
        resource.prlimit(chat.process.pid, resource.RLIMIT_FSIZE, before)
        say(alice, "four", "<alice> four")
        assert bob.reads_until("<alice> four")[-2:] == ["<alice> one", "<alice> four"]
        chat.logged("lines are taken again")
        assert sum("lines are refused" in line for line in chat.log) == 1
        chat.ends(by=signal.SIGKILL)
    with daemon(cwd=tmp_path) as again, again.connect() as carol:
        carol.types('{"nick": "carol"}')
        assert [carol.gets().get("text") for _ in range(3)][1:] == ["one", "four"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    disk = tmp_path / "state"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "lanchatd-test", str(disk)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("only root may mount")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_that_is_freed(small_disk: Path, tmp_path: Path) -> None:
    """Whatever fills it: nothing that was seen is lost, and lines are taken again."""
    said = ["one"]
    with daemon("--port=0", "--min-free-bytes=1", "--lines-per-s=10000", cwd=tmp_path) as chat:
        with chat.join("alice") as alice:
            say(alice, "one", "<alice> one")
            filler = small_disk / "filler"
            with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
                while file.write(bytes(4_096)):
                    pass
            os.truncate(filler, filler.stat().st_size - 8_192)
            for number in range(100):
                alice.types(f"{number} " + "x" * 2_000)
                answer = alice.reads_until_match("^(<|!!)")[-1]
                if answer.startswith("!!"):
                    break
                said.append(answer.removeprefix("<alice> "))
            # By what is left it is the daemon or SQLite that finds it so.
            assert re.fullmatch(r"!! That line can't be kept: the disk is (nearly )?full\.", answer)
            filler.unlink()
            say(alice, "well again", "<alice> well again")
            said.append("well again")
        chat.ends(by=signal.SIGKILL)
    with daemon(cwd=tmp_path) as again, again.connect() as bob:
        bob.types('{"nick": "bob", "after": 0}')
        assert bob.gets()["last"] == len(said)
        assert [bob.gets()["text"] for _ in said] == said


def test_below_the_limit_of_free_space_lines_are_refused(tmp_path: Path) -> None:
    """Before the disk is full, so that the rest of the machine goes on."""
    free = shutil.disk_usage(tmp_path).free
    options = ("--port=0", f"--min-free-bytes={min(free * 2, PLENTY)}")
    with daemon(*options, cwd=tmp_path) as chat, chat.join("alice") as alice:
        say(alice, "one", NEARLY_FULL)
