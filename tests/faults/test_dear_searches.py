"""Searches and lines that are dear: whoever asks for them waits, and the others hardly do."""

from __future__ import annotations

import signal
import sqlite3
import statistics
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from pathlib import Path

import pytest

from lanchatd.chat.events import Event, Kind
from lanchatd.chat.posted import Posted
from lanchatd.history.disk import writing
from lanchatd.history.disk.index import index
from lanchatd.history.disk.opening import open_log
from lanchatd.history.disk.reading import RoomRow
from lanchatd.history.disk.searches import SEARCH_S
from tests.daemon import Daemon, Peer, daemon
from tests.faults.crowd import Child, intruder

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

# What the machine does beside comes and goes, so the best of some rounds counts; quiet it is far below.
ROUNDS = 3
ROUND_S = 3
MOST_MEDIAN_S = 0.005
MOST_P99_S = 0.05

plain_and_encrypted = pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])

# A log in which a search for a beginning has to put together all its words: half a second of work for each.
LINES = 6_000
WORDS_A_LINE = 150
BEGINNING = "a" * 20
DEAR = "/search " + " ".join(BEGINNING[:length] for length in range(3, 21))


@pytest.fixture(scope="module")
def dear_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in which all words are different and begin alike."""
    path = tmp_path_factory.mktemp("dear") / "history.sqlite"
    connection, _ = open_log(path, lambda warning: None)
    words = (f"{BEGINNING}{number:x}" for number in range(LINES * WORDS_A_LINE))
    lines = (" ".join(next(words) for _ in range(WORDS_A_LINE)) for _ in range(LINES))
    events = [
        Posted(Event(Kind.SAID, "#lobby", "mallory", line, 1.8e9, id_)) for id_, line in enumerate(lines, 1)
    ]
    with closing(connection):
        connection.execute("PRAGMA synchronous = OFF")
        room = writing.values_of_rooms([RoomRow(1, "#lobby", "#lobby")])
        writing.write(connection, room, writing.values_of_events([(1, events)]))
        connection.execute("PRAGMA wal_checkpoint")
        while index(connection):
            pass
    return path


@pytest.fixture
def chat(tmp_path: Path, dear_log: Path) -> Iterator[Daemon]:
    state = tmp_path / "state" / "lanchatd"
    state.mkdir(mode=0o700, parents=True)
    with closing(sqlite3.connect(dear_log)) as log, closing(sqlite3.connect(state / dear_log.name)) as copy:
        log.backup(copy)
    (state / dear_log.name).chmod(0o600)
    with daemon("--port=0", "--log-events=100", cwd=tmp_path) as running:
        yield running


def round_trips(peer: Peer, nick: str, tag: str, seconds: float) -> list[float]:
    """How long it takes to see one's own lines, in seconds; four a second."""
    took: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.monotonic()
        peer.types(f"{tag} {len(took)}")
        peer.reads_until(f"<{nick}> {tag} {len(took)}")
        took.append(time.monotonic() - began)
        time.sleep(max(0, began + 0.25 - time.monotonic()))
    return took


def hardly_waits(peer: Peer, nick: str, abuse: Child) -> None:
    """The lines of somebody who only talks come back soon, all the time that this is going on."""
    rounds = [round_trips(peer, nick, f"round {number}", ROUND_S) for number in range(ROUNDS)]
    assert not abuse.has_answered()
    assert min(statistics.median(took) for took in rounds) <= MOST_MEDIAN_S, rounds
    assert min(max(took) for took in rounds) <= MOST_P99_S, rounds


def abused(
    chat: Daemon, lines: list[str], per_s: float, tls: bool, rooms: bool = False
) -> AbstractContextManager[Child]:
    """Sixty connections of one address, each within its limits."""
    return intruder(
        chat, "repeat", lines=lines, per_s=per_s, rooms=rooms, connections=60, seconds=60, nick="m", tls=tls
    )


def victim(stack: ExitStack, chat: Daemon, nick: str = "victim") -> Peer:
    """Somebody of an own address, in a room of their own."""
    peer = stack.enter_context(chat.connect())
    peer.types(nick)
    peer.reads_until_match(rf"^-- You are {nick} in ")
    peer.types("/join #quiet")
    peer.reads_until_match(rf"^-- You are {nick} in #quiet")
    return peer


@plain_and_encrypted
def test_sixty_dear_searches_from_one_address(chat: Daemon, tls: bool) -> None:
    """Another address has its answer after one of them; who talks does not notice; the end comes at once."""
    with ExitStack() as stack:
        peer = victim(stack, chat)
        peer.types("needle")
        peer.reads_until("<victim> needle")
        with abused(chat, [DEAR], per_s=4, tls=tls) as abuse:
            hardly_waits(peer, "victim", abuse)
            began = time.monotonic()
            peer.types("/search needle")
            peer.reads_until_match(r"#quiet <victim> needle$")
            # The one under way and that of the other address, and whatever the machine does beside.
            assert time.monotonic() - began < 5 * SEARCH_S
            began = time.monotonic()
            assert chat.ends(by=signal.SIGTERM) == 0
            assert time.monotonic() - began < 2 + SEARCH_S
        assert not [line for line in chat.log if "does not answer" in line]


def test_who_searches_for_too_much_is_told_so(chat: Daemon) -> None:
    """In time; and a word that stands there nineteen times is one."""
    with chat.join("alice") as alice:
        began = time.monotonic()
        alice.types(DEAR)
        alice.reads_until_match("^!! Nothing was found in time: search for longer words, or for fewer.$")
        assert time.monotonic() - began < 3 * SEARCH_S
        alice.types("/search " + "aaa " * 19)
        assert alice.reads_until("-- There are more: /search alone shows them.")


@plain_and_encrypted
def test_sixty_who_search_for_eight_hundred_signs(tmp_path: Path, tls: bool) -> None:
    """What is not searched for is not prepared either."""
    signs = " ".join(chr(number) for number in range(0x1F400, 0x1F400 + 800))
    with daemon("--port=0", cwd=tmp_path) as chat, ExitStack() as stack:
        peer = victim(stack, chat)
        with abused(chat, [f"/search {signs}"], per_s=4, tls=tls) as abuse:
            hardly_waits(peer, "victim", abuse)


@plain_and_encrypted
def test_sixty_who_say_short_words(tmp_path: Path, tls: bool) -> None:
    """Hundreds of new ones a line, each in their own room: they come into the index a little at a time."""
    lines = [" ".join(f"{chr(97 + n % 26)}%{n // 26:x}" for n in range(600))]
    with daemon("--port=0", "--rooms-per-h=1000", cwd=tmp_path) as chat, ExitStack() as stack:
        peer = victim(stack, chat)
        with abused(chat, lines, per_s=2, tls=tls, rooms=True) as abuse:
            hardly_waits(peer, "victim", abuse)
