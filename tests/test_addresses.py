"""What one address may send, whatever connections it has and had."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanchatd.limits import Limits
from lanchatd.net.addresses import COMES, COMES_AGAIN_S, DAY_S, MOST_ADDRESSES, Address, Addresses
from lanchatd.net.rates import Allowance, Verdict
from tests.disk import DiskWorld
from tests.world import World

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
    assert Allowance(LIMITS, address, START + 1).line_came(START + 1) is Verdict.DROP


def test_the_bytes_of_an_address_are_counted_too() -> None:
    """Few lines, but long ones."""
    address = Address(LIMITS, START)
    for _ in range(4):
        Allowance(LIMITS, address, START).bytes_came(64, START)
    assert Allowance(LIMITS, address, START).line_came(START) is Verdict.TAKE
    Allowance(LIMITS, address, START).bytes_came(1, START)
    assert Allowance(LIMITS, address, START).line_came(START) is Verdict.DROP
    assert Allowance(LIMITS, address, START + 1).line_came(START + 1) is Verdict.TAKE


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
    late = world.connect()
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


def test_an_address_fills_its_share_of_the_disk_at_once_and_as_much_a_day() -> None:
    """Whatever connections it has; then it goes on as slowly as a day lasts."""
    limits = Limits(keep_bytes=1_600_000)
    address = Address(limits, START)
    kept = 0
    while Allowance(limits, address, START).may_keep(900, START):
        kept += 1
    assert kept == 101  # 1,000 bytes each, and one that goes over it
    assert not Allowance(limits, address, START + 60).may_keep(900, START + 60)
    half_a_day = START + DAY_S / 2
    later = [address.may_keep(900, half_a_day) for _ in range(100)]
    assert sum(later) == pytest.approx(50, abs=1)
    assert Allowance(limits, None, START).may_keep(1 << 30, START)


def test_who_fills_the_disk_is_told_so(tmp_path: Path) -> None:
    """Others go on, and so does what is not kept."""
    world = DiskWorld(tmp_path / "history.sqlite", keep_bytes=65_536)
    alice, bob = world.join("alice"), world.join("bob", "192.0.2.2")
    alice.types(*["x" * 1_000] * 5)
    told = "!! Your address has said more than 4,096 bytes in a day; go on later, or more slowly."
    assert told in alice.sees()
    assert bob.types("hi").sees()[-1] == "<bob> hi"
    assert alice.types("/msg bob hi").sees()[-1] == "[alice -> bob] hi"
