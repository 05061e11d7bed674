"""What opens files of the state directory, and secrets that were given: none that is not what it seems."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lanchatd.history.disk.opening import open_log
from lanchatd.ssh.host_key import host_key
from lanchatd.state.audit import AuditLog
from lanchatd.state.certificate import certificate_from, own_certificate
from lanchatd.state.directory import StateDir, read_file, read_own
from lanchatd.state.files import StateError

NOW = datetime(2026, 11, 22, tzinfo=UTC)
MOST = 1_000


def link(path: Path) -> None:
    path.symlink_to(path.parent.parent / "target")


def pipe(path: Path) -> None:
    os.mkfifo(path, 0o600)


def mine(path: Path) -> None:
    path.touch(0o600)


def open_history(path: Path) -> None:
    open_log(path.with_name("history.sqlite"), lambda warning: None)


OPENED: tuple[tuple[str, Callable[[Path], object]], ...] = (
    ("lock", lambda path: StateDir(path.parent).open()),
    ("audit.log", lambda path: AuditLog(path).open()),
    ("moderation.json", lambda path: read_own(path, MOST)),
    ("tls.pem", lambda path: own_certificate(path, NOW)),
    ("host_key", host_key),
    ("history.sqlite", open_history),
    ("history.sqlite-wal", open_history),
    ("history.sqlite-shm", open_history),
)
GIVEN: tuple[Callable[[Path], object], ...] = (
    lambda path: read_file(path, MOST, secret=True),
    lambda path: certificate_from(path, NOW),
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A state directory, and beside it what a link in it leads to."""
    (tmp_path / "target").write_text("precious")
    (tmp_path / "target").chmod(0o600)
    path = tmp_path / "lanchatd"
    path.mkdir(0o700)
    return path


@pytest.fixture
def of_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is made belongs to somebody else."""
    user = os.geteuid() + 54_321
    monkeypatch.setattr("os.geteuid", lambda: user)


@pytest.mark.parametrize(("name", "open_it"), OPENED)
@pytest.mark.parametrize(
    ("make", "why"),
    [(link, "is a symbolic link: put the file itself there"), (pipe, "is not a file")],
)
def test_links_and_pipes_are_refused(
    directory: Path, name: str, open_it: Callable[[Path], object], make: Callable[[Path], None], why: str
) -> None:
    """In one line; a pipe is not waited for, and what a link leads to is as it was."""
    make(directory / name)
    with pytest.raises(StateError) as refused:
        open_it(directory / name)
    assert str(refused.value) == f"{directory / name} {why}"
    assert (directory.parent / "target").read_text() == "precious"


@pytest.mark.usefixtures("of_another_user")
@pytest.mark.parametrize(("name", "open_it"), OPENED)
def test_what_belongs_to_another_user_is_refused(
    directory: Path, name: str, open_it: Callable[[Path], object]
) -> None:
    """By its name if it has one; the lock is not even looked for, as it is the directory that does."""
    mine(directory / name)
    with pytest.raises(StateError, match=r" belongs to another user, \S+: chown it$"):
        open_it(directory / name)
    assert (directory / name).read_bytes() == b""


@pytest.mark.parametrize("read", GIVEN)
def test_a_secret_that_was_given_may_be_a_link(directory: Path, read: Callable[[Path], object]) -> None:
    """So certificates are kept up to date; but not one to somebody else's."""
    secret = directory / "secret"
    secret.symlink_to(directory.parent / "target")
    if read is GIVEN[0]:
        assert read(secret) == (b"precious", 0o100600)
    else:
        with pytest.raises(StateError, match="there is no private key in"):
            read(secret)


@pytest.mark.parametrize("read", GIVEN)
def test_a_secret_of_root_is_fine_and_one_of_another_user_is_not(
    directory: Path, read: Callable[[Path], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root could change anything anyhow."""
    mine(directory / "secret")
    user = os.geteuid() + 54_321
    status = os.fstat

    def of(owner: int) -> Callable[[int], os.stat_result]:
        return lambda descriptor: os.stat_result((*status(descriptor)[:4], owner, *status(descriptor)[5:]))

    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("os.fstat", of(0))
    try:
        read(directory / "secret")
    except StateError as error:
        assert "there is no private key in" in str(error)
    monkeypatch.setattr("os.fstat", of(user + 1))
    with pytest.raises(StateError, match=f"belongs to another user, {user + 1}: chown it"):
        read(directory / "secret")
