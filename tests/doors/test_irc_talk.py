"""Talk of IRC clients, with each other and with everybody else."""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

import pytest

import lanchatd
from lanchatd.chat.events import Item
from lanchatd.chat.format import Line
from lanchatd.commands.dispatch import run
from lanchatd.text.refused import Refusal
from tests.irc import BAD_ROOM, Client
from tests.world import Person, World

PACKAGE = Path(lanchatd.__file__).parent
# Of Python, for one line. Whoever makes it more says why.
MOST_CALLS = 33


@pytest.fixture
def bob(world: World) -> Person:
    return world.join("bob")


@pytest.fixture
def alice(world: World, bob: Person) -> Client:
    client = Client.joins(world, "alice", "#lobby")
    bob.sees()
    return client


def test_both_see_what_the_other_says(alice: Client, bob: Person) -> None:
    """Who says it sees it from its own client."""
    assert alice.asks("PRIVMSG #lobby :hi there  ") == []
    bob.types("hello", "/me waves", "/topic tea")
    assert bob.sees() == ["<alice> hi there", "<bob> hello", "* bob waves", "-- bob set the topic: tea"]
    assert alice.sees() == [
        ":bob!u@lan PRIVMSG #lobby :hello",
        ":bob!u@lan PRIVMSG #lobby :\x01ACTION waves\x01",
        ":bob!u@lan TOPIC #lobby :tea",
    ]


def test_two_of_them_and_a_room_of_both(world: World, alice: Client) -> None:
    """A line is told to each that did not say it, whoever says something at the same time."""
    carol = Client.joins(world, "carol", "#lobby", "#dev")
    alice.asks("JOIN #dev")
    carol.sees()
    assert alice.asks("PRIVMSG #dev :one", "PRIVMSG #lobby :two") == []
    assert carol.sees() == [":alice!u@lan PRIVMSG #dev :one", ":alice!u@lan PRIVMSG #lobby :two"]


def test_two_that_talk_in_one_turn(world: World, alice: Client) -> None:
    """Each is told the other's line alone."""
    carol = Client.joins(world, "carol", "#lobby")
    alice.sees()
    alice.person.wire.incoming.append(b"PRIVMSG #lobby :a\r\n")
    carol.person.wire.incoming.append(b"PRIVMSG #lobby :c\r\n")
    world.settle()
    assert alice.sees() == [":carol!u@lan PRIVMSG #lobby :c"]
    assert carol.sees() == [":alice!u@lan PRIVMSG #lobby :a"]


def test_an_echo_for_who_asks(world: World, bob: Person) -> None:
    alice = Client.joins(world, "alice", "#lobby", caps="echo-message message-tags")
    assert alice.asks("PRIVMSG #lobby :hi", "PRIVMSG bob :psst", "NOTICE alice :me") == [
        ":alice!u@lan PRIVMSG bob :psst",
        ":alice!u@lan NOTICE alice :me",
        "@msgid=1-1795356191123000 :alice!u@lan PRIVMSG #lobby :hi",
    ]


def test_what_it_does(alice: Client, bob: Person) -> None:
    alice.sends("PRIVMSG #lobby :\x01ACTION waves\x01", "PRIVMSG bob :\x01ACTION nods\x01")
    assert bob.sees() == ["[alice -> bob] * alice nods", "* alice waves"]


def test_what_it_does_alone_with_somebody_looks_like_that(world: World, alice: Client) -> None:
    """To programs it is said in words, as by everybody."""
    carol, ci = Client.joins(world, "carol"), world.join_json("ci")
    ci.gets()
    alice.sends("PRIVMSG carol,ci :\x01ACTION nods\x01")
    assert carol.sees() == [":alice!u@lan PRIVMSG carol :\x01ACTION nods\x01"]
    assert [event["text"] for event in ci.gets()] == ["* alice nods"]


def test_programs_asking_each_other_are_not_passed_on(alice: Client, bob: Person) -> None:
    """Every member's client would answer; and an offer of a file tells an address."""
    assert alice.asks("PRIVMSG #lobby :\x01VERSION\x01", "PRIVMSG bob :\x01DCC SEND x 1 2\x01") == []
    assert bob.sees() == []


def test_colours_are_text_here(alice: Client, bob: Person) -> None:
    alice.sends("PRIVMSG #lobby :\x02\x0304hot\x0f")
    assert bob.sees() == ["<alice> hot"]


def test_a_notice_stays_one(world: World, alice: Client, bob: Person) -> None:
    """Or bots answer each other for ever; to others it is said, and programs are told."""
    carol = Client.joins(world, "carol", "#lobby")
    ci = world.join_json("ci")
    ci.gets(), bob.sees(), carol.sees()
    alice.sends("NOTICE #lobby :hi", "NOTICE carol :psst", "NOTICE ci :psst")
    assert carol.sees() == [":alice!u@lan NOTICE carol :psst", ":alice!u@lan NOTICE #lobby :hi"]
    assert bob.sees() == ["<alice> hi"]
    private, said = ci.gets()
    assert (private["notice"], said["notice"], said["type"]) == (True, True, "said")


def test_a_notice_is_never_answered_with_an_error(alice: Client) -> None:
    assert (
        alice.asks("NOTICE nobody :x", "NOTICE #nowhere :x", "NOTICE #lobby", "NOTICE", "NOTICE #lobby :\x07")
        == []
    )
    assert Client(alice.person.world).asks("NICK x", "NOTICE AUTH :x") == []


def test_private_messages(alice: Client, bob: Person) -> None:
    assert alice.asks("PRIVMSG bob :psst", "PRIVMSG alice :note") == [":alice!u@lan PRIVMSG alice :note"]
    assert bob.sees() == ["[alice -> bob] psst"]
    bob.types("/reply yes?")
    assert alice.sees() == [":bob!u@lan PRIVMSG alice :yes?"]


def test_several_at_once(alice: Client, bob: Person) -> None:
    """What one of them can't be told is answered, and the others are told."""
    assert alice.asks("PRIVMSG nobody,bob,#lobby :x") == [
        ":irc.lan 401 alice nobody :There is no nobody here."
    ]
    assert bob.sees() == ["[alice -> bob] x", "<alice> x"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("PRIVMSG", "411 alice :No recipient given (PRIVMSG)"),
        ("PRIVMSG #lobby", "412 alice :No text to send"),
        ("PRIVMSG #lobby :", "412 alice :No text to send"),
        ("PRIVMSG #lobby :\x02", "412 alice :That text shows nothing."),
        ("PRIVMSG bob :\u200b", "412 alice :That text shows nothing."),
        ("PRIVMSG #lobby :\x07",
         "404 alice #lobby :That line holds U+0007 (a control character), which is not allowed here."),
        ("PRIVMSG #nowhere :x", "404 alice #nowhere :You are not in #nowhere."),
        ("PRIVMSG #!! :x", f"403 alice #!! :{BAD_ROOM}"),
        ("PRIVMSG nobody :x", "401 alice nobody :There is no nobody here."),
    ],
)  # fmt: skip
def test_what_can_not_be_said(alice: Client, bob: Person, line: str, answer: str) -> None:
    assert alice.asks(line) == [f":irc.lan {answer}"]
    assert bob.sees() == []


def test_standard_replies_beside_the_numbers(world: World, bob: Person) -> None:
    """For who asks for them."""
    alice = Client.joins(world, "alice", caps="standard-replies")
    assert alice.asks("PRIVMSG nobody :x", "FOO") == [
        ":irc.lan 401 alice nobody :There is no nobody here.",
        ":irc.lan FAIL PRIVMSG NO_MEMBER nobody :There is no nobody here.",
        ":irc.lan 421 alice FOO :Unknown command; /quote HELP lists what there is",
        ":irc.lan FAIL FOO UNKNOWN_COMMAND :Unknown command; /quote HELP lists what there is",
    ]
    alice.asks("JOIN #dev,#lobby")
    for line in (
        "NICK", "NICK bob", "NICK a!b", "USER a 0 * :a", "PING", "CAP FOO", "PRIVMSG", "PRIVMSG #lobby",
        "PRIVMSG #x :hi", "JOIN #!", "JOIN", "PART #x", "KICK #dev bob", "INVITE bob #lobby", "WHOIS",
        "MODE #dev +z", "MODE #dev +o bob", "MODE alice +x", "MODE bob", "TOPIC #x", "SETNAME",
    ):  # fmt: skip
        number, fail, *more = alice.asks(line)
        assert number.split()[1].isdigit(), line
        assert fail.startswith(f":irc.lan FAIL {line.split()[0]} "), line
        assert number.partition(" :")[2] == fail.partition(" :")[2]
        assert not more or line == "WHOIS"


def test_who_is_away_answers_so(alice: Client, bob: Person) -> None:
    bob.types("/away lunch")
    assert alice.asks("PRIVMSG bob :x", "NOTICE bob :x") == [":irc.lan 301 alice bob :lunch"]


def test_what_irc_has_no_word_for_is_typed_to_the_server(alice: Client, bob: Person) -> None:
    """And is answered by notices of it."""
    assert alice.asks("PRIVMSG lanchat :/ignore bob") == [":lanchat!u@lan NOTICE alice :You ignore bob now."]
    bob.types("hello", "/msg alice psst")
    assert alice.sees() == []
    assert alice.asks("PRIVMSG lanchat :/nonsense") == [
        ":lanchat!u@lan NOTICE alice :There is no /nonsense. /help lists what there is."
    ]
    assert alice.asks("PRIVMSG lanchat :/help")[0] == (
        ":lanchat!u@lan NOTICE alice :"
        "Type these to lanchat, as in /msg lanchat /who; what you say goes to a room."
    )
    assert alice.asks("PRIVMSG lanchat :/unignore bob", "PART #lobby", "PRIVMSG lanchat :/who")[1:] == [
        ":alice!u@lan PART #lobby",
        ":lanchat!u@lan NOTICE alice :You are in no room.",
    ]


def test_who_is_in_no_room_says_nothing(world: World) -> None:
    """Whatever its door makes of it: there is nobody to say it to."""
    alice = Client.joins(world, "alice")
    answers: list[Item] = []
    run(world.chat, alice.person.session, Line("hi"), answers.append)
    assert answers == [Refusal("not_in_room", "You are in no room.")]


def test_who_is_in_no_room_yet_types_to_the_server_too(world: World) -> None:
    """As who has just connected and wants help, or to register; what is for a room is refused."""
    client = Client.joins(world, "alice")
    by = ":lanchat!u@lan NOTICE alice"
    assert client.asks("PRIVMSG lanchat :/help topic")[0].startswith(f"{by} :/topic [TEXT]")
    assert client.asks("PRIVMSG lanchat :/account") == [
        f"{by} :alice belongs to nobody. /register makes it yours."
    ]
    for line in ("/me waves", "/topic", "/history", "/who", "/part"):
        assert client.asks(f"PRIVMSG lanchat :{line}") == [f"{by} :You are in no room."], line
    assert client.asks("PRIVMSG lanchat :/who #lobby")[-1].endswith(" 366 alice #lobby :End of /NAMES list")
    assert client.asks("PRIVMSG lanchat :/join #dev")[0] == ":alice!u@lan JOIN #dev"
    assert client.asks("PRIVMSG lanchat :/me waves") == []


@pytest.mark.parametrize("text", ["hello?", "//hello"])
def test_what_is_no_command_is_not_said_in_a_room(alice: Client, bob: Person, text: str) -> None:
    """It was meant for the server alone."""
    assert alice.asks(f"PRIVMSG lanchat :{text}") == [
        ":lanchat!u@lan NOTICE alice :Type a command here: /help lists them. What you say goes to a room."
    ]
    assert bob.sees() == []


def test_an_ignored_talker_beside_its_own_lines(world: World, alice: Client, bob: Person) -> None:
    """Who ignores somebody is told its own lines as before: not at all."""
    alice.asks("PRIVMSG lanchat :/ignore bob")
    carol = world.join("carol")
    alice.sees()
    alice.person.wire.incoming.append(b"PRIVMSG #lobby :a\r\n")
    bob.wire.incoming.append(b"b\n")
    carol.types("c")
    assert alice.sees() == [":carol!u@lan PRIVMSG #lobby :c"]


def test_a_muted_one(world: World, alice: Client, bob: Person) -> None:
    world.make_operator(bob)
    alice.sees()
    bob.types("/mute alice")
    assert alice.sees() == [":lanchat!u@lan NOTICE alice :You are muted."]
    assert alice.asks("PRIVMSG #lobby :x", "PRIVMSG bob :x") == [
        ":irc.lan 404 alice #lobby :You are muted.",
        ":irc.lan 404 alice bob :You are muted.",
    ]


def test_a_long_text_is_one_line_and_can_be_cut_for_old_clients(alice: Client, bob: Person) -> None:
    world = alice.person.world
    bob.types("é" * 2_040)
    assert alice.sees() == [":bob!u@lan PRIVMSG #lobby :" + "é" * 2_040]
    world.limits.irc_line_bytes = 401
    bob.types("é" * 2_040, "short")
    assert alice.sees() == [
        ":bob!u@lan PRIVMSG #lobby :" + "é" * 200,
        ":bob!u@lan PRIVMSG #lobby :short",
    ]


def test_programs_and_pages_see_it_as_from_anybody(world: World, alice: Client) -> None:
    ci = world.join_json("ci")
    ci.gets()
    alice.sends("PRIVMSG #lobby :hi")
    (said,) = ci.gets()
    assert (said["from"], said["text"], "notice" in said) == ("alice", "hi", False)
    ci.asks({"line": json.dumps({"x": 1})})
    assert alice.sees()[-1] == ':ci!u@lan PRIVMSG #lobby :{"x": 1}'


def test_a_talker_that_reads_slowly(world: World, alice: Client, bob: Person) -> None:
    """It is not told its own lines when it reads on, and all others in their order."""
    alice.person.stops_reading()
    bob.types("one")
    alice.sends("PRIVMSG #lobby :two")
    bob.types("three")
    alice.person.reads_on()
    assert alice.sees() == [":bob!u@lan PRIVMSG #lobby :one", ":bob!u@lan PRIVMSG #lobby :three"]


def test_a_line_takes_few_calls() -> None:
    """Of a client that talks as fast as it can: what a line costs beside the sends is calls of Python."""
    world = World()
    alice, bob = Client.joins(world, "alice", "#dev"), Client.joins(world, "bob", "#dev")
    alice.sends("PRIVMSG #dev :what is done for the first line only is not counted")
    bob.sees()
    calls: Counter[str] = Counter()

    def see(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and Path(frame.f_code.co_filename).is_relative_to(PACKAGE):
            calls[frame.f_code.co_qualname] += 1

    lines = [f"PRIVMSG #dev :{number}" for number in range(20)]
    sys.setprofile(see)
    try:
        alice.sends(*lines)
    finally:
        sys.setprofile(None)
    assert bob.sees() == [f":alice!u@lan {line}" for line in lines]
    assert calls.total() / len(lines) <= MOST_CALLS, calls
