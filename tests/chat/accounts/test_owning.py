"""What owners do with the nick that is theirs."""

from __future__ import annotations

import pytest

from lanchatd.chat import moderating, renaming
from lanchatd.chat.accounts.rows import Change, Held
from lanchatd.text.names import nick
from tests.accounts import HOME, KEY, OTHER_KEY, PASSWORD, Owners
from tests.world import Person

PLAIN = "!! Others could read a password on its way here: come by lanchat-client or https, or with a code."

HELD = "!! alice is held, and nobody can take it. Take another nick."


@pytest.fixture
def world() -> Owners:
    return Owners()


def last(person: Person) -> str:
    return person.sees()[-1]


def says(person: Person, line: str) -> list[str]:
    """What comes of a line."""
    person.sees()
    return person.types(line).sees()


def test_who_came_in_by_a_password_makes_this_a_device_with_the_same_word(world: Owners) -> None:
    """From then on it is the key that proves it; a key of somebody else's account can't be one."""
    world.owner("alice").hangs_up()
    world.owner("bob", key=OTHER_KEY)
    alice = world.comes(f"alice {PASSWORD}", key=KEY)
    text = f"-- This device proves from now on that alice is yours, by its key {KEY}."
    assert says(alice, "/register") == [text]
    assert says(alice, "/register") == [
        "!! alice is yours already. /password gives it a password, /account shows what is known."
    ]
    other = world.comes("alice", key=KEY)
    says(other, "/password battery staple")
    assert says(alice, "hi") == ["<alice> hi"]
    says(other, "/devices remove 1")
    assert alice.sees()[-1] == "!! This device was removed from alice."
    by_password = world.comes("alice battery staple", key=OTHER_KEY)
    assert says(by_password, "/register") == ["!! The key of this device is that of bob."]
    plain = world.comes("alice battery staple", peer=HOME)
    assert says(plain, "/register") == [
        "!! alice is yours already. /password gives it a password, /account shows what is known."
    ]


def test_a_nick_is_registered_by_the_key_of_the_device(world: Owners) -> None:
    """With one word."""
    alice = world.comes("alice", key=KEY)
    assert says(alice, "/register") == [f"-- alice is yours now, by the key {KEY} of this device."]
    assert says(alice, "/who") == ["-- 1 in #lobby: alice (known)"]
    assert says(alice, "/register") == [
        "!! alice is yours already. /password gives it a password, /account shows what is known."
    ]
    assert says(alice, "/account") == [
        "-- alice is yours since 14:03.", "-- 1 device, no password, 0 open codes, here on 1 connection.",
    ]  # fmt: skip


def test_a_nick_is_registered_by_a_password(world: Owners) -> None:
    """Where there is no key."""
    alice = world.join("alice", HOME)
    assert says(alice, "/register") == [
        "!! This connection has no key that proves who you are: /register PASSWORD"
    ]
    assert says(alice, "/register 1234567") == ["!! A password has 8 to 128 characters."]
    assert says(alice, f"/register {'x' * 129}") == ["!! A password has 8 to 128 characters."]
    assert says(alice, "/register correct horse") == ["-- alice is yours now, by your password."]
    assert world.accounts.by_number[1].password == "esroh tcerroc"


def test_a_password_is_not_the_nick(world: Owners) -> None:
    """In whatever way that is written."""
    alice = world.join("alice.allen", HOME)
    assert says(alice, "/register ALICE.Allen") == ["!! A password is not the nick."]
    assert says(alice, "/register \uff21lice.allen") == ["!! A password is not the nick."]
    assert says(alice, "/register \u200b\u200b\u200b") == ["!! That text shows nothing."]


def test_a_password_is_not_sent_where_others_could_read_it(world: Owners) -> None:
    """Neither to register, nor to change it."""
    alice = world.join("alice")
    assert says(alice, "/register correct horse") == [PLAIN]
    world.make_owner(alice)
    assert says(alice, "/password correct horse") == [PLAIN]


def test_a_key_proves_one_account_only(world: Owners) -> None:
    """With a password another nick can be registered on the same device."""
    world.owner("alice", key=KEY)
    bob = world.comes("bob", key=KEY)
    assert says(bob, "/register") == ["!! The key of this device is that of alice."]
    assert says(bob, "/register correct horse") == ["-- bob is yours now, by your password."]
    assert world.accounts.devices_of(world.accounts.by_number[2]) == ()


def test_both_a_key_and_a_password_may_prove_it(world: Owners) -> None:
    """Here, and elsewhere."""
    world.comes("alice", key=KEY).types("/register correct horse").hangs_up()
    assert world.comes("alice", key=KEY).user.account == 1
    assert world.connect(HOME).types("alice correct horse").user.account == 1


def test_one_address_registers_so_many(world: Owners) -> None:
    """What was refused does not count."""
    for number in range(3):
        person = world.comes(f"n{number}", key=f"{KEY}{number}")
        person.types("/register")
        person.types("/register")
        assert person.user.account == number + 1
    one_more = world.comes("more", key=OTHER_KEY)
    closed = "!! Too many nicks were registered from your address; try again in 1 h."
    assert says(one_more, "/register") == [closed]
    assert says(world.comes("other", key=OTHER_KEY, peer="192.0.2.7"), "/register") == [
        f"-- other is yours now, by the key {OTHER_KEY} of this device."
    ]


def test_so_many_are_registered_in_all(world: Owners) -> None:
    """From wherever; who comes by a UNIX socket has no address."""
    for number in range(30):
        world.comes(f"n{number}", key=f"{KEY}{number}", peer=None).types("/register")
    one_more = world.comes("more", key=OTHER_KEY)
    closed = "!! Too many nicks were registered just now; try again in 10 min."
    assert says(one_more, "/register") == [closed]
    world.passes(600)
    world.limits.max_accounts = 0
    assert says(world.comes("full", peer=None, key=OTHER_KEY), "/register")[0].startswith(
        "!! There are 30 acc"
    )


def test_of_two_devices_that_register_at_once_one_does(world: Owners) -> None:
    """They have two nicks, and the same key."""
    world.held_back = True
    alice, bob = world.comes("alice", key=KEY), world.comes("bob", key=KEY)
    alice.types("/register"), bob.types("/register")
    world.lets_go()
    assert last(alice).startswith("-- alice is yours now")
    assert last(bob) == "!! The key of this device is that of alice."


def test_a_nick_that_is_being_registered_is_not_changed(world: Owners) -> None:
    """Nobody else gets it meanwhile either."""
    alice = world.comes("alice", key=KEY)
    world.held_back = True
    alice.types("/register")
    alice.wire.protocol.inner.paused = False  # as another door may let it
    user = alice.user
    coroutine = renaming.rename(world.chat, user, "alina")
    with pytest.raises(Exception, match="alice is being registered"):
        coroutine.send(None)
    assert last(world.connect().types("alice")) == ("!! alice is being given to somebody. Take another nick.")
    world.lets_go()
    assert user.account == 1


def test_who_goes_while_the_password_is_hashed_has_registered_nothing(world: Owners) -> None:
    """The nick may be somebody else's by then."""
    alice = world.join("alice", HOME)
    world.hashing.held = True
    alice.types("/register correct horse")
    alice.vanishes()
    world.lets_hash()
    assert not list(world.accounts)


def test_who_registers_and_goes_owns_it_all_the_same(world: Owners) -> None:
    """It was kept."""
    alice = world.comes("alice", key=KEY)
    world.held_back = True
    world.ends(alice.types("/register"))
    world.lets_go()
    assert world.comes("alice", key=KEY).user.account == 1


def test_what_cannot_be_kept_is_not_registered(world: Owners) -> None:
    """And it counts for nothing."""
    alice = world.comes("alice", key=KEY)
    world.disk_error = OSError()
    for _ in range(5):
        assert says(alice, "/register") == ["!! That can't be kept: the disk is full."]
    world.disk_error = None
    assert says(alice, "/register")[0].startswith("-- alice is yours now")


def test_what_is_typed_next_waits(world: Owners) -> None:
    """Who pipes two lines and goes has registered."""
    alice = world.join("alice", HOME)
    alice.types("/register correct horse", "/quit")
    world.passes(1)
    assert alice.gone
    assert len(world.accounts) == 1


@pytest.mark.parametrize("line", ["/code", "/devices", "/password", "/password correct horse", "/account"])
def test_a_guest_owns_nothing(world: Owners, line: str) -> None:
    """And is told how to."""
    alice = world.join("alice", HOME)
    assert says(alice, line) == ["!! alice belongs to nobody. /register makes it yours."]


def test_codes_are_for_other_devices(world: Owners) -> None:
    """So many at once; others don't see them."""
    laptop = world.owner("alice")
    phone = world.connect(HOME).types("alice correct horse")
    phone.sees()
    for _ in range(3):
        (line,) = says(laptop, "/code")
        code = line.split()[1]
        assert line == f"-- {code} once, within 10 minutes: on the new device type alice {code.rstrip(',')}."
    assert says(laptop, "/code") == ["!! 3 codes of alice are open, which is the limit."]
    assert phone.sees() == []
    world.passes(600)
    world.limits.code_s = 60
    assert "within 1 minute:" in says(laptop, "/code")[0]


def test_devices_are_listed_named_and_removed(world: Owners) -> None:
    """By their numbers; who is here by one that is removed is closed."""
    laptop = world.owner("alice", key=KEY)
    code = says(laptop, "/code")[0].split()[1].rstrip(",")
    phone = world.comes_json({"nick": "alice", "secret": code, "device": "phone"}, key=OTHER_KEY)
    assert says(laptop, "/devices name 1 my laptop") == ["-- Device 1 is my laptop now."]
    assert says(laptop, "/devices") == [
        f"-- 1. my laptop, tls {KEY}, since 14:03, seen 14:03, this one",
        f"-- 2. phone, tls {OTHER_KEY}, since 15:09, seen 15:09, here",
    ]
    assert says(laptop, "/devices remove 2") == ["-- 1 device of alice removed."]
    world.passes(1)
    assert phone.gone
    assert phone.gets()[-1]["code"] == "device_removed"
    assert says(laptop, "/devices")[1:] == []


def test_all_others_are_removed(world: Owners) -> None:
    """Whatever they came in by; not this one."""
    world.owner("alice", key=OTHER_KEY).types("/password correct horse").hangs_up()
    laptop = world.comes("alice", key=OTHER_KEY)
    other = world.connect(HOME).types("alice correct horse")
    code = says(laptop, "/code")[0].split()[1].rstrip(",")
    phone = world.comes(f"alice {code}", key=KEY)
    assert says(laptop, "/devices remove others") == ["-- 1 device of alice removed."]
    world.passes(1)
    assert (laptop.gone, other.gone, phone.gone) == (False, True, True)
    assert says(laptop, "/devices remove others") == ["-- 0 devices of alice removed."]


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("/devices remove 3", "There is no device 3. /devices lists them by their numbers."),
        ("/devices remove x", "There is no device x. /devices lists them by their numbers."),
        ("/devices name 0 x", "There is no device 0. /devices lists them by their numbers."),
        ("/devices name 1", "Usage: /devices, /devices remove N|others or /devices name N NAME"),
        ("/devices remove 1 x", "Usage: /devices, /devices remove N|others or /devices name N NAME"),
        ("/devices remove", "Usage: /devices, /devices remove N|others or /devices name N NAME"),
        ("/devices drop 1", "Usage: /devices [remove|name] [N|others] [TEXT]"),
        (f"/devices name 1 {'x' * 33}", "The name of a device has at most 32 characters."),
        ("/account remove", "Usage: /account [delete]"),
    ],
)
def test_what_is_wrong_is_said(world: Owners, line: str, refused: str) -> None:
    """And nothing is done."""
    alice = world.owner("alice", key=KEY)
    assert says(alice, line) == [f"!! {refused}"]
    assert len(world.accounts.devices_of(world.accounts.by_number[1])) == 1


def test_who_has_nothing_to_come_back_with_is_told(world: Owners) -> None:
    """Before they go."""
    alice = world.owner("alice")
    assert says(alice, "/devices") == ["-- alice has no device. /code adds one."]
    assert says(alice, "/password") == [
        "-- alice has no password now.",
        "-- Nothing proves now that alice is yours: /password or /code before you go.",
    ]
    assert says(alice, "/account")[1] == "-- 0 devices, no password, 0 open codes, here on 1 connection."


def test_another_password_closes_who_came_in_by_the_old_one(world: Owners) -> None:
    """Who changes it stays, and who has a key."""
    laptop = world.owner("alice", key=KEY)
    assert says(laptop, "/password correct horse") == ["-- alice has a password now."]
    one, other = (world.connect(HOME).types("alice correct horse") for _ in range(2))
    assert says(one, "/password battery staple") == ["-- alice has another password now."]
    world.passes(1)
    assert (laptop.gone, one.gone, other.gone) == (False, False, True)
    assert last(other) == "!! The password of alice is another one."


def test_a_password_is_not_changed_all_the_time(world: Owners) -> None:
    """Each is slow work, for which others wait."""
    alice = world.owner("alice")
    for number in range(5):
        assert says(alice, f"/password number {number}") == ["-- alice has another password now."]
    assert says(alice, "/password once more") == ["!! Too many new passwords; try again in 1 h."]
    assert says(alice, "/password short") == ["!! A password has 8 to 128 characters."]


def test_an_account_is_deleted(world: Owners) -> None:
    """All connections go; the nick is free after a while."""
    laptop = world.owner("alice", key=KEY)
    phone = world.comes("alice", key=KEY)
    laptop.types("/code", "/account delete")
    world.passes(1)
    assert (laptop.gone, phone.gone) == (True, True)
    assert last(laptop) == last(phone) == "!! alice is not yours any more."
    assert last(world.comes("alice", key=KEY)) == HELD
    assert list(world.accounts.all_held()) == [Held(nick("alice"), world.now() - 1 + 30 * 86_400)]
    assert world.accounts.device(KEY) is None


def test_who_deletes_it_is_closed_at_once(world: Owners) -> None:
    """Another device is in the middle of something."""
    laptop, phone = world.owner("alice", key=KEY), world.comes("alice", key=KEY)
    world.held_back = True
    laptop.types("/account delete"), phone.types("/code")
    world.lets_go()
    world.passes(1)
    assert phone.gone
    assert (
        phone.sees()[-2:] == ["!! alice is not yours any more.", "!! That account is gone."][:2] or phone.gone
    )


def test_a_rename_takes_the_account_along(world: Owners) -> None:
    """All its connections; and nobody else gets the old nick, but its owner may have it again."""
    laptop, phone, bob = world.owner("alice", key=KEY), world.comes("alice", key=KEY), world.join("bob")
    phone.sees(), laptop.sees()
    laptop.types("/nick alina")
    assert laptop.sees() == phone.sees() == ["-- alice is now alina"]
    assert last(world.connect().types("alice")) == HELD
    assert last(world.connect().types("alina")).startswith("!! alina belongs to somebody.")
    assert says(bob, "/nick alice")[0].startswith("!! alice is held")
    assert world.comes("alina", key=KEY).user is laptop.user
    assert says(laptop, "/nick alice") == ["-- alina is now alice"]
    assert [held.name.shown for held in world.accounts.all_held()] == ["alina"]
    assert says(laptop, "/nick Alice") == ["-- alice is now Alice"]
    assert says(laptop, "/nick Alice") == ["!! You are Alice already."]
    assert [held.name.shown for held in world.accounts.all_held()] == ["alina"]
    world.owner("carol")
    assert says(laptop, "/nick carol")[0].startswith("!! carol belongs to somebody.")


def test_a_mute_and_a_ban_follow_a_rename(world: Owners) -> None:
    """Also one that was put on the nick of before, and one that another start finds there."""
    op, alice = world.join("op", "192.0.2.5"), world.owner("alice", key=KEY)
    world.make_operator(op)
    op.types("/mute alice")
    says(alice, "/nick alina")
    assert says(alice, "hi") == ["!! You are muted."]
    op.types("/unmute alina", "/ban alina spam")
    world.passes(1)
    assert alice.gone
    assert last(world.comes("alina", key=KEY)) == '!! That nick is banned: "spam".'
    assert says(op, "/bans") == ['-- alina is banned by op: "spam"']
    op.types("/unban alina", "/ban alice spam")
    world.accounts.apply(Change((Held(nick("zoe")),)))
    moderating.load(world.chat, world.kept[-1])
    assert last(world.comes("alina", key=KEY)) == '!! That nick is banned: "spam".'


def test_who_goes_in_the_middle_of_a_rename_has_renamed(world: Owners) -> None:
    """And is called so when they come back, or have come back."""
    alice = world.owner("alice", key=KEY)
    world.held_back = True
    world.ends(alice.types("/nick alina"))
    again = world.comes("alice", key=KEY)
    assert again.user.nick == "alice"
    world.lets_go()
    assert again.user.nick == "alina"
    assert "-- alice is now alina" in again.sees()
    again.hangs_up()
    assert world.comes("alina", key=KEY).user.account == 1


def test_two_renames_at_once_are_done_one_after_the_other(world: Owners) -> None:
    """On two devices; each nick of before is held."""
    laptop, phone = world.owner("alice", key=KEY), world.comes("alice", key=KEY)
    world.held_back = True
    laptop.types("/nick alina"), phone.types("/nick alba")
    world.lets_go()
    assert laptop.sees()[-2:] == phone.sees()[-2:] == ["-- alice is now alina", "-- alina is now alba"]
    assert laptop.user.nick == world.accounts.by_number[1].name.shown == "alba"
    assert sorted(held.name.shown for held in world.accounts.all_held()) == ["alice", "alina"]


def test_who_is_away_is_renamed_later(world: Owners) -> None:
    """Nobody is here whom others would see."""
    alice = world.owner("alice", key=KEY)
    world.held_back = True
    world.ends(alice.types("/nick alina"))
    world.lets_go()
    assert world.accounts.by_number[1].name.shown == "alina"
    assert not world.chat.users


def test_a_registration_in_the_middle_of_a_rename_is_refused(world: Owners) -> None:
    """The nick is being given."""
    alice = world.owner("alice", key=KEY)
    world.held_back = True
    alice.types("/nick alina")
    assert last(world.connect().types("alina")) == "!! alina is being given to somebody. Take another nick."
    assert last(world.connect().types("alice")).startswith("!! alice belongs to somebody.")
    world.lets_go()


def test_an_account_that_is_gone_is_not_renamed(world: Owners) -> None:
    """It was deleted on another device."""
    laptop, phone = world.owner("alice", key=KEY), world.comes("alice", key=KEY)
    world.held_back = True
    user = phone.user
    laptop.types("/account delete")
    phone.types("/nick alina")
    world.lets_go()
    world.passes(1)
    assert user.nick == "alice"
    assert not world.chat.users


def test_too_much_at_once_is_refused(world: Owners) -> None:
    """What waits is done."""
    alice = world.owner("alice")
    world.held_back = True
    for _ in range(65):
        world.accounts.propose(Change)
    assert says(alice, "/code") == ["!! Too much is being changed; try again in a moment."]
    world.lets_go()
    assert says(alice, "/code")[0].endswith(".")


def test_a_nick_that_was_held_may_look_like_the_one_after_it(world: Owners) -> None:
    """Each is in use as long as it is there, whichever goes first."""
    alice = world.owner("alice", key=KEY)
    says(alice, "/nick al1ce")
    held = next(iter(world.accounts.all_held()))
    world.accounts.apply(Change((), (held,)))
    assert last(world.connect().types("alIce")) == "!! That nick looks like al1ce."
    world.accounts.apply(Change((held,)))
    account = world.accounts.by_number[1]
    world.accounts.apply(Change((), world.accounts.everything_of(account)))
    assert last(world.connect().types("a1ice")) == "!! That nick looks like alice."
    world.accounts.apply(Change((), (held,)))
    assert "-- You are a1ice in #lobby. /help lists the commands." in world.connect().types("a1ice").sees()
