"""The file of known servers: what it says, and that nothing in it is ever lost."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lanchatd.client import known_servers
from lanchatd.client.known_servers import Known, forget, read, remember, server_name

KEY, OTHER = "sha256:" + "A" * 43, "sha256:" + "B" * 42 + "A"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where it will be."""
    return tmp_path / "lanchatd" / "known_servers"


@pytest.mark.parametrize(
    ("host", "port", "name"),
    [("chat.local", 8000, "chat.local:8000"), ("Chat.LOCAL.", 8000, "chat.local:8000"),
     ("127.0.0.1", 1, "127.0.0.1:1"), ("::1", 8000, "[::1]:8000"), ("FD00:0:0::0001", 8000, "[fd00::1]:8000"),
     ("fe80::1%eth0", 8000, "[fe80::1%eth0]:8000")],
)  # fmt: skip
def test_a_server_has_one_name_however_it_is_written(host: str, port: int, name: str) -> None:
    """As users write it."""
    assert server_name(host, port) == name


def test_what_is_remembered_is_known(file: Path) -> None:
    """By host and port; for nobody else to read."""
    assert read(file) == Known({})
    assert remember(file, "chat.local:8000", KEY) == KEY
    assert remember(file, "[::1]:8000", OTHER) == OTHER
    assert read(file) == Known({"chat.local:8000": KEY, "[::1]:8000": OTHER})
    assert file.read_text() == f"chat.local:8000 {KEY}\n[::1]:8000 {OTHER}\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in file.parent.iterdir()) == ["known_servers", "known_servers.lock"]


def test_a_byte_order_mark_is_no_part_of_a_name(file: Path) -> None:
    """Some editors put one at the start of a file."""
    remember(file, "chat.local:8000", KEY)
    file.write_text(file.read_text(), "utf-8-sig")
    assert read(file) == Known({"chat.local:8000": KEY})


def test_a_known_server_keeps_its_key(file: Path) -> None:
    """Whoever was first has decided; the other one is told."""
    remember(file, "chat.local:8000", KEY)
    before = file.stat().st_ino
    assert remember(file, "chat.local:8000", OTHER) == KEY
    assert remember(file, "chat.local:8000", KEY) == KEY
    assert file.read_text() == f"chat.local:8000 {KEY}\n"
    assert file.stat().st_ino == before


def test_what_cannot_be_read_is_kept_and_says_nothing(file: Path) -> None:
    """Byte by byte; and so are comments."""
    file.parent.mkdir()
    kept = (
        b"# mine\n\nchat.local:8000\ncaf\xe9:8000 what\xff\r\nnoport " + KEY.encode() + b"\n"
        b"chat.local:8000 sha256:short\n a:1 " + KEY.encode() + b" \n::1:8000 " + KEY.encode() + b"\nlast"
    )
    file.write_bytes(kept)
    assert read(file) == Known({"a:1": KEY}, unreadable=(3, 4, 5, 6, 8, 9))
    remember(file, "b:1", OTHER)
    assert file.read_bytes() == kept + f"\nb:1 {OTHER}\n".encode()
    assert forget(file, "a", None) == ["a:1"]
    assert file.read_bytes() == kept.replace(f" a:1 {KEY} \n".encode(), b"") + f"\nb:1 {OTHER}\n".encode()


def test_what_an_editor_leaves_makes_no_server_unknown(file: Path) -> None:
    """A mark at the beginning of the file, and what somebody wrote behind an entry."""
    file.parent.mkdir()
    file.write_text(f"\ufeffa:1 {KEY} # the attic\nb:1 {OTHER} #\n # c:1 {KEY}\n")
    assert read(file) == Known({"a:1": KEY, "b:1": OTHER})
    assert forget(file, "a", 1) == ["a:1"]
    assert read(file) == Known({"b:1": OTHER})


def test_of_two_lines_the_first_counts(file: Path) -> None:
    """However its host is written; forgetting takes both away."""
    file.parent.mkdir()
    file.write_text(f"Chat.local:8000 {KEY}\nchat.local:8000 {OTHER}\n")
    assert read(file).servers == {"chat.local:8000": KEY}
    assert forget(file, "CHAT.local", 8000) == ["chat.local:8000"] * 2
    assert file.read_text() == ""


def test_forgetting_one_port_or_all(file: Path) -> None:
    """It says what there was; and makes no file to say that there was nothing."""
    assert forget(None, "a", None) == forget(file, "a", None) == []
    assert not file.parent.exists()
    for name in ("a:1", "a:2", "b.a:1", "[::1]:1", "[::1]:2"):
        remember(file, name, KEY)
    assert forget(file, "a", 2) == ["a:2"]
    assert forget(file, "a", 2) == []
    assert forget(file, "0::1", None) == ["[::1]:1", "[::1]:2"]
    assert read(file).servers == {"a:1": KEY, "b.a:1": KEY}


def test_many_clients_at_once_lose_nobody_s_line(file: Path) -> None:
    """Four processes write twenty servers each."""
    program = (
        "import sys\nfrom pathlib import Path\nfrom lanchatd.client.known_servers import remember\n"
        "for number in range(20):\n"
        "    remember(Path(sys.argv[1]), f'host{sys.argv[2]}:{number + 1}', sys.argv[3])\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(file), str(number), KEY]) for number in range(4)
    ]
    assert [writer.wait() for writer in writers] == [0] * 4
    assert read(file) == Known({f"host{n}:{port}": KEY for n in range(4) for port in range(1, 21)})


def test_a_lock_that_is_not_given_back_is_not_waited_for_for_ever(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that was stopped in the middle, on a home that is shared."""
    monkeypatch.setattr(known_servers, "LOCK_S", 0.02)
    remember(file, "a:1", KEY)
    with file.with_name("known_servers.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(OSError, match="Another client is writing it") as error:
            remember(file, "b:1", KEY)
        assert error.value.errno == errno.EAGAIN
    assert remember(file, "b:1", KEY) == KEY


def test_a_link_stays_one(file: Path, tmp_path: Path) -> None:
    """People keep such files elsewhere."""
    elsewhere = tmp_path / "dotfiles"
    elsewhere.write_text(f"a:1 {KEY}\n")
    file.parent.mkdir()
    file.symlink_to(elsewhere)
    remember(file, "b:1", OTHER)
    assert file.is_symlink()
    assert elsewhere.read_text() == f"a:1 {KEY}\nb:1 {OTHER}\n"


def test_what_cannot_be_written_leaves_it_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk."""
    remember(file, "a:1", KEY)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        remember(file, "b:1", KEY)
    assert file.read_text() == f"a:1 {KEY}\n"
    assert not file.with_name("known_servers.new").exists()


def test_what_cannot_be_read_is_an_error(file: Path) -> None:
    """It is not taken for nothing known: that would ask about a server that is known."""
    file.mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        read(file)


def test_it_is_where_configuration_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the XDG Base Directory Specification: a relative path counts as none."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert known_servers.path() == tmp_path / ".config" / "lanchatd" / "known_servers"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert known_servers.path() == tmp_path / "config" / "lanchatd" / "known_servers"


def test_without_a_home_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user id without one, as in containers."""

    def nobody() -> Path:
        raise RuntimeError

    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr(Path, "home", nobody)
    assert known_servers.path() is None
    assert read(None) == Known({})
    assert remember(None, "a:1", KEY) == KEY
