"""The load generator, `load.c`, as a process that is told what to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.servers import Server

Answer = dict[str, float]
"""What one command measured: `load.c` names the fields and their units."""

SOURCES = (
    "load.c",
    "crowd.c",
    "connection.c",
    "handshakes.c",
    "dialect.c",
    "frames.c",
    "latency.c",
    "basics.c",
)


@dataclass(frozen=True)
class Crowd:
    """Who is connected: so many members, evenly in so many rooms, of each of which so many talk.

    ``each`` is in how many of the rooms each of them is.
    ``at_once`` is how many may be joining; 0: as many as the server's queue holds. If the load generator
    ``yields``, others on its core go first when all have joined: it never sleeps, a broker would wait for it.
    """

    members: int
    rooms: int = 1
    talkers: int = 50
    each: int = 1
    one_stalls: bool = False
    tls: bool = False
    at_once: int = 0
    yields: bool = False


class Load:
    """A running load generator."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def __call__(self, command: str) -> Answer:
        """Do this, and tell what was measured. Raises `RuntimeError` if it could not be measured."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answered = self._process.stdout.readline()
        if not answered:
            raise RuntimeError(f"the load generator gave up at: {command}")
        answer: Answer = json.loads(answered)
        if answer.get("strange"):
            raise RuntimeError(f"{answer['strange']} lines were not talk, at: {command}")
        return answer

    def yields(self) -> None:
        """Let others that want its core go first from now on."""
        os.sched_setscheduler(self._process.pid, os.SCHED_IDLE, os.sched_param(0))


@contextmanager
def load_on(server: Server, crowd: Crowd, built: Path, core: int) -> Iterator[Load]:
    """Drive a server from another core, until the block ends. Nobody has joined yet."""
    arguments = (
        ",".join(map(str, server.ports)), ",".join(map(str, server.pids)), server.kind.dialect,
        crowd.members, crowd.rooms, crowd.each, crowd.talkers, crowd.at_once or server.kind.at_once,
        int(crowd.one_stalls), int(crowd.tls),
    )  # fmt: skip
    command = ["taskset", "--cpu-list", str(core), str(built / "load"), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Load(process)
        finally:
            process.kill()


@cache
def no_tls() -> str:
    """Why TLS can't be measured; empty if it can."""
    probe = ["cc", "-fsyntax-only", "-x", "c", "-"]
    source = "#include <openssl/ssl.h>\n"
    if subprocess.run(probe, input=source, text=True, capture_output=True, check=False).returncode:
        return "OpenSSL to build with is not installed (apt-get install libssl-dev): no loads of TLS"
    if shutil.which("openssl") is None:
        return "openssl is not installed (apt-get install openssl): no loads of TLS"
    return ""


def build(built: Path) -> None:
    """Compile the load generator and the floor. Raises `CalledProcessError`."""
    tls = ("no_tls.c",) if no_tls() else ("tls.c", "-lssl", "-lcrypto")
    for name, parts in (("load", (*SOURCES, *tls)), ("floor", ("floor.c",))):
        command = ["cc", "-O2", "-Wall", "-Wextra", "-o", str(built / name), *parts]
        subprocess.run(command, cwd=Path(__file__).parent, check=True)
