"""One sitting: servers started in turn and joined, and then driven by turns, so that all share its noise."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.load import Answer, Crowd, Load, build, load_on, no_tls
from benchmarks.servers import Server, kinds, running


@dataclass
class Seat:
    """A server with its members."""

    server: Server
    load: Load
    joined: Answer


@dataclass
class Measured:
    """What was measured: for each load and server, the answers of the alternating runs.

    ``missing`` says why servers are; ``busy_before`` is how many programs wanted a core in the minute before.
    """

    runs: dict[tuple[str, str], list[Answer]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    busy_before: float = 0

    def add(self, load: str, server: str, answer: Answer) -> None:
        self.runs.setdefault((load, server), []).append(answer)

    def has(self, load: str, server: str) -> bool:
        return (load, server) in self.runs

    def median(self, load: str, server: str, value: Callable[[Answer], float]) -> float:
        return median(map(value, self.runs[load, server]))


class Sitting:
    """Starts servers and drives them, one at a time: servers on the first core, the load on the last."""

    def __init__(self, home: Path, say: Callable[[str], None]) -> None:
        self.measured = Measured(busy_before=os.getloadavg()[0])
        self._home = home
        self._say = say
        self._started = 0
        # Of those that this process may use; with one alone, the two get in each other's way.
        cores = sorted(os.sched_getaffinity(0))
        self._server_core, self._load_core = cores[0], cores[-1]
        build(home)
        self._kinds = kinds(home)
        for missing in dict.fromkeys((no_tls(), *(kind.missing() for kind in self._kinds.values()))):
            if missing:
                self.measured.missing.append(missing)
                say(missing)

    @contextmanager
    def seats(self, load: str, crowd: Crowd, names: Sequence[str]) -> Iterator[dict[str, Seat]]:
        """The servers of those names that are installed, each with a crowd that has joined.

        None for a crowd that speaks TLS, if the load generator can't.
        """
        with ExitStack() as stack:
            seats: dict[str, Seat] = {}
            for name in names:
                kind = self._kinds[name]
                if kind.missing() or (crowd.tls and no_tls()):
                    continue
                self._started += 1
                place = self._home / str(self._started)
                server = stack.enter_context(running(kind, place, self._server_core, crowd.tls))
                empty = server.memory_bytes
                driven = stack.enter_context(load_on(server, crowd, self._home, self._load_core))
                joined = driven("join")
                if crowd.yields:
                    driven.yields()
                joined["memory_bytes"] = server.memory_bytes
                joined["peak_memory_bytes"] = server.peak_memory_bytes
                joined["memory_per_member_bytes"] = (server.memory_bytes - empty) / crowd.members
                seats[name] = Seat(server, driven, joined)
                self._note(load, name, joined)
            yield seats

    def alternate(
        self, load: str, seats: dict[str, Seat], command: str | Callable[[str], str], rounds: int
    ) -> None:
        """The same load on each server in turn, and again. ``command`` may differ by the server's name."""
        for _ in range(rounds):
            for name, seat in seats.items():
                self._note(load, name, seat.load(command if isinstance(command, str) else command(name)))

    def _note(self, load: str, name: str, answer: Answer) -> None:
        self.measured.add(load, name, answer)
        self._say(f"{load} · {name} · " + ", ".join(f"{key} {value:,.6g}" for key, value in answer.items()))
