"""Programs talk: the JSON format, as they get it."""

from __future__ import annotations

import pytest

from tests.world import Person, World

AT = "2026-11-22T14:03:11.123Z"


def test_hello_is_answered_with_welcome_and_what_was_said(world: World) -> None:
    """A program knows where it is, and where the log stands."""
    world.join("alice").types("one", "/me two")
    bob = world.join_json("bob")
    assert bob.gets() == [
        {"type": "welcome", "nick": "bob", "room": "#lobby", "log": "log1", "last": 2, "topic": "",
         "server": "test", "version": "0.1.0"},
        {"type": "said", "id": 1, "room": "#lobby", "from": "alice", "text": "one", "at": AT, "past": True},
        {"type": "acted", "id": 2, "room": "#lobby", "from": "alice", "text": "two", "at": AT, "past": True},
        {"type": "members", "room": "#lobby", "here": 2, "members": [{"nick": "alice"}, {"nick": "bob"}]},
    ]  # fmt: skip


def test_the_first_welcome_has_the_lines_that_people_are_greeted_with() -> None:
    """And those of the other rooms do not say them again."""
    world = World(motd=("Lunch at 12.", "مرحبا"))
    bob = world.join_json("bob")
    assert bob.gets()[0]["motd"] == ["Lunch at 12.", "مرحبا"]
    bob.asks({"line": "/join #dev"})
    (welcome,) = (event for event in bob.gets() if event["type"] == "welcome")
    assert "motd" not in welcome


def test_a_line_with_a_ref_is_answered_with_its_id(world: World) -> None:
    """A program knows that its line is in the log, and where."""
    bob = world.join_json("bob")
    bob.gets()
    bob.asks({"line": "hi", "ref": "17"})
    assert bob.gets() == [
        {"type": "said", "id": 1, "room": "#lobby", "from": "bob", "text": "hi", "at": AT},
        {"type": "ok", "ref": "17", "id": 1},
    ]


def test_text_and_json_members_see_the_same(world: World) -> None:
    """A person with nc and a program are in one room."""
    alice, bob = world.join("alice"), world.join_json("bob")
    alice.sees(), bob.gets()
    alice.types("hi", "/nick alicia", "/topic food")
    assert alice.sees() == ["<alice> hi", "-- alice is now alicia", "-- alicia set the topic: food"]
    assert bob.gets() == [
        {"type": "said", "id": 1, "room": "#lobby", "from": "alice", "text": "hi", "at": AT},
        {"type": "renamed", "room": "#lobby", "from": "alice", "to": "alicia", "at": AT},
        {"type": "topic", "id": 2, "room": "#lobby", "from": "alicia", "text": "food", "at": AT},
    ]
    alice.types("/quit bye")
    assert bob.gets() == [
        {"type": "left", "room": "#lobby", "nicks": ["alicia"], "others": 0, "here": 1, "text": "bye",
         "at": AT},
    ]  # fmt: skip


def test_hello_after_the_question_for_a_nick_is_json_too(world: World) -> None:
    """A JSON session can be typed by hand, after reading that."""
    bob = world.connect()
    world.ask()
    bob.sees()
    assert bob.asks({"nick": "bob"}).gets()[0]["type"] == "welcome"


def test_a_refused_nick_gets_another_go(world: World) -> None:
    """A program hears why, by a code, and tries the next nick."""
    world.join("alice")
    bob = world.join_json("Alice")
    assert bob.gets() == [{"type": "error", "code": "nick_taken", "text": "That nick is taken."}]
    assert bob.asks({"nick": "bob"}).gets()[0]["nick"] == "bob"


def talk(world: World, lines: int) -> Person:
    """Somebody who has said so many lines."""
    return world.join("alice").types(*(f"line {n}" for n in range(1, lines + 1)))


def ids(person: Person) -> list[int]:
    """The ids of what came, in order."""
    return [got["id"] for got in person.gets() if got["type"] == "said"]


def test_after_continues_where_a_broken_connection_stopped(world: World) -> None:
    """All events after that id follow, in order, each once."""
    alice = talk(world, 50)
    bob = world.join_json("bob", after=7, log="log1")
    alice.types("line 51")
    assert ids(bob) == list(range(8, 52))


def test_after_the_newest_nothing_follows(world: World) -> None:
    """Who has missed nothing is told nothing twice."""
    talk(world, 50)
    assert ids(world.join_json("bob", after=50)) == []


def test_after_what_the_log_no_longer_holds_says_how_much_is_missed() -> None:
    """The gap is told first, with its exact size."""
    world = World(log_events=10)
    talk(world, 50)
    bob = world.join_json("bob", after=7, log="log1").gets()
    assert bob[1] == {"type": "missed", "room": "#lobby", "log": "log1", "count": 33}
    assert [got["id"] for got in bob[2:-1]] == list(range(41, 51))


@pytest.mark.parametrize("hello", [{"after": 7, "log": "older"}, {"after": 51}, {"after": 51, "log": "log1"}])
def test_after_in_another_log_says_so_and_shows_all_of_this_one(
    world: World, hello: dict[str, object]
) -> None:
    """The server was started anew: all that its log holds is new to a client that knew the old one."""
    talk(world, 50)
    bob = world.join_json("bob", **hello).gets()
    assert bob[1] == {"type": "missed", "room": "#lobby", "log": "log1", "count": None}
    assert [got["id"] for got in bob[2:-1]] == list(range(1, 51))


def test_hello_may_name_the_room(world: World) -> None:
    """A bot lives in its own room from the start."""
    assert world.join_json("bob", room="#Dev").gets()[0]["room"] == "#Dev"


def test_a_line_sent_again_after_a_lost_connection_is_said_once(world: World) -> None:
    """A client may always resend what was not acknowledged."""
    alice = world.join("alice")
    bob = world.join_json("bob").asks({"line": "hi", "ref": "17"})
    bob.vanishes()
    again = world.join_json("bob", after=1).asks({"line": "hi", "ref": "17"})
    assert again.gets()[-1] == {"type": "ok", "ref": "17", "id": 1}
    assert alice.sees().count("<bob> hi") == 1


def test_a_private_message_sent_again_is_sent_once(world: World) -> None:
    """That holds for whatever somebody else notices."""
    alice = world.join("alice")
    line = {"line": "/msg alice psst", "ref": "a"}
    world.join_json("bob").asks(line).vanishes()
    assert world.join_json("bob").asks(line).gets()[-1] == {"type": "ok", "ref": "a"}
    assert alice.sees().count("[bob -> alice] psst") == 1


def test_what_has_to_be_kept_is_answered_when_it_is(world: World) -> None:
    """With the ref, as a line is; and with why not, if it could not be kept."""
    world.join("bob")
    op = world.join_json("op")
    world.make_operator(op)
    assert op.asks({"line": "/mute bob", "ref": "a"}).gets()[-1] == {"type": "ok", "ref": "a"}
    world.disk_error = OSError(28, "No space left on device")
    answer = op.asks({"line": "/unmute bob", "ref": "b"}).gets()[-1]
    assert (answer["type"], answer["code"], answer["ref"]) == ("error", "not_kept", "b")


def test_a_refused_line_is_tried_again(world: World) -> None:
    """Nothing had happened, and the reason may have passed."""
    line = {"line": "/msg carol psst", "ref": "a"}
    bob = world.join_json("bob").asks(line)
    assert bob.gets()[-1]["code"] == "no_member"
    bob.vanishes()
    carol = world.join("carol")
    assert world.join_json("bob").asks(line).gets()[-1] == {"type": "ok", "ref": "a"}
    assert "[bob -> carol] psst" in carol.sees()


def test_what_sets_up_a_connection_is_done_again(world: World) -> None:
    """After a lost connection, the new one goes to the room as well, though the line was answered before."""
    line = {"line": "/join #dev", "ref": "a"}
    world.join_json("bob").asks(line).vanishes()
    got = world.join_json("bob").asks(line).gets()
    assert [(g["type"], g.get("room")) for g in got if g["type"] in ("welcome", "ok")] == [
        ("welcome", "#lobby"),
        ("welcome", "#dev"),
        ("ok", None),
    ]


def test_a_ref_is_forgotten_after_ten_minutes(world: World) -> None:
    """After that, it is a new line."""
    alice, bob = world.join("alice"), world.join_json("bob")
    bob.asks({"line": "hi", "ref": "1"})
    world.passes(599)
    bob.asks({"line": "hi", "ref": "1"})
    assert alice.sees().count("<bob> hi") == 1
    world.passes(1)
    bob.asks({"line": "hi", "ref": "1"})
    assert alice.sees().count("<bob> hi") == 1


@pytest.mark.parametrize(
    ("sent", "ref", "code"),
    [
        ("hello", None, "bad_json"),
        ("{", None, "bad_json"),
        ("[1]", None, "bad_json"),
        ("[" * 2_000, None, "bad_json"),
        ("{}", None, "bad_field"),
        ('{"line": 7, "ref": "a"}', "a", "bad_field"),
        ('{"line": "x", "ref": 7}', None, "bad_field"),
        ('{"line": "x", "ref": "' + "r" * 65 + '"}', None, "bad_field"),
        ('{"line": "a\\nb", "ref": "a"}', "a", "control"),
        ('{"line": "\\ud800", "ref": "a"}', "a", "control"),
        ('{"line": "/nope", "ref": "a"}', "a", "unknown_command"),
        ('{"line": "/nick", "ref": "a"}', "a", "usage"),
    ],
)
def test_bad_input_is_one_error_and_the_connection_stays(
    world: World, sent: str, ref: str | None, code: str
) -> None:
    """A program hears what was wrong with which line; nobody else hears anything."""
    alice, bob = world.join("alice"), world.join_json("bob")
    alice.sees(), bob.gets()
    (error,) = bob.types(sent).gets()
    assert (error["type"], error.get("ref"), error["code"]) == ("error", ref, code)
    assert bob.asks({"line": "still here"}).gets()[0]["text"] == "still here"
    assert alice.sees() == ["<bob> still here"]


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ("{}", "no_nick"),
        ('{"nick": 7}', "bad_field"),
        ('{"nick": ""}', "bad_nick"),
        ('{"nick": "bob", "after": true}', "bad_field"),
        ('{"nick": "bob", "after": -1}', "bad_field"),
        ('{"nick": "bob", "after": "7"}', "bad_field"),
        ('{"nick": "bob", "room": "d v"}', "bad_room"),
        ('{"nick": "bob", "log": 7}', "bad_field"),
        ('{"nick": "b\\u0000b"}', "control"),
        ("{nonsense", "bad_json"),
    ],
)
def test_a_bad_hello_is_one_error_and_another_go(world: World, hello: str, code: str) -> None:
    """Nobody is half in."""
    bob = world.connect().types(hello)
    (error,) = bob.gets()
    assert (error["type"], error["code"]) == ("error", code)
    assert world.chat.users == {}
    assert bob.asks({"nick": "bob"}).gets()[0]["type"] == "welcome"


def test_an_empty_line_with_a_ref_is_acknowledged(world: World) -> None:
    """A client that sends what a person typed, Enter included, never waits for ever."""
    bob = world.join_json("bob")
    bob.gets()
    assert bob.asks({"line": "", "ref": "1"}, {"line": ""}).gets() == [{"type": "ok", "ref": "1"}]
