"""A program in several rooms on one connection."""

from __future__ import annotations

from typing import Any

import pytest

from lanchatd.chat.events import Notice
from tests.world import Person, World

BOTH = [{"room": "#lobby"}, {"room": "#dev"}]


def said(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Where, and what, of all that was said."""
    return [(item["room"], item["text"]) for item in items if item["type"] == "said"]


def rooms_of(person: Person) -> list[str]:
    return [room.name for room in person.world.chat.rooms_of(person.session)]


def test_it_is_welcomed_in_each_room(world: World) -> None:
    """In the order in which it named them, and then told what each has for it."""
    got = world.join_json("ci", rooms=BOTH).gets()
    assert [(item["type"], item["room"]) for item in got] == [
        ("welcome", "#lobby"), ("welcome", "#dev"), ("members", "#lobby"), ("members", "#dev"),
    ]  # fmt: skip
    assert "motd" not in got[1]


def test_it_is_told_what_is_said_in_each(world: World) -> None:
    """Once, and each names its room."""
    ci = world.join_json("ci", rooms=BOTH)
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    ci.gets()
    alice.types("one")
    bob.types("two")
    assert said(ci.gets()) == [("#lobby", "one"), ("#dev", "two")]


def test_a_line_goes_to_its_room(world: World) -> None:
    """Without one, to the room that was joined last."""
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    ci = world.join_json("ci", rooms=BOTH)
    alice.sees(), bob.sees()
    ci.asks({"line": "one", "room": "#lobby"}, {"line": "two"}, {"line": "/me waves", "room": "lobby"})
    assert alice.sees() == ["<ci> one", "* ci waves"]
    assert bob.sees() == ["<ci> two"]


def test_a_room_is_joined_besides_the_others(world: World) -> None:
    """And is then the one for lines without a room."""
    ci = world.join_json("ci", rooms=[{"room": "#lobby"}])
    alice = world.join("alice")
    ci.gets()
    assert [item["type"] for item in ci.asks({"line": "/join #dev"}).gets()] == ["welcome", "members"]
    assert rooms_of(ci) == ["#lobby", "#dev"]
    assert alice.sees() == []
    ci.asks({"line": "hi"})
    assert alice.sees() == []


def test_a_room_is_left_for_good(world: World) -> None:
    """With a text that is told there, and nothing more is given from it."""
    ci = world.join_json("ci", rooms=BOTH)
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    ci.gets()
    assert ci.asks({"line": "/part #dev see you", "ref": "1"}).gets() == [
        {"type": "parted", "room": "#dev"},
        {"type": "ok", "ref": "1"},
    ]
    assert bob.sees() == ['-- ci left ("see you")']
    bob.types("two")
    alice.types("one")
    assert said(ci.gets()) == [("#lobby", "one")]


def test_who_leaves_a_room_in_the_middle_is_told_what_it_said_before(world: World) -> None:
    """All in one segment."""
    ci = world.join_json("ci", rooms=BOTH)
    bob = world.join("bob", room="#dev")
    ci.gets()
    ci.asks({"line": "bye"}, {"line": "/part"})
    assert said(ci.gets()) == [("#dev", "bye")]
    assert bob.sees() == ["<ci> bye", "-- ci left"]


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ({"rooms": "#lobby"}, "bad_field"),
        ({"rooms": []}, "bad_field"),
        ({"rooms": ["#lobby"]}, "bad_field"),
        ({"rooms": [{"room": 7}]}, "bad_field"),
        ({"rooms": [{"room": "#lobby", "after": -1}]}, "bad_field"),
        ({"rooms": [{"room": "#dev"}, {"room": "DEV"}]}, "bad_field"),
        ({"rooms": [{"room": "#lobby"}, {}]}, "bad_field"),
        ({"rooms": [{"room": "#dev"}], "room": "#lobby"}, "bad_field"),
        ({"rooms": [{"room": "#dev"}], "after": 0}, "bad_field"),
        ({"rooms": [{"room": "#dev"}], "log": "9f3c"}, "bad_field"),
        ({"rooms": [{"room": "#new"}, {"room": "not a room"}]}, "bad_room"),
        ({"rooms": [{"room": "#new"}, {"room": "#other"}, {"room": "#third"}]}, "too_many_rooms"),
        ({"rooms": [{"room": "#bill"}, {"room": "#bi11"}]}, "bad_room"),
        ({"device": "x" * 65}, "bad_field"),
        ({"device": 7}, "bad_field"),
    ],
)
def test_a_wrong_hello_is_one_error_and_nothing_happens(hello: dict[str, Any], code: str) -> None:
    """No room is made, nobody is told, and it may try again."""
    world = World(max_rooms_per_session=2)
    alice = world.join("alice")
    ci = world.connect().asks({"nick": "ci", **hello})
    (error,) = ci.gets()
    assert (error["type"], error["code"]) == ("error", code)
    assert list(world.chat.rooms) == ["#lobby"]
    assert alice.sees() == []
    assert ci.asks({"nick": "ci", "rooms": [{"room": "#lobby"}]}).gets()[0]["type"] == "welcome"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ({"line": "hi", "room": "#ops"}, "not_in_room"),
        ({"line": "hi", "room": "no room"}, "bad_room"),
        ({"line": "hi", "room": 7}, "bad_field"),
        ({"line": "/part #ops"}, "not_in_room"),
        ({"line": "/join #dev"}, "same_room"),
        ({"line": "/join #ops"}, "too_many_rooms"),
    ],
)
def test_a_wrong_line_is_one_error_and_nothing_happens(line: dict[str, Any], code: str) -> None:
    """It stays in its rooms, and says nothing."""
    world = World(max_rooms_per_session=2)
    ci = world.join_json("ci", rooms=BOTH)
    ci.gets()
    (error,) = ci.asks({**line, "ref": "1"}).gets()
    assert (error["type"], error["code"], error["ref"]) == ("error", code, "1")
    assert rooms_of(ci) == ["#lobby", "#dev"]


def test_the_last_room_is_not_left(world: World) -> None:
    """A session is somewhere; and a text that is no room is not taken for one."""
    ci = world.join_json("ci", rooms=BOTH)
    ci.asks({"line": "/part #lobby"})
    ci.gets()
    for text in ("see you all", "!! you all"):
        (error,) = ci.asks({"line": f"/part {text}"}).gets()
        assert error["code"] == "last_room"
    assert rooms_of(ci) == ["#dev"]


def test_a_session_in_one_room_says_where_it_is(world: World) -> None:
    """Its lines may name the room too."""
    ci = world.join_json("ci", room="#dev")
    ci.gets()
    assert said(ci.asks({"line": "hi", "room": "#dev"}).gets()) == [("#dev", "hi")]
    assert ci.asks({"line": "hi", "room": "#lobby"}).gets()[0]["code"] == "not_in_room"


def test_it_comes_back_with_a_cursor_in_each_room(world: World) -> None:
    """And misses nothing, and gets nothing twice."""
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    ci = world.join_json("ci", rooms=BOTH)
    alice.types("one")
    bob.types("two")
    last = {item["room"]: item["id"] for item in ci.gets() if item["type"] == "said"}
    logs = {room.name: room.log.name for room in world.chat.rooms.values()}
    ci.vanishes()
    alice.types("three", "four")
    bob.types("five")
    places = [{"room": room, "log": logs[room], "after": id_} for room, id_ in last.items()]
    assert sorted(said(world.join_json("ci", rooms=places).gets())) == [
        ("#dev", "five"), ("#lobby", "four"), ("#lobby", "three"),
    ]  # fmt: skip


def test_one_that_takes_no_more_lags_in_all_its_rooms_and_gets_each_line_once(world: World) -> None:
    """It has one socket: kept room by room, lines would be sent past what still waits, and torn."""
    ci = world.join_json("ci", rooms=BOTH)
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    ci.gets()
    for room_bytes in (0, 1, 50, 120):
        ci.stops_reading(room_bytes)
        for number in range(30):
            alice.types(f"lobby {number}")
            bob.types(f"dev {number}")
        assert not ci.session.live
        ci.reads_on()
        got = said(ci.gets())
        for room in ("#lobby", "#dev"):
            assert [text for where, text in got if where == room] == [f"{room[1:]} {n}" for n in range(30)]
        assert ci.session.live


def test_the_room_with_the_least_left_comes_first(world: World) -> None:
    """A busy room starves no quiet one."""
    world = World(chunk_bytes=4_096, direct_bytes=8_192)
    ci = world.join_json("ci", rooms=BOTH)
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    ci.gets()
    ci.stops_reading()
    for number in range(300):
        alice.types(f"a line that is one of many {number}")
    bob.types("quiet")
    ci.reads_on()
    got = said(ci.gets())
    assert len(got) == 301
    # What broke off comes first, and then the quiet room, long before the end of the busy one.
    assert got.index(("#dev", "quiet")) < 100


def test_a_stalled_one_in_ten_rooms_is_given_one_chunk(world: World) -> None:
    """And not one for each room: it has one socket."""
    world = World(chunk_bytes=4_096, direct_bytes=8_192)
    ci = world.join_json("ci", rooms=[{"room": f"#r{number}"} for number in range(10)])
    talkers = [world.join(f"t{number}", room=f"#r{number}") for number in range(10)]
    ci.gets()
    ci.stops_reading()
    for _ in range(40):
        for talker in talkers:
            talker.types("x" * 200)
    ci.reads_on(1)
    assert len(ci.wire.buffer) <= 4_096 + 600
    ci.reads_on()
    assert len(said(ci.gets())) == 400


def test_a_rename_is_told_in_all_its_rooms(world: World) -> None:
    ci = world.join_json("ci", rooms=BOTH)
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    alice.sees()
    ci.asks({"line": "/nick robot"})
    assert alice.sees() == bob.sees() == ["-- ci is now robot"]


def test_the_end_is_told_in_all_its_rooms(world: World) -> None:
    """When everything that it said has been told."""
    ci = world.join_json("ci", rooms=BOTH)
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    alice.sees()
    ci.asks({"line": "last", "room": "#lobby"}, {"line": "/quit done"})
    assert alice.sees() == ["<ci> last", '-- ci left ("done")']
    assert bob.sees() == ['-- ci left ("done")']
    world.passes(1)
    assert ci.gone


def test_it_is_told_who_came_to_a_room_while_it_lagged(world: World) -> None:
    """In that room, and not in the other."""
    ci = world.join_json("ci", rooms=BOTH)
    ci.gets()
    ci.stops_reading()
    world.join("alice").types("hi")
    ci.reads_on()
    assert [item["room"] for item in ci.gets() if item["type"] == "members"] == ["#lobby"]


def test_it_leaves_a_room_while_its_log_is_read(world: World) -> None:
    """The rest of the other rooms comes all the same."""
    world = World(chunk_bytes=4_096, direct_bytes=65_536)
    ci = world.join_json("ci", rooms=BOTH)
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    ci.gets()
    ci.stops_reading()
    for number in range(100):
        alice.types(f"lobby {number} and some more to fill it")
    bob.types("quiet")
    ci.asks({"line": "/part #lobby"})
    ci.reads_on()
    assert ("#dev", "quiet") in said(ci.gets())
    assert ci.session.live


def test_what_it_ignores_is_hidden_in_all_its_rooms(world: World) -> None:
    """While it is live, and when it has lagged."""
    ci = world.join_json("ci", rooms=BOTH)
    bob = world.join("bob", room="#dev")
    ci.asks({"line": "/ignore bob", "room": "#lobby"})
    ci.gets()
    bob.types("live")
    ci.stops_reading()
    bob.types("late")
    ci.reads_on()
    assert said(ci.gets()) == []


def test_one_that_reads_nothing_from_the_start_is_in_no_room_when_it_is_closed(world: World) -> None:
    """Its welcomes are more than may wait for it: it is gone from all the rooms that it named."""
    places = [{"room": f"#room{number}"} for number in range(50)]
    for place in places:
        world.join("host", room=place["room"]).types("/topic " + '"' * 4_000, "/quit")
    silent = world.connect()
    silent.stops_reading()
    silent.asks({"line": "hi"}, {"nick": "silent", "rooms": places})
    assert world.chat.users == {}
    assert [room.name for room in world.chat.rooms.values() if room.members] == []


def test_one_that_is_closed_by_its_own_last_line_is_not_told_that_it_left(world: World) -> None:
    """What it says before `/part` comes back first, and that is too much for one that does not read."""
    ci = world.join_json("ci", rooms=BOTH)
    ci.stops_reading()
    world.chat.say_as_admin(world.chat.rooms["#dev"], "more than it takes")
    world.settle()
    world.chat.limits.chunk_bytes = world.limits.direct_bytes  # so that it may ask still
    ci.session.tell(Notice(("x" * (world.limits.direct_bytes - 100),)))
    ci.asks({"line": "bye", "ref": "1" * 64}, {"line": "/part"})
    ci.reads_on()
    assert [item["type"] for item in ci.gets()][-1] == "error"


def test_a_line_for_another_room_is_another_line(world: World) -> None:
    """A program that starts again and counts its refs from 1 anew says the same elsewhere."""
    line = {"line": "done", "ref": "1"}
    ci = world.join_json("ci", rooms=BOTH).asks({**line, "room": "#lobby"})
    ci.gets()
    ci.vanishes()
    ci = world.join_json("ci", rooms=BOTH)
    ci.gets()
    assert said(ci.asks({**line, "room": "#dev"}).gets()) == [("#dev", "done")]
    assert said(ci.asks({**line, "room": "#dev"}, {**line, "room": "#lobby"}).gets()) == []
