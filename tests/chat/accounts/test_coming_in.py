"""Nobody is ever under an owned nick without proof."""

from __future__ import annotations

import pytest

from lanchatd.chat import entering
from lanchatd.chat.accounts import accounts
from lanchatd.chat.accounts.codes import hash_of
from lanchatd.chat.accounts.proof import INVITE, OFF
from lanchatd.chat.accounts.rows import FOR_GUEST, FOR_RETURN, Change, Code, Device, Held, Proof
from lanchatd.chat.format import Hello
from lanchatd.text.names import nick
from lanchatd.text.refused import Refused
from tests.accounts import HOME, KEY, OTHER_KEY, Owners
from tests.world import Person

OWNED = "!! alice belongs to somebody. If that is you: alice PASSWORD or alice CODE. Else take another nick."
PLAIN = "!! Others could read a password on its way here: come by lanchat-client or https, or with a code."
WRONG = "!! That is neither the password of alice nor a code that is good now."
CODE = "k7m2q-x4p9d"


@pytest.fixture
def world() -> Owners:
    return Owners()


def open_code(world: Owners, kind: str, account: int | None = 1, uses: int = 1, for_s: float = 600) -> str:
    """A code that is good now."""
    code = Code(str(hash_of(CODE)), kind, account, uses, world.now() + for_s, "admin")
    world.accounts.apply(Change((code,)))
    return CODE


def last(person: Person) -> str:
    return person.sees()[-1]


def test_a_stranger_gets_nowhere_with_an_owned_nick(world: Owners) -> None:
    """Whether the owner is here or not, in whatever way it is written."""
    alice = world.owner("alice")
    assert last(world.connect().types("alice")) == OWNED
    alice.hangs_up()
    assert last(world.connect().types("alice")) == OWNED
    assert last(world.connect().types("ALICE")) == OWNED.replace("alice", "ALICE")
    assert world.connect().asks({"nick": "alice"}).gets()[-1]["code"] == "nick_owned"
    assert last(world.join("bob").types("/nick alice")) == OWNED


def test_what_looks_like_an_owned_nick_is_in_use_always(world: Owners) -> None:
    """While its owner is away, too."""
    world.owner("alice").hangs_up()
    assert last(world.connect().types("al1ce")) == "!! That nick looks like alice."


def test_the_owner_comes_in_by_password(world: Owners) -> None:
    """On more than one connection at once, which are one member."""
    laptop, phone = world.owner("alice"), world.connect(HOME).types("Alice correct horse")
    assert phone.sees()[-2:] == [
        "-- You are alice in #lobby. /help lists the commands.",
        "-- 1 in #lobby: alice (known, plain)",
    ]
    assert phone.user is laptop.user
    laptop.sees()
    phone.types("hi")
    assert laptop.sees() == phone.sees() == ["<alice> hi"]


def test_programs_say_it_in_the_hello(world: Owners) -> None:
    """And are told by what they came in, and who is known."""
    world.owner("alice").types("hi").hangs_up()
    program = world.connect(HOME).asks({"nick": "alice", "secret": "correct horse", "device": "laptop"})
    welcome, said, members = program.gets()[-3:]
    assert (welcome["account"], welcome["by"]) == (True, "password")
    assert (said["from"], said["known"]) == ("alice", True)
    assert members["members"] == [{"nick": "alice", "known": True}]
    assert "account" not in world.join_json("bob").gets()[0]
    program.asks({"line": "/msg bob psst"})
    assert program.gets()[-1]["known"] is True


def test_a_wrong_password_is_refused(world: Owners) -> None:
    """And it may be tried again."""
    world.owner("alice").hangs_up()
    person = world.connect(HOME).types("alice wrong horse")
    assert last(person) == WRONG
    assert (
        "-- You are alice in #lobby. /help lists the commands." in person.types("alice correct horse").sees()
    )


def test_an_account_without_a_password_has_no_right_one(world: Owners) -> None:
    """Only keys and codes."""
    world.owner("alice", key=KEY).hangs_up()
    assert last(world.connect(HOME).types("alice None")) == WRONG


def test_a_password_is_not_taken_where_others_could_read_it(world: Owners) -> None:
    """From another machine, without TLS; that counts as no try. A code is worth nothing afterwards."""
    world.owner("alice").hangs_up()
    person = world.connect("192.0.2.9")
    for _ in range(10):
        assert last(person.types("alice correct horse")) == PLAIN
    assert last(person.types("alice 00000-00000")) == WRONG
    person.types(f"alice {open_code(world, FOR_RETURN)}")
    assert person.user.nick == "alice"


def test_what_is_typed_next_waits(world: Owners) -> None:
    """Until the password was looked at: it is said then, and by the owner."""
    world.owner("alice").hangs_up()
    world.hashing.held = True
    bob = world.join("bob")
    person = world.connect(HOME).types("alice correct horse", "hi", "/quit")
    assert person.wire.protocol.awaits_turn
    assert bob.sees() == []
    world.lets_hash()
    assert bob.sees()[:2] == ["-- alice joined", "<alice> hi"]
    world.passes(1)
    assert person.gone


def test_who_does_not_wait_is_not_let_in(world: Owners) -> None:
    """It is gone."""
    world.owner("alice").hangs_up()
    world.hashing.held = True
    person = world.connect(HOME).types("alice correct horse")
    person.vanishes()
    world.lets_hash()
    assert not world.chat.users


def test_a_password_that_is_changed_meanwhile_is_wrong(world: Owners) -> None:
    """It was right when it was asked for."""
    world.owner("alice").hangs_up()
    world.hashing.held = True
    person = world.connect(HOME).types("alice correct horse")
    world.change(world.accounts.by_number[1], password="another")
    world.lets_hash()
    assert last(person) == WRONG


def test_who_guesses_is_locked_out(world: Owners) -> None:
    """Of secrets, from that address; guests come in, and so does who has the key."""
    world.owner("alice", key=KEY).hangs_up()
    guesser = world.connect(HOME)
    for guess in range(4):
        assert last(guesser.types(f"alice guess number {guess}")) == WRONG
    assert last(guesser.types("bob 00000-00000")) == (
        "!! bob is nobody's, and that is no invitation. As a guest: bob alone."
    )
    out = "!! Too many wrong passwords or codes from your address; try again in 15 min."
    assert last(guesser.types("alice guess number 5")) == out
    assert last(world.comes("alice", key=KEY, peer=HOME)).startswith("-- 1 in #lobby: alice")
    guesser.types("bob")
    assert guesser.user.nick == "bob"


def test_an_account_that_many_guess_takes_no_password(world: Owners) -> None:
    """From whatever address; keys and codes go on, so that nobody can lock its owner out."""
    world.owner("alice").hangs_up()
    for guess in range(10):
        peer = f"192.0.2.{guess}"
        assert last(world.comes("alice guess again", peer=peer, encrypted=True)) == WRONG
    assert last(world.connect(HOME).types("alice correct horse")) == (
        "!! Too many wrong passwords for alice, keys and codes work still; try again in 15 min."
    )
    assert world.connect(HOME).types(f"alice {open_code(world, FOR_RETURN)}").user.nick == "alice"


def test_who_comes_by_a_unix_socket_is_not_counted(world: Owners) -> None:
    """There is no address to count by; the account counts."""
    world.owner("alice").hangs_up()
    for _ in range(6):
        assert last(world.comes("alice guess again", peer=None)) == WRONG
    assert world.comes("alice correct horse", peer=None).user.nick == "alice"
    assert world.comes(f"alice {open_code(world, FOR_RETURN)}", peer=None).user.nick == "alice"


def test_a_password_that_was_hashed_in_an_older_way_is_hashed_anew(world: Owners) -> None:
    """When it is known; and only if it is the same still."""
    world.owner("alice").hangs_up()
    world.hashing.outdated = "old:"
    (account,) = world.accounts
    world.change(account, password="old:" + str(account.password))
    assert world.connect(HOME).types("alice correct horse").user.nick == "alice"
    assert world.accounts.by_number[1].password == "esroh tcerroc"
    world.change(account, password="old:" + str(account.password))
    world.hashing.held = True
    person = world.connect(HOME).types("alice correct horse")
    world.hashing.lets_go()
    world.change(world.accounts.by_number[1], password="another")
    world.lets_hash()
    assert world.accounts.by_number[1].password == "another"
    assert person.user.nick == "alice"


def test_a_key_proves_it(world: Owners) -> None:
    """Whatever else is said; it is noted, at most once an hour, when it was seen."""
    world.owner("alice", key=KEY).hangs_up()
    world.comes("alice", key=KEY).hangs_up()
    before = len(world.changes)
    alice = world.comes("alice", key=KEY)
    assert alice.session.proof is not None
    assert (alice.session.proof.by, len(world.changes)) == ("key", before)
    world.passes(3_600)
    world.comes("alice nonsense", key=KEY)
    assert len(world.changes) == before + 1
    assert world.accounts.by_number[1].seen_at == world.now()
    world.passes(3_600)
    world.disk_error = OSError()
    assert world.comes("alice", key=KEY).user.nick == "alice"
    assert last(world.comes("alice", key=OTHER_KEY)) == OWNED


def test_who_is_seen_while_much_is_changed_comes_in(world: Owners, monkeypatch: pytest.MonkeyPatch) -> None:
    """When it was seen is noted another time."""
    world.owner("alice", key=KEY).hangs_up()
    world.passes(3_600)
    monkeypatch.setattr(accounts, "MOST_WAITING", 0)
    assert world.comes("alice", key=KEY).user.nick == "alice"


def test_what_is_gone_by_then_is_not_seen(world: Owners) -> None:
    """The device, or the account."""
    world.owner("alice", key=KEY).hangs_up()
    world.passes(3_600)
    account, device = world.accounts.by_number[1], world.accounts.device(KEY)
    assert device is not None
    world.held_back = True
    world.accounts.propose(lambda: Change((), (device,)))
    assert last(world.comes("alice", key=KEY)).startswith("-- 1 in")
    world.lets_go()
    assert world.accounts.device(KEY) is None
    world.accounts.apply(Change((device,)))
    world.passes(3_600)
    world.accounts.propose(lambda: Change((), (device, account)))
    world.comes("alice", key=KEY)
    world.lets_go()
    assert not list(world.accounts)


def test_a_code_lets_in_once(world: Owners) -> None:
    """And makes the key of that device one of the account's."""
    laptop = world.owner("alice")
    code = laptop.types("/code").sees()[-1].split()[1].rstrip(",")
    phone = world.comes_json({"nick": "alice", "secret": code, "device": "phone"}, key=KEY)
    assert phone.gets()[-2]["by"] == "code"
    assert world.comes("alice", key=KEY).user is laptop.user
    assert last(world.connect(HOME).types(f"alice {code}")) == WRONG
    assert laptop.types("/devices").sees()[-1] == f"-- 1. phone, tls {KEY}, since 15:09, seen 15:09, here"


def test_a_code_is_for_one_account(world: Owners) -> None:
    """Somebody else's does not help."""
    world.owner("alice").hangs_up()
    world.owner("bob").hangs_up()
    code = open_code(world, FOR_RETURN, account=1)
    assert last(world.connect().types(f"bob {code}")) == WRONG.replace("alice", "bob")
    assert last(world.connect().types(f"carol {code}")) == (
        "!! carol is nobody's, and that is no invitation. As a guest: carol alone."
    )
    assert world.connect().types(f"alice {code}").user.nick == "alice"


def test_a_code_that_is_too_late_is_none(world: Owners) -> None:
    """Ten minutes are over."""
    world.owner("alice").hangs_up()
    code = open_code(world, FOR_RETURN)
    world.passes(600)
    assert last(world.connect(HOME).types(f"alice {code}")) == WRONG


def test_of_two_who_use_a_code_at_once_one_comes_in(world: Owners) -> None:
    """The first."""
    world.owner("alice").hangs_up()
    code = open_code(world, FOR_RETURN)
    world.held_back = True
    first, second = world.connect().types(f"alice {code}"), world.connect().types(f"alice {code}")
    world.lets_go()
    assert first.user.nick == "alice"
    assert last(second) == "!! That code was used by somebody else."


def test_a_key_that_is_another_accounts_is_not_taken(world: Owners) -> None:
    """The code stays good."""
    world.owner("bob", key=KEY)
    world.owner("alice").hangs_up()
    code = open_code(world, FOR_RETURN, account=2)
    assert last(world.comes(f"alice {code}", key=KEY)) == "!! The key of this device is that of bob."
    assert world.comes(f"alice {code}").user.nick == "alice"


def test_an_account_has_so_many_devices(world: Owners) -> None:
    """The code stays good."""
    world.limits.max_devices = 1
    world.owner("alice", key=KEY).hangs_up()
    code = open_code(world, FOR_RETURN)
    full = "!! alice has 1 devices, which is the limit."
    assert last(world.comes(f"alice {code}", key=OTHER_KEY)) == full


def test_an_owner_has_so_many_connections(world: Owners) -> None:
    """As many as devices."""
    world.limits.max_account_sessions = 1
    world.owner("alice", key=KEY)
    full = "!! alice is here on 1 connections, which is the limit."
    assert last(world.comes("alice", key=KEY)) == full


def test_an_invitation_makes_a_nick_somebodys(world: Owners) -> None:
    """As often as it may be used; by the key of the device, if it has one."""
    world.way_in.who_registers, world.way_in.guests = INVITE, False
    code = open_code(world, FOR_GUEST, None, uses=2)
    assert last(world.connect().types("alice")) == (
        "!! Only who was invited comes in here: alice CODE, or alice PASSWORD."
    )
    assert world.comes(f"alice {code}", key=KEY).user.account == 1
    assert world.comes("alice", key=KEY).user.account == 1
    assert world.connect().types(f"bob {code}").user.account == 2
    assert last(world.connect().types(f"carol {code}")) == (
        "!! carol is nobody's, and that is no invitation. As a guest: carol alone."
    )
    assert [account.made_by for account in world.accounts] == ["admin", "admin"]


def test_an_invitation_is_for_a_nick_that_is_free(world: Owners) -> None:
    """And is good still, for another one."""
    world.accounts.apply(Change((Held(nick("alice")),)))
    code = open_code(world, FOR_GUEST, None)
    held = "!! alice is held, and nobody can take it. Take another nick."
    assert last(world.connect().types(f"alice {code}")) == held
    world.join("bob")
    assert last(world.connect().types(f"bob {code}")) == "!! That nick is taken."
    assert world.connect().types(f"carol {code}").user.account == 1


def test_there_are_so_many_accounts(world: Owners) -> None:
    """Then nobody registers one."""
    world.limits.max_accounts = 1
    world.owner("alice")
    full = "!! There are 1 accounts, which is the limit."
    assert last(world.connect().types(f"bob {open_code(world, FOR_GUEST, None)}")) == full
    assert last(world.join("bob", HOME).types("/register correct horse")) == full


def test_what_cannot_be_kept_changes_nothing(world: Owners) -> None:
    """The code is good still."""
    world.owner("alice").hangs_up()
    code = open_code(world, FOR_RETURN)
    world.disk_error = OSError()
    assert last(world.connect().types(f"alice {code}")) == "!! That can't be kept: the disk is full."
    world.disk_error = None
    assert world.connect().types(f"alice {code}").user.nick == "alice"


def test_registration_may_be_closed(world: Owners) -> None:
    """To all but who was invited, or to everybody."""
    world.way_in.who_registers = INVITE
    alice = world.join("alice", HOME)
    assert last(alice.types("/register correct horse")) == (
        "!! Here a nick is given to who was invited: come in with the nick and the code."
    )
    world.way_in.who_registers = OFF
    assert last(alice.types("/register correct horse")) == "!! Nobody can register a nick here."


def test_a_device_is_named(world: Owners) -> None:
    """What it is called is no longer than it may be."""
    world.owner("alice")
    world.comes_json({"nick": "alice", "secret": open_code(world, FOR_RETURN), "device": "x" * 64}, key=KEY)
    device = world.accounts.device(KEY)
    assert isinstance(device, Device)
    assert device.name == "x" * 32


def test_a_proof_is_looked_at_again_when_it_is_used(world: Owners) -> None:
    """A door may use it later: it is for one nick, and for an account that is there."""
    world.owner("alice").hangs_up()
    proof, make = Proof(1, "password"), world.connect().wire.protocol
    with pytest.raises(Refused, match="You have proved to be alice, and not bob"):
        entering.join(world.chat, Hello("bob"), world.peer(), make, proof=proof)
    world.accounts.apply(Change((), world.accounts.everything_of(world.accounts.by_number[1])))
    with pytest.raises(Refused, match="That account is gone"):
        entering.join(world.chat, Hello("alice"), world.peer(), make, proof=proof)
