"""A client in several rooms: what it asks the server for, and that no server opens one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lanchatd.client.outgoing import counted_refs
from lanchatd.client.room import Room
from lanchatd.client.session import ClientSession
from lanchatd.client.shown_event import ShownEvent
from tests.client.test_session import FAST, error, ids, ok, said, welcome


class Stay:
    """A session in several rooms, and a server that is played by the test."""

    def __init__(self, *rooms: Room, room: str = "") -> None:
        self.session = ClientSession("alice", room, counted_refs("r"), FAST, several=rooms)

    def connects(self) -> list[dict[str, Any]]:
        """The rooms of the hello."""
        rooms: list[dict[str, Any]] = json.loads(self.session.connect(0))["rooms"]
        return rooms

    def hears(self, *events: dict[str, Any]) -> list[ShownEvent]:
        lines = [json.dumps(event).encode() for event in events]
        return [item for line in lines for item in self.session.received(line, 0).items]

    def sends(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.session.outgoing(0)]

    @property
    def rooms(self) -> list[str]:
        return [room.name for room in self.session.places.open]


def in_two() -> Stay:
    stay = Stay(Room("#dev"), room="#lobby")
    stay.connects()
    stay.hears(welcome(room="#dev", log="log2"), welcome())
    return stay


def test_it_begins_in_the_server_s_first_room() -> None:
    """Whatever that is called."""
    stay = Stay()
    assert stay.connects() == [{}]
    stay.hears(welcome(room="#hall"))
    assert (stay.rooms, stay.session.room) == (["#hall"], "#hall")


def test_it_comes_back_with_the_place_in_each_room() -> None:
    """The lines after it follow, each once."""
    stay = in_two()
    stay.hears(said(1), said(7, room="#dev"), said(2))
    assert stay.connects() == [
        {"room": "#dev", "after": 7, "log": "log2"}, {"room": "#lobby", "after": 2, "log": "log1"},
    ]  # fmt: skip
    stay.hears(welcome(room="#dev", log="log2", last=8), welcome(last=2))
    assert ids(stay.hears(said(7, room="#dev"), said(8, room="#dev"), said(2))) == [8]


def test_a_line_says_for_which_room_it_is() -> None:
    """Also when another one is shown by the time that it is sent."""
    stay = in_two()
    stay.session.say("hi", "#dev")
    assert stay.sends() == [{"line": "hi", "room": "#dev", "ref": "r-1"}]


def test_a_room_is_joined_and_left() -> None:
    """And if the connection is lost in between, neither is done twice."""
    stay = in_two()
    stay.session.say("/join OPS", "#lobby")
    stay.sends()
    assert ids(stay.hears(welcome(room="#ops", log="log3"), said(1, room="#ops"))) == [1]
    assert stay.rooms == ["#dev", "#lobby", "#ops"]
    assert [place["room"] for place in stay.connects()] == stay.rooms
    stay.hears(*(welcome(room=room, log=room) for room in stay.rooms))
    assert stay.sends() == [{"line": "/join OPS", "room": "#lobby", "ref": "r-1"}]
    assert stay.hears(error("same_room", 1)) == []
    stay.session.say("/part", "#dev")
    stay.sends()
    stay.hears({"type": "parted", "room": "#dev"})
    assert [place["room"] for place in stay.connects()] == ["#lobby", "#ops"]
    stay.hears(welcome(), welcome(room="#ops", log="#ops"))
    assert stay.sends() == [{"line": "/part", "room": "#dev", "ref": "r-2"}]
    assert stay.hears(error("not_in_room", 2)) == []


def test_no_server_opens_a_room_that_was_not_asked_for() -> None:
    """Nor says anything in it, nor closes the last one."""
    stay = in_two()
    assert stay.hears(welcome(room="#evil"), said(1, room="#evil")) == []
    assert stay.hears({"type": "parted", "room": "#evil"}) == []
    stay.hears({"type": "parted", "room": "#dev"})
    assert stay.hears({"type": "parted", "room": "#lobby"}) == []
    assert stay.rooms == ["#lobby"]
    # What is waiting is waiting for a room, and not for whichever.
    stay.session.say("/join #ops")
    stay.sends()
    assert stay.hears(welcome(room="#evil")) == []


def test_a_room_that_it_may_not_enter_any_more_does_not_keep_it_out_of_the_others() -> None:
    """They are joined one by one then, before what waits to be said; who may not enter one is told so."""
    stay = in_two()
    stay.hears(said(5))
    stay.session.say("hi", "#dev")
    stay.connects()
    assert stay.session.places.ask_for_less()
    assert json.loads(stay.session.hello())["rooms"] == [{}]
    stay.hears(welcome(last=6))
    assert [line["line"] for line in stay.sends()] == ["/join #dev"]
    assert ids(stay.hears(said(5), said(6))) == [6]
    stay.hears(ok(2), welcome(room="#dev", log="log2"))
    assert stay.sends() == [{"line": "hi", "room": "#dev", "ref": "r-1"}]
    assert stay.rooms == ["#lobby", "#dev"]


def test_who_names_no_room_can_ask_for_no_less() -> None:
    """Then it is the server's answer that is told; and a session of one room at a time is in that one."""
    assert not Stay().session.places.ask_for_less()
    assert not ClientSession("alice", "#dev", counted_refs("r")).places.ask_for_less()


def test_who_one_is_and_whether_away_is_known() -> None:
    """By the list of who is here, and by the answers to one's own commands."""
    stay = in_two()
    members = [{"nick": "alice", "operator": True, "away": "tea"}, {"nick": "bob"}]
    stay.hears({"type": "members", "room": "#dev", "here": 2, "members": members})
    assert (stay.session.operator, stay.session.away) == (True, True)
    stay.session.say("/back", "#dev")
    stay.sends()
    stay.hears(ok(1))
    assert not stay.session.away
    stay.session.say("/away", "#dev")
    stay.sends()
    stay.hears(ok(2))
    assert stay.session.away
    stay.connects()
    stay.hears(welcome(room="#dev", log="log2"))
    assert (stay.session.operator, stay.session.away) == (False, False)


def test_who_talked_last_is_known_by_room() -> None:
    """Also by another nick."""
    stay = in_two()
    members = [{"nick": nick} for nick in ("alice", "bob", "carol")]
    stay.hears({"type": "members", "room": "#lobby", "here": 3, "members": members})
    stay.hears(said(1, sender="carol"), said(2, sender="bob"))
    stay.hears({"type": "renamed", "room": "#lobby", "from": "carol", "to": "carla"})
    room = stay.session.places.named("#lobby")
    assert room is not None and room.nicks == {"alice": 0, "bob": 2, "carla": 1}


def test_what_was_typed_for_a_room_that_it_may_not_enter_is_said_nowhere() -> None:
    """One sentence, and not a refusal for each line; what is for other rooms is said."""
    stay = in_two()
    for text, room in (("/join #ops", "#dev"), ("secret", "#ops"), ("hi", "#dev"), ("more", "#OPS")):
        stay.session.say(text, room)
    assert [line["line"] for line in stay.sends()] == ["/join #ops"]
    refused, told = stay.hears(error("banned", 1))
    assert refused.answers is not None and refused.answers.text == "/join #ops"
    assert told.event["text"] == "We are not in #ops: 2 lines that you typed for it were not said."
    assert [line["line"] for line in stay.sends()] == ["hi"]
    stay.session.say("/join #ops", "#dev")
    stay.hears(ok(3))
    stay.sends()
    assert len(stay.hears(error("banned", 5))) == 1


def test_who_is_in_a_room_already_says_what_was_typed_for_it() -> None:
    """The server refuses to let one in twice."""
    stay = in_two()
    stay.session.say("/join #dev", "#lobby")
    stay.session.say("hi", "#dev")
    stay.sends()
    assert len(stay.hears(error("same_room", 1))) == 1
    assert [line["line"] for line in stay.sends()] == ["hi"]


@pytest.mark.parametrize(("last", "gap"), [(25, 0), (26, 1), (1_255, 1_230)])
def test_what_was_said_while_it_was_not_in_a_room_is_told(last: int, gap: int) -> None:
    """The server shows the newest 20 of who joins, and does not know how far one had seen."""
    stay = in_two()
    stay.hears(said(5, room="#dev"))
    stay.connects()
    stay.session.places.ask_for_less()
    stay.session.hello()
    stay.hears(welcome(last=6))
    stay.sends()
    _, *told = stay.hears(welcome(room="#dev", log="log2", last=last))
    lines = "1 line" if gap == 1 else f"{gap:,} lines"
    shown = f"{lines} of #dev came before what is shown now: /history shows more."
    assert [item.event["text"] for item in told] == [shown] * bool(gap)
    stay.connects()
    assert len(stay.hears(welcome(room="#dev", log="log2", last=last))) == 1
