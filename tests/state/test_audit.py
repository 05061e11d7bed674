"""The audit log: what administrators did, each on a line of its own, for nobody else to read."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from twisted.logger import ILogObserver, LogEvent, Logger, formatEvent
from zope.interface import implementer

from lanchatd.state.audit import LONGEST_TEXT, TAIL_BYTES, AuditLog, Record
from lanchatd.state.files import StateError
from tests.daemon import PATIENCE_S
from tests.state.test_directory import files_end_at
from tests.world import NOON

KICK = Record(NOON, "admin", "SHA256:a", "alice@laptop", "192.0.2.1", "kick bob", "bob was kicked.")


def did(what: str, fingerprint: str = "SHA256:a") -> Record:
    """Something that an administrator did."""
    return replace(KICK, what=what, fingerprint=fingerprint)


def whats(records: list[Record]) -> list[str]:
    return [record.what for record in records]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.log"


@pytest.fixture
def audit(path: Path) -> Iterator[AuditLog]:
    """An audit log that was not there yet."""
    audit = AuditLog(path)
    audit.open()
    yield audit
    audit.close()


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the daemon's own log says of it, each with its level."""
    logged: list[str] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        logged.append(f"{event['log_level'].name}: {formatEvent(event)}")

    monkeypatch.setattr(AuditLog, "log", Logger("lanchatd", observer=observe))
    return logged


# -- the file


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_it_is_made_for_its_owner_alone(path: Path, umask: int) -> None:
    """Whatever the umask is."""
    before = os.umask(umask)
    audit = AuditLog(path)
    audit.open()
    os.umask(before)
    audit.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o666])
def test_one_that_others_can_read_or_change_is_refused(path: Path, mode: int) -> None:
    """What administrators type may be a secret."""
    path.touch()
    path.chmod(mode)
    with pytest.raises(StateError, match=f"^others can read {path}: chmod 600 it$"):
        AuditLog(path).open()


@pytest.mark.parametrize(("place", "why"), [("", "Is a directory"), ("gone/audit.log", "No such file")])
def test_one_that_can_not_be_written_is_refused(tmp_path: Path, place: str, why: str) -> None:
    """Before anybody can log in."""
    with pytest.raises(StateError, match=f"^can't write to {tmp_path / place}: {why}"):
        AuditLog(tmp_path / place).open()


def test_each_record_is_a_line_of_json(audit: AuditLog, path: Path) -> None:
    """For `jq` and `grep`: the time in UTC to the millisecond, and texts as they were typed."""
    audit.append(KICK)
    audit.append(did('say #lobby "Grüße" 👋\\o/'))
    first, second = path.read_text("utf-8").splitlines()
    assert first == (
        '{"at": "2026-11-22T14:03:11.123Z", "account": "admin", "fingerprint": "SHA256:a", '
        '"comment": "alice@laptop", "address": "192.0.2.1", "what": "kick bob", "result": "bob was kicked."}'
    )
    assert '"what": "say #lobby \\"Grüße\\" 👋\\\\o/"' in second


def test_it_is_only_added_to(audit: AuditLog, path: Path) -> None:
    """By the next start too, and behind what somebody else may have cut off or written."""
    audit.append(did("one"))
    again = AuditLog(path)
    again.open()
    again.append(did("two"))
    again.close()
    audit.append(did("three"))
    assert whats(audit.last(10)) == ["one", "two", "three"]
    path.write_bytes(b"")
    audit.append(did("four"))
    assert path.read_bytes().startswith(b"{")


# -- what is in it


@pytest.mark.parametrize(
    "code",
    [0x00, 0x07, 0x09, 0x0A, 0x0D, 0x1B, 0x7F, 0x85, 0x9B, 0xA0, 0xAD, 0x61C, 0x200B, 0x200E, 0x2028, 0x2029,
     0x202E, 0x2066, 0xD800, 0xDFFF, 0xFEFF, 0xE0041],
)  # fmt: skip
def test_nothing_in_it_does_anything_to_a_terminal(audit: AuditLog, path: Path, code: int) -> None:
    """It is shown as its number; what is read from the file is what was typed."""
    typed = f"say #lobby a{chr(code)}b"
    audit.append(Record(NOON, typed, typed, typed, typed, typed, typed))
    encoded = path.read_bytes()
    assert encoded.count(b"\n") == 1
    assert encoded.decode().rstrip("\n").isprintable()
    assert json.loads(encoded)["what"] == typed
    assert audit.last(1) == [Record(NOON, typed, typed, typed, typed, typed, typed)]


@pytest.mark.parametrize("more", [0, 1, 1_234])
def test_what_is_too_long_is_cut_and_says_so(audit: AuditLog, more: int) -> None:
    """The answer to `who` in a crowd; a line that was pasted."""
    audit.append(replace(KICK, what="x" * (LONGEST_TEXT + more), result="é" * (LONGEST_TEXT + more)))
    mark = f"… ({more:,} more characters)" if more else ""
    (record,) = audit.last(1)
    assert (record.what, record.result) == ("x" * LONGEST_TEXT + mark, "é" * LONGEST_TEXT + mark)


# -- reading it


@pytest.mark.parametrize(
    ("count", "fingerprint", "found"),
    [
        (0, None, []),
        (1, None, ["four"]),
        (3, None, ["two", "three", "four"]),
        (9, None, ["one", "two", "three", "four"]),
        (1, "SHA256:a", ["three"]),
        (9, "SHA256:a", ["one", "three"]),
        (9, "SHA256:", []),
    ],
)
def test_the_newest_are_read_in_order(
    audit: AuditLog, count: int, fingerprint: str | None, found: list[str]
) -> None:
    """Of everybody, or of one key."""
    for what, key in [("one", "a"), ("two", "b"), ("three", "a"), ("four", "b")]:
        audit.append(did(what, f"SHA256:{key}"))
    assert whats(audit.last(count, fingerprint)) == found


def test_what_was_written_is_what_is_read(audit: AuditLog) -> None:
    """All of it."""
    audit.append(KICK)
    assert audit.last(1) == [KICK]


def test_an_empty_one_has_nothing(audit: AuditLog) -> None:
    """Right after the first start."""
    assert audit.last(10) == []


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\0\0\0\0",
        b"garbage",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"7",
        b"null",
        b'{"at": "2026-11-22T14:03:11.123Z"}',
        b'{"at": "2026-11-22T14:03:11.123Z", "account": "admin", "fingerprint": "", "comment": "", '
        b'"address": "", "what": 7, "result": ""}',
        b'{"at": "noon", "account": "", "fingerprint": "", "comment": "", "address": "", "what": "", '
        b'"result": ""}',
        b'{"at": 7, "account": "", "fingerprint": "", "comment": "", "address": "", "what": "", '
        b'"result": ""}',
    ],
)
def test_a_line_that_can_not_be_read_is_left_out(audit: AuditLog, path: Path, line: bytes) -> None:
    """Somebody edited the file, or the power went."""
    audit.append(did("one"))
    with path.open("ab") as file:
        file.write(line + b"\n")
    audit.append(did("two"))
    assert whats(audit.last(10)) == ["one", "two"]


def test_only_the_end_of_a_large_one_is_read(audit: AuditLog, path: Path) -> None:
    """However large it has grown; the first line is only a piece, and left out."""
    audit.append(did("begin"))
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b" " * (TAIL_BYTES - size - 1) + b"\n")
    assert whats(audit.last(10)) == ["begin"]
    audit.append(did("end"))
    assert whats(audit.last(10)) == ["end"]


# -- what goes wrong


@pytest.mark.parametrize("torn", [b'{"at": "2026-11-2', b"\0\0\0\0", b'{"at": 1}\n{'])
def test_a_torn_last_line_takes_no_other_with_it(path: Path, torn: bytes) -> None:
    """After a power cut, the next record begins on a line of its own."""
    path.write_bytes(torn)
    path.chmod(0o600)
    audit = AuditLog(path)
    audit.open()
    audit.append(did("one"))
    audit.append(did("two"))
    assert whats(audit.last(10)) == ["one", "two"]
    assert path.read_bytes().startswith(torn + b"\n{")
    assert path.read_bytes().count(b"\n") == torn.count(b"\n") + 3
    audit.close()


@pytest.mark.parametrize("room_bytes", [0, 1, 100])
def test_a_full_disk_stops_no_administrator(
    audit: AuditLog, path: Path, logged: list[str], room_bytes: int
) -> None:
    """It is logged once; and with room again, whole lines follow, and how many are missing is logged."""
    audit.append(did("one"))
    assert logged == []
    with files_end_at(path.stat().st_size + room_bytes):
        for what in ("two", "three", "four"):
            audit.append(did(what))
    why = f"can't write to {path}: File too large; what administrators do is not recorded"
    assert logged == [f"error: {why}"]
    audit.append(did("five"))
    audit.append(did("six"))
    assert whats(audit.last(10)) == ["one", "five", "six"]
    assert logged[1:] == [f"info: {path} is written again; 3 records are missing"]
    with files_end_at(0):
        audit.append(did("seven"))
    assert logged[2:] == [f"error: {why}"]


def test_a_late_record_is_only_logged(audit: AuditLog, path: Path, logged: list[str]) -> None:
    """When the daemon has closed it, at its very end."""
    audit.close()
    audit.append(KICK)
    assert len(logged) == 1
    assert path.read_bytes() == b""


# Adds on and on, lines of all lengths up to some pages of memory, and tells of each.
KILLED = """
import os, sys
from pathlib import Path
from lanchatd.state.audit import AuditLog, Record

audit = AuditLog(Path(sys.argv[1]))
audit.open()
for kill in range(40):
    came, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        number = 0
        while True:
            number += 1
            audit.append(Record(0, "", "", "", "", f"{kill} {number}", "x" * (number * 97 % 4_096)))
            os.write(tell, b".")
    told = sum(len(os.read(came, 1)) for _ in range(1 + kill * 3))
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    os.close(tell)
    while more := len(os.read(came, 65_536)):
        told += more
    audit.open()
    audit.append(Record(0, "", "", "", "", "next", ""))
    last, following = (record.what for record in audit.last(2))
    kept = last.split()[0] == str(kill) and int(last.split()[1]) >= told and following == "next"
    print("kept" if kept else f"lost: {last} of {told}, {following}")
"""


def test_a_kill_loses_nothing_that_was_written(path: Path) -> None:
    """Forty of them: the last record that was told of is there; and so is the first of the next start."""
    command = [sys.executable, "-c", KILLED, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout
    assert said.splitlines() == ["kept"] * 40


# -- rotation


def test_after_rotation_it_goes_on_in_a_new_file(audit: AuditLog, path: Path) -> None:
    """As logrotate does it: rename, tell the daemon, nothing is lost between."""
    audit.append(did("one"))
    old = path.rename(path.with_suffix(".1"))
    audit.append(did("two"))
    audit.reopen()
    audit.append(did("three"))
    assert [json.loads(line)["what"] for line in old.read_text().splitlines()] == ["one", "two"]
    assert [json.loads(line)["what"] for line in path.read_text().splitlines()] == ["three"]
    assert whats(audit.last(10)) == ["three"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_if_the_new_file_is_refused_it_goes_on_in_the_old_one(audit: AuditLog, path: Path) -> None:
    """Logrotate was told to make it for everybody to read."""
    old = path.rename(path.with_suffix(".1"))
    path.touch()
    path.chmod(0o644)
    with pytest.raises(StateError):
        audit.reopen()
    audit.append(did("one"))
    assert (old.read_text().count("\n"), path.read_text()) == (1, "")


def test_reopening_leaves_no_file_open(audit: AuditLog) -> None:
    """A daemon that runs for years is told often."""
    open_files = Path("/proc/self/fd")
    before = len(list(open_files.iterdir()))
    for _ in range(3):
        audit.reopen()
    assert len(list(open_files.iterdir())) == before
