"""The daemon is killed while people talk: whatever anybody saw is there, once, and everybody goes on."""

from __future__ import annotations

import json
import random
import selectors
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import PATIENCE_S, Daemon, daemon

OPTIONS = ("--lines-per-s=100000", "--burst-lines=1000000", "--bytes-per-s=1000000000", "--log-events=100")
IN_FLIGHT = 8  # lines of one talker that were not acknowledged


class Talker:
    """A program that talks, and after each lost connection goes on where it was."""

    def __init__(self, number: int) -> None:
        self.nick = f"n{number}"
        self.log: str | None = None
        self.seen: dict[int, tuple[str, str]] = {}
        self.newest: int | None = None
        self.acknowledged: dict[str, int] = {}
        self.waiting: dict[str, bytes] = {}
        self.said = 0
        self.missed: list[dict[str, Any]] = []
        self.welcomes = 0
        self._buffer = b""

    def connects(self, port: int) -> socket.socket:
        """Say hello, and again what was not acknowledged."""
        self._buffer = b""
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        hello: dict[str, Any] = {"nick": self.nick}
        if self.newest is not None:
            hello |= {"after": self.newest, "log": self.log}
        self.socket.sendall(json.dumps(hello).encode() + b"\n" + b"".join(self.waiting.values()))
        return self.socket

    def talks(self) -> None:
        """Say the next lines, as many as may be on their way."""
        lines = []
        while len(self.waiting) < IN_FLIGHT:
            self.said += 1
            ref = str(self.said)
            line = json.dumps({"line": f"{self.nick} says {ref}", "ref": ref}).encode() + b"\n"
            self.waiting[ref] = line
            lines.append(line)
        self.socket.sendall(b"".join(lines))

    def reads(self) -> int:
        """Take what came; how many lines that were, or -1 at the end of the connection."""
        try:
            came = self.socket.recv(1 << 20)
        except OSError:
            return -1
        if not came:
            return -1
        *lines, self._buffer = (self._buffer + came).split(b"\n")
        for line in lines:
            self._got(json.loads(line))
        return len(lines)

    def _got(self, got: dict[str, Any]) -> None:
        match got["type"]:
            case "welcome":
                assert self.log in (None, got["log"])
                self.log = got["log"]
                self.welcomes += 1
            case "said":
                id_ = got["id"]
                # A newcomer begins anywhere; from then on each id comes once, and after the one before.
                assert self.newest in (None, id_ - 1), (self.nick, self.newest, got)
                self.newest = id_
                self.seen[id_] = got["from"], got["text"]
            case "ok":
                assert self.acknowledged.setdefault(got["ref"], got["id"]) == got["id"]
                self.waiting.pop(got["ref"], None)
            case "missed" | "error":
                self.missed.append(got)


def talk_until_killed(chat: Daemon, talkers: list[Talker], after_lines: int) -> None:
    """Everybody talks; when so many lines came, the daemon is killed, and what it had sent is read."""
    with selectors.DefaultSelector() as selector:
        for talker in talkers:
            selector.register(talker.connects(chat.port), selectors.EVENT_READ, talker)
            talker.talks()
        came, killed = 0, False
        while selector.get_map():
            ready = selector.select(PATIENCE_S)
            assert ready
            for key, _ in ready:
                talker = key.data
                lines = talker.reads()
                if lines < 0:
                    selector.unregister(talker.socket)
                    talker.socket.close()
                    continue
                came += lines
                if not killed:
                    talker.talks()
            if came >= after_lines and not killed:
                killed = True
                chat.process.send_signal(signal.SIGKILL)
    assert chat.ends() == -signal.SIGKILL


def everything(chat: Daemon) -> dict[int, tuple[str, str]]:
    """The whole log, as somebody new reads it from its beginning."""
    with chat.connect() as reader:
        reader.types('{"nick": "reader", "after": 0}')
        last = reader.gets()["last"]
        lines = [reader.gets() for _ in range(last)]
    assert [line["id"] for line in lines] == list(range(1, last + 1))
    return {line["id"]: (line["from"], line["text"]) for line in lines}


def survive(tmp_path: Path, rounds: int, many: int, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    talkers = [Talker(number) for number in range(many)]
    for _ in range(rounds):
        with daemon("--port=0", *OPTIONS, cwd=tmp_path) as chat:
            talk_until_killed(chat, talkers, chance.randrange(many * 2, many * 200))
    with daemon("--port=0", *OPTIONS, cwd=tmp_path) as chat:
        log = everything(chat)
        assert not any("DAMAGED" in line for line in chat.log)
    assert len(set(log.values())) == len(log)
    for talker in talkers:
        assert talker.missed == []
        assert talker.welcomes > rounds / 2
        assert talker.seen.items() <= log.items()
        for ref, id_ in talker.acknowledged.items():
            assert log[id_] == (talker.nick, f"{talker.nick} says {ref}")


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_anybody_saw_survives_a_kill(seed: int, tmp_path: Path) -> None:
    """Every id that a client saw is there, once, in order; clients go on without a gap or a double."""
    survive(tmp_path, rounds=3, many=10, seed=seed)


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_whatever_anybody_saw_survives_two_hundred_kills(tmp_path: Path) -> None:
    """With fifty that talk."""
    survive(tmp_path, rounds=200, many=50, seed=random.randrange(1 << 32))  # noqa: S311
