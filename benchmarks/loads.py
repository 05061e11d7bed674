"""The loads: what is measured, on which servers, how often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.load import Answer, Crowd
from benchmarks.sitting import Sitting

FLOOR, OURS, MIXED, INSPIRCD, NGIRCD = "C floor", "lanchatd", "lanchatd, half JSON", "InspIRCd", "ngIRCd"
IN_MEMORY, BROKER = "lanchatd, log in memory", "lanchatd, broker"
TWO_NODES, FOUR_NODES = "lanchatd, 2 nodes", "lanchatd, 4 nodes"
NODES = {BROKER: 1, TWO_NODES: 2, FOUR_NODES: 4}
JSON, BROWSERS, OUR_IRC = "lanchatd, JSON", "lanchatd, browsers", "lanchatd, IRC"
PEERS = (INSPIRCD, NGIRCD)


@dataclass(frozen=True)
class Scale:
    """How large and how long."""

    members: int = 1_000
    many: int = 10_000
    rooms: int = 100
    rounds: int = 5
    run_s: float = 1.5
    many_run_s: float = 3
    pace_s: float = 3
    idle_s: float = 10
    storms: int = 5
    handshakes: int = 1_000
    doubled_lines: int = 150
    many_peers: tuple[str, ...] = (INSPIRCD,)
    over_nodes: int = 4_000
    a_node: int = 5_000
    across_lines: int = 40


FULL = Scale()
# The large loads, in which the peers take a minute to join, are what takes time.
QUICK = Scale(
    many=1_500, rooms=10, rounds=3, run_s=0.4, many_run_s=0.5, pace_s=0.8, idle_s=2, storms=1, handshakes=300,
    doubled_lines=100, over_nodes=1_000, a_node=1_000, across_lines=15,
)  # fmt: skip


def in_flight(members: int, lines: int) -> str:
    return f"{members:,} members, {lines} in flight"


def joined(members: int) -> str:
    return f"{members:,} join"


def all_joined(members: int) -> str:
    return f"{members:,} join, all at once"


def in_several(members: int, lines: int) -> str:
    return f"{members:,} in {SEVERAL_EACH} rooms each, {lines} in flight in each room"


def paced(members: int) -> str:
    return f"{members:,} members, half the load it bears"


def same_pace(members: int) -> str:
    return f"{members:,} members, half the load that ngIRCd bears"


def doubled(what: str) -> str:
    return f"doubling: {what}"


def encrypted(what: str) -> str:
    return f"TLS: {what}"


def kept(what: str) -> str:
    return f"disk: {what}"


def with_broker(what: str) -> str:
    return f"broker: {what}"


def over_nodes(members: int, lines: int) -> str:
    return with_broker(f"{members:,} members over the nodes, {lines} in flight")


def across(members: int) -> str:
    return with_broker(f"{members:,} members a node, 1 in flight")


def by_irc(what: str) -> str:
    return f"IRC: {what}"


def by_web(what: str) -> str:
    return f"browsers: {what}"


ROOMS = "rooms, 1 in flight in each"
# Each is in ten of a hundred rooms, so that each room has a hundred.
SEVERAL_ROOMS, SEVERAL_EACH = 100, 10
IDLE = "idle"
ALL_READ, ONE_STALLS = "all of 1,000 read", "one of 1,000 stalls"
FIRST_LINES = "the first line of each who talks"
AT_HALF_LOAD = ", at half load"
HANDSHAKES = encrypted("handshakes")
ONE_TALKS = kept("100 members, one says 20 lines a second")

TLS_WINDOWS = (1, 8, 64)
KEPT_WINDOWS = (1, 64)
WEB_WINDOWS = (1, 8, 64)
SEVERAL_WINDOWS = (1, 8)
IRC_WINDOWS = (1, 8, 64)


def deliveries_per_s(answer: Answer) -> float:
    return answer["deliveries"] / answer["seconds"]


def cpu_s_per_million(answer: Answer) -> float:
    """Of deliveries, or of handshakes."""
    return answer["server_cpu_s"] / answer.get("handshakes", answer.get("deliveries", 0)) * 1_000_000


def deliveries_per_core_s(answer: Answer) -> float:
    """Of several daemons, if each had a core: the one that works most is busy for all of a second."""
    return answer["deliveries"] / answer["most_cpu_s"]


def handshakes_per_s(answer: Answer) -> float:
    return answer["handshakes"] / answer["seconds"]


def lines_per_s(answer: Answer) -> float:
    return answer["lines"] / answer["seconds"]


def _half(sitting: Sitting, load: str, server: str) -> float:
    """Lines a second: half of what it bore."""
    return sitting.measured.median(load, server, lines_per_s) / 2


def _one_room(sitting: Sitting, scale: Scale) -> None:
    members = scale.members
    with sitting.seats(joined(members), Crowd(members), (FLOOR, OURS, MIXED, *PEERS)) as seats:
        for lines in (1, 8, 64, 512):
            sitting.alternate(in_flight(members, lines), seats, f"window {lines} {scale.run_s}", scale.rounds)
        borne = in_flight(members, 64)
        servers = {name: seat for name, seat in seats.items() if name != FLOOR}

        def at_half(name: str) -> str:
            return f"pace {_half(sitting, borne, name):.1f} {scale.pace_s}"

        sitting.alternate(paced(members), servers, at_half, scale.rounds)
        if NGIRCD in seats:
            sitting.alternate(same_pace(members), servers, at_half(NGIRCD), scale.rounds)


def _one_that_stalls(sitting: Sitting, scale: Scale) -> None:
    members = scale.members
    with (
        sitting.seats(ALL_READ, Crowd(members), (OURS,)) as all_read,
        sitting.seats(ONE_STALLS, Crowd(members, one_stalls=True), (OURS,)) as one_stalls,
    ):
        sitting.alternate(ALL_READ + ", 64 in flight", all_read, f"window 64 {scale.run_s}", scale.rounds)
        lines = _half(sitting, ALL_READ + ", 64 in flight", OURS)
        one_stalls[OURS].load("stall")
        # Until the kernel takes no more for it.
        one_stalls[OURS].load(f"lines {max(3_000, lines * 3):.0f} 64")
        for _ in range(scale.rounds):
            for load, seats in ((ALL_READ, all_read), (ONE_STALLS, one_stalls)):
                sitting.alternate(load + AT_HALF_LOAD, seats, f"pace {lines:.1f} {scale.pace_s}", 1)


def _many(sitting: Sitting, scale: Scale) -> None:
    # The peers first: they take a minute to join, and no other server's members shall be silent for so long.
    names = (*scale.many_peers, FLOOR, OURS, MIXED)
    # What a server holds depends on how many come at once, so for all of them it is everybody.
    crowd = Crowd(scale.many, at_once=scale.many)
    with sitting.seats(all_joined(scale.many), crowd, names) as seats:
        for lines in (1, 16):
            sitting.alternate(
                in_flight(scale.many, lines), seats, f"window {lines} {scale.many_run_s}", scale.rounds
            )
        sitting.alternate(IDLE, seats, f"idle {scale.idle_s}", 1)


def _many_rooms(sitting: Sitting, scale: Scale) -> None:
    crowd = Crowd(scale.rooms * 100, rooms=scale.rooms, talkers=5)
    with sitting.seats(f"join {scale.rooms} rooms of 100", crowd, (OURS, *PEERS)) as seats:
        sitting.alternate(ROOMS, seats, f"window 1 {scale.run_s}", scale.rounds)


def _several_rooms(sitting: Sitting, scale: Scale) -> None:
    members = scale.members
    crowd = Crowd(members, rooms=SEVERAL_ROOMS, talkers=5, each=SEVERAL_EACH)
    with sitting.seats(f"{members:,} join {SEVERAL_EACH} rooms each", crowd, (JSON,)) as seats:
        for lines in SEVERAL_WINDOWS:
            sitting.alternate(
                in_several(members, lines), seats, f"window {lines} {scale.run_s}", scale.rounds
            )


def _storms(sitting: Sitting, scale: Scale) -> None:
    for _ in range(scale.storms):
        for members in (scale.many // 2, scale.many):
            with sitting.seats(doubled(joined(members)), Crowd(members), (OURS,)):
                pass


def _doubling(sitting: Sitting, scale: Scale) -> None:
    members, lines = scale.members, scale.doubled_lines
    with (
        sitting.seats("", Crowd(members), (FLOOR, OURS)) as some,
        sitting.seats("", Crowd(2 * members), (FLOOR, OURS)) as twice,
    ):
        # Short, and often: it is a difference of a twentieth that is looked for.
        for _ in range(2 * scale.rounds):
            for window, each in ((1, lines), (64, 16 * lines)):
                for count, all_seats, crowd in (
                    (1, some, members),
                    (1, twice, 2 * members),
                    (2, some, members),
                ):
                    # The floor sends each line alone: with many in flight it would only take long.
                    seats = {name: seat for name, seat in all_seats.items() if name != FLOOR or window == 1}
                    load = doubled(f"{crowd:,} members, {count} × the lines, {window} in flight")
                    sitting.alternate(load, seats, f"lines {count * each} {window}", 1)


def _tls(sitting: Sitting, scale: Scale) -> None:
    members = scale.members
    # No more at once than say hello within 0.5 s: to who is silent for longer, lanchatd speaks first, as to a
    # person, and this client is not one that skips that.
    crowd = Crowd(members, tls=True, at_once=8)
    with sitting.seats(encrypted(joined(members)), crowd, (OURS, *PEERS)) as seats:
        for lines in TLS_WINDOWS:
            load = encrypted(in_flight(members, lines))
            sitting.alternate(load, seats, f"window {lines} {scale.run_s}", scale.rounds)
        # As many at once as the shortest queue of those that wait to be accepted holds.
        sitting.alternate(HANDSHAKES, seats, f"handshakes {scale.handshakes} 8", scale.rounds)


def _disk(sitting: Sitting, scale: Scale) -> None:
    members, names = scale.members, (OURS, IN_MEMORY)
    with sitting.seats(kept(joined(members)), Crowd(members), names) as seats:
        for lines in KEPT_WINDOWS:
            load = kept(in_flight(members, lines))
            sitting.alternate(load, seats, f"window {lines} {scale.run_s}", scale.rounds)
        half = _half(sitting, kept(in_flight(members, 64)), OURS)
        sitting.alternate(kept(paced(members)), seats, f"pace {half:.1f} {scale.pace_s}", scale.rounds)
    with sitting.seats(kept(joined(100)), Crowd(100, talkers=1), names) as seats:
        sitting.alternate(ONE_TALKS, seats, f"pace 20 {scale.pace_s}", scale.rounds)


def _broker(sitting: Sitting, scale: Scale) -> None:
    members = scale.members
    with sitting.seats(with_broker(joined(members)), Crowd(members, yields=True), (OURS, BROKER)) as seats:
        for lines in KEPT_WINDOWS:
            load = with_broker(in_flight(members, lines))
            sitting.alternate(load, seats, f"window {lines} {scale.run_s}", scale.rounds)


def _nodes(sitting: Sitting, scale: Scale) -> None:
    members = scale.over_nodes
    with sitting.seats(with_broker(joined(members)), Crowd(members, yields=True), tuple(NODES)) as seats:
        for lines in KEPT_WINDOWS:
            load = over_nodes(members, lines)
            sitting.alternate(load, seats, f"window {lines} {scale.run_s}", scale.rounds)
    # One who talks at each.
    one = Crowd(scale.a_node, talkers=1, yields=True)
    two = Crowd(2 * scale.a_node, talkers=2, yields=True)
    join = with_broker(joined(scale.a_node) + " each node")
    with sitting.seats(join, one, (BROKER,)) as alone, sitting.seats(join, two, (TWO_NODES,)) as both:
        sitting.alternate(
            across(scale.a_node), {**alone, **both}, f"across {scale.across_lines}", scale.rounds
        )


def _web(sitting: Sitting, scale: Scale) -> None:
    members = scale.members
    with sitting.seats(by_web(joined(members)), Crowd(members), (JSON, BROWSERS)) as seats:
        for lines in WEB_WINDOWS:
            load = by_web(in_flight(members, lines))
            sitting.alternate(load, seats, f"window {lines} {scale.run_s}", scale.rounds)


def _irc(sitting: Sitting, scale: Scale) -> None:
    members = scale.members
    crowd = Crowd(members)
    with sitting.seats(by_irc(joined(members)), crowd, (OUR_IRC, OURS, *PEERS)) as seats:
        # With it lanchatd tells that they joined: once, and not with each line that is measured below.
        sitting.alternate(by_irc(FIRST_LINES), seats, f"lines {crowd.talkers} 1", 1)
        for lines in IRC_WINDOWS:
            load = by_irc(in_flight(members, lines))
            sitting.alternate(load, seats, f"window {lines} {scale.run_s}", scale.rounds)


PARTS: dict[str, Callable[[Sitting, Scale], None]] = {
    "one-room": _one_room,
    "stalled": _one_that_stalls,
    "many": _many,
    "rooms": _many_rooms,
    "several-rooms": _several_rooms,
    "storms": _storms,
    "doubling": _doubling,
    "tls": _tls,
    "disk": _disk,
    "broker": _broker,
    "nodes": _nodes,
    "web": _web,
    "irc": _irc,
}


def measure(sitting: Sitting, scale: Scale, parts: Sequence[str]) -> None:
    """These parts, in the order of `PARTS`."""
    for name, part in PARTS.items():
        if name in parts:
            part(sitting, scale)
