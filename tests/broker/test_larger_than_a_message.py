"""What is more than the broker takes as one message: who is here, accounts, and what was moderated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha512

import pytest

from lanchatd.broker.account_rows import everything
from lanchatd.broker.long_messages import PART
from lanchatd.broker.stream import Message, Published
from lanchatd.chat import moderating
from lanchatd.chat.accounts.rows import Account, Change, Held
from lanchatd.chat.answers import Answer
from lanchatd.chat.bans_and_mutes import Ban
from lanchatd.text.names import Name
from tests.broker.several import Node, Several

LARGEST = 1_000  # bytes


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is known is written anew every five messages."""
    for module in ("people", "shared_accounts"):
        monkeypatch.setattr(f"lanchatd.broker.{module}.SNAPSHOT_EVERY", 5)


@pytest.fixture
def several() -> Several:
    """Two nodes on a broker that takes little as one message."""
    two = Several(2)
    two.broker.largest = LARGEST
    return two


def messages(several: Several, subject: str) -> list[Message]:
    return [one for one in several.broker.messages if one.subject == subject]


def parts(several: Several, subject: str) -> list[str]:
    """Of all that is there: which part of how many, or nothing."""
    return [one.headers.get(PART, "") for one in messages(several, subject)]


def are_the_last(all_of_it: list[str], least: int) -> bool:
    """Whether it is parts from the first to the last, and after them some messages."""
    count = int(all_of_it[0].partition("/")[2] or 1)
    whole = [f"{number}/{count}" for number in range(1, count + 1)]
    return count >= least and all_of_it[:count] == whole and not any(all_of_it[count:])


def agree(several: Several) -> None:
    first, *others = several
    for other in others:
        assert other.known() == first.known()
        assert set(everything(other.accounts)) == set(everything(first.accounts))
        assert other.accounts.next_number() == first.accounts.next_number()
        assert other.chat.moderation.document() == first.chat.moderation.document()


def owned(number: int) -> Account:
    """An account whose row is no shorter when it is packed."""
    nick = f"owner{number}"
    return Account(number, Name(nick, nick), 0, 0, "admin", sha512(nick.encode()).hexdigest())


def owns(node: Node, number: int) -> Answer[Change]:
    return node.accounts.propose(lambda: Change((owned(number),)))


def hold(node: Node, *nicks: str) -> Answer[Change]:
    return node.accounts.propose(lambda: Change(tuple(Held(Name(nick, nick)) for nick in nicks)))


def ban(node: Node, nick: str) -> Answer[None]:
    return moderating.ban(node.chat, nick, Ban(nick, None, "admin", "x" * 200))


def before(several: Several, of: str, part: str, does: Callable[[], object]) -> Callable[[], bool]:
    """Do something once, just before this part is stored; returns what tells whether that was."""
    done: list[bool] = []

    def store(subject: str, body: bytes, headers: Mapping[str, str], expected: int | None) -> Published:
        if subject == of and headers.get(PART, "").startswith(part) and not done:
            done.append(True)
            does()
        return stores(subject, body, headers, expected)

    stores, several.broker.store = several.broker.store, store  # type: ignore[method-assign]
    return lambda: bool(done)


def owns_until(node: Node, came: Callable[[], bool], several: Several) -> int:
    """One account more each time, until something came; the number of the last one."""
    number = 0
    while not came():
        number += 1
        owns(node, number)
        several.settle()
    return number


# -- who is here


def test_all_who_are_here_are_known_to_who_comes_later(several: Several) -> None:
    """Or was cut off meanwhile; and what was said before is gone."""
    here, there = several
    third = several.add()
    third.stream.cut()
    for number in range(60):
        here.join(f"member{number}")
        there.join(f"other{number}").types("/quit")
    assert are_the_last(parts(several, "people"), 2)
    third.stream.join()
    several.add()
    agree(several)


def test_what_comes_between_the_parts_is_not_lost(several: Several) -> None:
    """It is written anew after some more messages; until then all that was said before is there."""
    here, there = several
    came = before(several, "people", "2/", lambda: there.join("between"))
    number = 0
    while not came():
        here.join(f"member{number}")
        number += 1
    assert "between" in here.who()
    several.add()
    agree(several)
    for more in range(12):
        here.join(f"more{more}")
    assert are_the_last(parts(several, "people"), 2)
    several.add()
    agree(several)


def test_who_knows_all_that_is_written_anew_does_not_read_it(
    several: Several, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be told of everybody once more."""
    here, _ = several
    loaded: list[bytes] = []
    monkeypatch.setattr("lanchatd.broker.roster.Roster.load", lambda _, snapshot: loaded.append(snapshot))
    for number in range(60):
        here.join(f"member{number}")
    assert are_the_last(parts(several, "people"), 2)
    assert loaded == []


# -- accounts


def test_all_accounts_are_known_to_who_comes_later(several: Several) -> None:
    """Or was cut off meanwhile; and the changes before are gone."""
    here, there = several
    third = several.add()
    third.stream.cut()
    for number in range(1, 33):
        owns((here, there)[number % 2], number)
        several.settle()
    assert are_the_last(parts(several, "accounts"), 3)
    assert len(messages(several, "accounts")) < 20
    third.stream.join()
    several.add()
    several.passes(1)
    agree(several)
    assert len(third.accounts) == 32


def test_a_change_that_is_more_than_one_message_is_one(several: Several) -> None:
    """How far many have read, after a while without the broker."""
    here, there = several
    owns(here, 1)
    several.settle()
    for number in range(100):
        here.accounts.read_marks.move(1, f"#room{number}", "log", number + 1)
    written = here.accounts.propose(here.accounts.read_marks.change)
    several.settle()
    assert len(written.result().put) == 100
    assert here.accounts.read_marks.change() == Change()
    assert there.accounts.read_marks.of(1, "#room99", "log") == 100
    assert len(parts(several, "accounts")) > 3
    several.add()
    agree(several)


def test_of_two_long_changes_at_once_both_are_there(several: Several) -> None:
    """The second is made again, of what there is then."""
    here, there = several
    long = [f"{number:030}" for number in range(60)]
    answers = [hold(here, *(f"a{nick}" for nick in long)), hold(there, *(f"b{nick}" for nick in long))]
    several.passes(2)
    assert all(answer.result() for answer in answers)
    agree(several)
    assert len(list(here.accounts.all_held())) == 120


def test_a_change_between_the_parts_of_all_accounts_counts(several: Several) -> None:
    """Of a node that knew of the part before; and all of it is written anew later."""
    here, there = several
    third = several.add()

    def comes_between() -> None:
        third.stream.lets_go()
        hold(third, "between")

    number = owns_until(here, before(several, "accounts", "3/", comes_between), several)
    several.passes(1)
    agree(several)
    for _ in range(12):
        number += 1
        owns(there, number)
        several.settle()
    assert are_the_last(parts(several, "accounts"), 3)
    several.add()
    agree(several)


def begins_to_write(node: Node, several: Several) -> int:
    """It is half-way with all accounts, and held there; the number of the last one."""
    several.passes(5)
    came = before(several, "accounts", "2/3", lambda: setattr(node.stream, "held", True))
    number = owns_until(node, came, several)
    assert parts(several, "accounts")[-1] == "2/3"
    return number


def test_a_change_waits_until_all_accounts_are_written(several: Several) -> None:
    """It would end that."""
    here, there = several
    begins_to_write(here, several)
    held = hold(there, "carol")
    several.passes(1)
    assert not held.known
    here.stream.held = False
    here.stream.lets_go()
    several.passes(1)
    assert held.result()
    assert are_the_last(parts(several, "accounts"), 3)
    agree(several)


def test_a_change_does_not_wait_for_ever_for_a_node_that_died(several: Several) -> None:
    """It was on its way when the first parts came."""
    here, there = several
    several.passes(5)
    held: list[Answer[Change]] = []

    def dies() -> None:
        here.dies()
        held.append(hold(there, "carol"))

    owns_until(here, before(several, "accounts", "2/3", dies), several)
    several.passes(5)
    assert held[0].result()
    several.add()
    agree(several)


def test_long_changes_of_one_node_go_one_after_the_other(several: Several) -> None:
    """And all that is known is written when none waits any more."""
    here, _ = several
    for number in range(4):
        hold(here, f"n{number}")
    many = [sha512(bytes([number])).hexdigest()[:30] for number in range(100)]
    answers = [hold(here, *(f"{first}{nick}" for nick in many)) for first in "abc"]
    several.passes(1)
    assert all(answer.result() for answer in answers)
    agree(several)


def test_a_chat_brings_along_more_accounts_than_one_message_has() -> None:
    """Of one daemon that was alone; a node that has read some of it waits for the rest."""
    several = Several(1)
    several.broker.largest = LARGEST
    (there,) = several
    first = several.makes()
    first.accounts.load(map(owned, range(1, 41)), 50)
    held: list[Answer[Change]] = []
    came = before(several, "accounts", "3/", lambda: held.append(hold(there, "carol")))
    several.starts(first)
    several.passes(2)
    assert came()
    assert held[0].result()
    agree(several)
    assert len(there.accounts) == 40
    assert there.accounts.next_number() == 51


def test_a_daemon_that_died_while_it_brought_its_accounts_along_brings_them_when_it_starts_again() -> None:
    """Nobody has them till then."""
    several = Several(1)
    several.broker.largest = LARGEST
    (there,) = several
    first = several.makes()
    first.accounts.load(map(owned, range(1, 41)), 40)
    before(several, "accounts", "3/", first.dies)
    several.starts(first)
    several.passes(1)
    assert len(there.accounts) == 0
    again = several.makes()
    again.accounts.load(map(owned, range(1, 41)), 40)
    several.starts(again)
    several.passes(5)
    agree(several)
    assert len(there.accounts) == 40


def test_who_would_bring_accounts_along_too_waits_for_who_was_first(logged_errors: list[str]) -> None:
    """And has what they brought."""
    several = Several(0)
    several.broker.largest = LARGEST
    first, second = several.makes(), several.makes()
    first.accounts.load(map(owned, range(1, 41)), 40)
    second.accounts.load([owned(99)], 99)
    before(several, "accounts", "2/", lambda: setattr(first.stream, "held", True))
    several.starts(first)
    several.starts(second)
    several.passes(1)
    assert parts(several, "accounts")[-1].startswith("2/")
    first.stream.held = False
    first.stream.lets_go()
    several.passes(1)
    assert logged_errors
    logged_errors.clear()
    assert len(second.accounts) == 40
    assert {account.number for account in first.accounts} == {account.number for account in second.accounts}


def test_who_brings_accounts_along_when_another_has_changed_some_gives_way(logged_errors: list[str]) -> None:
    """It has those of the chat, and goes on with them: it could keep nothing any more."""
    several = Several(1)
    (there,) = several
    first = several.makes()
    first.accounts.load(map(owned, range(1, 4)), 3)
    several.nodes.append(first)
    first.stream.up = True  # in the same moment: it has read that there is nothing
    hold(there, "carol")
    first.nodes.accounts.link_changed(None)
    several.settle()
    assert logged_errors
    logged_errors.clear()
    hold(first, "dan")
    several.passes(1)
    assert len(first.accounts) == 0
    assert sorted(held.name.key for held in there.accounts.all_held()) == ["carol", "dan"]


# -- bans, mutes and operators


def test_more_bans_than_one_message_has_hold_at_all_nodes(several: Several) -> None:
    """Also at one that comes later; what was there before is gone, with each change."""
    here, there = several
    for number in range(20):
        kept = ban((here, there)[number % 2], f"n{number}")
        several.passes(1)
        assert kept.result() is None
    assert are_the_last(parts(several, "moderation"), 4)
    assert len(messages(several, "moderation")) == len(parts(several, "moderation")) < 10
    several.add()
    agree(several)
    for number in range(20):
        here.chat.moderation.bans.remove(f"n{number}", here.now())
    here.chat.moderation.changed()
    several.passes(1)
    assert parts(several, "moderation") == [""]
    several.add()
    agree(several)


def test_bans_made_in_the_same_moment_are_all_there(several: Several) -> None:
    """Those who were not first wait until all parts are there: they would end each other for ever."""
    here, there = several
    third = several.add()
    for number in range(10):
        ban(here, f"n{number}")
    several.passes(2)
    before(several, "moderation", "2/", lambda: setattr(here.stream, "held", True))
    kept = [ban(node, nick) for node, nick in ((here, "bob"), (there, "carol"), (third, "dan"))]
    several.passes(1)
    assert parts(several, "moderation")[-1].startswith("2/")
    here.stream.held = False
    here.stream.lets_go()
    several.passes(3)
    assert [answer.result() for answer in kept] == [None, None, None]
    agree(several)
    assert {"bob", "carol", "dan"} <= {one.shown for one in here.chat.moderation.bans.all(here.now())}


def test_a_ban_is_stored_though_who_was_faster_died(several: Several) -> None:
    """The broker's refusal has overtaken what the other had begun."""
    here, there = several
    for number in range(10):
        ban(here, f"n{number}")
    several.passes(2)
    before(several, "moderation", "2/", there.dies)
    here.stream.held = True
    ban(there, "carol")
    kept = ban(here, "bob")
    here.stream.overtakes()
    several.settle()
    here.stream.held = False
    here.stream.lets_go()
    several.passes(4)
    assert kept.result() is None


def test_a_ban_does_not_wait_for_ever_for_parts_of_a_node_that_died(several: Several) -> None:
    """What it has begun counts for nothing."""
    here, there = several
    for number in range(10):
        ban(here, f"n{number}")
    several.passes(2)
    before(several, "moderation", "2/", there.dies)
    ban(there, "carol")
    several.settle()
    kept = ban(here, "bob")
    several.passes(4)
    assert kept.result() is None
    several.add()
    agree(several)
    assert here.chat.moderation.bans.on_nick("carol", here.now()) is None
    assert here.chat.moderation.bans.on_nick("bob", here.now()) is not None


def test_bans_that_were_half_written_when_the_broker_was_lost_are_written_again(several: Several) -> None:
    """By who made them, as soon as it is back."""
    here, _ = several
    for number in range(10):
        ban(here, f"n{number}")
    several.passes(2)
    came = before(several, "moderation", "3/", here.stream.cut)
    ban(here, "bob")
    several.settle()
    assert came()
    here.stream.join()
    several.passes(4)
    agree(several)
    assert here.chat.moderation.bans.on_nick("bob", here.now()) is not None


@pytest.mark.parametrize("acks", ["kept", "lost"])
def test_a_long_message_that_the_broker_did_not_take_is_tried_again(several: Several, acks: str) -> None:
    """From its first part; also if it took it and said nothing."""
    here, there = several
    for number in range(10):
        ban(here, f"n{number}")
    several.passes(2)
    several.broker.loses_acks = acks == "lost"
    several.broker.refuses = "" if acks == "lost" else "the disk is full"
    ban(here, "bob")
    several.passes(1)
    several.broker.refuses = ""
    several.passes(15)
    agree(several)
    assert there.chat.moderation.bans.on_nick("bob", here.now()) is not None
