"""Two real daemons on a real broker: what is said at one is said at both."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from lanchatd.broker.store import PURGE_EVERY_S
from tests.broker.locked import PASSWORD, USER, Locked
from tests.broker.plain import Plain
from tests.broker.server import PATIENCE_S, Server, one_server
from tests.daemon import TWISTD, Daemon, Peer, daemon, environment_in, started
from tests.service.test_systemd import ServiceManager

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3 * PATIENCE_S)]


LANCHAT_LOG = str(Path(sys.executable).parent / "lanchat-log")


@contextmanager
def node(url: str, cwd: Path, *options: str, **more: Any) -> Iterator[Daemon]:
    """A daemon of the chat, in which everybody can come in."""
    cwd.mkdir(exist_ok=True)
    with daemon("--port=0", f"--broker={url}", *options, cwd=cwd, **more) as running:
        running.logged("everybody can come in")
        yield running


_OPEN: list[Peer] = []


def close_all() -> None:
    """End the connections of all who came in by `hello`; each test here ends so (`conftest.py`)."""
    while _OPEN:
        _OPEN.pop().close()


def hello(at: Daemon, nick: str, **more: Any) -> tuple[Peer, dict[str, Any]]:
    """A program that comes in, and the welcome that it got."""
    peer = at.connect()
    _OPEN.append(peer)
    said = json.dumps({"nick": nick, **more})
    peer.types(said)
    while (got := peer.gets()).get("type") != "welcome":
        if got.get("type") == "error":
            assert got["code"] in ("no_broker", "nick_taken"), got
            time.sleep(0.25)  # until others know that this node is there, or that another one is gone
            peer.types(said)
    return peer, got


def says(peer: Peer, *lines: str) -> None:
    peer.types(*(json.dumps({"line": line}) for line in lines))


def gets_said(peer: Peer, count: int) -> list[tuple[int, str, str, float]]:
    """The next lines that were said: id, nick, text and time."""
    found: list[tuple[int, str, str, float]] = []
    while len(found) < count:
        got = peer.gets()
        if got["type"] == "said":
            found.append((got["id"], got["from"], got["text"], got["at"]))
    return found


def gets_ok(peer: Peer, ref: str) -> int:
    while (got := peer.gets()).get("ref") != ref:
        pass
    assert got["type"] == "ok", got
    return int(got["id"])


def test_what_is_said_at_one_is_said_at_both(broker: Server, tmp_path: Path) -> None:
    """With the same ids and times; it is there for who comes later, and found, at each of them."""
    with node(broker.url, tmp_path / "a") as here, node(broker.url, tmp_path / "b") as there:
        (alice, at_a), (bob, at_b) = hello(here, "alice"), hello(there, "bob")
        assert at_a["log"] == at_b["log"]
        says(alice, "hi", "how are you?")
        said = gets_said(bob, 2)
        assert gets_said(alice, 2) == said
        assert [line[:3] for line in said] == [(1, "alice", "hi"), (2, "alice", "how are you?")]
        says(bob, "well")
        answer = gets_said(alice, 1)
        assert answer == gets_said(bob, 1)
        assert answer[0][:3] == (3, "bob", "well")
        late, _ = hello(there, "late", after=1, log=at_a["log"])
        assert gets_said(late, 2) == [said[1], *answer]
        says(late, "/search how")
        while "how are you?" not in late.reads():
            pass


def test_a_room_that_is_made_at_one_is_there_at_both(broker: Server, tmp_path: Path) -> None:
    with node(broker.url, tmp_path / "a") as here, node(broker.url, tmp_path / "b") as there:
        alice, _ = hello(here, "alice", room="#dev")
        says(alice, "/topic what we do", "first")
        assert gets_said(alice, 1)[0][:3] == (2, "alice", "first")
        bob, _ = hello(there, "bob")
        while True:
            says(bob, "/rooms")
            while (got := bob.gets())["type"] != "rooms":
                pass
            if [room["topic"] for room in got["rooms"] if room["room"] == "#dev"] == ["what we do"]:
                break
        bob, welcome = hello(there, "bobby", room="#dev", after=0)
        assert welcome["topic"] == "what we do"
        assert gets_said(bob, 1)[0][:3] == (2, "alice", "first")


def test_a_line_that_is_sent_again_elsewhere_is_said_once(broker: Server, tmp_path: Path) -> None:
    with node(broker.url, tmp_path / "a") as here, node(broker.url, tmp_path / "b") as there:
        line = json.dumps({"line": "once", "ref": "7"})
        alice, _ = hello(here, "alice", device="laptop")
        alice.types(line)
        first = gets_ok(alice, "7")
        here.process.kill()
        back, _ = hello(there, "alice", device="laptop", after=0)
        back.types(line)
        assert gets_ok(back, "7") == first
        back.types(json.dumps({"line": "more", "ref": "8"}))
        assert gets_ok(back, "8") == first + 1


def test_all_is_there_after_a_restart(broker: Server, tmp_path: Path) -> None:
    """Also what was said meanwhile, and what was sent before is known; with its own copy and without it."""
    line = json.dumps({"line": "before", "ref": "1"})
    with node(broker.url, tmp_path / "b") as there:
        with node(broker.url, tmp_path / "a") as here:
            alice, welcome = hello(here, "alice", device="laptop")
            alice.types(line)
            assert gets_ok(alice, "1") == 1
            here.ends(signal.SIGKILL)
        bob, _ = hello(there, "bob")
        says(bob, "meanwhile")
        gets_said(bob, 1)
        for copy in ("a", "a", "new"):
            with node(broker.url, tmp_path / copy) as again:
                alice, came = hello(again, "alice", device="laptop", after=0, log=welcome["log"])
                assert [text[:3] for text in gets_said(alice, 2)] == [
                    (1, "alice", "before"),
                    (2, "bob", "meanwhile"),
                ]
                assert came["last"] == 2
                alice.types(line)
                assert gets_ok(alice, "1") == 1
                assert again.ends(signal.SIGTERM) == 0


# -- what can't be


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--broker=http://x"], "--broker: that is not a URL such as nats://broker.example:4222"),
        (
            ["--broker=nats://x", "--no-history"],
            "--broker keeps what is said: --no-history is for one daemon alone",
        ),
        (["--broker-login=x"], "--broker-login is for the broker, which --broker names"),
    ],
)
def test_wrong_options(options: list[str], why: str, tmp_path: Path) -> None:
    with started([TWISTD, "-n", "--pidfile=", "lanchat", *options], tmp_path) as failed:
        assert failed.ends() == 1
        assert failed.log == [f"twistd lanchat: {why} (see twistd lanchat --help)"]


def refused(url: str, cwd: Path, *options: str) -> list[str]:
    """What a daemon writes that can't start with this broker."""
    command = [
        TWISTD,
        "-n",
        "--pidfile=",
        "lanchat",
        "--no-announce",
        "--port=0",
        f"--broker={url}",
        *options,
    ]
    with started(command, cwd, environment=environment_in(cwd)) as failed:
        assert failed.ends() == 1
        return [line for line in failed.log if line.startswith("lanchatd: ")]


def test_wrong_credentials(locked: Locked, tmp_path: Path) -> None:
    """The secret is nowhere in what is written."""
    login = tmp_path / "login"
    login.write_text(f'user = "{USER}"\npassword = "wrong-secret"\nca = "{locked.authority}"\n', "utf-8")
    login.chmod(0o600)
    url = f"tls://localhost:{locked.server.port}"
    said = refused(url, tmp_path, f"--broker-login={login}")
    assert said == ["lanchatd: the broker does not know this user and password"]
    login.write_text(f'user = "{USER}"\npassword = "{PASSWORD}"\nca = "{locked.authority}"\n', "utf-8")
    with node(url, tmp_path / "a", f"--broker-login={login}") as running:
        alice, _ = hello(running, "alice")
        says(alice, "hi")
        gets_said(alice, 1)
        assert running.ends(signal.SIGTERM) == 0
        assert not any(PASSWORD in line for line in running.log)


def test_a_broker_that_is_too_old(tmp_path: Path) -> None:
    """It says so itself, before anything else."""
    info = {"server_id": "x", "version": "2.9.10", "max_payload": 1_048_576, "headers": True}
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection, suppress(ConnectionError):  # the daemon goes without a goodbye
                connection.sendall(f"INFO {json.dumps(info)}\r\n".encode())
                while connection.recv(4_096):
                    connection.sendall(b"PONG\r\n")

        answering = threading.Thread(target=answer, daemon=True)
        answering.start()
        said = refused(f"nats://127.0.0.1:{server.getsockname()[1]}", tmp_path)
        answering.join(PATIENCE_S)
    assert said == ["lanchatd: the broker is nats-server 2.9.10: it has to be 2.12 or newer"]


def test_a_stream_of_somebody_else(broker: Server, tmp_path: Path) -> None:
    with Plain(broker.url) as client:
        client.asks("$JS.API.STREAM.CREATE.lanchat", name="lanchat", subjects=["lanchat.>"])
    why = "lanchatd: the stream lanchat of the broker is not one of lanchatd: give another name in the URL"
    assert refused(broker.url, tmp_path) == [why]


def test_a_broker_without_jetstream(tmp_path: Path) -> None:
    with one_server(tmp_path / "broker", "jetstream: disabled") as server:
        why = "lanchatd: the broker has no JetStream: put `jetstream { … }` into its configuration"
        assert refused(server.url, tmp_path) == [why]


def test_a_stream_that_is_lost_while_it_runs(broker: Server, tmp_path: Path) -> None:
    """Nobody may talk under ids that others saw: it ends, and begins anew when it is started again."""
    with node(broker.url, tmp_path / "a") as running:
        alice, _ = hello(running, "alice")
        says(alice, "hi")
        gets_said(alice, 1)
        with Plain(broker.url) as client:
            client.asks("$JS.API.STREAM.DELETE.lanchat")
        broker.stop()
        broker.start()
        assert running.ends() == 1
        (said,) = [line for line in running.log if line.startswith("lanchatd: ")]
        assert said.startswith("lanchatd: the broker's stream is another one, or an older one, than before")
    with node(broker.url, tmp_path / "a") as again:
        alice, welcome = hello(again, "alice")
        assert welcome["last"] == 0


def test_the_service_manager_is_told_when_everybody_can_come_in(broker: Server, tmp_path: Path) -> None:
    """And not before; that may take as long as it takes."""
    broker.stop()
    with (
        ServiceManager() as manager,
        daemon(
            "--port=0", f"--broker={broker.url}", cwd=tmp_path, environment=manager.environment
        ) as running,
    ):
        told = ""
        while "EXTEND_TIMEOUT_USEC=" not in told:
            assert "READY=1" not in told
            told = manager.socket.recv(4_096).decode()
        broker.start()
        while "READY=1" not in told:
            told = manager.socket.recv(4_096).decode()
        running.logged("everybody can come in")


def test_a_broker_that_is_not_there_yet(broker: Server, tmp_path: Path) -> None:
    """One line says so; it is waited for, and nobody comes in before."""
    broker.stop()
    with daemon("--port=0", f"--broker={broker.url}", cwd=tmp_path) as running:
        running.logged(
            rf"the broker at {broker.url} can't be reached: Connection refused; nobody can come in"
        )
        broker.start()
        running.logged("everybody can come in")
        alice, _ = hello(running, "alice")
        says(alice, "hi")
        assert gets_said(alice, 1)[0][:3] == (1, "alice", "hi")
        assert len([line for line in running.log if "can't be reached" in line]) == 1


def test_the_file_of_bans_is_not_read_again(broker: Server, tmp_path: Path) -> None:
    """It is the broker that counts, and the log says so once at each SIGHUP."""
    with node(broker.url, tmp_path / "a") as here:
        state = tmp_path / "a" / "state" / "lanchatd"
        banned = {"on": {"nick": "alice"}, "until": None, "by": "admin", "reason": ""}
        (state / "moderation.json").write_text(
            json.dumps({"version": 1, "bans": [banned], "mutes": [], "operators": []}), "utf-8"
        )
        here.process.send_signal(signal.SIGHUP)
        here.logged(r"what was moderated is not read again: with --broker it is in the broker; ")
        hello(here, "alice")


def test_more_than_the_broker_takes_as_one_message_is_said(tmp_path: Path) -> None:
    """One that takes as little as two lines at once."""
    with (
        one_server(tmp_path / "broker", payload="9KB") as small,
        node(small.url, tmp_path / "a") as here,
        node(small.url, tmp_path / "b") as there,
    ):
        (alice, _), (bob, _) = hello(here, "alice"), hello(there, "bob")
        lines = [f"{number} " + "x" * 2_000 for number in range(12)]
        alice.types(*(json.dumps({"line": line, "ref": str(n)}) for n, line in enumerate(lines)))
        assert [gets_ok(alice, str(number)) for number in range(12)] == list(range(1, 13))
        assert [(id_, text) for id_, _, text, _ in gets_said(bob, 12)] == list(enumerate(lines, 1))


def test_what_an_operator_prunes_at_one_daemon_is_shown_by_none(broker: Server, tmp_path: Path) -> None:
    """A minute later at the latest; here the other copy is looked at."""
    with node(broker.url, tmp_path / "a") as here, node(broker.url, tmp_path / "b") as there:
        (alice, _), (bob, _) = hello(here, "alice"), hello(there, "bob")
        says(alice, "secret")
        gets_said(alice, 1)
        gets_said(bob, 1)
        copies = [tmp_path / name / "state" / "lanchatd" / "replica.sqlite" for name in "ab"]
        for copy in copies:
            is_kept(copy, 1)
        prune = [LANCHAT_LOG, "--state-dir", str(copies[0].parent), "prune", "--older-than=0", "--yes"]
        subprocess.run(prune, check=True, capture_output=True)
        is_kept(copies[1], 0)
        says(bob, "after")
        assert gets_said(bob, 1)[0][:3] == (2, "bob", "after")
        with node(broker.url, tmp_path / "c") as new:
            carol, _ = hello(new, "carol", after=0)
            assert gets_said(carol, 1)[0][:3] == (2, "bob", "after")


def is_kept(copy: Path, many: int) -> None:
    """Wait until a copy of the log has so many lines."""
    end = time.monotonic() + 2 * PURGE_EVERY_S
    with closing(sqlite3.connect(copy)) as connection:
        while connection.execute("SELECT count(*) FROM event").fetchone() != (many,):
            assert time.monotonic() < end
            time.sleep(0.1)
