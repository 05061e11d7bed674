"""What the measurements are held to: ratios of medians from runs that alternated in one sitting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.load import Answer
from benchmarks.loads import (
    ALL_READ,
    FLOOR,
    IDLE,
    INSPIRCD,
    ONE_STALLS,
    OURS,
    PEERS,
    Scale,
    cpu_s_per_million,
    deliveries_per_s,
    doubled,
    in_flight,
    joined,
    paced,
)
from benchmarks.sitting import Measured

KIB = 1_024


@dataclass(frozen=True)
class Claim:
    """``value`` is to be at most, or at least, ``bound``; ``by_cpu`` is the same ratio, of CPU time."""

    what: str
    value: float
    bound: float
    at_most: bool
    by_cpu: float | None = None

    @property
    def holds(self) -> bool:
        return self.value <= self.bound if self.at_most else self.value >= self.bound


def claims(measured: Measured, scale: Scale) -> Iterator[Claim]:
    """Those that what was measured can tell of."""
    yield from _throughput(measured, scale)
    yield from _latency(measured, scale)
    yield from _size(measured, scale)
    yield from _doubling(measured, scale)


def _ratio(
    measured: Measured, load: str, rival: str, value: Callable[[Answer], float], ours: str = OURS
) -> float:
    return measured.median(load, ours, value) / measured.median(load, rival, value)


def _throughput(measured: Measured, scale: Scale) -> Iterator[Claim]:
    one, many = scale.members, scale.many
    for load, rivals, least in (
        (in_flight(one, 1), PEERS, 1.0),
        (in_flight(one, 1), (FLOOR,), 0.8),
        (in_flight(one, 8), PEERS, 1.2),
        (in_flight(one, 8), (FLOOR,), 1.0),
        (in_flight(one, 64), PEERS, 2.0),
        (in_flight(one, 64), (FLOOR,), 3.0),
        (in_flight(many, 1), (INSPIRCD,), 1.3),
        (in_flight(many, 1), (FLOOR,), 0.8),
    ):
        there = [rival for rival in rivals if measured.has(load, rival)]
        if not there:
            continue
        rival = max(there, key=lambda rival: measured.median(load, rival, deliveries_per_s))
        yield Claim(
            f"{load}: deliveries a second, to {rival}",
            _ratio(measured, load, rival, deliveries_per_s), least, at_most=False,
            by_cpu=1 / _ratio(measured, load, rival, cpu_s_per_million),
        )  # fmt: skip


def _latency(measured: Measured, scale: Scale) -> Iterator[Claim]:
    def p99(answer: Answer) -> float:
        return answer["p99_ms"]

    load = paced(scale.members)
    for rival in PEERS:
        if measured.has(load, rival):
            yield Claim(f"{load}: 99th percentile, to {rival}", _ratio(measured, load, rival, p99), 1, True)
    stalled = measured.median(ONE_STALLS + ", at half load", OURS, p99)
    alone = measured.median(ALL_READ + ", at half load", OURS, p99)
    yield Claim("one member of 1,000 stalled: the others' 99th percentile", stalled / alone, 1.1, True)


def _size(measured: Measured, scale: Scale) -> Iterator[Claim]:
    many = scale.many

    def memory(answer: Answer) -> float:
        return answer["memory_per_member_bytes"]

    load = joined(many)
    yield Claim(f"{load}: KiB of memory each", measured.median(load, OURS, memory) / KIB, 6, True)
    if measured.has(load, INSPIRCD):
        ratio = _ratio(measured, load, INSPIRCD, memory)
        yield Claim(f"{load}: memory each, to {INSPIRCD}", ratio, 1 / 20, True)
    storm = doubled(f"{many:,} join")
    yield Claim(f"{many:,} join: seconds", measured.median(storm, OURS, lambda a: a["joined_s"]), 5, True)
    yield Claim(
        f"{many:,} join: lines told to anybody",
        measured.median(storm, OURS, lambda a: a["most_told"]),
        99,
        True,
    )
    idle = measured.median(IDLE, OURS, lambda a: a["server_cpu_s"] / a["seconds"])
    yield Claim(f"idle, {many:,} members: percent of a core", idle * 100, 0.5, True)


def _doubling(measured: Measured, scale: Scale) -> Iterator[Claim]:
    def cpu(answer: Answer) -> float:
        return answer["server_cpu_s"]

    one, half = scale.members, scale.many // 2
    for window in (1, 64):
        base = doubled(f"{one:,} members, 1 × the lines, {window} in flight")
        for what, load in (
            ("members", doubled(f"{2 * one:,} members, 1 × the lines, {window} in flight")),
            ("lines", doubled(f"{one:,} members, 2 × the lines, {window} in flight")),
        ):
            ratio = measured.median(load, OURS, cpu) / measured.median(base, OURS, cpu)
            yield Claim(f"twice the {what}, {window} in flight: CPU", ratio, 2.1, True)
    ratio = measured.median(doubled(f"{2 * half:,} join"), OURS, cpu) / measured.median(
        doubled(f"{half:,} join"), OURS, cpu
    )
    yield Claim("twice the members join: CPU", ratio, 2.1, True)
