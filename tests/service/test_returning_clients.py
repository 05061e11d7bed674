"""What IRC clients had goes from one run of the daemon to the next."""

from __future__ import annotations

import re
import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from twisted.internet.testing import MemoryReactorClock
from twisted.logger import capturedLogs

from lanchatd.chat.format import Place
from lanchatd.doors.irc.returning import Returning
from lanchatd.service import returning_clients
from lanchatd.service.returning_clients import ReturningClients
from tests.daemon import Daemon, Peer, daemon

NUMBERS = [str(number) for number in range(1, 31)]


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """The file, in a state directory that is there."""
    directory = tmp_path / "state" / "lanchatd"
    directory.mkdir(mode=0o700, parents=True)
    return directory / "irc-clients.json"


@contextmanager
def running(cwd: Path, *options: str) -> Iterator[Daemon]:
    """A daemon in which many lines may be said at once."""
    with daemon("--port=0", "--burst-lines=50", *options, cwd=cwd) as chat:
        yield chat


def joins(chat: Daemon) -> Peer:
    """Alice, by a client that asks for old lines."""
    alice = chat.connect()
    alice.types("CAP REQ :server-time", "NICK alice", "USER a 0 * :Alice", "CAP END", "JOIN #lobby")
    alice.reads_until_match(r" 366 alice #lobby ")
    return alice


def shown(chat: Daemon, alice: Peer) -> list[str]:
    """What she is shown before what bob says now."""
    says(chat, "now")
    seen = "\n".join(alice.reads_until_match(r" PRIVMSG #lobby :now\r$"))
    return re.findall(r" PRIVMSG #lobby :(.*)\r", seen)[:-1]


def comes_and_goes(chat: Daemon) -> None:
    """She has read all that was said until then."""
    with joins(chat) as alice:
        alice.types("QUIT")
        alice.reads_all()


def says(chat: Daemon, *lines: str) -> None:
    with chat.join("bob") as bob:
        bob.types(*lines)
        bob.reads_until(f"<bob> {lines[-1]}")


def test_a_window_that_stayed_open_goes_on_where_it_was(tmp_path: Path, kept: Path) -> None:
    """Nothing is missing of more than the last 20 lines, and nothing is double; for nobody else to read."""
    with running(tmp_path) as chat:
        says(chat, *"abc")
        comes_and_goes(chat)
        with joins(chat) as alice:
            assert chat.ends(by=signal.SIGTERM) == 0
            assert [line[:20] for line in alice.reads_all()] == ["ERROR :Closing link:"]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with running(tmp_path) as chat:
        says(chat, *NUMBERS)
        with joins(chat) as alice:
            assert shown(chat, alice) == NUMBERS


def test_what_was_said_a_moment_before_the_end_comes_once(tmp_path: Path) -> None:
    """Nobody has confirmed it by then; but who has closed has read our last line."""
    with running(tmp_path) as chat:
        with joins(chat) as alice:
            says(chat, "a", "b")
            alice.reads_until_match(r" PRIVMSG #lobby :b\r$")
            chat.process.send_signal(signal.SIGTERM)
            alice.reads_all()
        assert chat.ends() == 0
    with running(tmp_path) as chat, joins(chat) as alice:
        assert shown(chat, alice) == []


def test_who_did_not_come_back_goes_on_after_the_next_restart(tmp_path: Path) -> None:
    with running(tmp_path) as chat:
        comes_and_goes(chat)
        assert chat.ends(by=signal.SIGTERM) == 0
    with running(tmp_path) as chat:
        says(chat, *NUMBERS)
        assert chat.ends(by=signal.SIGTERM) == 0
    with running(tmp_path) as chat, joins(chat) as alice:
        assert shown(chat, alice) == NUMBERS


def test_one_that_is_killed_leaves_nothing_of_the_run_before(tmp_path: Path, kept: Path) -> None:
    """She would be told again all that she has read since."""
    with running(tmp_path) as chat:
        comes_and_goes(chat)
        assert chat.ends(by=signal.SIGTERM) == 0
    with running(tmp_path) as chat:
        says(chat, *NUMBERS)
        comes_and_goes(chat)
        chat.ends(by=signal.SIGKILL)
    assert not kept.exists()
    with running(tmp_path) as chat, joins(chat) as alice:
        assert shown(chat, alice) == NUMBERS[-20:]


@pytest.mark.parametrize(
    ("options", "clients"), [(("--no-history",), 1), ((), 0)], ids=["nothing is kept", "nobody was here"]
)
def test_where_there_is_nothing_to_remember_there_is_no_file(
    tmp_path: Path, kept: Path, options: tuple[str, ...], clients: int
) -> None:
    with running(tmp_path, *options) as chat:
        says(chat, "a")
        for _ in range(clients):
            comes_and_goes(chat)
        assert chat.ends(by=signal.SIGTERM) == 0
    assert not kept.exists()


def test_a_file_that_can_not_be_read_is_a_line_in_the_log(tmp_path: Path, kept: Path) -> None:
    """And the next one takes its place: what a link leads to is neither read nor written to."""
    kept.with_name("target").write_text("{}")
    kept.symlink_to(kept.with_name("target"))
    for why in ("is a symbolic link: put the file itself there", "Expecting value"):
        with running(tmp_path) as chat:
            chat.logged(f"what IRC clients have read can't be read: .*{kept.name}.*{why}")
            comes_and_goes(chat)
            assert chat.ends(by=signal.SIGTERM) == 0
            assert "Traceback" not in "\n".join(chat.log)
        assert kept.read_text().startswith('{"version":1,')
        kept.write_text("damaged")
    assert kept.with_name("target").read_text() == "{}"


def test_what_can_not_be_written_is_a_line_in_the_log(tmp_path: Path, kept: Path) -> None:
    """The daemon ends as it should."""
    kept.mkdir()
    with running(tmp_path) as chat:
        chat.logged("what IRC clients have read can't be read: .*: Is a directory")
        comes_and_goes(chat)
        assert chat.ends(by=signal.SIGTERM) == 0
        chat.logged("what IRC clients have read can't be written: .*: Is a directory")


def test_a_disk_that_hangs_is_not_waited_for(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than a moment: it is a line in the log, and the daemon goes on to end."""
    answers = Event()
    monkeypatch.setattr(returning_clients, "write_safely", lambda *_: answers.wait())
    monkeypatch.setattr(returning_clients, "WRITTEN_WITHIN_S", 0.01)
    reactor = MemoryReactorClock()
    returning = Returning(reactor.seconds)
    returning.went(("alice", "a"), {"#lobby": Place(None, 1, "9f3c")})
    ReturningClients(reactor, kept, returning, reactor.seconds).startService()
    ((write, _, _),) = reactor.triggers["during"]["shutdown"]
    with capturedLogs() as logged:
        write()
    answers.set()
    assert [event["why"] for event in logged] == ["the disk does not answer"]
