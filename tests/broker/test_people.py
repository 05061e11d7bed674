"""Who is here, over several nodes: stories with the real chat, over a stream in memory."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from lanchatd.broker.stream import Fate, Published
from lanchatd.chat import closing_rooms, moderating
from lanchatd.chat.answers import begin
from lanchatd.chat.events import Node
from tests.broker.several import Several
from tests.world import Person


def test_who_comes_and_goes_is_told_at_the_other_node() -> None:
    """As if they were at the same one."""
    here, there = Several(2)
    alice = here.join("alice")
    bob = there.join("bob")
    assert here.who() == there.who() == ["alice", "bob"]
    assert alice.sees() == ["-- bob joined"]
    bob.types("/quit see you")
    assert alice.sees() == ['-- bob left ("see you")']
    assert here.who() == there.who() == ["alice"]
    assert here.known() == there.known()


def test_a_nick_is_had_once() -> None:
    """And none that looks like it, wherever somebody has it."""
    here, there = Several(2)
    here.join("alice")
    assert there.connect().types("alice").sees()[-1] == "!! That nick is taken."
    assert there.connect().types("aIice").sees()[-1] == "!! That nick looks like alice."
    here.join("Alice2")
    assert there.connect().types("ALICE2").sees()[-1] == "!! That nick is taken."


def test_of_two_who_want_a_nick_in_the_same_moment_one_gets_it() -> None:
    """Both nodes have asked before either has heard of the other."""
    several = Several(2)
    here, there = several
    one, other = here.connect(), there.connect()
    one.wire.incoming.append(b"alice\n")
    other.wire.incoming.append(b"alice\n")
    several.settle()
    seen = [one.sees()[-1], other.sees()[-1]]
    assert "!! That nick is taken." in seen
    assert len(here.chat.users) == len(there.chat.users) == 1
    assert here.known() == there.known()


def test_a_nick_is_free_when_who_had_it_has_gone() -> None:
    """At once, at all nodes; also for who comes to another one with it."""
    here, there = Several(2)
    alice = here.join("alice")
    alice.vanishes()
    again = there.join("alice")
    assert not again.gone
    assert here.who() == ["alice"]
    again.types("/quit")
    here.join("alice")
    assert there.who() == ["alice"]


def test_a_nick_is_kept_for_nobody_who_does_not_come() -> None:
    """It was claimed, and then the connection was lost."""
    several = Several(2)
    here, there = several
    alice = here.connect()
    here.stream.held = True
    alice.types("alice")
    alice.vanishes()
    here.stream.held = False
    here.stream.lets_go()
    several.settle()
    assert there.connect().types("alice").sees()[-1] == "!! That nick is taken."
    several.passes(7)
    assert there.join("alice").user.nick == "alice"


def test_rooms_are_shared() -> None:
    """Joining, leaving with a reason, going from one to another, and the list of rooms."""
    here, there = Several(2)
    alice, bob = here.join("alice", room="#dev"), there.join("bob")
    bob.types("/join #dev")
    assert alice.sees() == ["-- bob joined"]
    bob.types("/join #lobby")
    assert alice.sees() == ["-- bob left (went to #lobby)"]
    assert here.who("#dev") == there.who("#dev") == ["alice"]
    carol = there.join_json("carol", rooms=[{"room": "#dev"}, {"room": "#ops"}])
    assert alice.sees() == ["-- carol joined"]
    carol.asks({"line": "/part #dev enough"})
    assert alice.sees() == ['-- carol left ("enough")']
    assert here.known() == there.known()
    assert [(line.room, line.here) for line in here.chat.list_rooms().rooms] == [
        (line.room, line.here) for line in there.chat.list_rooms().rooms
    ]


def test_who_is_away_is_so_at_all_nodes() -> None:
    """With the text, and back."""
    here, there = Several(2)
    alice, bob = here.join_json("alice"), there.join("bob")
    alice.gets()
    bob.types("/away lunch")
    (away,) = alice.gets()
    assert (away["type"], away["from"], away["away"]) == ("away", "bob", "lunch")
    alice.asks({"line": "/msg bob hi"})
    assert [one["type"] for one in alice.gets()] == ["private", "notice"]
    bob.types("/back")
    assert [one["type"] for one in alice.gets()] == ["back"]
    assert here.known() == there.known()


def test_a_rename_is_told_and_had_once() -> None:
    """A guest takes another nick; the old one is free then."""
    here, there = Several(2)
    alice, bob = here.join("alice"), there.join("bob")
    alice.sees()
    bob.types("/nick alice")
    assert bob.sees() == ["!! That nick is taken."]
    bob.types("/nick robert")
    assert alice.sees() == ["-- bob is now robert"]
    assert here.known() == there.known()
    here.join("bob")
    assert there.who() == ["alice", "bob", "robert"]
    bob.types("/nick Robert")
    assert here.who() == ["Robert", "alice", "bob"]


def test_of_two_who_rename_in_the_same_moment_one_gets_the_nick() -> None:
    """The other one keeps what it has."""
    several = Several(2)
    here, there = several
    alice, bob = here.join("alice"), there.join("bob")
    alice.wire.incoming.append(b"/nick carol\n")
    bob.wire.incoming.append(b"/nick carol\n")
    several.settle()
    assert here.who() == there.who()
    assert len(here.who()) == 2
    assert "carol" in here.who()
    assert "!! That nick is taken." in alice.sees() + bob.sees()


def test_private_messages_find_their_way_and_back() -> None:
    """/reply answers who has written last, at whatever node."""
    here, there = Several(2)
    alice, bob = here.join("alice"), there.join("bob")
    alice.sees()
    alice.types("/msg bob hi")
    assert bob.sees() == ["[alice -> bob] hi"]
    assert alice.sees() == ["[alice -> bob] hi"]
    bob.types("/reply hello")
    assert alice.sees() == ["[bob -> alice] hello"]


def test_who_is_ignored_is_not_shown_at_another_node() -> None:
    """Who ignores decides, at its own node."""
    here, there = Several(2)
    alice, bob = here.join("alice"), there.join("bob")
    bob.types("/ignore alice")
    bob.sees()
    alice.types("/msg bob hi")
    assert bob.sees() == []


def test_who_writes_to_a_node_that_does_not_answer_is_told() -> None:
    """As nobody knows whether it was shown."""
    several = Several(2)
    here, there = several
    alice = here.join("alice")
    there.join("bob")
    alice.sees()
    there.dies()
    alice.types("/msg bob hi")
    assert alice.sees() == [
        "[alice -> bob] hi",
        "-- bob may not have been shown that: their server does not answer.",
    ]


def test_a_kick_reaches_another_node() -> None:
    """The rooms are told who did it."""
    here, there = several = Several(2)
    alice, bob = here.join("alice"), there.join("bob")
    here.make_operator(alice)
    alice.sees()
    alice.types("/kick bob enough")
    several.passes(2)
    assert bob.gone
    assert bob.sees() == ['!! You were kicked by alice: "enough".']
    assert '-- bob left (kicked by alice: "enough")' in alice.sees()
    assert here.who() == there.who() == ["alice"]


def test_people_of_a_node_that_dies_are_told_as_left() -> None:
    """Within seconds, and their nicks are free."""
    several = Several(3)
    here, there, third = several
    alice, carol = here.join("alice"), third.join("carol")
    there.join("bob")
    alice.sees()
    carol.sees()
    there.dies()
    several.passes(6)
    assert alice.sees() == carol.sees() == ["-- bob left (connection lost)"]
    assert here.join("bob").user.nick == "bob"
    assert here.known() == third.known()


def test_a_node_that_was_cut_off_for_a_moment_keeps_its_people() -> None:
    """A second does not matter."""
    several = Several(2)
    here, there = several
    alice, bob = here.join("alice"), there.join("bob")
    alice.sees()
    there.stream.cut()
    several.passes(2)
    there.stream.join()
    several.passes(20)
    assert alice.sees() == []
    assert not bob.gone
    assert here.known() == there.known()


def test_a_node_that_comes_back_after_it_was_declared_gone_claims_again() -> None:
    """Who lost the nick meanwhile is sent away; the others are told as joined."""
    several = Several(2)
    here, there = several
    alice, bob, bert = here.join("alice"), there.join("bob"), there.join("bert")
    alice.sees()
    there.stream.cut()
    several.passes(8)
    assert here.who() == ["alice"]
    other = here.join("bob")
    alice.sees()
    there.stream.join()
    several.passes(2)
    assert bob.gone
    assert "bob was taken by somebody else" in bob.sees()[-1]
    assert not bert.gone
    assert alice.sees() == ["-- bert joined"]
    assert here.known() == there.known()
    assert not other.gone
    assert there.who() == ["alice", "bert", "bob"]


def test_nobody_comes_in_while_the_broker_is_away() -> None:
    """With one clear sentence; who is here stays."""
    several = Several(2)
    here, there = several
    alice = here.join("alice")
    here.stream.cut()
    away = "!! Nobody can come in or take another nick now: the broker can't be reached."
    assert here.connect().types("carol").sees()[-1] == away
    alice.types("/nick carol")
    assert alice.sees() == [away]
    alice.types("/quit")
    there.stream.cut()
    several.passes(60)
    here.stream.join()
    there.stream.join()
    several.settle()
    assert here.known() == there.known() == {}


def test_a_newcomer_waits_for_the_broker_and_not_for_ever() -> None:
    """It is there, and stores nothing."""
    several = Several(1)
    (here,) = several
    several.broker.refuses = "the disk is full"
    alice = here.connect().types("alice")
    alice.sees()
    several.passes(7)
    assert alice.sees() == ["!! Nobody can come in or take another nick now: the broker can't be reached."]
    several.broker.refuses = ""
    several.passes(10)
    alice.types("alice")
    assert here.who() == ["alice"]


def test_what_was_stored_though_its_ack_was_lost_counts_once() -> None:
    """It is sent again until it came back."""
    several = Several(2)
    here, there = several
    several.broker.loses_acks = True
    alice, bob = here.join("alice"), there.join("bob")
    assert alice.sees() == ["-- bob joined"]
    bob.types("/quit")
    several.passes(3)
    assert alice.sees() == ["-- bob left"]
    assert here.known() == there.known()


def test_a_node_that_starts_knows_who_is_here() -> None:
    """From the stream's beginning."""
    several = Several(2)
    here, there = several
    here.join("alice", room="#dev")
    there.join("bob").types("/away lunch")
    third = several.add()
    assert third.known() == here.known()
    assert third.connect().types("alice").sees()[-1] == "!! That nick is taken."


def test_a_daemon_that_was_killed_and_starts_again_frees_its_nicks() -> None:
    """It is another node then, and the one that it was is gone."""
    several = Several(1)
    (here,) = several
    here.join("alice")
    here.dies()
    again = several.add()
    assert again.who() == ["alice"]
    several.passes(6)
    assert again.who() == []
    again.join("alice")


def test_who_comes_back_when_their_node_has_died_waits_for_a_second() -> None:
    """And not until it is missed; a node that only comes back to the broker keeps its people."""
    several = Several(2)
    here, there = several
    there.join("bob")
    there.dies()
    bob = here.connect().types("bob")
    several.passes(1.5)
    assert bob.user.nick == "bob"
    third = several.add()
    third.join("carol")
    third.stream.cut()
    carol = here.connect().types("carol")
    third.stream.join()
    several.passes(1.5)
    assert carol.sees()[-1] == "!! That nick is taken."


def test_who_waits_for_a_node_to_be_gone_waits_no_more_when_the_broker_is_away() -> None:
    """They are told so."""
    several = Several(2)
    here, there = several
    there.join("bob")
    there.dies()
    several.broker.refuses = "the disk is full"
    bob = here.connect().types("bob")
    several.passes(1.5)
    here.stream.cut()
    several.settle()
    assert bob.sees()[-1] == "!! That nick is taken."
    here.stream.join()
    several.broker.refuses = ""
    several.passes(7)
    assert here.who() == []


def test_a_node_that_is_frozen_keeps_its_nicks_for_a_while() -> None:
    """Nobody knows whether it comes back."""
    several = Several(2)
    here, there = several
    there.join("bob")
    there.stream.held = True
    bob = here.connect().types("bob")
    several.passes(2.5)
    assert bob.sees()[-1] == "!! That nick is taken."


def test_a_daemon_that_ends_says_so() -> None:
    """Nobody has to wait until it is missed."""
    several = Several(2)
    here, there = several
    alice = here.join("alice")
    there.join("bob")
    alice.sees()
    there.nodes.end()
    several.settle()
    assert alice.sees() == ["-- bob left (connection lost)"]
    assert here.nodes.people.others == []


def test_a_frozen_daemon_does_not_send_everybody_else_away() -> None:
    """It has heard nobody while it slept, and nobody has said anything to it that it could have heard."""
    several = Several(2)
    here, there = several
    alice = here.join("alice")
    bob = there.join("bob")
    several.clock.rightNow += 60
    several.settle()
    several.passes(10)
    assert not alice.gone
    assert not bob.gone
    assert here.who() == there.who() == ["alice", "bob"]


def test_a_room_that_is_closed_is_closed_everywhere() -> None:
    """Everybody in it is told why."""
    several = Several(2)
    here, there = several
    alice, bob = here.join("alice", room="#dev"), there.join("bob", room="#dev")
    alice.sees()
    begin(closing_rooms.close(here.chat, here.chat.rooms["#dev"], "admin", "enough"))
    several.settle()
    assert '-- #dev was closed by admin: "enough".' in alice.sees()
    assert '-- #dev was closed by admin: "enough".' in bob.sees()
    assert here.who("#lobby") == there.who("#lobby") == ["alice", "bob"]
    assert here.known() == there.known()


def test_irc_clients_are_told_of_who_is_at_other_nodes() -> None:
    """Who comes, is renamed and quits, and what is asked of them."""
    here, there = Several(2)
    irc = here.connect().types("NICK ivy", "USER ivy 0 * :Ivy", "JOIN #dev")
    irc.sees()
    bob = there.join("bob", room="#dev")
    (joined,) = irc.sees()
    assert joined.split()[1:] == ["JOIN", "#dev"]
    assert joined.startswith(":bob!")
    bob.types("/nick robert")
    assert irc.sees()[0].endswith(" NICK robert")
    irc.types("WHOIS robert", "NAMES #dev")
    assert any("robert" in line for line in irc.sees())
    irc.types("NICK robert")
    assert " 433 " in irc.sees()[0]
    bob.types("/quit bye")
    assert irc.sees()[0].endswith(" QUIT :bye")
    assert here.known() == there.known()


def test_a_real_name_goes_along() -> None:
    """And when it is changed."""
    here, there = Several(2)
    irc = here.connect().types("NICK ivy", "USER ivy 0 * :Ivy Green", "JOIN #lobby")
    assert there.chat.users["ivy"].real_name == "Ivy Green"
    irc.types("SETNAME :Ivy Brown")
    assert there.chat.users["ivy"].real_name == "Ivy Brown"


def test_who_left_one_room_and_went_on_at_another_node_is_told_once() -> None:
    """A session that came and went within a turn is told to nobody."""
    several = Several(2)
    here, there = several
    alice = here.join("alice")
    there.connects().wire.incoming += [b"bob\n", b"/quit\n"]
    several.settle()
    assert alice.sees() in ([], ["-- bob came and went"], ["-- bob joined", "-- bob left"])
    assert there.who() == here.who() == ["alice"]


def test_a_snapshot_takes_the_place_of_what_was_said_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who starts later, or was cut off meanwhile, goes on from it."""
    monkeypatch.setattr("lanchatd.broker.people.SNAPSHOT_EVERY", 5)
    several = Several(3)
    here, there, third = several
    here.join("alice")
    bob = there.join("bob", room="#dev")
    third.stream.cut()
    for _ in range(10):
        there.join("carol", room="#dev").types("/quit")
    bob.types("/nick robert", "/away lunch")
    here.join("dan")
    assert len([one for one in several.broker.messages if one.subject == "people"]) < 12
    third.stream.join()
    several.settle()
    assert third.known() == here.known() == there.known()
    assert several.add().known() == here.known()
    assert third.who("#dev") == ["robert"]


def test_what_is_too_large_for_the_broker_as_one_is_kept_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of who is here is more than one message of it may have."""
    monkeypatch.setattr("lanchatd.broker.people.SNAPSHOT_EVERY", 3)
    several = Several(1)
    (here,) = several
    store = several.broker.store

    def stores(subject: str, body: bytes, headers: Mapping[str, str], expected: int | None) -> Published:
        if "Nats-Rollup" in headers:
            return Published(Fate.FAILED, "it is too large")
        return store(subject, body, headers, expected)

    monkeypatch.setattr(several.broker, "store", stores)
    for nick in ("alice", "bob", "carol"):
        here.join(nick)
    assert several.add().known() == here.known()


def test_what_was_under_way_when_it_was_cut_off_is_known_from_a_snapshot(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was stored, and others have written all of it as one meanwhile."""
    monkeypatch.setattr("lanchatd.broker.people.SNAPSHOT_EVERY", 3)
    several = Several(2)
    here, there = several
    there.stream.held = True
    bob = there.connects()
    bob.wire.incoming.append(b"bob\n")
    several.settle()
    there.stream.cut()
    for nick in ("alice", "carol", "dan"):
        here.join(nick).types("/quit")
    there.stream.held = False
    there.stream.join()
    several.passes(1)
    assert bob.user.nick == "bob"
    assert here.known() == there.known()


def test_a_node_that_is_told_by_a_snapshot_that_it_was_gone_claims_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its people were not seen by others: their nicks were claimed behind what was said of them."""
    monkeypatch.setattr("lanchatd.broker.people.SNAPSHOT_EVERY", 3)
    several = Several(2)
    here, there = several
    there.join("bob")
    there.stream.cut()
    several.passes(10)
    for nick in ("alice", "carol", "dan"):
        here.join(nick).types("/quit")
    assert here.who() == []
    there.stream.join()
    several.passes(1)
    assert here.who() == ["bob"]
    assert here.known() == there.known()


def test_who_goes_while_another_nick_is_claimed_leaves_nothing_behind() -> None:
    """The nick that was claimed is free again after a while."""
    several = Several(2)
    here, there = several
    alice = here.join("alice")
    alice.wire.incoming.append(b"/nick carol\n")
    alice.wire.turn()
    alice.vanishes()
    several.passes(7)
    assert here.known() == there.known() == {}
    there.join("carol")
    assert here.who() == ["carol"]


def test_a_private_message_that_comes_before_its_sender_waits_for_them() -> None:
    """It goes beside the stream, which may be slower; and for nobody it does not wait for ever."""
    several = Several(2)
    here, there = several
    bob = there.join("bob")
    bob.sees()
    said = {"nick": "alice", "to": "bob", "text": "hi", "at": 0}
    answers = [
        here.stream.ask(there.stream.node, json.dumps(["private", said, nick, "bob"]).encode(), 2)
        for nick in ("alice", "nobody")
    ]
    several.settle()
    assert not answers[0].known
    here.join("alice")
    assert bob.sees() == ["[alice -> bob] hi", "-- alice joined"]
    assert answers[0].result() == b"yes"
    several.passes(3)
    assert answers[1].error is not None
    here.join("nobody")
    assert bob.sees() == ["-- nobody joined"]


def test_what_can_not_be_done_here_does_not_stop_what_comes_behind_it(logged_errors: list[str]) -> None:
    """A room with a name that this version does not allow, from a newer one."""
    several = Several(2)
    here, there = several
    facts = {
        "nick": "eve", "key": "eve", "account": None, "proof": None, "rooms": ["# "], "away": None,
        "real_name": "", "device": "", "peer": "", "address": None, "encrypted": False, "print": None,
    }  # fmt: skip
    rows = [
        ["here", {}],
        ["claim", "eve", "eve", None, None],
        ["session", 1, facts],
        ["claim", "x", "x", None, None],
    ]
    several.broker.store("people", json.dumps({"node": "n", "count": 1, "rows": rows}).encode(), {}, None)
    several.settle()
    assert len(logged_errors) == 2
    logged_errors.clear()
    assert here.connect().types("x").sees()[-1] == "!! That nick is taken."
    there.join("bob")
    assert "bob" in here.who()


def test_who_is_muted_after_they_went_away_is_away_with_their_text_at_all_nodes() -> None:
    """Whichever of the two another node heard of first."""
    several = Several(2)
    here, there = several
    alice = here.join("alice")
    here.stream.held = True
    alice.types("/away lunch")
    moderating.mute(there.chat, alice.user.name, None)
    several.settle()
    here.stream.held = False
    here.stream.lets_go()
    several.settle()
    assert here.known() == there.known()


A, B, C = (Node(f"{name}.local", 8000, f"sha256:{name}") for name in "abc")


def row(node: Node) -> dict[str, Any]:
    return {"host": node.host, "port": node.port, "key": node.key}


def told_nodes(person: Person) -> list[Any]:
    """The lists of other daemons that somebody was told."""
    return [told["nodes"] for told in person.gets() if told["type"] == "nodes"]


def test_programs_are_told_which_other_daemons_there_are_as_that_changes() -> None:
    """Those that came later, and those that are gone; people at a terminal are not."""
    several = Several(1)
    (here,) = several
    here.nodes.advertise(A)
    program, person = here.join_json("ci"), here.join("alice")
    assert told_nodes(program) == []
    there, third = several.add(), several.makes()
    assert told_nodes(program) == []  # nobody is told where to join that one
    third.nodes.advertise(C)
    several.starts(third)
    assert told_nodes(program) == [[row(C)]]
    there.nodes.advertise(B)
    several.settle()
    assert told_nodes(program) == [[row(B), row(C)]]
    there.dies()
    several.passes(10)
    assert told_nodes(program) == [[row(C)]]
    assert not [line for line in person.sees() if "local" in line]


def test_another_key_of_a_daemon_is_told_at_once() -> None:
    """The same one once more is not told."""
    several = Several(2)
    here, there = several
    there.nodes.advertise(B)
    several.settle()
    program = here.join_json("ci")
    assert next(told for told in program.gets() if told["type"] == "welcome")["nodes"] == [row(B)]
    there.nodes.advertise(B)
    several.settle()
    assert told_nodes(program) == []
    other = Node(B.host, B.port, "sha256:other")
    there.nodes.advertise(other)
    several.settle()
    assert told_nodes(program) == [[row(other)]]
    assert several.add().nodes.advertised() == (other,)


def test_what_is_told_of_a_daemon_that_is_on_its_way_in_is_the_newest() -> None:
    """Its first message may be on its way when the key changes."""
    several = Several(1)
    (here,) = several
    program, there = here.join_json("ci"), several.makes()
    there.nodes.advertise(B)
    there.stream.held = True
    several.starts(there)
    there.nodes.advertise(C)
    there.stream.held = False
    there.stream.lets_go()
    several.settle()
    assert told_nodes(program)[-1] == [row(C)]


def sends(program: Person, line: str, ref: str = "1") -> None:
    program.asks({"line": line, "ref": ref})


def privates(person: Person) -> list[str]:
    return [line for line in person.sees() if line.startswith("[")]


def test_a_private_message_that_is_sent_again_at_another_node_is_shown_once() -> None:
    """Its node had died, and the answer did not come; the receiver is at a third one."""
    several = Several(3)
    here, there, third = several
    bob = third.join("bob")
    program = here.join_json("ci", device="laptop")
    sends(program, "/msg bob hi")
    assert privates(bob) == ["[ci -> bob] hi"]
    here.dies()
    several.passes(10)
    program = there.join_json("ci", device="laptop")
    program.gets()
    sends(program, "/msg bob hi")
    assert [told for told in program.gets() if told["type"] == "ok"] == [{"type": "ok", "ref": "1"}]
    assert privates(bob) == []
    sends(program, "/msg bob hi", ref="2")
    assert privates(bob) == ["[ci -> bob] hi"]


def test_a_private_message_is_shown_once_though_its_receiver_has_moved_too() -> None:
    """Both were at the node that died."""
    several = Several(2)
    here, there = several
    program, bob = here.join_json("ci"), here.join("bob")
    sends(program, "/msg bob hi")
    assert privates(bob) == ["[ci -> bob] hi"]
    here.dies()
    several.passes(10)
    bob, program = there.join("bob"), there.join_json("ci")
    sends(program, "/msg bob hi")
    assert privates(bob) == []


def test_a_private_message_that_arrives_late_is_not_shown_again() -> None:
    """It was sent again meanwhile, at the node where its receiver is told that it was done elsewhere."""
    several = Several(3)
    here, there, third = several
    bob = third.join("bob")
    program = here.join_json("ci")
    third.stream.held = True
    sends(program, "/msg bob hi")
    here.dies()
    several.passes(1)
    third.stream.held = False
    third.stream.lets_go()
    several.passes(10)
    program = there.join_json("ci")
    sends(program, "/msg bob hi")
    assert privates(bob) == ["[ci -> bob] hi"]


def test_however_much_is_to_be_said_at_once_no_message_is_too_large() -> None:
    """Of a node that begins anew: its people were seen by nobody if they were away with long texts."""
    several = Several(2)
    here, there = several
    several.broker.largest = 4_000
    for number in range(20):
        there.join(f"member{number}").types("/away " + "x" * 1_000)
    there.stream.cut()
    several.passes(10)
    assert here.who() == []
    there.stream.join()
    several.passes(1)
    assert len(here.who()) == 20
    assert here.known() == there.known()
