"""What is said in a room, in a file of one's own."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from lanchatd.client import room_logs
from lanchatd.client.room_logs import RoomLogs
from tests.daemon import daemon
from tests.pseudo_terminal import at, seat

ENTER = "\r"
MIDNIGHT = 1_795_392_000.0  # 2026-11-23, in UTC


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine is makes no difference."""
    import time  # noqa: PLC0415

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


def test_each_day_has_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    """What comes late is in that of its day."""
    told: list[str] = []
    logs = RoomLogs(tmp_path / "logs", told.append)
    assert logs.begin("#dev", MIDNIGHT - 1) == tmp_path / "logs" / "dev.2026-11-22.log"
    for at_, text in ((MIDNIGHT - 1, "one"), (MIDNIGHT, "two"), (MIDNIGHT - 2, "late")):
        logs.write("#DEV", at_, [f"<bob> {text}"])
    logs.write("#ops", MIDNIGHT, ["<bob> elsewhere"])
    assert logs.end("#dev") and not logs.end("#dev")
    logs.write("#dev", MIDNIGHT, ["<bob> three"])
    files = {file.name: file.read_text() for file in (tmp_path / "logs").iterdir()}
    assert files == {
        "dev.2026-11-22.log": "2026-11-22 23:59:59 <bob> one\n2026-11-22 23:59:58 <bob> late\n",
        "dev.2026-11-23.log": "2026-11-23 00:00:00 <bob> two\n",
    }
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "logs").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "logs").stat().st_mode) == 0o700
    assert told == []


@pytest.mark.parametrize(
    "room", ["#../../x", "/etc/passwd", "..", "#.", "#a/../b", "#\x1b[2J", "#" + "é" * 10]
)
def test_no_name_leads_elsewhere(tmp_path: Path, room: str) -> None:
    """A server may call its first room whatever it likes."""
    path = RoomLogs(tmp_path, lambda _: None).begin(room, MIDNIGHT)
    assert path.parent == tmp_path and list(tmp_path.iterdir()) == [path] and path.name.isprintable()
    assert room_logs._file_name("../..").count("/") == 0


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    """Nor is it written where nothing may be kept."""
    (tmp_path / "dev.2026-11-23.log").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic"):
        RoomLogs(tmp_path, lambda _: None).begin("#dev", MIDNIGHT)
    with pytest.raises(OSError, match="nothing is kept"):
        RoomLogs(None, lambda _: None).begin("#dev", MIDNIGHT)


def test_what_can_not_be_written_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And is off then: a full disk, or a server that wants it full."""
    told: list[str] = []
    logs = RoomLogs(tmp_path, told.append)
    monkeypatch.setattr(room_logs, "LARGEST_BYTES", 60)
    for room in ("#dev", "#ops"):
        logs.begin(room, MIDNIGHT)
    for _ in range(4):
        logs.write("#dev", MIDNIGHT, ["<bob> hi"])
    assert told == ["What is said in #dev is not written any more: it has 60 bytes for one day."]
    assert (tmp_path / "dev.2026-11-23.log").stat().st_size <= 60
    (tmp_path / "ops.2026-11-24.log").mkdir()
    logs.write("#ops", MIDNIGHT + 86_400, ["<bob> hi"])
    assert told[1:] == ["What is said in #ops is not written any more: Is a directory."]


def test_on_a_terminal(tmp_path: Path) -> None:
    """On and off; what others type is clean in it, and a private conversation is in no file."""
    with daemon(cwd=tmp_path) as chat, chat.join("bob") as bob, seat(*at(chat), home=tmp_path) as alice:
        alice.sees_line("· connected")
        for typed, shown in (
            ("/log", "!! Usage: /log on|off"),
            ("/log off", "-- What is said in #lobby is not written."),
            ("/log on", "-- What is said in #lobby is written, a file a day:"),
            ("/time", "-- It is 20"),
            ("/time now", "!! Usage: /time"),
        ):
            alice.types(typed + ENTER)
            alice.sees_line(shown)
        bob.types("hello", "/me waves")
        alice.sees_line("* bob waves")
        alice.types("/query bob" + ENTER + "/log on" + ENTER)
        alice.sees_line("!! What is said in private is in no file.")
        alice.types("secret" + ENTER + "/part" + ENTER + "/log off" + ENTER)
        alice.sees_line("is not written any more.")
        bob.types("later")
        alice.sees_line("<bob> later")
        (file,) = (tmp_path / ".local/state/lanchatd/logs").rglob("*.log")
        assert file.parent.name == f"127.0.0.1:{chat.port}"
        lines = [line[20:] for line in file.read_text().splitlines()]
        assert lines == ["<bob> hello", "* bob waves"]
        assert re.match(r"lobby\.20\d\d-\d\d-\d\d\.log", file.name)
    with daemon(cwd=tmp_path) as chat, seat(*at(chat, "--no-save"), home=tmp_path) as alice:
        alice.sees_line("· connected")
        before = sorted(os.walk(tmp_path / ".local"))
        alice.types("/log on" + ENTER)
        alice.sees_line("can't be written: nothing is kept")
        assert sorted(os.walk(tmp_path / ".local")) == before
