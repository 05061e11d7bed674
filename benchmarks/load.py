"""The load generator, `load.c`, as a process that is told what to do."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import Server

Answer = dict[str, float]
"""What one command measured: `load.c` names the fields and their units."""


@dataclass(frozen=True)
class Crowd:
    """Who is connected: so many members, evenly in so many rooms, of each of which so many talk."""

    members: int
    rooms: int = 1
    talkers: int = 50
    one_stalls: bool = False


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


@contextmanager
def load_on(server: Server, crowd: Crowd, built: Path, core: int) -> Iterator[Load]:
    """Drive a server from another core, until the block ends. Nobody has joined yet."""
    arguments = (
        server.port, server.pid, server.kind.dialect, crowd.members, crowd.rooms, crowd.talkers,
        server.kind.at_once, int(crowd.one_stalls),
    )  # fmt: skip
    command = ["taskset", "--cpu-list", str(core), str(built / "load"), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Load(process)
        finally:
            process.kill()


def build(built: Path) -> None:
    """Compile the load generator and the floor. Raises `CalledProcessError`."""
    here = Path(__file__).parent
    for name, sources in (("load", ("load.c", "crowd.c", "dialect.c", "latency.c")), ("floor", ("floor.c",))):
        paths = [str(here / source) for source in sources]
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-o", str(built / name), *paths], check=True)
