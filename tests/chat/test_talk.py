"""People talk: the text format, as they see it."""

from __future__ import annotations

import pytest

from lanchatd.chat.events import Node
from lanchatd.chat.nodes import Alone
from lanchatd.text import names
from lanchatd.text.refused import Refused
from tests.world import ASKED, World, certificate


def test_who_says_nothing_is_asked_for_a_nick_and_greeted_when_they_give_it() -> None:
    """Somebody with `nc` sees where they are before they type a word; a browser would read past that line."""
    world = World(motd=("Be kind.", ""))
    alice = world.connect()
    assert alice.sees() == []
    world.ask()
    assert alice.sees() == [ASKED, ""]
    alice.types("alice")
    assert alice.sees() == [
        "-- Welcome to test (lanchatd 0.1.0).",
        f"-- TLS key: {certificate().fingerprint}",
        "-- Be kind.",
        "--",
        "-- You are alice in #lobby. /help lists the commands.",
        "-- 1 in #lobby: alice (plain)",
    ]


class Others(Alone):
    """Two that are there; nothing is asked of them."""

    def advertised(self) -> tuple[Node, ...]:
        return Node("b.local", 8000, "sha256:B"), Node("fd00::1", 8001, "sha256:C")


def test_who_comes_is_told_where_the_other_daemons_are(world: World) -> None:
    """Those that there are now, if several are one chat."""
    world.chat.nodes = Others()
    assert "-- Also at: b.local:8000, [fd00::1]:8001" in world.connect().types("alice").sees()
    (welcome, *_) = world.join_json("ci").gets()
    assert [node["host"] for node in welcome["nodes"]] == ["b.local", "fd00::1"]


def test_who_types_at_once_is_greeted_as_well(world: World) -> None:
    """A script that pipes its nick sees the same lines as a person."""
    assert world.connect().types("ci").sees() == [
        "-- Welcome to test (lanchatd 0.1.0).",
        f"-- TLS key: {certificate().fingerprint}",
        "-- You are ci in #lobby. /help lists the commands.",
        "-- 1 in #lobby: ci (plain)",
    ]


def test_everybody_sees_a_line_the_sender_too(world: World) -> None:
    """Seeing your own line come back is the acknowledgement."""
    alice, bob = world.join("alice"), world.join("bob")
    assert alice.sees() == ["-- bob joined"]
    alice.types("hi there")
    assert alice.sees() == ["<alice> hi there"]
    assert bob.sees() == ["<alice> hi there"]


def test_all_see_the_same_lines_in_the_same_order(world: World) -> None:
    """What several say in one turn of the reactor is one batch, told in one send to each."""
    people = [world.join(nick) for nick in ("alice", "bob", "carol")]
    for person in people:
        person.sees()
        person.wire.incoming.append(f"I am {person.user.nick}\nyes\n".encode())
    sends = len(people[0].wire.sends)
    world.settle()
    seen = [person.sees() for person in people]
    assert seen[0] == [
        line for nick in ("alice", "bob", "carol") for line in (f"<{nick}> I am {nick}", f"<{nick}> yes")
    ]
    assert seen == [seen[0]] * 3
    assert len(people[0].wire.sends) == sends + 1


def test_a_newcomer_is_shown_the_last_20_lines_with_their_times_and_who_is_here(world: World) -> None:
    """You can follow what is being talked about when you come in."""
    alice = world.join("alice").types(*(f"line {n}" for n in range(1, 26)))
    alice.types("/topic plans")
    bob = world.connect().types("bob")
    assert bob.sees()[2:] == [
        "-- You are bob in #lobby. /help lists the commands.",
        "-- The topic is: plans",
        *(f"14:03 <alice> line {n}" for n in range(7, 26)),
        "14:03 -- alice set the topic: plans",
        "-- 2 in #lobby: alice (plain) and bob (plain)",
    ]


def test_a_line_that_begins_with_two_slashes_is_said_with_one(world: World) -> None:
    """You can talk about commands."""
    assert world.join("alice").types("//help is a command").sees() == ["<alice> /help is a command"]


def test_crlf_is_a_line_end_as_well(world: World) -> None:
    """telnet ends lines with CR LF."""
    assert world.join("alice").sends(b"hello\r\n").sees() == ["<alice> hello"]


def test_an_empty_line_is_nothing(world: World) -> None:
    """Pressing Enter does not bother anybody."""
    assert world.join("alice").types("", "   ", "\t").sees() == []


@pytest.mark.parametrize("unseen", ["\u200b", "\u3164\u3164", "\u2800", "\u00ad", "\u200b \u2060"], ids=ascii)
@pytest.mark.parametrize(
    "line",
    ["%s", "/me %s", "/topic %s", "/msg bob %s", "/reply %s", "/away %s", "/quit %s", "/kick bob %s",
     "/ban bob 5 %s"],
)  # fmt: skip
def test_a_text_that_shows_nothing_is_refused(world: World, line: str, unseen: str) -> None:
    """Whatever it is for: others would see an empty line, or wonder what they were sent."""
    alice, bob = world.join("alice"), world.join("bob")
    world.make_operator(alice)
    bob.types("/msg alice psst")
    for person in (alice, bob):
        person.sees()
    assert alice.types(line % unseen).sees() == ["!! That text shows nothing."]
    assert bob.sees() == []
    assert bob.types("/who").sees() == ["-- 2 in #lobby: @alice (plain) and bob (plain)"]


def test_what_administrators_say_shows_something(world: World) -> None:
    """As what everybody says."""
    lobby = world.chat.rooms[names.LOBBY]
    with pytest.raises(Refused, match="shows nothing"):
        world.chat.say_as_admin(lobby, "\u3164")


def test_a_tab_becomes_a_space(world: World) -> None:
    """Pasted code keeps its shape as far as one can."""
    assert world.join("alice").types("\tif x:").sees() == ["<alice>  if x:"]


def test_any_script_goes_through_unchanged(world: World) -> None:
    """People talk in their own language."""
    text = "مرحبا 你好 שלום नमस्ते 👩‍👩‍👧 ế"
    assert world.join("alice").types(text).sees() == [f"<alice> {text}"]


def test_joins_of_one_turn_are_told_together(world: World) -> None:
    """A class that comes in is one line, not thirty."""
    alice = world.join("alice")
    people = [world.connect() for _ in range(32)]
    for number, person in enumerate(people):
        person.wire.incoming.append(f"p{number}\n".encode())
    world.settle()
    assert alice.sees() == ["-- p0, p1 and 30 others joined"]
    for person in people:
        person.wire.incoming.append(None)
    world.settle()
    assert alice.sees() == ["-- p0, p1 and 30 others left"]


def test_a_large_room_is_told_who_came_at_most_every_so_often(world: World) -> None:
    """10,000 that reconnect must not send 10,000 times 10,000 lines, and nobody 100 of them."""
    alice = world.join("alice")
    for number in range(400):
        world.join(f"p{number}")
        world.passes(0.000_5)
    joins = alice.sees()
    # 40 one by one while the room is small; then the pause grows with it. 10,000 at this rate: 17 lines more.
    assert 40 < len(joins) < 75
    world.passes(0.1)
    alice.sees()
    world.join("late")
    assert alice.sees() == ["-- late joined"]


def test_talk_does_not_wait_for_joins_and_comes_after_them(world: World) -> None:
    """In a large room the line of somebody who just came is seen at once, after the join."""
    alice = world.join("alice")
    for number in range(200):
        world.join(f"p{number}")
    world.passes(1)
    world.join("early")
    alice.sees()
    world.join("bob").types("hi")
    assert alice.sees() == ["-- bob joined", "<bob> hi"]


def test_who_hangs_up_has_left_and_the_nick_is_free(world: World) -> None:
    """Closing `nc` is leaving."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    bob.hangs_up()
    assert alice.sees() == ["-- bob left"]
    assert bob.gone
    world.join("bob")
    assert alice.sees() == ["-- bob joined"]


def test_who_pipes_lines_and_hangs_up_sees_them_come_back(world: World) -> None:
    """`printf 'ci\\nbuild is green\\n' | nc -N host 8000` says its line and shows the echo."""
    alice = world.join("alice")
    ci = world.connect()
    ci.wire.incoming += [b"ci\nbuild is green\n", None]
    world.settle()
    assert "<ci> build is green" in ci.sees()
    assert ci.gone
    assert alice.sees() == ["-- ci joined", "<ci> build is green", "-- ci left"]


def test_a_lost_connection_is_told_as_one(world: World) -> None:
    """The others know why somebody is gone."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    bob.vanishes()
    assert alice.sees() == ["-- bob left (connection lost)"]
    assert list(world.chat.users) == ["alice"]


def test_what_nobody_waits_for_is_told_all_the_same(world: World) -> None:
    """A line said by a part of the daemon itself, for a member."""
    alice = world.join("alice")
    world.chat.say(alice.session, world.chat.room_of(alice.session), "hi")
    world.settle()
    assert alice.sees() == ["<alice> hi"]


def test_a_room_of_one_s_own(world: World) -> None:
    """What is said in a room stays in it."""
    alice, bob, carol = world.join("alice"), world.join("bob", room="#dev"), world.join("carol", room="#dev")
    alice.sees(), bob.sees()
    carol.types("only here")
    assert bob.sees() == ["<carol> only here"]
    assert alice.sees() == []


def test_who_says_a_line_and_goes_to_another_room_sees_it_come_back(world: World) -> None:
    """In one segment, as a script pipes it."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees(), bob.sees()
    alice.types("hello", "/join #dev")
    assert alice.sees()[0] == "<alice> hello"
    assert bob.sees() == ["<alice> hello", "-- alice left (went to #dev)"]


def test_a_last_line_that_is_not_ended_is_said(world: World) -> None:
    """`printf 'ci\\nhello' | nc -N`; and one that is only a nick joins."""
    alice = world.join("alice")
    ci = world.connect()
    ci.wire.incoming += [b"ci\nhello", None]
    world.settle()
    assert "<ci> hello" in ci.sees()
    assert alice.sees() == ["-- ci joined", "<ci> hello", "-- ci left"]
    dave = world.connect()
    dave.wire.incoming += [b"dave", None]
    world.settle()
    assert dave.sees()[2] == "-- You are dave in #lobby. /help lists the commands."
