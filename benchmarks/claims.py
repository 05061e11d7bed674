"""What the measurements are held to: ratios of medians from runs that alternated in one sitting."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product

from benchmarks.load import Answer
from benchmarks.loads import (
    ALL_READ,
    AT_HALF_LOAD,
    BROKER,
    BROWSERS,
    FLOOR,
    FOUR_NODES,
    FULL,
    HANDSHAKES,
    IDLE,
    IN_MEMORY,
    INSPIRCD,
    IRC_WINDOWS,
    JSON,
    KEPT_WINDOWS,
    NODES,
    ONE_STALLS,
    ONE_TALKS,
    OUR_IRC,
    OURS,
    PEERS,
    ROOMS,
    TLS_WINDOWS,
    TWO_NODES,
    WEB_WINDOWS,
    Scale,
    across,
    all_joined,
    by_irc,
    by_web,
    cpu_s_per_million,
    deliveries_per_core_s,
    deliveries_per_s,
    doubled,
    encrypted,
    handshakes_per_s,
    in_flight,
    joined,
    kept,
    over_nodes,
    paced,
    same_pace,
    with_broker,
)
from benchmarks.sitting import Measured

KIB = 1_024


@dataclass(frozen=True)
class Claim:
    """``value`` is to be at most, or at least, ``bound``; ``by_cpu`` is the same ratio, of CPU time.

    Without a bound it is only told.
    """

    what: str
    value: float
    bound: float | None
    at_most: bool
    by_cpu: float | None = None

    @property
    def holds(self) -> bool:
        if self.bound is None:
            return True
        return self.value <= self.bound if self.at_most else self.value >= self.bound


def claims(measured: Measured, scale: Scale) -> Iterator[Claim]:
    """Those that what was measured can tell of."""
    yield from _throughput(measured, scale)
    yield from _latency(measured, scale)
    yield from _size(measured, scale)
    yield from _doubling(measured, scale)
    yield from _tls(measured, scale)
    yield from _disk(measured, scale)
    yield from _broker(measured, scale)
    yield from _nodes(measured, scale)
    yield from _web(measured, scale)
    yield from _irc(measured, scale)


def _ms_a_line(answer: Answer) -> float:
    """With one in flight: from when it is said until everybody has it."""
    return answer["seconds"] / answer["lines"] * 1_000


def _p50(answer: Answer) -> float:
    return answer["p50_ms"]


def _p99(answer: Answer) -> float:
    return answer["p99_ms"]


def _memory(answer: Answer) -> float:
    return answer["memory_per_member_bytes"]


def _cpu_s(answer: Answer) -> float:
    return answer["server_cpu_s"]


def _ratio(
    measured: Measured, load: str, rival: str, value: Callable[[Answer], float], ours: str = OURS
) -> float:
    return measured.median(load, ours, value) / measured.median(load, rival, value)


def _fast(
    measured: Measured,
    load: str,
    rivals: tuple[str, ...],
    least: float | None,
    per_s: Callable[[Answer], float] = deliveries_per_s,
    ours: str = OURS,
) -> Iterator[Claim]:
    """How fast it is beside the fastest of those rivals that were there."""
    there = [rival for rival in rivals if measured.has(load, rival) and measured.has(load, ours)]
    if not there:
        return
    rival = max(there, key=lambda rival: measured.median(load, rival, per_s))
    what = "handshakes" if per_s is handshakes_per_s else "deliveries"
    yield Claim(
        f"{load}: {what} a second, to {rival}", _ratio(measured, load, rival, per_s, ours), least,
        at_most=False, by_cpu=1 / _ratio(measured, load, rival, cpu_s_per_million, ours),
    )  # fmt: skip


def _throughput(measured: Measured, scale: Scale) -> Iterator[Claim]:
    one, many = scale.members, scale.many
    large = many >= FULL.many  # fewer are not what it is held to
    for load, rivals, least in (
        (in_flight(one, 1), PEERS, 1.0),
        (in_flight(one, 1), (FLOOR,), 0.8),
        (in_flight(one, 8), PEERS, 1.2),
        (in_flight(one, 8), (FLOOR,), 1.0),
        (in_flight(one, 64), PEERS, 2.0),
        (in_flight(one, 64), (FLOOR,), 3.0),
        (in_flight(one, 512), PEERS, 1.0),
        (in_flight(many, 1), (INSPIRCD,), 1.3 if large else None),
        (in_flight(many, 1), (FLOOR,), 0.8 if large else None),
        (in_flight(many, 16), (INSPIRCD,), 1.0),
        (ROOMS, PEERS, 1.0),
    ):
        yield from _fast(measured, load, rivals, least)


def _latency(measured: Measured, scale: Scale) -> Iterator[Claim]:
    for load in (paced(scale.members), same_pace(scale.members)):
        for rival in PEERS:
            if measured.has(load, rival):
                ratio = _ratio(measured, load, rival, _p99)
                yield Claim(f"{load}: 99th percentile, to {rival}", ratio, 1, True)
    if measured.has(ONE_STALLS + AT_HALF_LOAD, OURS):
        stalled = measured.median(ONE_STALLS + AT_HALF_LOAD, OURS, _p99)
        alone = measured.median(ALL_READ + AT_HALF_LOAD, OURS, _p99)
        yield Claim("one member of 1,000 stalled: the others' 99th percentile", stalled / alone, 1.1, True)


def _size(measured: Measured, scale: Scale) -> Iterator[Claim]:
    many = scale.many
    load, storm = all_joined(many), doubled(joined(many))
    if measured.has(storm, OURS):
        kib = measured.median(storm, OURS, _memory) / KIB
        yield Claim(f"{many:,} join: KiB of memory each", kib, 6, True)
        seconds = measured.median(storm, OURS, lambda answer: answer["joined_s"])
        yield Claim(f"{many:,} join: seconds", seconds, 5, True)
        # Everybody is to be told little, always: no median.
        told = max(answer["most_told"] for answer in measured.runs[storm, OURS])
        yield Claim(f"{many:,} join: lines told to anybody", told, 99, True)
    if measured.has(load, INSPIRCD):
        ratio = _ratio(measured, load, INSPIRCD, _memory)
        yield Claim(f"{load}: memory each, to {INSPIRCD}", ratio, 1 / 20 if many >= FULL.many else None, True)
    if measured.has(IDLE, OURS):
        idle = measured.median(IDLE, OURS, lambda answer: answer["server_cpu_s"] / answer["seconds"])
        yield Claim(f"idle, {many:,} members: percent of a core", idle * 100, 0.5, True)


def _doubling(measured: Measured, scale: Scale) -> Iterator[Claim]:
    one, many = scale.members, scale.many

    def told(what: str, base: str, load: str) -> Iterator[Claim]:
        # With more members, more is not in the caches: what that costs, the floor tells.
        for name, most in ((OURS, 2.1), (FLOOR, None)):
            if measured.has(load, name):
                ratio = measured.median(load, name, _cpu_s) / measured.median(base, name, _cpu_s)
                yield Claim(f"{what}: CPU{'' if name == OURS else f' of the {name}'}", ratio, most, True)

    for window in (1, 64):
        base = doubled(f"{one:,} members, 1 × the lines, {window} in flight")
        members = doubled(f"{2 * one:,} members, 1 × the lines, {window} in flight")
        lines = doubled(f"{one:,} members, 2 × the lines, {window} in flight")
        yield from told(f"twice the members, {window} in flight", base, members)
        yield from told(f"twice the lines, {window} in flight", base, lines)
    yield from told("twice the members join", doubled(joined(many // 2)), doubled(joined(many)))


def _tls(measured: Measured, scale: Scale) -> Iterator[Claim]:
    for window in TLS_WINDOWS:
        yield from _fast(measured, encrypted(in_flight(scale.members, window)), PEERS, None)
    yield from _fast(measured, HANDSHAKES, PEERS, None, handshakes_per_s)


def _disk(measured: Measured, scale: Scale) -> Iterator[Claim]:
    yield from _fast(measured, kept(in_flight(scale.members, 64)), (IN_MEMORY,), 0.8)
    if measured.has(ONE_TALKS, IN_MEMORY):
        on_disk, in_memory = (measured.median(ONE_TALKS, name, _p50) for name in (OURS, IN_MEMORY))
        yield Claim(f"{ONE_TALKS}: ms added to the median", on_disk - in_memory, 2, True)


def _broker(measured: Measured, scale: Scale) -> Iterator[Claim]:
    one, many = (with_broker(in_flight(scale.members, lines)) for lines in (1, 64))
    yield from _fast(measured, many, (OURS,), 0.85, ours=BROKER)
    if measured.has(one, BROKER):
        with_it, without = (measured.median(one, name, _ms_a_line) for name in (BROKER, OURS))
        yield Claim(f"{one}: ms a line more than without", with_it - without, 1, True)


def _nodes(measured: Measured, scale: Scale) -> Iterator[Claim]:
    for lines, nodes in product(KEPT_WINDOWS, (TWO_NODES, FOUR_NODES)):
        load = over_nodes(scale.over_nodes, lines)
        if measured.has(load, nodes):
            # By the clock they would share a core.
            what = f"{load}: {NODES[nodes]} nodes to one, each with a core"
            value = _ratio(measured, load, BROKER, deliveries_per_core_s, nodes)
            by_cpu = 1 / _ratio(measured, load, BROKER, cpu_s_per_million, nodes)
            yield Claim(what, value, None, at_most=False, by_cpu=by_cpu)
    load = across(scale.a_node)
    if measured.has(load, TWO_NODES):
        here, there = (
            measured.median(load, TWO_NODES, partial(_value, name)) for name in ("here_ms", "there_ms")
        )
        alone = measured.median(load, BROKER, partial(_value, "here_ms"))
        yield Claim(f"{load}: at all of the other, to all of its own", there / here, 2, True)
        yield Claim(f"{load}: the same, to with all of one that is alone", there / alone, None, True)


def _value(name: str, answer: Answer) -> float:
    return answer[name]


def _web(measured: Measured, scale: Scale) -> Iterator[Claim]:
    for window in WEB_WINDOWS:
        load = by_web(in_flight(scale.members, window))
        if measured.has(load, BROWSERS) and measured.has(load, JSON):
            per_s, cpu_s = (
                measured.median(load, BROWSERS, value) / measured.median(load, JSON, value)
                for value in (deliveries_per_s, cpu_s_per_million)
            )
            what = f"{load}: deliveries a second, to {JSON}"
            yield Claim(what, per_s, 0.9, at_most=False, by_cpu=1 / cpu_s)
    if measured.has(by_web(joined(scale.members)), BROWSERS):
        kib = measured.median(by_web(joined(scale.members)), BROWSERS, _memory) / KIB
        yield Claim(f"{by_web(joined(scale.members))}: KiB of memory each", kib, 8, True)


def _irc(measured: Measured, scale: Scale) -> Iterator[Claim]:
    for window, least in zip(IRC_WINDOWS, (1.0, 1.2, 2.0), strict=True):
        load = by_irc(in_flight(scale.members, window))
        yield from _fast(measured, load, PEERS, least, ours=OUR_IRC)
        yield from _fast(measured, load, (OURS,), 0.95, ours=OUR_IRC)
