"""The file of accounts: what was answered is in it, and a damaged one keeps the daemon from starting."""

from __future__ import annotations

import json
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from lanchatd.chat.accounts.rows import TLS, Account, Change, Code, Device, Held, ReadMark, Row
from lanchatd.state.accounts_file import ACCOUNTS, SCHEMA, AccountsFile
from lanchatd.state.files import StateError
from lanchatd.text.names import nick
from tests.daemon import daemon
from tests.disk import HeldWorker

ALICE = Account(1, nick("Alice"), 1_795_356_191.123, 1_795_356_200.0, "", "hash")
PHONE = Device(1, TLS, "sha256:abc", "phone", 2.0, 3.0)
CODE = Code("00ff", "recovery", 1, 1, 4.0, "admin")
HELD = Held(nick("Root"), None, None)
READ = ReadMark(1, "#lobby", "9f3c", 4712)
ROWS: tuple[Row, ...] = (ALICE, PHONE, CODE, HELD, READ)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ACCOUNTS


class Kept:
    """A file that is open."""

    def __init__(self, path: Path) -> None:
        self.clock = Clock()
        self.worker = HeldWorker(self.clock)
        self.file = AccountsFile(path, lambda name: self.worker)
        self.rows, self.last = self.file.open()

    def keeps(self, change: Change) -> str:
        """Keep a change; why not, if it is not kept."""
        answer = self.file.keep(change)
        self.clock.advance(0)
        assert answer.known
        return str(answer.error or "")

    def closes(self) -> None:
        self.file.close()


def test_what_is_kept_is_there_again(path: Path) -> None:
    """For nobody else to read."""
    first = Kept(path)
    assert (first.rows, first.last) == ([], 0)
    assert first.keeps(Change(ROWS)) == ""
    first.closes()
    again = Kept(path)
    assert (again.rows, again.last) == (list(ROWS), 1)
    assert [stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()] == [0o600] * 3
    again.closes()


def test_what_is_changed_takes_the_place_of_what_was(path: Path) -> None:
    """And what is gone is gone; a number is not given again."""
    first = Kept(path)
    first.keeps(Change(ROWS))
    changed: tuple[Row, ...] = (
        Account(1, nick("Alina"), ALICE.made_at, 9.0, "", None),
        Device(1, TLS, "sha256:abc", "new phone", 2.0, 9.0),
        Code("00ff", "recovery", 1, 5, 4.0, "admin"),
        Held(nick("root"), 9.0, 1),
        ReadMark(1, "#lobby", "77ab", 3),
    )
    first.keeps(Change(changed))
    first.closes()
    again = Kept(path)
    assert again.rows == list(changed)
    again.keeps(Change((), changed))
    again.closes()
    last = Kept(path)
    assert (last.rows, last.last) == ([], 1)


def test_all_of_a_change_is_kept_or_nothing(path: Path) -> None:
    """The file is the referee: a nick is one account's."""
    kept = Kept(path)
    kept.keeps(Change(ROWS))
    bob = Account(2, nick("bob"), 1.0, 1.0)
    again = Account(3, nick("alice"), 1.0, 1.0)
    why = "That can't be kept: UNIQUE constraint failed: account.key. Nothing was changed."
    assert kept.keeps(Change((bob, again))) == why
    assert kept.keeps(Change((bob,))) == ""
    kept.closes()
    assert kept.file.close()
    answer = kept.file.keep(Change())
    assert str(answer.error) == "That can't be kept: the server is shutting down."


def test_another_program_that_writes_is_said(path: Path) -> None:
    """In a sentence."""
    kept = Kept(path)
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        # It waits for another program for some seconds; here it need not.
        kept.file._writer[1].execute("PRAGMA busy_timeout = 0")  # type: ignore[index]
        why = "That can't be kept: another program is writing to it. Nothing was changed."
        assert kept.keeps(Change(ROWS)) == why


def garbage(path: Path) -> None:
    path.write_bytes(b"no database at all " * 1_000)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def a_page(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:8_192] + bytes(4_096) + content[12_288:])


def only_a_part(path: Path) -> None:
    path.rename(f"{path}-wal")


def its_changes(path: Path) -> None:
    Path(f"{path}-wal").write_bytes(b"x" * 4_096)


@pytest.mark.parametrize("damage", [garbage, empty, half, a_page, only_a_part, its_changes])
def test_a_damaged_file_is_not_opened(damage: Callable[[Path], None], path: Path) -> None:
    """Nor made anew: that would give all nicks away."""
    kept = Kept(path)
    kept.keeps(Change(ROWS))
    kept.closes()
    damage(path)
    for _ in range(2):
        with pytest.raises(StateError, match="is damaged"):
            Kept(path)


def test_a_file_of_something_else_is_not_opened(path: Path) -> None:
    """Nor one of a newer version, nor a link."""
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE x (y)")
    with pytest.raises(StateError, match="is no file of accounts of lanchatd"):
        Kept(path)
    path.unlink()
    Kept(path).closes()
    with closing(sqlite3.connect(path)) as newer:
        newer.execute(f"PRAGMA user_version = {len(SCHEMA.migrations) + 1}")
    with pytest.raises(StateError, match="was written by a newer lanchatd"):
        Kept(path)
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")
    with pytest.raises(StateError, match="is a symbolic link"):
        Kept(path)


def test_a_folder_that_takes_nothing_is_said(path: Path) -> None:
    """In one line."""
    with pytest.raises(StateError, match="No such file or directory"):
        Kept(path.parent / "no" / "such")


def test_a_file_of_before_is_taken_on(path: Path) -> None:
    """And a copy of it is kept."""
    with closing(sqlite3.connect(path)) as older:
        older.executescript(f"{SCHEMA.migrations[0]}; PRAGMA application_id = {SCHEMA.application_id}")
        older.executescript(
            "PRAGMA user_version = 1; INSERT INTO account VALUES (7, 'a', 'A', 1, 2, '', NULL)"
        )
    kept = Kept(path)
    assert (kept.rows, kept.last) == ([Account(7, nick("A"), 1.0, 2.0)], 7)
    assert kept.keeps(Change((ReadMark(7, "#lobby", "9f3c", 1),))) == ""
    kept.closes()
    assert path.with_name(f"{ACCOUNTS}.version-1").exists()


def test_a_start_that_was_killed_is_begun_anew(path: Path) -> None:
    """Before the first file was whole, there was nothing to lose."""
    unfinished = path.with_name(f".{path.name}.lanchatd-new")
    unfinished.write_bytes(b"half")
    Kept(path).closes()
    assert not unfinished.exists()


def test_a_damaged_file_keeps_the_daemon_from_starting(tmp_path: Path) -> None:
    """With one line, and exit code 1."""
    state = tmp_path / "state"
    state.mkdir(0o700)
    garbage(state / ACCOUNTS)
    twistd = Path(sys.executable).with_name("twistd")
    arguments = ["lanchat", "--port=0", "--interface=127.0.0.1", f"--state-dir={state}"]
    ran = subprocess.run(
        [twistd, "-n", "--pidfile=", "--logfile=log", *arguments],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    (line,) = ran.stderr.splitlines()
    assert line == (
        f"lanchatd: {state / ACCOUNTS} is damaged (file is not a database), and without it all nicks would be"
        " anybody's: put a copy in its place, as lanchat-accounts backup makes them"
    )


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    """Registered, and a code; and what was given up."""
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice, chat.join("bob") as bob:
        alice.types("/register correct horse")
        alice.reads_until("-- alice is yours now, by your password.")
        alice.types("/code")
        code = alice.reads_until_match(r"^-- \S+, once")[-1].split()[1].rstrip(",")
        bob.types("/register battery staple", "/account delete")
        bob.reads_until("!! bob is not yours any more.")
        chat.ends(signal.SIGKILL)
    with daemon(cwd=tmp_path) as chat, chat.connect() as stranger, chat.connect() as phone:
        stranger.types("bob")
        stranger.reads_until("!! bob is held, and nobody can take it. Take another nick.")
        stranger.types("alice")
        stranger.reads_until_match("^!! alice belongs to somebody.")
        stranger.types("alice wrong horse")
        stranger.reads_until_match("^!! That is neither the password")
        stranger.types("alice correct horse")
        stranger.reads_until_match("^-- You are alice in #lobby")
        phone.types(f"alice {code}")
        phone.reads_until_match("^-- You are alice in #lobby")


def test_after_an_upgrade_nobody_gets_power_by_being_first(tmp_path: Path) -> None:
    """The nicks of operators are held, and the log says how they are given."""
    state = tmp_path / "state" / "lanchatd"
    state.mkdir(0o700, parents=True)
    kept = {"version": 1, "bans": [], "mutes": [], "operators": ["olga"]}
    (state / "moderation.json").write_text(json.dumps(kept))
    with daemon(cwd=tmp_path) as chat, chat.connect() as mallory:
        chat.logged("operator olga has no account: the nick is held until `account code olga` gives it")
        mallory.types("olga", "0lga")
        mallory.reads_until("!! olga is held, and nobody can take it. Take another nick.")
        mallory.reads_until("!! That nick looks like olga.")
