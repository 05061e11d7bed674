"""What the client knows across connections, told as stories; and that no server can do anything to it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanchatd.chat.events import Node
from lanchatd.client.outgoing import IN_FLIGHT, TOO_FAST_S, Pace, Unsayable, counted_refs
from lanchatd.client.rendering import Shape, notice, refusal, shape
from lanchatd.client.sanitize import clean
from lanchatd.client.session import ClientSession, State
from lanchatd.client.shown_event import Received, ShownEvent
from lanchatd.limits import Limits
from lanchatd.net.allowances import Allowance, Verdict

NOON = 1_795_356_191.0  # 2026-11-22 14:03:11 UTC
AT = "2026-11-22T14:03:11.123Z"
FAST = Pace(1_000, 1_000)


class Story:
    """A session, and a server that is played by the test."""

    def __init__(self, pace: Pace = FAST, room: str = "") -> None:
        self.session = ClientSession("alice", room, counted_refs("r"), pace)
        self.now = 0.0

    def connects(self) -> dict[str, Any]:
        """The hello."""
        hello: dict[str, Any] = json.loads(self.session.connect(self.now))
        return hello

    def hears(self, *events: dict[str, Any]) -> list[ShownEvent]:
        return [item for event in events for item in self.hears_line(json.dumps(event).encode()).items]

    def hears_line(self, line: bytes) -> Received:
        return self.session.received(line, self.now)

    def welcomed(self, **fields: Any) -> Story:
        self.connects()
        self.hears(welcome(**fields))
        return self

    def sends(self) -> list[str]:
        """The lines that go out now."""
        return [json.loads(line)["line"] for line in self.session.outgoing(self.now)]


def welcome(**fields: Any) -> dict[str, Any]:
    event = {"type": "welcome", "nick": "alice", "room": "#lobby", "log": "log1", "last": 0, "topic": "",
             "server": "test", "version": "0.1.0"}  # fmt: skip
    return event | fields


def said(number: int, text: str = "hi", sender: str = "bob", room: str = "#lobby") -> dict[str, Any]:
    return {"type": "said", "id": number, "room": room, "from": sender, "text": text, "at": AT}


def ok(number: int) -> dict[str, Any]:
    return {"type": "ok", "ref": f"r-{number}"}


def error(code: str, number: int | None = None) -> dict[str, Any]:
    return {"type": "error", "code": code, "text": "No."} | ({} if number is None else {"ref": f"r-{number}"})


def ids(items: list[ShownEvent]) -> list[int]:
    return [item.event["id"] for item in items if "id" in item.event]


# -- the log goes on


def test_the_first_hello_is_the_nick_and_the_room() -> None:
    """Nothing is known yet."""
    assert Story().connects() == {"nick": "alice"}
    assert Story(room="#dev").connects() == {"nick": "alice", "room": "#dev"}


def test_after_a_loss_the_log_goes_on_after_the_last_id_seen() -> None:
    """And what comes twice is shown once."""
    story = Story().welcomed(last=2)
    assert ids(story.hears(said(1), said(2), said(3))) == [1, 2, 3]
    story.session.disconnected()
    assert story.connects() == {"nick": "alice", "room": "#lobby", "after": 3, "log": "log1"}
    story.hears(welcome(last=5))
    assert ids(story.hears(said(2), said(3), said(4), said(4), said(5))) == [4, 5]


@pytest.mark.parametrize(("last", "after"), [(0, 0), (7, 0), (50, 30)])
def test_cut_off_before_the_first_event_nothing_is_missing(last: int, after: int) -> None:
    """It goes on where the server would have begun."""
    story = Story().welcomed(last=last)
    assert story.connects()["after"] == after


def test_a_new_log_is_seen_from_its_beginning() -> None:
    """The server was started anew: it says so in one line, and ids begin again."""
    story = Story().welcomed(last=5)
    story.hears(said(5))
    story.connects()
    story.hears(welcome(log="log2", last=1))
    missed = {"type": "missed", "room": "#lobby", "log": "log2", "count": None}
    items = story.hears(missed, said(1), said(2))
    assert shape(items[0], "alice", NOON).lines == (
        "-- The server has a new log of #lobby; this is all that it holds.",
    )
    assert ids(items) == [1, 2]
    assert story.connects()["after"] == 2


def test_a_room_left_and_joined_again_shows_what_is_new() -> None:
    """Each room has its own log and place."""
    story = Story().welcomed()
    story.hears(said(1), welcome(room="#dev", log="log2", last=3), said(3, room="#dev"))
    assert (story.session.room, story.connects()["after"]) == ("#dev", 3)
    story.hears(welcome(room="#dev", log="log2"), welcome(last=2))
    assert ids(story.hears(said(1), said(2))) == [2]
    assert story.connects() == {"nick": "alice", "room": "#lobby", "after": 2, "log": "log1"}


def test_history_is_shown_though_it_was_seen() -> None:
    """As many lines as were asked for."""
    story = Story().welcomed()
    story.hears(*(said(number) for number in range(1, 10)))
    story.session.say("/history 2")
    assert story.sends() == ["/history 2"]
    items = story.hears(said(8), said(9), ok(1), said(9))
    assert ids(items) == [8, 9]
    assert all(item.past for item in items[:2])


# -- what is said arrives once


def test_a_line_waits_until_it_is_acknowledged() -> None:
    """Typed while away, sent when welcomed, sent again after a loss with the same ref, in order."""
    story = Story()
    story.session.say("one")
    assert story.sends() == []
    story.welcomed()
    story.session.say("two")
    assert story.sends() == ["one", "two"]
    assert story.sends() == []
    assert story.session.waiting == 2
    (item,) = story.hears(ok(1))
    assert item.answers is not None and item.answers.text == "one"
    story.session.disconnected()
    story.session.say("three")
    story.welcomed()
    assert [json.loads(line) for line in story.session.outgoing(0)] == [
        {"line": "two", "ref": "r-2"},
        {"line": "three", "ref": "r-3"},
    ]
    story.hears(ok(2), error("muted", 3))
    assert story.session.waiting == 0


def test_what_changes_the_next_lines_is_waited_for() -> None:
    """A line is never said twice because its answer came under another nick, nor in another room."""
    story = Story().welcomed()
    for line in ("one", "/nick alicia", "two", "/join #dev", "three"):
        story.session.say(line)
    assert story.sends() == ["one"]
    story.hears(ok(1))
    assert story.sends() == ["/nick alicia"]
    story.hears(ok(2))
    assert story.session.nick == "alicia"
    assert story.sends() == ["two"]
    story.hears(ok(3))
    assert story.sends() == ["/join #dev"]
    story.connects()
    story.hears(welcome(room="#dev", nick="alicia"))
    assert story.sends() == ["/join #dev"]
    assert story.hears(error("same_room", 4)) == []
    assert story.sends() == ["three"]


def test_a_bounded_number_is_on_its_way() -> None:
    """The rest is kept in order."""
    story = Story().welcomed()
    for number in range(IN_FLIGHT + 2):
        story.session.say(str(number))
    assert len(story.sends()) == IN_FLIGHT
    story.hears(ok(1))
    assert story.sends() == [str(IN_FLIGHT)]


def test_the_pace_stays_below_the_server_s() -> None:
    """A thousand lines, and the server's own allowance drops none of them."""
    story = Story(Pace()).welcomed()
    for number in range(1_000):
        story.session.say(str(number) + "x" * 4_000)
    allowance = Allowance(Limits(), None, story.now)
    allowance.line_came(story.now)  # the hello
    done = 0
    while story.session.waiting:
        for line in story.session.outgoing(story.now):
            allowance.bytes_came(len(line), story.now)
            assert allowance.line_came(story.now) is Verdict.TAKE
            done += 1
            story.hears(ok(done))
        wait = story.session.next_in(story.now)
        assert wait is not None or not story.session.waiting
        story.now += wait or 0
    assert story.now < 1_000 / 4


def test_a_line_too_fast_is_sent_again_later_and_in_order() -> None:
    """By a server that takes less: after a second, and one by one from then on."""
    story = Story(Pace(10, 4)).welcomed()
    for number in range(1, 5):
        story.session.say(str(number))
    assert story.sends() == ["1", "2", "3", "4"]
    shown = story.hears(ok(1), error("too_fast", 2), error("too_fast", 3), error("too_fast", 4))
    assert [item.event for item in shown] == [ok(1)]
    assert story.sends() == []
    assert story.session.next_in(story.now) == TOO_FAST_S
    story.now += TOO_FAST_S
    for number in range(2, 5):
        while not (sent := story.sends()):
            story.now += story.session.next_in(story.now) or 0
        assert sent == [str(number)]
        story.hears(ok(number))
    assert story.session.waiting == 0


def test_a_line_that_no_server_takes_is_refused_here() -> None:
    """With its JSON it has to fit; the server would answer it without its ref."""
    story = Story()
    with pytest.raises(Unsayable):
        story.session.say("x" * 4_096)
    assert story.session.waiting == 0


def test_too_long_for_a_smaller_server_is_the_longest_on_its_way() -> None:
    """That answer has no ref."""
    story = Story().welcomed()
    for line in ("short", "x" * 500, "shorter"):
        story.session.say(line)
    story.sends()
    (item,) = story.hears(error("too_long"))
    assert item.answers is not None and item.answers.ref == "r-2"


def test_too_long_a_goodbye_is_not_why_the_server_closes() -> None:
    """With nothing else on its way it is the last thing that it says."""
    story = Story().welcomed()
    story.hears(error("too_long"))
    assert story.session.last_words == ""


def test_anything_that_can_be_typed_is_json() -> None:
    """Half a surrogate pair from a keyboard or a file's name, too."""
    story = Story().welcomed()
    story.session.say("a\udcffb\x1b")
    assert story.sends() == ["a?b\x1b"]


# -- who is here


def test_who_is_here_is_followed() -> None:
    """For completion and for the row of status."""
    story = Story().welcomed(topic="food")
    session = story.session
    assert (session.places.current.topic, session.server, session.connected) == ("food", "test", True)
    story.hears(
        {"type": "members", "room": "#lobby", "here": 2, "members": [{"nick": "alice"}, {"nick": "bob"}]}
    )
    story.hears({"type": "joined", "room": "#lobby", "nicks": ["carol"], "others": 0, "here": 3, "at": AT})
    story.hears({"type": "renamed", "room": "#lobby", "from": "bob", "to": "robert", "at": AT})
    story.hears({"type": "renamed", "room": "#lobby", "from": "alice", "to": "alicia", "at": AT})
    assert (set(session.places.current.nicks), session.places.current.here) == (
        {"alicia", "robert", "carol"}, 3,
    )  # fmt: skip
    assert session.nick == "alicia"
    story.hears({"type": "left", "room": "#lobby", "nicks": ["carol"], "others": 0, "here": 2, "at": AT})
    story.hears({"type": "members", "room": "#dev", "here": 1, "members": [{"nick": "dave"}]})
    story.hears({"type": "rooms", "rooms": [{"room": "#dev", "here": 1, "topic": ""}], "total": 1})
    assert (set(session.places.current.nicks), session.places.current.here) == ({"alicia", "robert"}, 2)
    assert session.rooms == {"#lobby", "#dev"}
    story.hears(said(1, sender="erin"), welcome(room="#dev"))
    assert not session.places.current.nicks


# -- the hello is answered in other ways


def test_a_refused_nick_is_told() -> None:
    """By code and sentence; another go is possible on the same connection."""
    story = Story()
    story.connects()
    got = story.hears_line(json.dumps(error("nick_taken")).encode())
    assert (got.refused, got.items, story.session.state) == (("nick_taken", "No."), [], State.GREETING)


@pytest.mark.parametrize(
    "lines",
    [
        [b"-- Welcome to chat (lanchatd 0.1.0).", b"--", b"-- What is your nick?"],
        [b"HTTP/1.1 100 Welcome to chat (lanchatd 0.1.0). What is your nick?\r", b"\r"],
    ],
)
def test_what_is_for_people_is_passed_over(lines: list[bytes]) -> None:
    """Our hello came after the server's patience."""
    story = Story()
    story.connects()
    assert [story.hears_line(line) for line in lines] == [Received()] * len(lines)


def test_turned_away_as_text_is_a_refusal() -> None:
    """The server did not know yet that we speak JSON."""
    story = Story()
    story.connects()
    got = story.hears_line(b"!! There are 10,000 connections, which is the limit.")
    assert got.refused == ("turned_away", "There are 10,000 connections, which is the limit.")


@pytest.mark.parametrize(
    "line",
    [b"HTTP/1.1 400 Bad Request", b"SSH-2.0-OpenSSH", b"220 mail ESMTP", b'{"nick": "alice"}', b"", b"[1]",
     b"\x15\x03\x01\x00\x02\x02F", b'{"type": "welcome"}'],
)  # fmt: skip
def test_what_is_no_lanchat_is_known_by_its_first_line(line: bytes) -> None:
    """A web server, an echo, a mail server."""
    story = Story()
    story.connects()
    assert story.hears_line(line).stranger


def test_why_the_server_closes_is_kept() -> None:
    """For the one line about the lost connection; and who was kicked does not come back by itself."""
    story = Story().welcomed()
    story.hears({"type": "notice", "text": "The server is shutting down.", "code": "shutdown"})
    assert (story.session.last_words, story.session.sent_away) == ("The server is shutting down.", False)
    story.hears(error("kicked"))
    assert (story.session.last_words, story.session.sent_away) == ("No.", True)
    story.connects()
    assert (story.session.last_words, story.session.sent_away) == ("", False)


# -- whatever a server sends

FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
TYPES = ("welcome", "said", "acted", "topic", "private", "joined", "left", "renamed", "notice", "members",
         "rooms", "ok", "error", "missed", "else")  # fmt: skip
FIELDS = ("nick", "room", "log", "last", "id", "from", "to", "text", "at", "nicks", "others", "here",
          "members", "rooms", "total", "ref", "code", "count", "reason", "topic", "past",
          "server")  # fmt: skip

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.sampled_from(["#lobby", "alice", "r-1", AT, "kicked", "too_fast", "\x1b]0;\x07", "\u202e"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip
EVENTS = st.dictionaries(st.sampled_from(FIELDS), VALUES).flatmap(
    lambda fields: st.sampled_from(TYPES).map(lambda kind: {**fields, "type": kind})
)
LINES = st.one_of(
    st.binary(),
    EVENTS.map(lambda event: json.dumps(event).encode()),
    EVENTS.map(lambda event: json.dumps(event, ensure_ascii=False).encode(errors="surrogatepass")),
)


@given(st.lists(LINES, max_size=8), st.booleans())
def test_no_server_raises_or_sends_a_control_character(lines: list[bytes], here: bool) -> None:
    """Any bytes, and any JSON that looks like ours: shown or passed over."""
    story = Story()
    story.session.say("hello")
    story.connects()
    if here:
        story.hears(welcome())
    for line in lines:
        got = story.hears_line(line)
        story.session.outgoing(story.now)
        story.session.hello()
        for item in got.items:
            shown = shape(item, story.session.nick, NOON)
            assert not any(FORBIDDEN.search(text) for text in (*shown.stamped, shown.nick))
            rest = {**item.event, "text": ""}
            assert not FORBIDDEN.search(json.dumps(rest, ensure_ascii=False))
        session = story.session
        place = session.places.current
        texts = (session.nick, session.room, place.topic, session.server, session.version, *place.nicks,
                 *session.rooms, *(got.refused or ()))  # fmt: skip
        assert not any(FORBIDDEN.search(text) for text in texts)
        assert session.waiting <= 1


@pytest.mark.parametrize(
    "line",
    [b"[" * 100_000, b'{"a":' * 100_000,
     b'{"type": "said", "text": "' + b"x" * (1 << 20) + b'"}',
     b"\xff" * 1_000, b'{"type": "said", "id": ' + b"9" * 5_000 + b"}", b'{"type": "said", "id": 1e999}',
     b'{"type": "notice", "text": ' + b"[" * 20 + b"]" * 20 + b"}", b'{"type": "said", "id": NaN}'],
)  # fmt: skip
def test_large_deep_and_strange_lines_are_survived(line: bytes) -> None:
    """Before the welcome and after it, with a bounded result."""
    story = Story()
    story.connects()
    story.hears_line(line)
    story.welcomed()
    for item in story.hears_line(line).items:
        assert len(str(item.event)) < 100_000


def test_what_is_kept_of_a_talkative_server_is_bounded() -> None:
    """Nicks and rooms without end."""
    story = Story().welcomed()
    for number in range(1_100):
        story.hears(welcome(room=f"#{number}", log="x"))
    assert len(story.session.places) == len(story.session.rooms) == 1_000


def test_clean_leaves_what_people_write() -> None:
    """Any script, emoji, joiners; a tab is a space."""
    text = "مرحبا שלום 你好 👩‍👩‍👧 é Ω ~"
    assert clean(text) == text
    assert clean("a\tb\x1b[31m\u009b\u202e\x7f") == "a b\ufffd[31m\ufffd\ufffd\ufffd"


# -- shapes


def shaped(event: dict[str, Any], own: str = "alice") -> Shape:
    return shape(ShownEvent(event, event), own, NOON)


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (said(1), ["<bob> hi"]),
        (said(1) | {"type": "acted"}, ["* bob hi"]),
        (said(1) | {"type": "topic"}, ["-- bob set the topic: hi"]),
        ({"type": "private", "from": "bob", "to": "alice", "text": "psst"}, ["[bob -> alice] psst"]),
        ({"type": "renamed", "from": "bob", "to": "rob"}, ["-- bob is now rob"]),
        ({"type": "joined", "nicks": ["a", "b"], "others": 0}, ["-- a and b joined"]),
        ({"type": "joined", "nicks": ["a", "b", "c", "d", "e"], "others": 7},
         ["-- a, b and 10 others joined"]),
        ({"type": "left", "nicks": ["a"], "others": 0, "reason": "bye"}, ["-- a left (bye)"]),
        ({"type": "left", "nicks": ["a"], "others": 0, "reason": "kicked by bob", "text": 'so "it" is'},
         ["-- a left (kicked by bob: \"so 'it' is\")"]),
        (welcome(topic="food"),
         ["-- You are alice in #lobby. /help lists the commands.", "-- The topic is: food"]),
        ({"type": "members", "room": "#dev", "here": 0, "members": []}, ["-- Nobody is in #dev."]),
        (
            {"type": "members", "room": "#dev", "here": 4,
             "members": [{"nick": "a", "away": ""}, {"nick": "b", "away": "x", "operator": True},
                         {"nick": "c", "encrypted": True}]},
            ["-- 4 in #dev: a (plain, away), @b (plain, away: \"x\"), c and 1 other"],
        ),
        (
            {"type": "rooms", "rooms": [{"room": "#dev", "here": 1, "topic": "t"}], "total": 3},
            ["-- #dev (1 here) t", "-- and 2 others"],
        ),
        ({"type": "missed", "room": "#dev", "count": 1},
         ["-- You missed 1 line, which the log of #dev no longer holds."]),
        ({"type": "notice", "text": "a\n\nb"}, ["-- a", "--", "-- b"]),
        ({"type": "error", "text": "No."}, ["!! No."]),
        ({"type": "ok", "ref": "1"}, []),
        ({"type": "new", "text": "in a later version"}, ["-- in a later version"]),
        ({"type": "new"}, []),
    ],
)  # fmt: skip
def test_events_have_the_shapes_of_the_text_protocol(event: dict[str, Any], lines: list[str]) -> None:
    """What people with nc read, people with the client read."""
    assert list(shaped(event).lines) == lines


def test_a_shape_has_the_local_time_of_its_event() -> None:
    """Or of now, for what has none or a strange one."""
    assert shaped(said(1) | {"at": "2026-11-22T23:59:00Z"}).stamped == ("23:59 <bob> hi",)
    for at in ("", "soon", "0001-01-01T00:00:00+23:00", 7):
        assert shaped(said(1) | {"at": at}).at == "14:03"


@pytest.mark.parametrize(("past", "at"), [(True, "2026-11-21 23:59"), (False, "23:59")])
def test_a_shape_of_another_day_has_its_date_if_it_is_of_the_past(past: bool, at: str) -> None:
    """What is said now is of today, also if the clock of the server is not."""
    event = said(1) | {"at": "2026-11-21T23:59:00Z"}
    assert shape(ShownEvent(event, event, past), "alice", NOON).at == at


def test_who_is_named_is_known() -> None:
    """By somebody else; and a private message always is for us."""
    assert shaped(said(1, "hi alice")).mentions
    assert not shaped(said(1, "hi alice", "alice")).mentions
    assert shaped({"type": "private", "from": "bob", "to": "alice", "text": "psst"}).mentions
    assert not shaped(said(1, "hi bob")).mentions
    assert (shaped(said(1)).nick, shaped({"type": "joined", "nicks": ["carol"]}).nick) == ("bob", "carol")


def test_what_the_client_says_itself_has_the_same_shapes() -> None:
    """One way to show everything."""
    assert shape(notice("Connected."), "alice", NOON).stamped == ("14:03 -- Connected.",)
    assert shape(refusal("too_long", "Too long."), "alice", NOON).stamped == ("14:03 !! Too long.",)


def test_names_that_no_lanchat_has_are_not_kept() -> None:
    """A hostile server cannot fill the memory with them."""
    story = Story().welcomed()
    monster = "x" * 60_000
    story.hears(
        {"type": "joined", "room": "#lobby", "nicks": [monster, "bob"], "others": 0, "here": 3},
        {"type": "rooms", "rooms": [{"room": "#" + monster}, {"room": "#dev"}]},
        {"type": "renamed", "room": "#lobby", "from": "bob", "to": monster},
    )
    assert not story.session.places.current.nicks
    assert story.session.rooms == {"#lobby", "#dev"}
    assert Story().hears(welcome(room="#" + monster)) == []


def test_what_was_searched_for_is_shown_with_its_room_and_day() -> None:
    """As `nc` shows it; what a hostile server leaves out or mixes up does no harm."""
    said = {"type": "said", "room": "#dev", "from": "bob", "text": "tea", "at": "2020-11-22T14:03:11.123Z"}
    event: dict[str, Any] = {"type": "past", "events": [said, {"at": "x"}, 7], "more": True}
    shown = shape(ShownEvent(event, event), "alice", 0)
    assert shown.stamped == shown.lines  # each has a time of its own, and no other
    assert shown.lines == (
        "2020-11-22 14:03 #dev <bob> tea",
        "1970-01-01 00:00  <> ",
        "1970-01-01 00:00  <> ",
        "-- There are more: /search alone shows them.",
    )


def test_the_server_greets_once_and_again_when_it_has_something_new_to_say() -> None:
    """Its name and its motd are shown when we come, not in each room and not after each lost connection."""
    story = Story()
    told: list[bool] = []
    for motd in (["Lunch at 12."], ["Lunch at 12."], ["Lunch at 13."]):
        story.connects()
        told += [item.greets for item in story.hears(welcome(motd=motd), welcome(room="#dev"))]
    assert told == [True, False, False, False, True, False]


@pytest.mark.parametrize("name", ["#x] · connected", "#a b", "#" + "x" * 64, "", " "])
def test_no_server_writes_into_the_row_of_status(name: str) -> None:
    """By what it calls a room or us: a name has no space in it, and a length."""
    assert Story().hears(welcome(room=name)) == []
    assert Story().hears(welcome(nick=name)) == []
    story = Story().welcomed()
    story.hears({"type": "renamed", "room": "#lobby", "from": "alice", "to": name})
    story.hears({"type": "rooms", "rooms": [{"room": name}], "total": 1})
    assert (story.session.nick, story.session.rooms) == ("alice", {"#lobby"})


def test_other_daemons_that_came_later_are_known() -> None:
    """Nothing is shown of it; before the welcome it counts for nothing."""
    named = {"type": "nodes", "nodes": [{"host": "b.local", "port": 8000, "key": "sha256:" + "A" * 43}]}
    story = Story()
    story.connects()
    encoded = json.dumps(named).encode()
    assert story.session.received(encoded, 0).nodes is None
    story.hears(welcome())
    got = story.session.received(encoded, 0)
    assert got.nodes == [Node("b.local", 8000, "sha256:" + "A" * 43)]
    assert [shape(item, "alice", NOON).lines for item in got.items] == [()]


def test_a_line_that_can_not_be_kept_is_sent_again_if_there_are_other_daemons() -> None:
    """Less and less often, and it is said once why it waits; what was typed behind it stays behind it."""
    story = Story().welcomed()
    story.session.elsewhere = True
    story.session.say("one")
    assert story.sends() == ["one"]
    refused = json.dumps(error("log_failed", 1)).encode()
    got = story.session.received(refused, story.now)
    assert (got.not_kept, got.warning, got.items) == (True, "No. It is sent again until it is.", [])
    story.session.say("two")
    waited = []
    for _ in range(6):
        assert story.sends() == []
        pause_s = story.session.next_in(story.now)
        assert pause_s is not None
        waited.append(pause_s)
        story.now += pause_s
        assert story.sends() == ["one", "two"]
        for number in (1, 2):
            got = story.session.received(json.dumps(error("log_failed", number)).encode(), story.now)
            assert (got.not_kept, got.warning, got.items) == (True, "", [])
    assert waited == [1, 2, 4, 8, 10, 10]
    story.connects()
    story.hears(welcome())
    assert story.sends() == ["one", "two"]
    story.hears(ok(1), ok(2))
    story.session.say("three")
    story.sends()
    assert story.session.received(json.dumps(error("log_failed", 3)).encode(), story.now).warning


def test_a_line_that_can_not_be_kept_is_refused_if_there_is_one_daemon() -> None:
    """It may hang for a day."""
    story = Story().welcomed()
    story.session.say("one")
    story.sends()
    (item,) = story.hears(error("log_failed", 1))
    assert item.answers is not None
    assert story.session.waiting == 0
