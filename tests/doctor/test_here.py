"""The doctor beside the daemon."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lanchatd.doctor import process
from tests.daemon import daemon
from tests.doctor.test_there import doctor


def test_a_daemon_that_does_not_run_is_said(tmp_path: Path) -> None:
    """Also one that has ended, whose directory is still there."""
    state = f"--state-dir={tmp_path / 'state' / 'lanchatd'}"
    for _ in range(2):
        said = doctor(state, home=tmp_path)
        assert said.returncode == 1
        assert said.stdout.startswith("WRONG running     No lanchatd runs that keeps its state in ")
        with daemon(cwd=tmp_path) as chat:
            chat.logged("TLS key")


def test_one_for_this_machine_alone_is_said(tmp_path: Path) -> None:
    """After what is well."""
    with daemon("--port=0", "--interface=127.0.0.1", cwd=tmp_path) as chat:
        chat.logged("TLS key")
        said = doctor(f"--state-dir={tmp_path / 'state' / 'lanchatd'}", home=tmp_path)
        lines = said.stdout.splitlines()
        assert said.returncode == 1
        assert lines[0] == f"ok    running     process {chat.process.pid}, state in {tmp_path}/state/lanchatd"
        assert f"ok    ports       listens on 127.0.0.1:{chat.port}" in lines
        assert lines[-2] == ("WRONG addresses   It listens for this machine alone: nobody else can join.")


def test_others_who_can_write_to_its_state_are_said(tmp_path: Path) -> None:
    """With what to do about it."""
    state = tmp_path / "state" / "lanchatd"
    with daemon(cwd=tmp_path) as chat:
        chat.logged("TLS key")
        state.chmod(0o770)
        said = doctor(f"--state-dir={state}", home=tmp_path)
        assert said.returncode == 1
        assert said.stdout.splitlines()[-1] == f"                  What to do: chmod 700 {state}"


def test_a_process_is_seen_as_the_kernel_has_it(tmp_path: Path) -> None:
    """Its lock, its ports, its files and its words."""
    with daemon("--port=0", "--interface=127.0.0.1", cwd=tmp_path, forked=False) as chat:
        pid = chat.process.pid
        chat.logged("TLS key")
        assert process.holder_of(tmp_path / "state" / "lanchatd" / "lock") == pid
        assert [str(one) for one in process.listens(pid)] == [f"127.0.0.1:{chat.port}"]
        used, most = process.open_files(pid)
        assert 5 < used < most
        assert "--interface=127.0.0.1" in process.words(pid)
    lock = tmp_path / "state" / "lanchatd" / "lock"
    assert process.holder_of(lock) is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0100007F", "127.0.0.1"),
        ("00000000000000000000000000000000", "::"),
        ("0000000000000000FFFF00000A0200C0", "192.0.2.10"),
        ("B80D0120000000000000000007000000", "2001:db8::7"),
    ],
)
@pytest.mark.skipif(sys.byteorder != "little", reason="as this processor has them")
def test_addresses_are_read_as_the_kernel_writes_them(text: str, address: str) -> None:
    """In words of the processor."""
    assert str(process._address(text)) == address
