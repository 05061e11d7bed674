"""The state directory: one daemon's, for nobody else to change, and whole whatever ends the daemon."""

from __future__ import annotations

import os
import pwd
import re
import resource
import stat
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec

import pytest
import pytest_twisted  # type: ignore[import-untyped]
from twisted.internet import reactor as installed_reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import ILogObserver, LogEvent, Logger
from zope.interface import implementer

from lanchatd.chat.answers import Answer
from lanchatd.state.directory import Keeper, StateDir, default_state_dir, write_safely
from lanchatd.state.files import StateError
from tests.daemon import PATIENCE_S

HOME = {"HOME": "/home/alice"}

reactor: Any = installed_reactor

_P = ParamSpec("_P")


def in_reactor(test: Callable[_P, Awaitable[None]]) -> Callable[_P, Any]:
    """The test awaits Deferreds, while the reactor runs."""
    marked: Callable[_P, Any] = pytest_twisted.ensureDeferred(test)
    return marked


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.iterdir())


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """New files are made with such a mask."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file can grow beyond so many bytes: for root too, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateDir]:
    """A state directory that was not there yet."""
    state = StateDir(tmp_path / "state")
    state.open()
    yield state
    state.close()


# -- where it is


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        (HOME, "/home/alice/.local/state/lanchatd"),
        (HOME | {"XDG_STATE_HOME": "/srv/state"}, "/srv/state/lanchatd"),
        (HOME | {"XDG_STATE_HOME": "relative"}, "/home/alice/.local/state/lanchatd"),
        (HOME | {"XDG_STATE_HOME": ""}, "/home/alice/.local/state/lanchatd"),
        (HOME | {"XDG_STATE_HOME": "/srv", "STATE_DIRECTORY": "/var/lib/lanchatd"}, "/var/lib/lanchatd"),
        ({"STATE_DIRECTORY": "/var/lib/lanchatd:/var/lib/other"}, "/var/lib/lanchatd"),
        (HOME | {"STATE_DIRECTORY": ""}, "/home/alice/.local/state/lanchatd"),
        ({"XDG_STATE_HOME": "/srv/state"}, "/srv/state/lanchatd"),
    ],
)
def test_the_place_follows_systemd_then_xdg(environ: dict[str, str], path: str) -> None:
    """What is not absolute is ignored, as XDG asks."""
    assert default_state_dir(environ) == Path(path)


@pytest.mark.parametrize("environ", [{}, {"HOME": ""}, {"HOME": "relative"}])
def test_without_home_the_password_database_says(environ: dict[str, str]) -> None:
    """As when cron or an init script starts the daemon."""
    assert default_state_dir(environ) == Path(pwd.getpwuid(os.getuid()).pw_dir) / ".local/state/lanchatd"


def test_without_any_home_a_state_dir_must_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """In containers, user ids often have no name."""
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    with pytest.raises(StateError, match="there is no home directory to keep state in: give a --state-dir"):
        default_state_dir({})


# -- taking it


@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_it_is_made_for_its_owner_alone(tmp_path: Path, mask: int) -> None:
    """With the directories above it, whatever the umask is."""
    state = StateDir(tmp_path / "local" / "state" / "lanchatd")
    with umask(mask):
        state.open()
    assert mode(tmp_path / "local") == mode(tmp_path / "local" / "state") == mode(state.path) == 0o700
    assert mode(state.file("lock")) == 0o600
    state.close()


@pytest.mark.parametrize("allowed", [0o700, 0o755, 0o750])
def test_one_that_others_may_look_into_is_fine(tmp_path: Path, allowed: int) -> None:
    """As systemd makes it; the files in it are for nobody else."""
    tmp_path.chmod(allowed)
    state = StateDir(tmp_path)
    state.open()
    state.close()
    assert mode(tmp_path) == allowed


@pytest.mark.parametrize(
    ("refused", "cure"),
    [
        (0o770, "chmod 700 it"),
        (0o702, "chmod 700 it"),
        (0o777, "chmod 700 it"),
        (0o1777, "choose another --state-dir"),
    ],
)
def test_one_that_others_can_write_to_is_refused(tmp_path: Path, refused: int, cure: str) -> None:
    """They could give the daemon another key, and take it over. Nobody is told to change /tmp."""
    tmp_path.chmod(refused)
    with pytest.raises(StateError) as error:
        StateDir(tmp_path).open()
    assert str(error.value) == f"others can write to the state directory {tmp_path}: {cure}"
    assert names(tmp_path) == []


@pytest.mark.parametrize("path", ["file", "file/state", "file/local/state"])
def test_a_file_in_its_place_is_refused(tmp_path: Path, path: str) -> None:
    """Or in the place of a directory above it, which is named."""
    (tmp_path / "file").touch()
    with pytest.raises(StateError) as error:
        StateDir(tmp_path / path).open()
    assert str(error.value) == f"{tmp_path / 'file'} is not a directory"


@pytest.mark.parametrize("path", ["/proc", "/proc/lanchatd"])
def test_where_nobody_can_write_it_is_refused(path: str) -> None:
    """In one sentence; root can't write there either."""
    with pytest.raises(StateError) as error:
        StateDir(Path(path)).open()
    assert re.fullmatch(f"can't use the state directory {path}: [A-Z][a-z ]+", str(error.value))


def test_what_a_kill_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    """And nothing else."""
    for name in (
        ".bans.json.x1y2.lanchatd-new",
        "bans.json",
        "bans.json.lanchatd-new",
        ".other.new",
        "folder",
    ):
        (tmp_path / name).touch()
    (tmp_path / ".folder.lanchatd-new").mkdir()
    state = StateDir(tmp_path)
    state.open()
    state.close()
    left = [".folder.lanchatd-new", ".other.new", "bans.json", "bans.json.lanchatd-new", "folder", "lock"]
    assert names(tmp_path) == left


TAKE = """
import os, sys
from pathlib import Path
from lanchatd.state.directory import StateDir
state = StateDir(Path(sys.argv[1]))
state.open()
noted = os.getpid()
if "fork" in sys.argv and os.fork():
    os._exit(0)
print(os.getpid(), noted, flush=True)
sys.stdin.read()
"""


@contextmanager
def taken(path: Path, *how: str) -> Iterator[int]:
    """Another process has the directory; the id of the one that took it. It ends by kill -9."""
    with subprocess.Popen(
        [sys.executable, "-c", TAKE, str(path), *how], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        pid, noted = map(int, process.stdout.readline().split())
        try:
            yield noted
        finally:
            os.kill(pid, 9)
            process.stdout.read()  # it has ended when its output has


@pytest.mark.parametrize("how", [(), ("fork",)])
def test_two_daemons_never_share_one(tmp_path: Path, how: tuple[str, ...]) -> None:
    """The second is told who has it, in the background too; and after a kill -9 it is free."""
    state = StateDir(tmp_path)
    with taken(tmp_path, *how) as pid:
        with pytest.raises(StateError) as error:
            state.open()
        why = f"is used by another lanchatd (pid {pid}): give this one a --state-dir of its own"
        assert str(error.value) == f"{tmp_path} {why}"
    state.open()
    state.close()


def test_the_files_of_a_running_daemon_are_left_alone(state: StateDir) -> None:
    """Who is refused clears nothing away: it may be under way."""
    under_way = state.file(".bans.json.x1y2.lanchatd-new")
    under_way.touch()
    with pytest.raises(StateError):
        StateDir(state.path).open()
    assert under_way.exists()


def test_whose_pid_is_not_there_is_not_named(state: StateDir) -> None:
    """On a full disk it could not be written."""
    state.file("lock").write_bytes(b"")
    why = "is used by another lanchatd: give this one a --state-dir of its own"
    with pytest.raises(StateError, match=f"{state.path} {why}"):
        StateDir(state.path).open()


def test_the_pid_of_the_one_before_is_gone(tmp_path: Path) -> None:
    """Also where that was longer."""
    (tmp_path / "lock").write_text("4294967295\n")
    state = StateDir(tmp_path)
    state.open()
    assert state.file("lock").read_text() == f"{os.getpid()}\n"
    state.close()


def test_a_full_disk_does_not_keep_it_from_being_taken(tmp_path: Path) -> None:
    """There would be no talk then, for the sake of a number in a file."""
    with files_end_at(0):
        state = StateDir(tmp_path)
        state.open()
        with pytest.raises(StateError, match="is used by another lanchatd: "):
            StateDir(tmp_path).open()
    state.close()


def test_after_closing_it_is_free(tmp_path: Path) -> None:
    """For the next one in the same process too."""
    for _ in range(2):
        state = StateDir(tmp_path)
        state.open()
        state.close()
        state.close()


# -- writing safely


@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_a_document_takes_the_place_of_the_old_one(tmp_path: Path, mask: int) -> None:
    """For its owner alone, even where the old one was for everybody; and nothing is left beside it."""
    path = tmp_path / "bans.json"
    path.write_bytes(b"old, and longer")
    path.chmod(0o666)
    with umask(mask):
        write_safely(path, b"new")
    assert (path.read_bytes(), mode(path), names(tmp_path)) == (b"new", 0o600, ["bans.json"])


def test_a_document_may_be_empty_or_new(tmp_path: Path) -> None:
    """Both at once."""
    write_safely(tmp_path / "bans.json", b"")
    assert (tmp_path / "bans.json").read_bytes() == b""


def test_on_a_full_disk_the_old_document_stays(tmp_path: Path) -> None:
    """And nothing is left of the new one."""
    path = tmp_path / "bans.json"
    path.write_bytes(b"old")
    with files_end_at(100_000), pytest.raises(OSError, match="File too large"):
        write_safely(path, b"x" * 100_001)
    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["bans.json"])


@pytest.mark.parametrize(
    ("path", "why"),
    [("folder", "Is a directory"), ("gone/bans.json", "No such file"), ("file/bans.json", "Not a directory")],
)
def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path, path: str, why: str) -> None:
    """Whoever runs it."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=why):
        write_safely(tmp_path / path, b"new")
    assert names(tmp_path) == ["file", "folder"]


def test_a_power_cut_can_not_undo_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in it is on the disk before its name is, and its name before the answer."""
    path = tmp_path / "bans.json"
    path.write_bytes(b"old")
    synced: list[tuple[bytes | None, bytes]] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        sync(descriptor)
        file = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((None if file == tmp_path else file.read_bytes(), path.read_bytes()))

    monkeypatch.setattr(os, "fsync", fsync)
    write_safely(path, b"new")
    assert synced == [(b"new", b"old"), (None, b"new")]


# Writes on and on, tells of each document, and is killed a little later each time: somewhere else in the
# writing.
KILLED = """
import os, sys, time
from pathlib import Path
from lanchatd.state.directory import write_safely

path = Path(sys.argv[1])
contents = [b"%c" % (97 + number) * (1 + 20_000 * number) for number in range(26)]
for kill in range(40):
    came, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        while True:
            for content in contents:
                write_safely(path, content)
                os.write(tell, b".")
    os.read(came, 1)
    end = time.monotonic() + kill * 0.0005
    while time.monotonic() < end:
        pass
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    print("whole" if path.read_bytes() in contents else "broken")
"""


def test_a_kill_leaves_the_old_document_or_the_new_one(tmp_path: Path) -> None:
    """Forty of them, and never a broken one or none; what else they left goes with the next start."""
    path = tmp_path / "bans.json"
    command = [sys.executable, "-c", KILLED, str(path)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S).stdout
    assert said.split() == ["whole"] * 40
    assert {mode(file) for file in tmp_path.iterdir()} == {0o600}
    state = StateDir(tmp_path)
    state.open()
    state.close()
    assert names(tmp_path) == ["bans.json", "lock"]


# -- keeping


class Asker:
    """Keeps documents; notes in which order and thread it is told, and what is in the file then, or why."""

    def __init__(self, path: Path) -> None:
        self.keeper = Keeper(reactor, path)
        self.path = path
        self.told: list[tuple[str, str]] = []
        self.threads: set[threading.Thread] = set()

    def keep(self, content: str) -> Deferred[None]:
        """Fires when it has been told."""
        answered: Deferred[None] = Deferred()

        def done(answer: Answer[None]) -> None:
            self.threads.add(threading.current_thread())
            try:
                answer.result()
            except OSError as error:
                self.told.append((content, str(error.strerror)))
            else:
                self.told.append((content, self.path.read_text()))
            answered.callback(None)

        self.keeper.keep(content.encode()).when_known(done)
        return answered


@pytest.fixture
def asker(tmp_path: Path) -> Asker:
    return Asker(tmp_path / "bans.json")


@contextmanager
def slow_disk() -> Iterator[None]:
    """Nothing gets on in the reactor's threads: they wait for something else."""
    pool = reactor.getThreadPool()
    go_on = threading.Event()
    for _ in range(pool.max):
        pool.callInThread(go_on.wait, PATIENCE_S)
    try:
        yield
    finally:
        go_on.set()


@in_reactor
async def test_a_document_is_answered_when_it_is_there(asker: Asker) -> None:
    """In the reactor's thread, and never before `keep` has returned."""
    answered = asker.keep("one")
    assert not answered.called
    await answered
    assert asker.told == [("one", "one")]
    assert asker.threads == {threading.current_thread()}


@in_reactor
async def test_what_comes_while_one_is_written_is_one_write(asker: Asker) -> None:
    """Only the newest is written; each is answered, in order, and with what is there then."""
    with slow_disk():
        for content in ("one", "two", "three"):
            asker.keep(content)
        answered = asker.keep("four")
    await answered
    assert asker.told == [("one", "one"), ("two", "four"), ("three", "four"), ("four", "four")]


@in_reactor
async def test_a_slow_disk_does_not_hold_up_the_reactor(asker: Asker) -> None:
    """The reactor runs on, and its threads are the ones that wait."""
    with slow_disk():
        answered = asker.keep("one")
        await deferLater(reactor, 0)
        assert not answered.called
    await answered


@in_reactor
async def test_what_can_not_be_written_is_answered_with_why(asker: Asker) -> None:
    """And when the disk is well again, the next one is written."""
    asker.path.mkdir()
    asker.keep("one")
    await asker.keep("two")
    asker.path.rmdir()
    await asker.keep("three")
    assert asker.told == [("one", "Is a directory"), ("two", "Is a directory"), ("three", "three")]


@in_reactor
async def test_asking_again_from_an_answer_is_one_more_write(asker: Asker) -> None:
    """What is kept because something was kept."""
    first = asker.keep("one")
    first.addCallback(lambda _: asker.keep("two"))
    await first
    assert asker.told == [("one", "one"), ("two", "two")]


@in_reactor
async def test_finishing_waits_for_all_that_was_kept(asker: Asker) -> None:
    """What waits for its turn too; and whoever else waits for it."""
    with slow_disk():
        asker.keep("one")
        asker.keep("two")
        finished = asker.keeper.finish()
        also_finished = asker.keeper.finish()
        assert not finished.called
    await finished
    await also_finished
    assert asker.told == [("one", "one"), ("two", "two")]


@in_reactor
async def test_finishing_waits_for_what_had_to_wait(asker: Asker) -> None:
    """The second is being written when the end comes."""
    first, second = asker.keep("one"), asker.keep("two")
    await first
    with slow_disk():
        await deferLater(reactor, 0)
        finished = asker.keeper.finish()
        asker.keep("three")
        assert not finished.called
        assert not second.called
    await finished
    assert asker.told == [("one", "one"), ("two", "two"), ("three", "three")]


@in_reactor
async def test_with_nothing_under_way_it_is_finished_at_once(asker: Asker) -> None:
    """A daemon that keeps nothing stops without a turn more; and from then on each one is written at once."""
    assert asker.keeper.finish().called
    asker.keep("one")
    assert asker.told == [("one", "one")]
    assert asker.keeper.finish().called


@in_reactor
async def test_one_who_fails_at_being_told_does_not_stop_the_others(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is a mistake of ours, and logged as one."""
    logged: list[str] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        logged.append(str(event["log_failure"].value))

    monkeypatch.setattr(Keeper, "log", Logger("lanchatd", observer=observe))

    def fails(answer: Answer[None]) -> None:
        raise ValueError("mistake")

    asker.keeper.keep(b"one").when_known(fails)
    await asker.keep("two")
    assert (asker.told, logged) == ([("two", "two")], ["mistake"])


STOPPING = """
import sys
from pathlib import Path
from twisted.internet import reactor
from lanchatd.state.directory import Keeper
path = Path(sys.argv[1])
keeper = Keeper(reactor, path)

def keep(content):
    kept = keeper.keep(content.encode())
    kept.when_known(lambda answer: print(content, path.read_text(), answer.error, flush=True))

def stop():
    keep("running")
    reactor.stop()

def finish():
    keep("stopping")
    return keeper.finish()

keep("before it runs")
reactor.callWhenRunning(stop)
reactor.addSystemEventTrigger("before", "shutdown", finish)
reactor.addSystemEventTrigger("during", "shutdown", keep, "threads have ended")
reactor.addSystemEventTrigger("after", "shutdown", keep, "everything has ended")
reactor.run()
"""


def test_a_reactor_that_stops_answers_all_the_same(tmp_path: Path) -> None:
    """A ban in the last moment is kept and answered, up to the very end; and the process ends."""
    command = [sys.executable, "-c", STOPPING, str(tmp_path / "bans.json")]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_S)
    assert said.stderr == ""
    assert said.stdout.splitlines() == [
        "before it runs before it runs None",
        "running stopping None",
        "stopping stopping None",
        "threads have ended threads have ended None",
        "everything has ended everything has ended None",
    ]
