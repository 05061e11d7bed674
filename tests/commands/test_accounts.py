"""What administrators do with nicks that belong to somebody, without the console."""

from __future__ import annotations

import pytest

from lanchatd.chat import moderating
from lanchatd.chat.accounts.proof import INVITE, OFF
from lanchatd.chat.accounts.rows import Change, Held
from lanchatd.text.names import nick
from tests.accounts import HOME, KEY, Owners
from tests.commands.test_administering import Console
from tests.world import Person

DAY_S = 86_400


@pytest.fixture
def world() -> Owners:
    return Owners()


@pytest.fixture
def console(world: Owners) -> Console:
    return Console(world)


def last(person: Person) -> str:
    return person.sees()[-1]


def code_in(shown: list[str]) -> str:
    """The code that an administrator was shown."""
    (line,) = shown
    return line.split(",")[0]


def test_accounts_are_listed(world: Owners, console: Console) -> None:
    """And what is held; of one, its devices."""
    assert console.types("accounts") == ["No nick belongs to anybody."]
    world.owner("bob").hangs_up()
    world.owner("alice", key=KEY)
    console.types("account hold root")
    world.accounts.apply(Change((Held(nick("zoe"), world.now() + 60, None),)))
    assert [line.rstrip() for line in console.types("accounts")] == [
        "nick   is     until  here  devices  password  made   seen   by",
        "alice  owned         1     1                  15:09  15:09",
        "bob    owned         0     0        yes       14:03  14:03",
        "root   held          0     0",
        "zoe    held   16:17  0     0",
    ]
    assert console.types("accounts ALICE") == [
        "name  kind  print                                               made   seen   here",
        f"      tls   {KEY}  15:09  15:09  yes",
    ]
    assert console.types("accounts bob") == ["bob has no device, and a password."]
    assert console.types("accounts carol") == ["!! carol belongs to nobody. accounts lists what does."]


def test_a_nick_is_given_by_a_code(world: Owners, console: Console) -> None:
    """Nobody else gets it meanwhile."""
    code = code_in(console.types("account add alice"))
    assert last(world.connect().types("alice")).startswith("!! alice belongs to somebody.")
    assert console.types("accounts alice") == ["alice has no device, and no password."]
    assert console.types("account add alice") == ["!! alice belongs to somebody already."]
    alice = world.connect().types(f"alice {code}")
    assert alice.user.account == 1
    assert world.accounts.by_number[1].made_by == "admin"


def test_a_nick_that_a_guest_has_is_not_given(world: Owners, console: Console) -> None:
    """Nor held; nor one that looks like another's."""
    world.join("alice")
    here = "!! alice is here as a guest: they can /register, or kick alice first."
    assert console.types("account add alice") == [here]
    assert console.types("account hold alice") == [here]
    world.owner("bob")
    assert console.types("account add b0b") == ["!! That nick looks like bob."]


def test_who_has_lost_everything_gets_a_code(world: Owners, console: Console) -> None:
    """The one before is good no more; nothing else changes."""
    world.owner("alice").hangs_up()
    first = code_in(console.types("account code alice"))
    second = code_in(console.types("account code alice"))
    assert last(world.connect().types(f"alice {first}")).startswith("!! That is neither")
    assert world.connect().types(f"alice {second}").user.account == 1
    assert world.connect(HOME).types("alice correct horse").user.account == 1
    assert console.types("account code carol") == ["!! carol belongs to nobody: account add carol"]


def test_a_reset_leaves_only_the_code(world: Owners, console: Console) -> None:
    """What was lost is in somebody's hands: they are closed, and come in no more."""
    thief = world.owner("alice", key=KEY)
    thief.types("/code", "/password another one")
    thief.sees()
    code = code_in(console.types("account reset alice"))
    world.passes(1)
    assert thief.gone
    assert last(thief) == "!! The devices and the password of alice were reset."
    assert last(world.comes("alice", key=KEY)).startswith("!! alice belongs to somebody.")
    assert last(world.comes("alice another one", peer=HOME)).startswith("!! That is neither")
    assert world.connect().types(f"alice {code}").user.account == 1
    console.types("account reset alice")
    assert not world.accounts.codes_of(None)


def test_a_nick_can_be_held(world: Owners, console: Console) -> None:
    """Until it is free; or given by a code."""
    assert console.types("account hold root") == ["root is held: nobody can take it."]
    held = "!! root is held, and nobody can take it. Take another nick."
    assert last(world.connect().types("root")) == held
    assert console.types("account hold root") == [held]
    assert console.types("account free root") == ["root is anybody's now."]
    assert console.types("account free root") == ["!! root is not held. accounts lists what is."]
    console.types("account hold root")
    code = code_in(console.types("account code root"))
    assert world.connect().types(f"root {code}").user.account == 1
    assert list(world.accounts.all_held()) == []


def test_a_nick_that_is_held_for_an_account_is_not_given(world: Owners, console: Console) -> None:
    """Who had it before may take it again."""
    world.owner("alice").types("/nick alina")
    held = "!! alice is held for alina, who had it: account free alice"
    assert console.types("account add alice") == [held]
    console.types("account free alice")
    assert code_in(console.types("account add alice"))


def test_a_nick_of_an_operator_that_is_nobodys_is_held(world: Owners, console: Console) -> None:
    """From the first start on: nobody gets power by being first."""
    world.chat.moderation.operators["oscar"] = "oscar"
    moderating.accounts_known(world.chat)
    world.settle()
    assert last(world.connect().types("oscar")).startswith("!! oscar is held")
    assert console.types("account free oscar") == ["!! oscar is an operator's: deop oscar first."]
    code = code_in(console.types("account code oscar"))
    oscar = world.connect().types(f"oscar {code}")
    assert oscar.types("/bans").sees()[-1] == "-- Nobody is banned or muted."


def test_an_account_is_removed(world: Owners, console: Console) -> None:
    """Who is here by it goes, and the nick is held for a while; an operator is none any more."""
    alice = world.owner("alice")
    console.types("op alice")
    assert console.types("account remove alice") == ["alice belongs to nobody now, and is held for 30 days."]
    world.passes(1)
    assert alice.gone
    assert last(alice) == "!! alice is not yours any more: the account was removed by admin."
    assert console.types("op") == ["Nobody is an operator."]
    assert last(world.connect().types("alice")).startswith("!! alice is held")
    assert console.types("account remove alice") == ["!! alice belongs to nobody. accounts lists what does."]
    world.owner("bob").hangs_up()
    assert console.types("account remove bob") == ["bob belongs to nobody now, and is held for 30 days."]
    world.limits.max_accounts = 0
    assert console.types("account add alice") == ["!! There are 0 accounts, which is the limit."]


def test_who_is_invited_gets_a_nick(world: Owners, console: Console) -> None:
    """Once, or as often as was said."""
    world.way_in.who_registers, world.way_in.guests = INVITE, False
    (shown,) = console.types("invite")
    code = shown.split(",")[0]
    assert shown == f"{code}, once, within 7 days: who is invited comes in by NICK {code}"
    assert world.connect().types(f"alice {code}").user.account == 1
    (shown,) = console.types("invite 30 1")
    assert shown.split(",")[1:] == [
        " 30 times",
        f" within 1 day: who is invited comes in by NICK {shown[:11]}",
    ]
    world.passes(DAY_S)
    assert last(world.connect().types(f"bob {code}")).startswith("!! bob is nobody's")


def test_nobody_is_invited_where_nobody_registers(world: Owners, console: Console) -> None:
    """Nor is who was invited before."""
    code = code_in(console.types("invite"))
    world.way_in.who_registers = OFF
    closed = "!! Nobody can register a nick here: --accounts is off."
    assert console.types("invite") == [closed]
    assert last(world.connect().types(f"alice {code}")) == "!! Nobody can register a nick here."


def test_there_are_so_many_codes(world: Owners, console: Console) -> None:
    """In all; what is over makes room."""
    world.limits.max_codes = 1
    console.types("invite")
    assert console.types("invite") == ["!! There are 1 codes, which is the limit."]
    assert console.types("account add alice") == ["!! There are 1 codes, which is the limit."]
    world.passes(7 * DAY_S)
    console.types("invite")
