"""``lanchat-log import``: what one daemon has kept is what several begin with."""

from __future__ import annotations

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.broker.server import PATIENCE_S, Server, Servers, one_server
from tests.broker.test_log_daemons import gets_ok, gets_said, hello, node, says
from tests.daemon import TWISTD, daemon

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3 * PATIENCE_S)]

LANCHAT_LOG = Path(TWISTD).with_name("lanchat-log")


def imports(file: Path, url: str) -> tuple[int, str]:
    """The exit code, and what it says."""
    command = [str(LANCHAT_LOG), "import", str(file), "--broker", url]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def talked(directory: Path) -> Path:
    """What one daemon keeps where people have talked in two rooms; its file."""
    directory.mkdir()
    with daemon(cwd=directory) as alone:
        alice, _ = hello(alone, "alice", device="laptop", rooms=[{"room": "#lobby"}, {"room": "#dev"}])
        for number in range(1, 6):
            alice.types(f'{{"line": "line {number}", "room": "#lobby", "ref": "{number}"}}')
            gets_ok(alice, str(number))
        alice.types('{"line": "/topic what we do", "room": "#dev", "ref": "6"}')
        gets_ok(alice, "6")
    return directory / "state" / "lanchatd" / "history.sqlite"


def test_what_one_daemon_has_kept_goes_on(broker: Server, tmp_path: Path) -> None:
    """Ids, times, topics and the name of the log are as they were, and what was said once stays so."""
    file = talked(tmp_path / "alone")
    with closing(sqlite3.connect(file)) as kept:
        (log,) = kept.execute("SELECT name FROM log").fetchone()
        times = [at / 1_000_000 for (at,) in kept.execute("SELECT at_us FROM event WHERE kind = 'said'")]
    assert imports(file, broker.url) == (0, "6 lines are in the broker.\n")
    with node(broker.url, tmp_path / "a") as first, node(broker.url, tmp_path / "b") as second:
        for at in (first, second):
            reader, welcome = hello(at, f"reader{at.port}", after=0, log=log)
            assert (welcome["log"], welcome["last"]) == (log, 5)
            lines = gets_said(reader, 5)
            assert [line[:3] for line in lines] == [(n, "alice", f"line {n}") for n in range(1, 6)]
        assert times == sorted(times)
        alice, _ = hello(first, "alice", device="laptop", rooms=[{"room": "#lobby", "after": 5, "log": log}])
        alice.types('{"line": "line 5", "room": "#lobby", "ref": "5"}')
        assert gets_ok(alice, "5") == 5
        says(alice, "after")
        assert gets_said(alice, 1)[0][:3] == (6, "alice", "after")
        _, dev = hello(second, "carol", room="#dev")
        assert (dev["topic"], dev["last"]) == ("what we do", 1)


def test_only_a_broker_without_the_chat_takes_it(broker: Server, tmp_path: Path) -> None:
    """What is wrong is one line."""
    file = talked(tmp_path / "alone")
    other = tmp_path / "other"
    other.write_bytes(b"")
    for wrong, why in (
        (tmp_path / "none", f"lanchat-log: {tmp_path / 'none'}: there is no such file\n"),
        (other, f"lanchat-log: {other} is no log of lanchatd\n"),
    ):
        assert imports(wrong, broker.url) == (1, why)
    assert imports(file, "http://x")[1].startswith("lanchat-log: --broker: that is not a URL")
    assert imports(file, broker.url)[0] == 0
    code, said = imports(file, broker.url)
    assert (code, said) == (
        1,
        f"lanchat-log: the broker at {broker.url}: there is a chat named lanchat already\n",
    )
    broker.stop()
    assert imports(file, broker.url) == (
        1, f"lanchat-log: the broker at {broker.url}: Connection refused\n"
    )  # fmt: skip


def test_three_take_a_long_one(three: Servers, tmp_path: Path) -> None:
    """Also where the oldest lines are gone."""
    file = talked(tmp_path / "alone")
    count = 20_000
    with closing(sqlite3.connect(file)) as kept, kept:
        (room,) = kept.execute("SELECT number FROM room WHERE key = '#lobby'").fetchone()
        kept.executemany(
            "INSERT INTO event (room, id, at_us, kind, nick, text) VALUES (?, ?, ?, 'said', 'bob', ?)",
            [(room, id_, 1_700_000_000_000_000 + id_, f"line {id_}") for id_ in range(6, count + 1)],
        )
        kept.execute("DELETE FROM event WHERE room = ? AND id < 3", (room,))
        kept.execute("UPDATE room SET pruned = 2 WHERE number = ?", (room,))
    assert imports(file, three.url) == (0, f"{count - 1:,} lines are in the broker.\n")
    with node(three.url, tmp_path / "a") as one:
        reader, welcome = hello(one, "reader", after=count - 3)
        assert welcome["last"] == count
        lines = gets_said(reader, 3)
        assert [line[2] for line in lines] == [f"line {n}" for n in range(count - 2, count + 1)]
        assert str(lines[0][3]).startswith("2023-11-14T")


def test_a_broker_that_takes_little_as_one_message_takes_all(tmp_path: Path) -> None:
    """It took nothing of it."""
    file = talked(tmp_path / "alone")
    with closing(sqlite3.connect(file)) as kept, kept:
        kept.executemany(
            "INSERT INTO event (room, id, at_us, kind, nick, text, known)"
            " SELECT room, ?1, at_us, kind, nick, ?2, known FROM event WHERE id = 5",
            [(id_, f"{id_} {'x' * 1_000}") for id_ in range(6, 306)],
        )
    with one_server(tmp_path / "broker", payload="64KB") as small:
        assert imports(file, small.url) == (0, "306 lines are in the broker.\n")
        with node(small.url, tmp_path / "a") as first:
            _, welcome = hello(first, "reader", after=0)
            assert welcome["last"] == 305
