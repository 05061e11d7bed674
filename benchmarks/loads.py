"""The loads: what is measured, on which servers, how often."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.load import Answer, Crowd
from benchmarks.sitting import Sitting

FLOOR, OURS, MIXED, INSPIRCD, NGIRCD = "C floor", "lanchatd", "lanchatd, half JSON", "InspIRCd", "ngIRCd"
PEERS = (INSPIRCD, NGIRCD)


@dataclass(frozen=True)
class Scale:
    """How large and how long.."""

    members: int = 1_000
    many: int = 10_000
    rooms: int = 100
    rounds: int = 5
    run_s: float = 1.5
    many_run_s: float = 3
    pace_s: float = 3
    idle_s: float = 10
    storms: int = 3
    many_peers: tuple[str, ...] = (INSPIRCD,)


FULL = Scale()
# The large loads, in which the peers take a minute to join, are what takes time.
QUICK = Scale(many=1_500, rooms=10, rounds=3, run_s=0.4, many_run_s=0.5, pace_s=0.8, idle_s=2, storms=1)


def in_flight(members: int, lines: int) -> str:
    return f"{members:,} members, {lines} in flight"


def joined(members: int) -> str:
    return f"{members:,} join"


def paced(members: int) -> str:
    return f"{members:,} members, half the load it bears"


def doubled(what: str) -> str:
    return f"doubling: {what}"


SAME_PACE = "1,000 members, half the load that ngIRCd bears"
ROOMS = "rooms, 1 in flight in each"
IDLE = "idle"
ALL_READ, ONE_STALLS = "all of 1,000 read", "one of 1,000 stalls"


def deliveries_per_s(answer: Answer) -> float:
    return answer["deliveries"] / answer["seconds"]


def cpu_s_per_million(answer: Answer) -> float:
    return answer["server_cpu_s"] / answer["deliveries"] * 1_000_000


def lines_per_s(answer: Answer) -> float:
    return answer["lines"] / answer["seconds"]


def measure(sitting: Sitting, scale: Scale) -> None:
    """All of it."""
    _one_room(sitting, scale)
    _one_that_stalls(sitting, scale)
    _many(sitting, scale)
    _many_rooms(sitting, scale)
    _storms(sitting, scale)
    _doubling(sitting, scale)


def _one_room(sitting: Sitting, scale: Scale) -> None:
    members = scale.members
    with sitting.seats(joined(members), Crowd(members), (FLOOR, OURS, MIXED, *PEERS)) as seats:
        for lines in (1, 8, 64, 512):
            sitting.alternate(in_flight(members, lines), seats, f"window {lines} {scale.run_s}", scale.rounds)

        def half(name: str) -> float:
            return sitting.measured.median(in_flight(members, 64), name, lines_per_s) / 2

        servers = {name: seat for name, seat in seats.items() if name != FLOOR}
        sitting.alternate(
            paced(members), servers, lambda name: f"pace {half(name):.1f} {scale.pace_s}", scale.rounds
        )
        if NGIRCD in seats:
            same = f"pace {half(NGIRCD):.1f} {scale.pace_s}"
            sitting.alternate(SAME_PACE, servers, same, scale.rounds)


def _one_that_stalls(sitting: Sitting, scale: Scale) -> None:
    with (
        sitting.seats(ALL_READ, Crowd(scale.members), (OURS,)) as all_read,
        sitting.seats(ONE_STALLS, Crowd(scale.members, one_stalls=True), (OURS,)) as one_stalls,
    ):
        lines = sitting.measured.median(in_flight(scale.members, 64), OURS, lines_per_s) / 2
        one_stalls[OURS].load("stall")
        one_stalls[OURS].load(
            f"lines {max(3_000, lines * 3):.0f} 64"
        )  # until the kernel takes no more for it
        for _ in range(scale.rounds):
            for load, seats in ((ALL_READ, all_read), (ONE_STALLS, one_stalls)):
                sitting.alternate(load + ", at half load", seats, f"pace {lines:.1f} {scale.pace_s}", 1)


def _many(sitting: Sitting, scale: Scale) -> None:
    # The peers first: they take a minute to join, and no other server's members shall be silent for so long.
    names = (*scale.many_peers, FLOOR, OURS, MIXED)
    with sitting.seats(joined(scale.many), Crowd(scale.many), names) as seats:
        for lines in (1, 16):
            sitting.alternate(
                in_flight(scale.many, lines), seats, f"window {lines} {scale.many_run_s}", scale.rounds
            )
        sitting.alternate(IDLE, seats, f"idle {scale.idle_s}", 1)


def _many_rooms(sitting: Sitting, scale: Scale) -> None:
    crowd = Crowd(scale.rooms * 100, rooms=scale.rooms, talkers=5)
    with sitting.seats(f"join {scale.rooms} rooms of 100", crowd, (OURS, *PEERS)) as seats:
        sitting.alternate(ROOMS, seats, f"window 1 {scale.run_s}", scale.rounds)


def _storms(sitting: Sitting, scale: Scale) -> None:
    for _ in range(scale.storms):
        for members in (scale.many // 2, scale.many):
            with sitting.seats(doubled(f"{members:,} join"), Crowd(members), (OURS,)):
                pass


def _doubling(sitting: Sitting, scale: Scale) -> None:
    members, lines = scale.members, 300 if scale is FULL else 100
    with (
        sitting.seats("", Crowd(members), (OURS,)) as some,
        sitting.seats("", Crowd(2 * members), (OURS,)) as twice,
    ):
        for _ in range(scale.rounds):
            for window, each in ((1, lines), (64, 8 * lines)):
                for count, seats, crowd in ((1, some, members), (1, twice, 2 * members), (2, some, members)):
                    load = doubled(f"{crowd:,} members, {count} × the lines, {window} in flight")
                    sitting.alternate(load, seats, f"lines {count * each} {window}", 1)
