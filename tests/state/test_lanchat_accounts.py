"""``lanchat-accounts``, on the file of a daemon that runs, or of none."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from lanchatd.chat.accounts.rows import Change, Device
from lanchatd.state.accounts_file import ACCOUNTS
from lanchatd.state.lanchat_accounts import main
from tests.state.test_accounts_file import ROWS, Kept, empty, garbage


class Tool:
    """Who uses it."""

    def __init__(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.path = folder / ACCOUNTS
        self._read = capfd

    def runs(self, *arguments: str) -> list[str]:
        """What it prints."""
        assert main(["--state-dir", str(self.folder), *arguments]) == 0
        return self._read.readouterr().out.splitlines()

    def refuses(self, *arguments: str) -> str:
        """Why it does nothing."""
        assert main(["--state-dir", str(self.folder), *arguments]) == 1
        return self._read.readouterr().err


@pytest.fixture
def tool(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Tool:
    return Tool(tmp_path, capfd)


def test_it_says_that_the_file_is_whole(tool: Tool) -> None:
    """While the daemon has it open."""
    kept = Kept(tool.path)
    kept.keeps(Change(ROWS))
    assert tool.runs("check") == ["The file is whole: 1 account, 1 nick held."]
    kept.keeps(Change((Device(7, "tls", "sha256:x", "", 1.0, 1.0),)))
    assert tool.refuses("check") == "lanchat-accounts: 1 device is of no account\n"


def test_it_prints_what_is_known_and_no_secret(tool: Tool) -> None:
    """One object a line."""
    kept = Kept(tool.path)
    kept.keeps(Change(ROWS))
    lines = tool.runs("export")
    device = {
        "name": "phone", "kind": "tls", "print": "sha256:abc",
        "made": "1970-01-01T00:00:02.000Z", "seen": "1970-01-01T00:00:03.000Z",
    }  # fmt: skip
    account = {"nick": "Alice", "made": "2026-11-22T14:03:11.123Z", "seen": "2026-11-22T14:03:20.000Z"}
    assert [json.loads(line) for line in lines] == [
        {**account, "by": "", "password": True, "devices": [device]},
        {"held": "Root", "until": None},
    ]


def test_a_copy_takes_the_place_of_the_file(tool: Tool) -> None:
    """As it was then; no copy is written over."""
    kept = Kept(tool.path)
    kept.keeps(Change(ROWS))
    copy = tool.folder / "copy"
    assert tool.runs("backup", str(copy)) == []
    assert tool.refuses("backup", str(copy)) == f"lanchat-accounts: {copy} is there already\n"
    kept.keeps(Change((), ROWS))
    kept.closes()
    copy.rename(tool.path)
    assert Kept(tool.path).rows == list(ROWS)


def test_what_is_no_such_file_is_said(tool: Tool) -> None:
    """In one line."""
    where = f"lanchat-accounts: {tool.path}"
    assert tool.refuses("check") == f"{where}: there are no accounts here; --state-dir says where they are\n"
    empty(tool.path)
    assert tool.refuses("check") == f"{where} is damaged\n"
    garbage(tool.path)
    assert tool.refuses("check") == "lanchat-accounts: file is not a database\n"
    tool.path.unlink()
    with closing(sqlite3.connect(tool.path)) as other:
        other.execute("CREATE TABLE x (y)")
    assert tool.refuses("check") == f"{where} is no file of accounts of lanchatd\n"
    tool.path.unlink()
    kept = Kept(tool.path)
    kept.keeps(Change(ROWS))
    kept.closes()
    assert "No such file" in tool.refuses("backup", str(tool.folder / "no" / "copy"))


def test_a_damaged_page_is_found(tool: Tool) -> None:
    """Also one that the daemon would not have read."""
    kept = Kept(tool.path)
    kept.keeps(Change(ROWS))
    kept.closes()
    content = tool.path.read_bytes()
    tool.path.write_bytes(content[:8_192] + bytes(4_096) + content[12_288:])
    (line,) = tool.refuses("check").splitlines()
    assert line.startswith("lanchat-accounts: the file is damaged: ")
