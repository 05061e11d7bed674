"""Files that are not what they seem: refused in one line, and nothing is written to them or waited for."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.daemon import PATIENCE_S, TWISTD, daemon, environment_in

FILES = (
    "lock", "audit.log", "moderation.json", "tls.pem", "host_key",
    "history.sqlite", "history.sqlite-wal", "history.sqlite-shm",
)  # fmt: skip
pytestmark = [pytest.mark.faults, pytest.mark.timeout(60)]

SOMEBODY = 54_321  # a user without a name

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


def link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "target")


def pipe(path: Path) -> None:
    os.mkfifo(path)


def of_somebody(path: Path) -> None:
    path.touch(0o600)
    os.chown(path, SOMEBODY, -1)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """The state directory, and beside it what a link in it could lead to."""
    path = tmp_path / "state" / "lanchatd"
    path.mkdir(mode=0o700, parents=True)
    (path.parent / "target").write_text("precious")
    (tmp_path / "keys").touch(0o600)
    return path


def refusal(cwd: Path, *options: str) -> str:
    """The one line with which it does not start."""
    ended = subprocess.run(
        [TWISTD, "-n", "--pidfile=", "lanchat", "--no-announce", "--port=0", "--admin-port=0", *options],
        cwd=cwd, env=environment_in(cwd), capture_output=True, text=True, check=False, timeout=PATIENCE_S,
    )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1, ended.stderr
    return ended.stderr


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (link, r"{} is a symbolic link: put the file itself there"),
        (pipe, r"{} is not a file"),
        pytest.param(of_somebody, r"{} belongs to another user, 54321: chown it", marks=needs_root),
    ],
)
@pytest.mark.parametrize("name", FILES)
def test_a_file_of_the_state_directory(
    state: Path, tmp_path: Path, name: str, make: Callable[[Path], None], why: str
) -> None:
    """A link, a pipe or somebody else's: what it leads to is not touched."""
    make(state / name)
    told = refusal(tmp_path, f"--admin-keys={tmp_path}/keys")
    assert re.search(why.format(re.escape(str(state / name))), told), told
    assert (state.parent / "target").read_text() == "precious"


@needs_root
def test_a_state_directory_of_somebody_else(state: Path, tmp_path: Path) -> None:
    """Who owns it can put anything there."""
    os.chown(state, SOMEBODY, -1)
    state.chmod(0o755)
    told = refusal(tmp_path, f"--admin-keys={tmp_path}/keys")
    assert told.endswith(f"{state} belongs to another user, 54321: chown it\n")
    assert list(state.iterdir()) == []


@needs_root
@pytest.mark.parametrize("option", ["admin-keys", "manhole-keys", "tls-cert"])
def test_a_secret_of_somebody_else(state: Path, tmp_path: Path, option: str) -> None:
    """Who owns it could change who is let in, or who the server is."""
    of_somebody(tmp_path / "secret")
    options = [f"--{option}={tmp_path}/secret"]
    if option != "admin-keys":
        options.append(f"--admin-keys={tmp_path}/keys")
    assert f"{tmp_path}/secret belongs to another user, 54321: chown it" in refusal(tmp_path, *options)


@pytest.mark.parametrize("option", ["admin-keys", "tls-cert"])
def test_a_secret_that_is_a_pipe(state: Path, tmp_path: Path, option: str) -> None:
    """It is not waited for."""
    os.mkfifo(tmp_path / "secret", 0o600)
    options = {"admin-keys": f"{tmp_path}/keys", option: f"{tmp_path}/secret"}
    assert "is not a file" in refusal(tmp_path, *(f"--{name}={path}" for name, path in options.items()))


def test_what_was_given_may_be_a_link(state: Path, tmp_path: Path) -> None:
    """Certificates and credentials are kept up to date by links; and so may the directory be one."""
    (tmp_path / "link").symlink_to(tmp_path / "keys")
    (tmp_path / "dir").symlink_to(state)
    options = (f"--admin-keys={tmp_path}/link", f"--state-dir={tmp_path}/dir", "--admin-port=0", "--port=0")
    with daemon(*options, cwd=tmp_path) as chat:
        chat.logged("administrators' console on")


def test_the_log_tool_waits_for_no_pipe(state: Path) -> None:
    """It says what is wrong."""
    with daemon("--port=0", cwd=state.parent.parent) as chat:
        chat.logged("the log holds")  # it listens a moment before that
    (state / "history.sqlite-wal").unlink(missing_ok=True)
    os.mkfifo(state / "history.sqlite-wal")
    tool = Path(TWISTD).parent / "lanchat-log"
    ended = subprocess.run(
        [tool, f"--state-dir={state}", "check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1 and ended.stderr.endswith("history.sqlite-wal is not a file\n")
