"""What one address may send, whatever connections it has and had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from lanchatd.limits import Limits
from lanchatd.net.allowances import (
    AROUND_BYTES,
    COMES,
    COMES_AGAIN_S,
    DAY_S,
    MOST_ADDRESSES,
    RECORDED_AGAIN_S,
    Address,
    Addresses,
    Allowance,
    Verdict,
)
from lanchatd.text.refused import Refused
from tests.disk import DiskWorld
from tests.encrypted import Encrypted
from tests.world import World


@pytest.fixture
def logged() -> Iterator[list[str]]:
    """What the daemon writes into its log."""
    lines: list[str] = []

    def observe(event: LogEvent) -> None:
        lines.append(formatEvent(event))

    globalLogPublisher.addObserver(observe)  # type: ignore[arg-type]
    yield lines
    globalLogPublisher.removeObserver(observe)  # type: ignore[arg-type]


LIMITS = Limits(max_per_address=4, burst_lines=8, lines_per_s=2, bytes_per_s=64)
START = 1_024.0


def test_an_address_comes_as_often_as_its_connections_might() -> None:
    """All of them four times, as after a failure of the router, and then as many a minute."""
    address = Address(LIMITS, START)
    most = LIMITS.max_per_address
    assert [address.may_come(START) for _ in range(COMES * most)] == [True] * COMES * most
    assert not address.may_come(START)
    again = START + COMES_AGAIN_S / most
    assert (address.may_come(again), address.may_come(again)) == (True, False)
    assert address.may_come(again + 3_600)


def test_a_new_connection_of_an_address_gets_nothing_anew() -> None:
    """As many lines as four may say at once, however many connections say them."""
    address = Address(LIMITS, START)
    taken = 0
    for _ in range(100):
        allowance = Allowance(LIMITS, address, START)
        taken += sum(allowance.line_came(START) is Verdict.TAKE for _ in range(8))
    assert taken == 4 * 8
    later = Allowance(LIMITS, address, START + 1)
    assert [later.line_came(START + 1) for _ in range(8)] == [Verdict.TAKE] * 8
    assert Allowance(LIMITS, address, START + 1).line_came(START + 1) is Verdict.DROP_FOR_ADDRESS


def test_the_bytes_of_an_address_are_counted_too() -> None:
    """Few lines, but long ones."""
    address = Address(LIMITS, START)
    for _ in range(4):
        Allowance(LIMITS, address, START).bytes_came(64, START)
    assert Allowance(LIMITS, address, START).line_came(START) is Verdict.TAKE
    Allowance(LIMITS, address, START).bytes_came(1, START)
    assert Allowance(LIMITS, address, START).line_came(START) is Verdict.DROP_FOR_ADDRESS
    assert Allowance(LIMITS, address, START + 1).line_came(START + 1) is Verdict.TAKE


MOST_TEXTLESS = LIMITS.max_per_address * AROUND_BYTES * LIMITS.burst_lines


def test_tls_without_text_is_bounded_for_all_of_an_address() -> None:
    """Who asks for new keys on ever other connections gets no more, and floods there until it rests."""
    address = Address(LIMITS, START)
    first, second = (Allowance(LIMITS, address, START) for _ in range(2))
    assert first.encrypted_came(MOST_TEXTLESS, 0, START) is Verdict.TAKE
    assert second.encrypted_came(512, 0, START) is Verdict.DROP
    assert second.new_flood() == "TLS without text"
    for tenth in range(1, 10 * int(LIMITS.flood_timeout_s)):
        assert second.encrypted_came(512, 0, START + tenth / 10) is Verdict.DROP
    assert second.encrypted_came(512, 0, START + LIMITS.flood_timeout_s) is Verdict.CLOSE
    assert second.encrypted_came(512, 0, START + 3_600) is Verdict.TAKE


def test_who_talks_is_not_to_blame_for_others_of_the_address() -> None:
    """Nor is what goes around short lines, nor a handshake."""
    address = Address(LIMITS, START)
    Allowance(LIMITS, address, START).encrypted_came(2 * MOST_TEXTLESS, 0, START)
    other = Allowance(LIMITS, address, START)
    assert other.encrypted_came(AROUND_BYTES + 3, 3, START) is Verdict.TAKE
    assert other.encrypted_came(512, 256, START) is Verdict.TAKE
    assert other.encrypted_came(512, 0, START, in_handshake=True) is Verdict.TAKE
    assert not other.flooding


def test_as_many_shake_hands_as_may_come() -> None:
    """That is not counted for the address, of which a class may come again and again."""
    address = Address(LIMITS, START)
    for _ in range(COMES * LIMITS.max_per_address):
        allowance = Allowance(LIMITS, address, START)
        assert allowance.encrypted_came(4_096, 0, START, in_handshake=True) is Verdict.TAKE
    assert allowance.encrypted_came(MOST_TEXTLESS, 0, START) is Verdict.TAKE


def test_an_address_that_floods_is_closed_as_a_connection_is() -> None:
    """Whichever limit it was, after as long."""
    address = Address(LIMITS, START)
    others = [Allowance(LIMITS, address, START) for _ in range(4)]
    for other in others:
        assert [other.line_came(START) for _ in range(8)] == [Verdict.TAKE] * 8
    allowance = Allowance(LIMITS, address, START)
    assert allowance.line_came(START) is Verdict.DROP_FOR_ADDRESS
    later = START + LIMITS.flood_timeout_s
    for other in others:
        while other.line_came(later) is Verdict.TAKE:
            pass
    assert allowance.line_came(later) is Verdict.CLOSE


def test_whose_line_is_dropped_is_told_which_limit_it_was() -> None:
    """That of the connection, or that of all of its address."""
    world = World(max_per_address=2, burst_lines=10, lines_per_s=5)
    people = [world.join(nick) for nick in ("alice", "bob")]
    for person in people:
        person.types(*["x"] * 8)  # with the nick nine
        person.sees()
    one, other = people
    one.sees()
    assert one.types("x", "x").sees() == [
        "!! More than 5 lines or 65,536 bytes a second; that line was dropped.",
        "<alice> x",
    ]
    other.types("x")
    other.vanishes()
    again = world.connect().types("carol")
    assert again.sees()[-1] == (
        "!! Your address sends more than 10 lines or 131,072 bytes a second; that line was dropped."
    )


def test_who_is_slowed_is_in_the_log_once(logged: list[str]) -> None:
    """A line a second at most, however many they are, and again when another flood begins."""
    world = World(burst_lines=20, lines_per_s=5)
    people = [world.join(f"p{number}") for number in range(3)]
    logged.clear()
    people[0].types(*["x"] * 30)
    people[0].types(*["x"] * 30)
    for person in people[1:]:
        person.types(*["x"] * 30)
    world.passes(30)
    people[0].types(*["x"] * 30)
    assert [line.split(" ", 1)[1] for line in logged] == [
        "sends too fast and is slowed: lines or bytes of a connection",
        "more send too fast and are slowed: lines or bytes of a connection 2",
        "sends too fast and is slowed: lines or bytes of a connection",
    ]


def test_an_address_that_comes_and_goes_is_a_line_a_second_in_the_log(
    world: World, logged: list[str]
) -> None:
    """As many as may be connected come and go with a record each; then it is told how many they were."""
    world.limits.max_per_address = 2
    for _ in range(4):
        world.join("alice").vanishes()
    assert sum("connected" in line or "closed: " in line for line in logged) == 5
    assert len(logged) == 5
    world.passes(1.5)
    assert logged[5:] == ["3 more came or went: 192.0.2.1 lost 2, 192.0.2.1 connected 1"]
    world.join("bob", "192.0.2.2").vanishes()
    assert len(logged) == 8
    world.passes(RECORDED_AGAIN_S)
    world.join("alice").vanishes()
    assert len(logged) == 10


def test_only_those_that_came_last_are_remembered() -> None:
    """Whoever has more addresses than that is not held by this."""
    addresses = Addresses(LIMITS)
    first = addresses.of("192.0.2.1", START)
    assert addresses.of("192.0.2.1", START) is first
    for number in range(MOST_ADDRESSES):
        addresses.of(str(number), START)
    assert addresses.of("192.0.2.1", START) is not first


def test_who_comes_too_often_is_told_so(world: World) -> None:
    """Others are let in."""
    world.limits.max_per_address = 2
    for _ in range(COMES * 2):
        world.join("alice").vanishes()
    late = world.connect().types("alice")
    assert late.sees() == ["!! Your address has connected too often; try again in a minute."]
    assert world.join("bob", "192.0.2.2").types("hi").sees() == ["<bob> hi"]
    world.passes(COMES_AGAIN_S)
    assert world.join("alice").types("hi").sees()[-1] == "<alice> hi"


@pytest.mark.parametrize("people", [60, 64])
def test_a_class_behind_one_router_loses_no_line(people: int) -> None:
    """All join at once, paste a burst each, drop out together, come back and paste again a little later."""
    limits = Limits()
    world = World(
        lines_per_s=limits.lines_per_s, burst_lines=limits.burst_lines, max_per_address=limits.max_per_address
    )
    teacher = world.join("teacher", "192.0.2.99")
    for lesson in range(3):
        pupils = [world.join(f"pupil{number}") for number in range(people)]
        teacher.sees()
        for number, pupil in enumerate(pupils):
            pupil.types(*[f"{lesson} {number} {line}" for line in range(limits.burst_lines - 1)])
        said = sum(line.startswith("<pupil") for line in teacher.sees())
        assert said == people * (limits.burst_lines - 1)
        world.passes(10)
        for pupil in pupils:
            pupil.types("still here")
        assert sum(line.endswith("still here") for line in teacher.sees()) == people
        for pupil in pupils:
            pupil.hangs_up()
        world.passes(10)


def test_a_class_that_speaks_tls_loses_no_line_either() -> None:
    """A record each line, pasted at one moment; nobody is read later for what goes around them."""
    people, limits = 60, Limits()
    world = World(
        lines_per_s=limits.lines_per_s, burst_lines=limits.burst_lines, max_per_address=limits.max_per_address
    )
    teacher = world.join("teacher", "192.0.2.99")
    for lesson in range(3):
        pupils = [world.connect() for _ in range(people)]
        encrypted = [Encrypted(pupil) for pupil in pupils]
        for number, (pupil, tls) in enumerate(zip(pupils, encrypted, strict=True)):
            lines = [f"{lesson} {number} {line}\n".encode() for line in range(limits.burst_lines - 1)]
            pupil.wire.incoming.append(tls.records(f"pupil{number}\n".encode(), *lines))
        world.settle()
        said = sum(line.startswith("<pupil") for line in teacher.sees())
        assert said == people * (limits.burst_lines - 1)
        for pupil in pupils:
            pupil.vanishes()
        world.passes(10)
    assert world.chat.counts.floods == 0


def test_a_class_behind_one_router_that_searches_is_answered(tmp_path: Path) -> None:
    """All join at once, paste, and look for what was said, at one moment, and talk on; nothing is dropped."""
    people, limits = 60, Limits()
    world = DiskWorld(
        tmp_path / "history.sqlite",
        lines_per_s=limits.lines_per_s,
        burst_lines=limits.burst_lines,
        max_per_address=limits.max_per_address,
    )
    teacher = world.join("teacher", "192.0.2.99")
    pupils = [world.join(f"pupil{number}").types("hello") for number in range(people)]
    for pupil in pupils:
        pupil.sees()
    teacher.sees()
    pasted = limits.burst_lines - 3  # the nick, what was said first, and the search
    for number, pupil in enumerate(pupils):
        lines = [*[f"apple{number}e {line}" for line in range(pasted)], f"/search apple{number}e"]
        pupil.wire.incoming.append("".join(line + "\n" for line in lines).encode())
    world.settle()
    world.passes(5)
    assert sum(line.startswith("<pupil") for line in teacher.sees()) == people * pasted
    for number, pupil in enumerate(pupils):
        seen = pupil.sees()
        assert not [line for line in seen if line.startswith("!!")]
        found = [line for line in seen if f"<pupil{number}> apple{number}e " in line]
        assert len(found) == 2 * pasted, seen[-4:]  # as they were said, and as they were found
    for pupil in pupils:
        pupil.types("still here")
    assert sum(line.endswith("still here") for line in teacher.sees()) == people


def keeps(allowance: Allowance, size: int, now: float) -> bool:
    """Whether a line of so many bytes may go to the log."""
    try:
        allowance.refuse_keeping(size, now)
    except Refused as refused:
        assert refused.code == "too_much"
        return False
    return True


def test_an_address_fills_its_share_of_the_disk_at_once_and_as_much_a_day() -> None:
    """Whatever connections it has; then it goes on as slowly as a day lasts."""
    limits = Limits(keep_bytes=1_600_000)
    address = Address(limits, START)
    kept = 0
    while keeps(Allowance(limits, address, START), 900, START):
        kept += 1
    assert kept == 101  # 1,000 bytes each, and one that goes over it
    assert not keeps(Allowance(limits, address, START + 60), 900, START + 60)
    half_a_day = START + DAY_S / 2
    later = [address.may_keep(900, half_a_day) for _ in range(100)]
    assert sum(later) == pytest.approx(50, abs=1)
    assert keeps(Allowance(limits, None, START), 1 << 30, START)


def test_who_fills_the_disk_is_told_so(tmp_path: Path) -> None:
    """Others go on, and so does what is not kept."""
    world = DiskWorld(tmp_path / "history.sqlite", keep_bytes=65_536)
    alice, bob = world.join("alice"), world.join("bob", "192.0.2.2")
    alice.types(*["x" * 1_000] * 5)
    told = "!! Your address has said more than 4,096 bytes in a day; go on later, or more slowly."
    assert told in alice.sees()
    assert bob.types("hi").sees()[-1] == "<bob> hi"
    assert alice.types("/msg bob hi").sees()[-1] == "[alice -> bob] hi"
