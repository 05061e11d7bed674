"""What happens seldom, while people talk at two daemons: a full disk, a wrong clock, an old backup.

`pytest -m broker -s` shows the figures; they are in the report too.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.broker.lanchat_broker import runs
from tests.broker.plain import Plain
from tests.broker.server import PATIENCE_S, Server, running, server_in
from tests.broker.talkers import talking
from tests.broker.test_faults_three import Record, is_well
from tests.broker.test_log_daemons import gets_said, hello, node, says
from tests.broker.test_log_faults import FAST, chat
from tests.daemon import Peer

pytestmark = [pytest.mark.broker, pytest.mark.timeout(4 * PATIENCE_S)]

MIB = 1_048_576


@contextmanager
def small_disk(server: Server, size_bytes: int) -> Iterator[Path]:
    """Where it keeps what it has is a disk of this size, that only it sees; its directory, for the test."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a small disk")
    server.kept.mkdir()
    mounts = f"mount -t tmpfs -o size={size_bytes} none '{server.kept}' && echo && exec sleep infinity"
    holder = subprocess.Popen(["unshare", "-m", "sh", "-c", mounts], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"\n"
        server.prefix = "nsenter", "-t", str(holder.pid), "-m"
        yield Path(f"/proc/{holder.pid}/root{server.kept}")
    finally:
        server.close()
        holder.kill()
        holder.communicate()


def test_the_disk_of_the_broker_is_full(tmp_path: Path, record_property: Record) -> None:
    """After ten seconds lines are refused with the reason; with room on the disk it is started again."""
    server = server_in(tmp_path / "broker", "alone")
    with (
        small_disk(server, 64 * MIB) as disk,
        running([server]),
        chat(server, tmp_path) as several,
        talking(several.ports) as talk,
    ):
        elsewhere, _ = hello(several.daemons["node0"], "alice", room="#elsewhere")
        talk.say(200)
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
            while True:
                file.write(bytes(4096))
        began_at = time.monotonic()
        record_property("refused_after_s", round(refused(elsewhere) - began_at, 1))
        filler.unlink()
        server.stop()  # nats-server does not try to write again
        server.start()
        talk.say(200)
        is_well(talk, record_property)


def refused(peer: Peer) -> float:
    """Say lines until one is refused since it can't be kept; when that was."""
    codes: list[str] = []

    def read() -> None:
        with suppress(OSError, ValueError):
            while "log_failed" not in codes:
                codes.append(peer.gets().get("code", ""))

    reading = threading.Thread(target=read, daemon=True)
    reading.start()
    while reading.is_alive():
        says(peer, "x" * 2_000)
        reading.join(0.2)
    assert "log_failed" in codes
    return time.monotonic()


def test_the_clock_of_a_daemon_is_wrong_by_an_hour(
    broker: Server, tmp_path: Path, record_property: Record
) -> None:
    """Times are the broker's, the same everywhere."""
    if not (library := next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)):
        pytest.skip("there is no libfaketime here (apt-get install libfaketime)")
    ahead = {"LD_PRELOAD": str(library), "FAKETIME": "+1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with (
        node(broker.url, tmp_path / "ahead", *FAST, environment=ahead) as wrong,
        node(broker.url, tmp_path / "right", *FAST) as right,
    ):
        with talking(lambda: (wrong.port, right.port)) as talk:
            talk.say(400)
            is_well(talk, record_property)
        (alice, there), (bob, here) = hello(wrong, "alice"), hello(right, "bob")
        assert there["last"] == here["last"]
        says(alice, "from ahead")
        says(bob, "from now")
        while (last := gets_said(alice, 1)[0])[2] != "from now":
            pass
        seen = last
        while (last := gets_said(bob, 1)[0])[2] != "from now":
            pass
        assert last == seen


def test_an_old_backup_is_brought_back(broker: Server, tmp_path: Path) -> None:
    """What was said since is lost, and its ids are another log's: nobody takes one for the other."""
    copy = tmp_path / "copy"
    with chat(broker, tmp_path) as several:
        (first, _), (alice, welcome) = several.daemons.values(), hello(several.daemons["node0"], "alice")
        says(alice, "kept")
        assert gets_said(alice, 1)[0][:3] == (1, "alice", "kept")
        assert runs("backup", copy, "--broker", broker.url)[0] == 0
        says(alice, "lost")
        assert gets_said(alice, 1)[0][:3] == (2, "alice", "lost")
        assert first.process.poll() is None
    with Plain(broker.url) as client:
        client.asks("$JS.API.STREAM.DELETE.lanchat")
    assert runs("restore", copy, "--broker", broker.url)[0] == 0
    with chat(broker, tmp_path) as several:
        for at in several.daemons.values():
            back, again = hello(at, f"back{at.port}", after=2, log=welcome["log"])
            assert again["log"] != welcome["log"]
            assert gets_said(back, 1)[0][:3] == (1, "alice", "kept")
        says(back, "new")
        assert gets_said(back, 1)[0][:3] == (2, f"back{at.port}", "new")
