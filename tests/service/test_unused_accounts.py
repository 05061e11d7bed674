"""What goes by itself, when nobody has used it for long."""

from __future__ import annotations

import pytest

from lanchatd.chat.accounts import unused
from lanchatd.chat.accounts.rows import Change, Held
from lanchatd.service.unused_accounts import UnusedAccounts
from lanchatd.text.names import nick
from tests.accounts import KEY, Owners

DAY_S = 86_400


@pytest.fixture
def world() -> Owners:
    return Owners()


def begin(world: Owners) -> UnusedAccounts:
    service = UnusedAccounts(world.clock, world.chat)
    service.startService()
    return service


def owned(world: Owners) -> set[str]:
    return {account.name.shown for account in world.accounts}


def later(world: Owners, days: float) -> None:
    """The daemon has run all the time."""
    for _ in range(int(days)):
        world.clock.advance(DAY_S)
        world.passes(60)


def test_an_account_that_nobody_uses_is_held_and_then_free(world: Owners) -> None:
    """Not that of who is here, of an operator, or that an administrator made."""
    world.limits.account_days = 10
    world.owner("alice", key=KEY).types("/code").hangs_up()
    world.owner("bob")
    op = world.owner("op")
    world.make_operator(op)
    op.hangs_up()
    world.owner("carol").hangs_up()
    world.change(world.accounts.by_number[4], made_by="admin")
    service = begin(world)
    later(world, 9)
    assert owned(world) == {"alice", "bob", "carol", "op"}
    later(world, 2)
    assert owned(world) == {"bob", "carol", "op"}
    assert world.accounts.device(KEY) is None
    assert world.connect().types("alice").sees()[-1].startswith("!! alice is held")
    later(world, 31)
    assert "-- You are alice in #lobby. /help lists the commands." in world.connect().types("alice").sees()
    service.stopService()


def test_what_is_used_stays(world: Owners) -> None:
    """Whoever comes in once in a while."""
    world.limits.account_days = 10
    world.owner("alice", key=KEY).hangs_up()
    begin(world)
    for _ in range(5):
        later(world, 8)
        world.comes("alice", key=KEY).hangs_up()
    assert owned(world) == {"alice"}


def test_a_clock_that_jumps_ahead_gives_nothing_away(world: Owners) -> None:
    """It is believed when it has lasted a day."""
    world.owner("alice", key=KEY).hangs_up()
    begin(world)
    world.jump_s = 400 * DAY_S
    world.passes(3_600)
    assert owned(world) == {"alice"}
    world.jump_s = 0
    later(world, 2)
    assert owned(world) == {"alice"}


def test_codes_go_when_they_are_too_late(world: Owners) -> None:
    """They are not kept for nothing."""
    alice = world.owner("alice", key=KEY)
    begin(world)
    alice.types("/code")
    world.passes(500)
    assert len(list(world.accounts.all_codes())) == 1
    world.passes(200)
    assert list(world.accounts.all_codes()) == []


def test_what_cannot_be_written_stays(world: Owners) -> None:
    """And is tried again."""
    world.accounts.apply(Change((Held(nick("alice"), world.now() + 60),)))
    begin(world)
    world.disk_error = OSError()
    world.passes(130)
    assert len(list(world.accounts.all_held())) == 1
    world.disk_error = None
    world.passes(130)
    assert list(world.accounts.all_held()) == []


def test_so_many_go_at_once(world: Owners, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others in the next minute: it is one commit."""
    monkeypatch.setattr(unused, "STEP", 1)
    world.owner("alice")
    world.owner("bob")
    now = world.now() + 400 * DAY_S
    change = unused.due(world.accounts, (), (), world.limits, now, now)
    assert change.put == (Held(nick("alice"), now + 30 * DAY_S),)
