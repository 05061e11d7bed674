"""The real client and a server that means it ill: memory has an end, and the terminal is as it was."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.client.test_terminal import CTRL_C
from tests.daemon import PATIENCE_S, wait_until
from tests.faults.hostile import WELCOME, hostile
from tests.preloaded import CLIENT, Forked
from tests.pseudo_terminal import Seat, seat

pytestmark = pytest.mark.faults

# The client alone has 45 MiB; the longest line has 1 MiB, and is some tens of that when it is parsed.
MOST_KIB = 160 * 1_024

GIB = 1 << 30
HARM = "\x1b]52;c;aGk=\x07\x1b[2J\u009b31m\u202e\u2028"


@pytest.fixture(autouse=True)
def _knows_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What whoever runs the tests knows is no part of them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def event(**fields: object) -> bytes:
    return (json.dumps(fields, ensure_ascii=False) + "\n").encode()


def starts(port: int, *options: str, said: str | None = None) -> subprocess.Popen[str]:
    """The client in a pipe, which reads the room unless something is ``said``."""
    process = subprocess.Popen(
        [*CLIENT, "127.0.0.1", str(port), "--plain", "--nick", "alice", *options],
        text=True,
        stdin=subprocess.DEVNULL if said is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    if process.stdin is not None:
        with process.stdin as stdin:
            stdin.write(said or "")
        process.stdin = None
    return process


def peak_kib(process: subprocess.Popen[str] | subprocess.Popen[bytes] | Forked) -> int:
    """The most memory that it has held so far; 0 if it has ended."""
    _, _, peak = Path(f"/proc/{process.pid}/status").read_text().partition("VmHWM:")
    return int(peak.split()[0]) if peak else 0


def ends(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and the one line that it says why."""
    _, told = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in told
    (line,) = told.splitlines()
    return process.returncode, line


SILENT = "127.0.0.1 port {port} does not answer within 10 s. Is it a lanchat? "
STRANGER = "What listens on 127.0.0.1 port {port} is no lanchat. "


def test_a_gibibyte_without_a_newline_is_thrown_away(tmp_path: Path) -> None:
    """And what comes behind it is not."""
    says = itertools.chain(
        [WELCOME], itertools.repeat(b"x" * (1 << 20), 1_024), [b"\n" + event(type="notice", text="hi")]
    )
    with hostile(says) as server:
        process = starts(server.port)
        assert process.stdout is not None
        assert process.stdout.readline()[6:] == "-- You are alice in #lobby. /help lists the commands.\n"
        assert process.stdout.readline()[6:] == "-- hi\n"
        assert server.sent_bytes > GIB
        assert peak_kib(process) < MOST_KIB
        process.terminate()
        process.communicate()


@pytest.mark.parametrize(
    ("chunk", "why"),
    [(b"", SILENT), (b"x" * (1 << 20), SILENT), (b"-- wait\n" * 8_192, SILENT), (b"\n" * 65_536, STRANGER)],
    ids=["silent", "no newline", "greetings", "newlines"],
)
def test_a_server_that_never_welcomes(chunk: bytes, why: str) -> None:
    """Whether it says nothing, or never stops."""
    with hostile(itertools.repeat(chunk) if chunk else ()) as server:
        process = starts(server.port, said="hello\n")
        peaks = [0]

        def ended() -> bool:
            if process.poll() is None:
                peaks.append(peak_kib(process))
                return False
            return True

        wait_until("it gives up", ended)
        why = why.format(port=server.port) + "Ask whoever runs the server for its port."
        assert ends(process) == (1, f"lanchat-client: {why}")
        assert max(peaks) < MOST_KIB


def test_a_server_that_resets_every_connection() -> None:
    """Before it has said a word."""
    with hostile(resets=True) as server:
        code, line = ends(starts(server.port, said="hello\n"))
    assert code == 1
    assert line == (
        f"lanchat-client: 127.0.0.1 port {server.port} closed the connection before it said anything."
    )


BOMBS: dict[str, Callable[[int], bytes]] = {
    "lists": lambda number: b'{"type": "members", "members": [' + b"[]," * 300_000 + b"[]]}\n",
    "depth": lambda number: b'{"type": "said", "text": ' + b"[" * 500_000 + b"\n",
    "digits": lambda number: b'{"type": "said", "id": ' + b"9" * 1_000_000 + b"}\n",
    "names": lambda number: event(type="rooms", rooms=[{"room": f"#{number} {i}"} for i in range(20_000)]),
    "nicks": lambda number: event(
        type="joined", room="#lobby", nicks=[f"n{number} {i}" for i in range(40_000)]
    ),
    "text": lambda number: event(
        type="said", room="#lobby", id=number, **{"from": "bob"}, text="x" * 900_000
    ),
    "welcomes": lambda number: WELCOME.replace(b"#lobby", b"#%d" % number) * 1_000,
    "errors": lambda number: event(type="error", code="usage", text="no") * 10_000,
    "short": lambda number: b'{"type": "notice", "text": ""}\n' * 20_000,
}


def endless(*kinds: Callable[[int], bytes]) -> Iterator[bytes]:
    """A welcome, and then one of each kind again and again."""
    yield WELCOME
    for number in itertools.count(1):
        for kind in kinds:
            yield kind(number)


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_a_flood_that_nobody_reads(as_json: bool) -> None:
    """What is printed waits in the server, and not in the memory of the client; it can be ended meanwhile."""
    with hostile(endless(*BOMBS.values())) as server:
        process = starts(server.port, *(["--json"] if as_json else []))
        sent = -1
        while sent != server.sent_bytes:  # until it takes no more
            sent = server.sent_bytes
            time.sleep(2)
            assert process.poll() is None
        assert sent > 0
        assert peak_kib(process) < MOST_KIB
        process.terminate()
        assert process.wait(PATIENCE_S) == 143
        _, told = process.communicate()
        assert told == ""


def test_a_flood_that_is_read() -> None:
    """Lines of all kinds that no server sends: none of them costs memory that is not given back."""
    with hostile(endless(*BOMBS.values())) as server:
        process = starts(server.port)
        reading = threading.Thread(target=process.communicate)
        reading.start()
        one_round = sum(len(kind(1)) for kind in BOMBS.values())
        wait_until("each kind has come", lambda: server.sent_bytes > 1.5 * one_round)
        assert peak_kib(process) < MOST_KIB
        process.terminate()
        reading.join(PATIENCE_S)
        assert process.returncode == 143


def has_ended(alice: Seat) -> bool:
    alice.types(CTRL_C)
    time.sleep(0.05)
    return alice.process.poll() is not None


@pytest.mark.parametrize(
    "flood",
    [
        event(type="said", room="#lobby", id=1, **{"from": f"bob{HARM}"}, text=f"alice {HARM}") * 500,
        event(type="notice", text=f"{HARM}\n" * 200),
        event(type="topic", room="#lobby", id=1, **{"from": "bob"}, text=HARM * 50) * 50,
        event(type="members", room=f"#lobby{HARM}", here=1 << 62, members=[{"nick": HARM}]) * 50,
    ],
    ids=["said", "notice", "topic", "members"],
)
def test_a_terminal_in_a_flood(tmp_path: Path, flood: bytes) -> None:
    """Nothing that the server sends reaches it; keys are heard, and it is given back as it was."""
    with (
        hostile(endless(lambda _: flood)) as server,
        seat("127.0.0.1", str(server.port), "--plain", home=tmp_path) as alice,
    ):
        wait_until("it has begun", lambda: server.sent_bytes > 10 * len(flood))
        assert peak_kib(alice.process) < MOST_KIB
        wait_until("it leaves", lambda: has_ended(alice))
        assert alice.settings() == alice.settings_before
        raw = bytes(alice.raw)
    for harm in (b"\x1b]52", b"\x1b[2J\xc2\x9b", "\u009b".encode(), "\u202e".encode(), "\u2028".encode()):
        assert harm not in raw
    assert b"Traceback" not in raw
