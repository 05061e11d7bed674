"""What was typed is kept between runs."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lanchatd.client import history


def test_two_clients_keep_each_other_s_lines(tmp_path: Path) -> None:
    """Who ends later adds to what is there by then."""
    file = tmp_path / "state" / "history"
    assert history.read(file) == []
    history.add(file, ["from one"])
    history.add(file, ["from two", "again"])
    assert history.read(file) == ["from one", "from two", "again"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["history"]


def test_only_the_newest_lines_are_kept(tmp_path: Path) -> None:
    """A thousand."""
    file = tmp_path / "history"
    history.add(file, (f"line {number}" for number in range(history.LINES + 5)))
    assert history.read(file) == [f"line {number}" for number in range(5, history.LINES + 5)]


def test_what_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    """A folder stands where the file should."""
    file = tmp_path / "history"
    (file / "folder").mkdir(parents=True)
    with pytest.raises(OSError, match="history"):
        history.add(file, ["line"])
    assert [path.name for path in tmp_path.iterdir()] == ["history"]


def test_without_a_home_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in containers."""

    def nowhere() -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nowhere)
    assert history.path() is None
    assert history.read(None) == []
    history.add(None, ["line"])


@pytest.mark.parametrize(
    ("state", "path"),
    [
        ("/var/state", "/var/state/lanchatd/history"),
        ("relative", "/home/alice/.local/state/lanchatd/history"),
    ],
)
def test_the_place_follows_xdg(monkeypatch: pytest.MonkeyPatch, state: str, path: str) -> None:
    """A path that is not absolute is ignored, as the specification asks."""
    monkeypatch.setenv("XDG_STATE_HOME", state)
    monkeypatch.setenv("HOME", "/home/alice")
    assert history.path() == Path(path)


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        ("hello", True),
        ("//msg is how to write to one", True),
        ("/me waves", True),
        ("/join #dev", True),
        ("/J #dev", True),
        ("/msg bob secret", False),
        ("/MSG bob secret", False),
        ("/reply secret", False),
        ("/m bob secret", False),
        ("/dm bob secret", False),
        ("/pm bob secret", False),
        ("/query bob secret", False),
        ("/mgs bob secret", False),
        ("/msg\u00a0bob secret", False),
        ("/", False),
    ],
)
def test_what_was_for_one_member_only_is_not_kept(tmp_path: Path, line: str, kept: bool) -> None:
    """By whatever name, and not with a slip of the finger either."""
    file = tmp_path / "history"
    history.add(file, ["before", line, "after"])
    assert history.read(file) == (["before", line, "after"] if kept else ["before", "after"])


def test_the_file_of_older_versions_is_moved(tmp_path: Path) -> None:
    """Before what is there already, without the private messages in it; the old directory goes."""
    file, old = tmp_path / "lanchatd" / "history", tmp_path / "lanchat" / "history"
    old.parent.mkdir()
    old.write_text("one\n/msg bob secret\ntwo\n")
    history.add(file, ["three"])
    history.move_old(file)
    history.move_old(file)
    assert history.read(file) == ["one", "two", "three"]
    assert [path.name for path in tmp_path.iterdir()] == ["lanchatd"]
    old.parent.mkdir()
    old.write_text("four\n")
    (old.parent / "of-mine").touch()
    history.move_old(file)
    assert [path.name for path in old.parent.iterdir()] == ["of-mine"]
    history.move_old(None)
