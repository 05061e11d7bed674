"""What all connections of one owner may send together."""

from __future__ import annotations

import pytest

from lanchatd.limits import Limits
from lanchatd.net.allowances import FLOOD_PAUSE_S, Address, Allowance, Verdict
from lanchatd.net.owners import AT_ONCE, Owners
from tests.accounts import HOME, KEY, PASSWORD
from tests.accounts import Owners as OwnersWorld
from tests.irc import Client

# Powers of two, so that no rounding decides.
LIMITS = Limits(burst_lines=4, lines_per_s=4, bytes_per_s=64, max_per_address=4)
START = 1_024.0


class Whose:
    """Somebody."""


@pytest.fixture
def owners() -> Owners:
    return Owners(LIMITS)


def devices(owners: Owners, whose: Whose, many: int) -> list[Allowance]:
    """So many, each at another address."""
    found = [Allowance(LIMITS, Address(LIMITS, START), START) for _ in range(many)]
    for allowance in found:
        owners.count(whose, allowance, START)
        owners.count(whose, allowance, START)  # is counted already
    return found


def test_sixteen_say_as_much_as_two_might(owners: Owners) -> None:
    """At once, and then by the second; others are not held back by that."""
    alice, bob = Whose(), Whose()
    hers, his = devices(owners, alice, 16), devices(owners, bob, 1)
    verdicts = [each.line_came(START) for each in hers]
    assert verdicts == [Verdict.TAKE] * 8 + [Verdict.DROP_FOR_OWNER] * 8
    assert [each.line_came(START + 1) for each in hers].count(Verdict.TAKE) == AT_ONCE * LIMITS.lines_per_s
    assert his[0].line_came(START) is Verdict.TAKE
    assert hers[-1].new_flood() == "lines or bytes of an owner"


def test_two_are_as_fast_as_ever(owners: Owners) -> None:
    """A phone beside a laptop."""
    whose = Whose()
    for each in devices(owners, whose, 2):
        assert [each.line_came(START) for _ in range(5)] == [Verdict.TAKE] * 4 + [Verdict.DROP]


def test_bytes_count_too(owners: Owners) -> None:
    """Whichever it is that comes first."""
    whose = Whose()
    hers = devices(owners, whose, 4)
    for each in hers:
        each.bytes_came(40, START)
    assert hers[0].line_came(START) is Verdict.DROP_FOR_OWNER
    assert hers[0].line_came(START + 1) is Verdict.TAKE


def test_an_address_that_is_over_its_own_is_that_still(owners: Owners) -> None:
    """And an owner is not charged for what was dropped for that."""
    whose, address = Whose(), Address(LIMITS, START)
    for _ in range(16):
        assert address.may_say(START)
    mine, elsewhere = Allowance(LIMITS, address, START), Allowance(LIMITS, None, START)
    owners.count(whose, mine, START)
    owners.count(whose, elsewhere, START)
    assert mine.line_came(START) is Verdict.DROP_FOR_ADDRESS
    assert [elsewhere.line_came(START) for _ in range(4)] == [Verdict.TAKE] * 4
    mine.refuse_keeping(10, START)  # it may
    elsewhere.refuse_keeping(10, START)


def test_what_is_taken_in_any_case_has_to_wait(owners: Owners) -> None:
    """As IRC is read: later, and nothing is dropped."""
    whose = Whose()
    hers = devices(owners, whose, 16)
    waits = [each.line_taken(START) for each in hers]
    assert waits[:8] == [0.0] * 8
    assert waits[8:] == [number / (AT_ONCE * LIMITS.lines_per_s) for number in range(1, 9)]
    alone = Allowance(LIMITS, None, START)
    owners.count(whose, alone, START)
    assert alone.line_taken(START) > FLOOD_PAUSE_S


# -- the real ones


def test_an_owner_is_told_which_limit_it_was() -> None:
    """Of all connections; with one there is no such limit."""
    world = OwnersWorld()
    world.limits.lines_per_s, world.limits.burst_lines = 5, 4
    people = [world.owner("alice"), *(world.comes(f"alice {PASSWORD}", peer=HOME) for _ in range(3))]
    world.passes(60)
    for person in people:
        person.types("a", "b", "c").sees()
    more = "more than 10 lines or 131,072 bytes a second on all your connections"
    assert people[-1].types("d").sees() == [f"!! You send {more}; that line was dropped."]
    assert people[-1].user.lines_said == 2 * world.limits.burst_lines


def test_irc_clients_of_one_owner_are_read_later() -> None:
    """Four say what two might at once, and then go on as fast as two; nothing is dropped."""
    world = OwnersWorld()
    world.owner("alice", key=KEY).hangs_up()
    world.limits.lines_per_s, world.limits.burst_lines = 5, 20
    clients = [Client(world) for _ in range(4)]
    for client in clients:
        client.person.wire.protocol.peer = world.peer(KEY)
        client.sends("NICK alice", "USER u 0 * :alice")
    world.passes(60)
    for client in clients:
        client.sees()
        client.person.wire.incoming.append(b"PING 1\r\n" * 20)
    began = world.clock.seconds()
    answered = 0
    while answered < 80:
        world.passes(0.1)
        answered += sum("PONG" in line for client in clients for line in client.sees())
    assert 3 < world.clock.seconds() - began < 6
