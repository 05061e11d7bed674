"""What the journal is sent, read from a real socket by the rules of its protocol."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from twisted.logger import ILogObserver, Logger, LogLevel, LogPublisher
from twisted.python import log as legacy
from twisted.python.failure import Failure

from lanchatd.service import journal
from lanchatd.service.journal import JournalObserver
from tests.daemon import PATIENCE_S, TWISTD, Peer

README = (Path(__file__).parents[2] / "deploy" / "README.md").read_text("utf-8")


class Journal:
    """The side of journald. Its socket is a name that is no file."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.settimeout(PATIENCE_S)
        self.socket.bind("")
        self.path = self.socket.getsockname().decode()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def gets(self) -> dict[str, str]:
        """The next entry."""
        return parsed(self.socket.recv(1_000_000))

    def gets_until(self, pattern: str) -> list[dict[str, str]]:
        """The entries up to one whose message matches."""
        entries = [self.gets()]
        while not re.search(pattern, entries[-1]["MESSAGE"]):
            entries.append(self.gets())
        return entries


def parsed(datagram: bytes) -> dict[str, str]:
    """The fields of an entry. Fails on what the journal would drop."""
    fields: dict[str, str] = {}
    while datagram:
        line, datagram = datagram.split(b"\n", 1)
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(datagram[:8], "little")
            value, end, datagram = datagram[8 : 8 + size], datagram[8 + size : 9 + size], datagram[9 + size :]
            assert (len(value), end) == (size, b"\n")
        assert re.fullmatch(rb"[A-Z][A-Z0-9_]{0,63}", name), name
        fields[name.decode()] = value.decode()
    return fields


@pytest.fixture
def entries() -> Iterator[Journal]:
    with Journal() as entries:
        yield entries


@pytest.fixture
def observer(entries: Journal) -> Iterator[JournalObserver]:
    with closing(JournalObserver(entries.path)) as observer:
        yield observer


@pytest.fixture
def log(observer: JournalObserver) -> Logger:
    """A logger whose records go to the journal alone."""
    return Logger("lanchatd", observer=LogPublisher(observer))


def test_a_record_comes_with_its_fields(log: Logger, entries: Journal) -> None:
    """Those that it was logged with, and none of the plumbing."""
    log.info(
        "{peer} closed: {reason}",
        peer="192.0.2.1:5",
        reason="quit",
        lines=3,
        took_s=0.5,
        detail="",
        door=None,
    )
    assert entries.gets() == {
        "MESSAGE": "192.0.2.1:5 closed: quit",
        "PRIORITY": "6",
        "SYSLOG_IDENTIFIER": "lanchatd",
        "LANCHATD_NAMESPACE": "lanchatd",
        "LANCHATD_PEER": "192.0.2.1:5",
        "LANCHATD_REASON": "quit",
        "LANCHATD_LINES": "3",
        "LANCHATD_TOOK_S": "0.5",
    }


@pytest.mark.parametrize(
    ("level", "priority"),
    [
        (LogLevel.debug, "7"),
        (LogLevel.info, "6"),
        (LogLevel.warn, "4"),
        (LogLevel.error, "3"),
        (LogLevel.critical, "2"),
    ],
)
def test_the_priority_is_that_of_the_level(log: Logger, entries: Journal, level: Any, priority: str) -> None:
    """`journalctl -p warning` shows what was not right."""
    log.emit(level, "so it is")
    assert entries.gets()["PRIORITY"] == priority


def test_a_traceback_is_one_entry(log: Logger, entries: Journal) -> None:
    """With all its lines, and as an error."""
    try:
        raise ZeroDivisionError("by nobody")
    except ZeroDivisionError:
        log.failure("{who} failed", who="alice")
    entry = entries.gets()
    assert entry["MESSAGE"].startswith("alice failed\nTraceback (most recent call last):\n")
    assert "ZeroDivisionError: by nobody" in entry["MESSAGE"]
    assert (entry["PRIORITY"], entry["LANCHATD_WHO"]) == ("3", "alice")


def test_a_failure_that_is_no_alarm_stays_none(log: Logger, entries: Journal) -> None:
    """If it was logged as information."""
    log.failure("tried again", Failure(ValueError()), level=LogLevel.info)
    assert entries.gets()["PRIORITY"] == "6"


@pytest.mark.parametrize("text", ["two\nlines", "=\nPRIORITY=0", "مرحبا 👋", "\udcff", " "])
def test_any_text_arrives_as_it_is(log: Logger, entries: Journal, text: str) -> None:
    """No value can be taken for another field."""
    log.info("{text}", text=text)
    entry = entries.gets()
    shown = text.encode("utf-8", "backslashreplace").decode()
    assert (entry["MESSAGE"], entry["LANCHATD_TEXT"], entry["PRIORITY"]) == (shown, shown, "6")


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("a_b2", "LANCHATD_A_B2"),
        ("größe", "LANCHATD_GR_SSE"),
        ("__class", "LANCHATD___CLASS"),
        ("n" * 80, "LANCHATD_" + "N" * 55),
    ],
)
def test_a_field_has_a_name_that_the_journal_takes(
    log: Logger, entries: Journal, name: str, field: str
) -> None:
    """It would drop the others."""
    log.info("so it is", **{name: "x"})
    assert entries.gets()[field] == "x"


def test_what_is_logged_the_old_way_comes_as_its_text(observer: JournalObserver, entries: Journal) -> None:
    """Some of Twisted does so still."""
    publisher = legacy.LogPublisher(publishPublisher=LogPublisher(observer))
    publisher.msg("from of old", isError=1, system="-")
    entry = entries.gets()
    assert entry.pop("MESSAGE") == "from of old"
    assert entry == {"PRIORITY": "2", "SYSLOG_IDENTIFIER": "lanchatd", "LANCHATD_NAMESPACE": "log_legacy"}


def test_a_record_without_a_text_is_none(log: Logger, entries: Journal) -> None:
    """As in Twisted's own log files."""
    log.info(None, peer="192.0.2.1:5")
    log.info("next")
    assert entries.gets()["MESSAGE"] == "next"


def test_without_a_journal_it_is_the_usual_line(
    log: Logger, entries: Journal, capfd: pytest.CaptureFixture[str]
) -> None:
    """On standard error: nothing is lost in a container."""
    entries.socket.close()
    log.info("{nick} joined", nick="alice")
    out, err = capfd.readouterr()
    assert re.fullmatch(r"\S+ \[lanchatd#info\] alice joined\n", err)
    assert out == ""


def test_what_the_journal_does_not_take_is_the_usual_line(
    log: Logger, entries: Journal, capfd: pytest.CaptureFixture[str]
) -> None:
    """Too long for it, or more than it has room for; and nobody waits."""
    log.info("long {text}", text="x" * 10_000_000)
    assert "[lanchatd#info] long xxx" in capfd.readouterr().err
    count = 0
    while not (err := capfd.readouterr().err):
        log.info("number {count}", count=count)
        count += 1
    assert f"[lanchatd#info] number {count - 1}\n" in err
    assert [entries.gets()["LANCHATD_COUNT"] for _ in range(count - 1)] == [*map(str, range(count - 1))]


def test_a_record_that_cannot_be_shown_raises_nothing(
    log: Logger, entries: Journal, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is told as far as it goes."""

    class Hostile(str):
        def __str__(self) -> str:
            raise RuntimeError("no")

        def __format__(self, spec: str) -> str:
            raise RuntimeError("no")

    log.info("{x}", x=Hostile("x"))
    assert "Unable to format event" in capfd.readouterr().err


def test_twistd_gets_its_observer_by_name() -> None:
    """``--logger=lanchatd.service.journal.observer``."""
    with closing(journal.observer()) as observer:
        assert ILogObserver.providedBy(observer)
    assert journal.JOURNAL == "/run/systemd/journal/socket"


@pytest.mark.parametrize("journald", [True, False])
def test_the_daemon_logs_to_the_journal(tmp_path: Path, entries: Journal, journald: bool) -> None:
    """The real one; by every field that deploy/README.md names, and nothing on its standard output."""
    path = entries.path if journald else "/nowhere/socket"
    (tmp_path / "here.py").write_text(
        "from lanchatd.service.journal import JournalObserver\n"
        f"def observer():\n    return JournalObserver({path!r})\n"
    )  # fmt: skip
    process = subprocess.Popen(
        [TWISTD, "-n", "--pidfile=", "--logger=here.observer", "lanchat", "--no-announce", "--port=0"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path), "STATE_DIRECTORY": str(tmp_path / "state")},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None and process.stderr is not None
    try:
        if journald:
            port = int(entries.gets_until("^listening on")[-1]["LANCHATD_WHERE"])
        else:
            port = next(
                int(m[1]) for line in process.stderr if (m := re.search(r"listening on (\d+)$", line))
            )
        with Peer(port) as alice:
            alice.types("alice", "hello", "/quit")
            alice.reads_all()
        if journald:
            entry = entries.gets_until("closed: quit")[-1]
            assert {
                "LANCHATD_NICK": "alice",
                "LANCHATD_REASON": "quit",
                "PRIORITY": "6",
            }.items() <= entry.items()
            named = set(re.findall(r"LANCHATD_[A-Z]+", README)) - {"LANCHATD_OPTIONS"}
            assert named and named <= set(entry)
            assert "hello" not in entry.values()
        else:
            assert any("closed: quit" in line for line in process.stderr)
        process.terminate()
        out, err = process.communicate(timeout=PATIENCE_S)
        assert out == ""
        assert ("Server Shut Down." in err) is not journald
        assert process.returncode == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
