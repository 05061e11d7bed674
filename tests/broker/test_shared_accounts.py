"""Accounts over several nodes: who has registered at one is the owner at all."""

from __future__ import annotations

import pytest

from lanchatd.broker.account_rows import change_as_bytes, change_from, everything
from lanchatd.chat.accounts.rows import Account, Change, Code, Device, Held, ReadMark
from lanchatd.chat.answers import Answer
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused
from tests.broker.several import Node, Several
from tests.world import Person

HOME = "127.0.0.1"
PASSWORD = "correct horse"


def registers(node: Node, nick: str) -> Person:
    person = node.connect(HOME).types(nick, f"/register {PASSWORD}")
    node.settle()
    return person


def comes(node: Node, line: str) -> Person:
    return node.connect(HOME).types(line)


def hold(node: Node, nick: str) -> Answer[Change]:
    def change() -> Change:
        node.accounts.refuse_nick(Name(nick, nick))
        return Change((Held(Name(nick, nick)),))

    return node.accounts.propose(change)


def agree(several: Several) -> None:
    first, *others = several
    for other in others:
        assert sorted(map(repr, everything(other.accounts))) == sorted(map(repr, everything(first.accounts)))
        assert other.known() == first.known()


def test_who_registered_at_one_node_comes_in_at_another() -> None:
    """On one more connection, or later; and nobody else does."""
    several = Several(2)
    here, there = several
    alice = registers(here, "alice")
    assert alice.sees()[-1] == "-- alice is yours now, by your password."
    assert there.chat.users["alice"].account is not None
    assert "belongs to somebody" in comes(there, "alice").sees()[-1]
    again = comes(there, f"alice {PASSWORD}")
    assert again.user.nick == "alice"
    assert len(here.chat.users["alice"].sessions) == len(there.chat.users["alice"].sessions) == 2
    agree(several)
    alice.types("/quit")
    assert here.who() == there.who() == ["alice"]
    again.types("/quit")
    assert here.who() == []
    comes(here, f"alice {PASSWORD}")
    assert there.who() == ["alice"]
    agree(several)


def test_private_messages_reach_all_connections_of_an_owner() -> None:
    """Wherever they are, and what the owner wrote too."""
    here, there = Several(2)
    one, bob = registers(here, "alice"), here.join("bob")
    other = comes(there, f"alice {PASSWORD}")
    one.sees()
    other.sees()
    bob.types("/msg alice hi")
    assert one.sees() == other.sees() == ["[bob -> alice] hi"]
    other.types("/reply hello")
    assert bob.sees()[-1] == "[alice -> bob] hello"
    assert one.sees() == ["[alice -> bob] hello"]


def test_how_far_an_owner_has_read_is_told_at_other_nodes() -> None:
    """The same room on another device."""
    here, there = Several(2)
    registers(here, "alice")
    comes(there, f"alice {PASSWORD}")
    other = there.connect(HOME).asks({"nick": "alice", "secret": PASSWORD})
    one = here.connect(HOME).asks({"nick": "alice", "secret": PASSWORD})
    one.asks({"line": "hi"})
    other.gets()
    one.asks({"read": {"room": "#lobby", "id": 1}})
    assert [row for row in other.gets() if row["type"] == "read"] == [
        {"type": "read", "room": "#lobby", "id": 1}
    ]


def test_an_owner_is_renamed_at_all_nodes() -> None:
    """With all connections; the nick before is held for them."""
    several = Several(3)
    here, there, third = several
    registers(here, "alice")
    other = comes(there, f"alice {PASSWORD}")
    bob = third.join("bob")
    other.types("/nick alicia")
    assert bob.sees() == ["-- alice is now alicia"]
    agree(several)
    assert "is held" in comes(third, "alice").sees()[-1]
    assert "belongs to somebody" in comes(here, "alicia").sees()[-1]
    assert comes(third, f"alicia {PASSWORD}").user.account == here.chat.users["alicia"].account


def test_of_two_who_register_at_once_both_get_their_own() -> None:
    """One change is made again on what the other has made."""
    several = Several(2)
    here, there = several
    alice, bob = comes(here, "alice"), comes(there, "bob")
    several.settle()
    for person in (alice, bob):
        person.wire.incoming.append(f"/register {PASSWORD}\n".encode())
    several.settle()
    assert alice.user.account != bob.user.account
    agree(several)


def test_of_two_who_hold_a_nick_at_once_one_is_refused() -> None:
    """What is so when its turn comes counts."""
    several = Several(2)
    here, there = several
    answers = [hold(here, "carol"), hold(there, "carol")]
    several.settle()
    errors = [answer.error for answer in answers]
    assert sorted(map(str, errors)) == ["None", "carol is held, and nobody can take it. Take another nick."]
    agree(several)


def test_an_account_that_is_deleted_closes_who_is_here_with_it() -> None:
    """At all nodes."""
    several = Several(2)
    here, there = several
    alice = registers(here, "alice")
    other = comes(there, f"alice {PASSWORD}")
    alice.types("/account delete")
    several.passes(2)
    assert other.gone
    assert "alice is not yours any more." in other.sees()[-1]
    assert "is held" in comes(there, "alice").sees()[-1]
    agree(several)


def test_a_device_that_is_removed_is_closed_at_another_node() -> None:
    """By who has another password now."""
    several = Several(2)
    here, there = several
    alice = registers(here, "alice")
    other = comes(there, f"alice {PASSWORD}")
    alice.types("/password battery staple")
    several.passes(2)
    assert other.gone
    assert "The password of alice is another one." in other.sees()[-1]


def test_nothing_is_registered_while_the_broker_is_away() -> None:
    """And nothing is changed then."""
    several = Several(2)
    here, there = several
    alice = comes(here, "alice")
    here.stream.cut()
    alice.types(f"/register {PASSWORD}")
    assert alice.sees()[-1] == "!! That can't be kept: the broker can't be reached. Nothing was changed."
    here.stream.join()
    alice.types(f"/register {PASSWORD}")
    assert alice.user.account is not None
    agree(several)
    assert there.chat.users["alice"].account is not None


def test_what_was_stored_without_an_ack_is_answered() -> None:
    """And is there once."""
    several = Several(2)
    here, _ = several
    several.broker.loses_acks = True
    alice = registers(here, "alice")
    several.passes(2)
    assert alice.user.account == 1
    agree(several)


def test_what_nobody_waited_for_long_enough_counts_when_it_was_stored_after_all() -> None:
    """They were told that nobody knows."""
    several = Several(2)
    here, _ = several
    alice = comes(here, "alice")
    several.broker.refuses = "the disk is full"
    alice.types(f"/register {PASSWORD}")
    several.passes(11)
    assert "Nobody knows yet" in alice.sees()[-1]
    several.broker.refuses = ""
    several.passes(2)
    assert alice.user.account is None

    here.stream.held = True
    alice.types(f"/register {PASSWORD}")
    several.passes(11)
    assert "Nobody knows yet" in alice.sees()[-1]
    here.stream.held = False
    here.stream.lets_go()
    several.passes(6)
    assert alice.user.account == 1
    assert not alice.gone
    agree(several)


def test_a_nick_that_becomes_an_accounts_is_no_guests_any_more() -> None:
    """An administrator gave it at a node that did not know yet that somebody was here with it."""
    several = Several(2)
    here, there = several
    there.stream.held = True
    bob = there.connects()
    bob.wire.incoming.append(b"bob\n")
    several.settle()
    account = Account(here.accounts.next_number(), Name("bob", "bob"), 0, 0, "admin")
    here.stream.held = True
    here.accounts.propose(lambda: Change((account,)))
    for node in several:
        node.stream.held = False
        node.stream.lets_go()
    several.passes(2)
    agree(several)


def test_a_node_that_starts_has_all_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the changes, or from all of it as one with what came behind."""
    monkeypatch.setattr("lanchatd.broker.shared_accounts.SNAPSHOT_EVERY", 4)
    several = Several(2)
    here, there = several
    third = several.add()
    third.stream.cut()
    alice = registers(here, "alice")
    for nick in ("n1", "n2", "n3", "n4", "n5"):
        hold(there, nick)
        several.settle()
    alice.types("/code")
    alice.types("/code")
    several.settle()
    assert len([one for one in several.broker.messages if one.subject == "accounts"]) < 5
    third.stream.join()
    several.add()
    several.passes(5)
    agree(several)
    assert third.accounts.next_number() == 2


def test_the_first_node_brings_along_its_accounts_and_others_take_them(logged_errors: list[str]) -> None:
    """Of a chat that was one daemon; who was second says so."""
    several = Several(0)
    first, second = several.makes(), several.makes()
    first.accounts.load([Account(7, Name("alice", "alice"), 0, 0, "", "x")], 9)
    second.accounts.load([Account(3, Name("mallory", "mallory"), 0, 0, "", "x")], 3)
    several.nodes += [first, second]
    second.stream.up = True  # in the same moment: both have read that there is nothing
    first.stream.begin()
    second.nodes.accounts.link_changed(None)
    several.settle()
    assert [account.name.shown for account in second.accounts] == ["alice"]
    assert second.accounts.next_number() == 10
    assert logged_errors
    logged_errors.clear()
    agree(several)


def test_a_change_is_the_same_after_its_way() -> None:
    """Rows of all kinds."""
    change = Change(
        (
            Account(1, Name("Alice", "alice"), 1.5, 2.5, "admin", "$scrypt$"),
            Device(1, "tls", "sha256:x", "laptop", 1, 2),
            Code("hash", "device", None, 3, 4.5, "bob"),
            Held(Name("Bob", "bob"), None, 1),
        ),
        (ReadMark(1, "#lobby", "log", 4),),
    )
    assert change_from(change_as_bytes(change)) == change


def test_what_a_node_refuses_is_refused() -> None:
    """As at one that is alone."""
    here, there = Several(2)
    registers(here, "alice")
    with pytest.raises(Refused, match="belongs to somebody"):
        hold(there, "alice").result()


def test_an_owner_is_renamed_though_another_node_has_changed_something_meanwhile() -> None:
    """The change is made again, on what is there then."""
    several = Several(2)
    here, there = several
    alice = registers(here, "alice")
    alice.wire.incoming.append(b"/nick alicia\n")
    here.stream.held = True
    here.turn()
    hold(there, "carol")
    several.settle()
    here.stream.held = False
    here.stream.lets_go()
    several.settle()
    assert alice.user.nick == "alicia"
    agree(several)


def test_who_registers_while_another_nick_is_claimed_takes_it_as_an_owner() -> None:
    """On another connection the account is renamed, and not the guest that they were."""
    several = Several(2)
    here, there = several
    alice = comes(here, "alice")
    here.stream.held = True
    alice.wire.incoming.append(b"/nick alicia\n")
    several.settle()
    here.own(alice.user)
    there.accounts.apply(Change(tuple(here.accounts)))
    here.stream.held = False
    here.stream.lets_go()
    several.settle()
    assert alice.user.nick == "alicia"
    assert here.accounts.named("alicia") is not None


@pytest.mark.parametrize("owns", [True, False])
def test_another_nick_is_the_answer_to_an_irc_client(owns: bool) -> None:
    """It is told it once, with the label, when all nodes have it."""
    here, there = Several(2)
    if owns:
        registers(here, "alice").types("/quit")
    irc = here.connect(HOME).types("CAP REQ :labeled-response batch", f"PASS :{PASSWORD}", "NICK alice")
    irc.types("USER a 0 * :A", "CAP END", "JOIN #lobby").sees()
    irc.types("@label=1 NICK ally", "@label=2 NICK ally")
    here.settle()
    assert irc.sees() == ["@label=1 :alice!u@lan NICK ally", "@label=2 :irc.lan ACK"]
    assert there.who() == ["ally"]
