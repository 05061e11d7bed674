"""Bans, mutes and operators over several nodes: what one decides holds at all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lanchatd.broker.shared_moderation import NOTHING, changed_again
from lanchatd.chat import moderating
from lanchatd.chat.bans_and_mutes import Ban, target_from
from tests.broker.several import Node, Several


def moderated(node: Node) -> Any:
    return json.loads(node.chat.moderation.document())


def ban(node: Node, nick: str) -> Any:
    target, shown = target_from(nick)
    return moderating.ban(node.chat, target, Ban(shown, None, "admin", ""))


def test_a_ban_holds_at_all_nodes_before_it_is_answered() -> None:
    """Who is connected elsewhere is closed, and does not come in there again."""
    several = Several(3)
    here, there, _ = several
    bob = there.join("bob")
    kept = ban(here, "bob")
    held_when_answered: list[bool] = []
    kept.when_known(
        lambda _: held_when_answered.extend(
            node.chat.moderation.bans.on_nick("bob", node.now()) is not None for node in several
        )
    )
    several.passes(2)
    assert held_when_answered == [True, True, True]
    assert bob.gone
    assert "You were banned by admin." in bob.sees()[-1]
    assert there.connect().types("bob").sees()[-1] == "!! That nick is banned."
    assert here.who() == there.who() == []


def test_a_ban_of_an_address_holds_at_the_node_where_it_is_connected() -> None:
    """Which alone knows the address for sure."""
    several = Several(2)
    here, there = several
    bob = there.join("bob", "198.51.100.7")
    ban(here, "198.51.100.0/24")
    several.passes(2)
    assert bob.gone


def test_bans_made_in_the_same_moment_are_both_there() -> None:
    """Neither node had heard of the other's; also with a mute and an operator."""
    several = Several(3)
    here, there, third = several
    kept = [ban(here, "bob"), ban(there, "carol"), ban(third, "dan"), ban(here, "eve")]
    several.passes(3)
    for answer in kept:
        assert answer.result() is None
    for node in several:
        shown = sorted(row["on"] for row in moderated(node)["bans"])
        assert shown == ["bob", "carol", "dan", "eve"]


def test_a_mute_is_told_and_holds_at_the_other_node() -> None:
    """And an operator's nick moderates at all."""
    several = Several(2)
    here, there = several
    alice, bob = here.join("alice"), there.join("bob")
    here.make_operator(alice)
    several.settle()
    alice.types("/mute bob")
    assert bob.sees() == ["-- You are muted."]
    assert alice.sees()[-1] == "-- bob is muted."
    bob.types("hi")
    assert bob.sees() == ["!! You are muted."]
    alice.types("/unmute bob")
    assert bob.sees() == ["-- You may talk again."]
    assert there.chat.users["alice"].operator is here.chat.users["alice"].operator is True


def test_what_is_moderated_while_the_broker_is_away_holds_here_and_goes_out_later() -> None:
    """Who did it is told so."""
    several = Several(2)
    here, there = several
    here.stream.cut()
    kept = ban(here, "bob")
    several.settle()
    with pytest.raises(Exception, match="at this server only"):
        kept.result()
    ban(there, "carol")
    assert here.chat.moderation.bans.on_nick("bob", here.now()) is not None
    several.passes(2)
    here.stream.join()
    several.passes(2)
    for node in several:
        assert sorted(row["on"] for row in moderated(node)["bans"]) == ["bob", "carol"]


def test_a_broker_that_stores_nothing_is_not_waited_for() -> None:
    """What is moderated holds here, and goes out when it stores again."""
    several = Several(2)
    here, there = several
    several.broker.refuses = "the disk is full"
    kept = ban(here, "bob")
    several.passes(6)
    with pytest.raises(Exception, match="at this server only"):
        kept.result()
    several.broker.refuses = ""
    several.passes(2)
    assert moderated(here) == moderated(there) != NOTHING


def test_what_was_stored_without_an_ack_is_answered() -> None:
    """When it comes back."""
    several = Several(2)
    here, _ = several
    several.broker.loses_acks = True
    kept = ban(here, "bob")
    several.passes(4)
    assert kept.result() is None


def test_a_ban_is_answered_though_another_node_has_died() -> None:
    """It is waited for no longer than two seconds."""
    several = Several(2)
    here, there = several
    there.stream.held = True
    kept = ban(here, "bob")
    several.settle()
    assert not kept.known
    several.passes(3)
    assert kept.result() is None


def test_the_first_node_brings_along_what_it_had() -> None:
    """Of a chat that was one daemon; later ones take what the chat has."""
    several = Several(0)
    first = several.makes()
    first.chat.moderation.operators["alice"] = "alice"
    several.starts(first)
    second = several.makes()
    second.chat.moderation.operators["mallory"] = "mallory"
    several.starts(second)
    several.passes(2)
    assert list(second.chat.moderation.operators) == list(first.chat.moderation.operators) == ["alice"]


def test_what_cannot_be_read_changes_nothing(logged_errors: list[str]) -> None:
    """A newer lanchatd has written it."""
    several = Several(2)
    here, _ = several
    ban(here, "bob")
    several.settle()
    several.broker.store("moderation", b'{"version": 2}', {}, None)
    several.settle()
    assert [row["on"] for row in moderated(here)["bans"]] == ["bob"]
    assert len(logged_errors) == 2
    logged_errors.clear()


def test_a_change_is_made_again_on_a_newer_document() -> None:
    """What one has added, changed and taken out, and what the other has."""
    before = {"version": 1, "bans": [], "mutes": [{"nick": "Bob", "until": None}], "operators": ["carol"]}
    after = {"version": 1, "bans": [], "mutes": [], "operators": ["carol", "Dan"]}
    newest = {
        "version": 1,
        "bans": [{"on": "eve", "until": None, "by": "x", "reason": ""}],
        "mutes": [{"nick": "bob", "until": None}, {"nick": "frank", "until": None}],
        "operators": [],
    }
    assert changed_again(before, after, newest) == {
        "version": 1,
        "bans": [{"on": "eve", "until": None, "by": "x", "reason": ""}],
        "mutes": [{"nick": "frank", "until": None}],
        "operators": ["Dan"],
    }


def test_the_same_ban_made_at_two_nodes_in_the_same_moment_is_answered_at_both() -> None:
    """The second one has nothing to change any more."""
    several = Several(2)
    here, there = several
    kept = [ban(here, "bob"), ban(there, "bob")]
    several.passes(3)
    assert [answer.result() for answer in kept] == [None, None]


def test_a_ban_follows_who_is_renamed_in_the_same_moment() -> None:
    """Whichever of the two came first: all nodes have the same in the end."""
    several = Several(2)
    here, there = several
    alice = there.connect("127.0.0.1").types("alice", "/register correct horse")
    several.settle()
    alice.wire.incoming.append(b"/nick alicia\n")
    there.turn()
    here.stream.held = True
    ban(here, "alice")
    several.settle()
    here.stream.held = False
    here.stream.lets_go()
    several.passes(3)
    assert moderated(here) == moderated(there)
    assert [row["on"] for row in moderated(here)["bans"]] in (["alicia"], ["alice"])
