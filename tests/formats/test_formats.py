"""The two formats: how everything is shown, and what is read from a line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lanchatd.chat.events import (
    NO_REASON,
    Event,
    Here,
    Item,
    Kind,
    Members,
    Missed,
    Node,
    Nodes,
    Notice,
    Ok,
    Presence,
    Private,
    Reason,
    RoomLine,
    Rooms,
    Topic,
    Welcome,
)
from lanchatd.chat.format import Format, Hello, Line, LineFormat, Place, Unreadable
from lanchatd.formats.json_lines import JsonFormat
from lanchatd.formats.text import TextFormat
from lanchatd.text import names
from lanchatd.text.quoting import single_spaced
from lanchatd.text.refused import Refusal, Refused

TEXT, JSON = TextFormat(), JsonFormat()

# 2026-11-22 14:03:11.123 UTC
AT = 1_795_356_191.123
ISO = "2026-11-22T14:03:11.123Z"


def event(kind: Kind, text: str, id_: int = 0) -> Event:
    return Event(kind, "#lobby", "bob", text, AT, id_)


def presence(kind: Kind, *nicks: str, others: int = 0, reason: Reason = NO_REASON) -> Presence:
    return Presence(kind, "#lobby", nicks, others, reason, 7, AT)


@dataclass
class Shown:
    """An item, and how the two formats show it."""

    item: Item
    text: str
    json: dict[str, Any]


TALK = {
    "said": Shown(
        event(Kind.SAID, "hi <there>", 4712),
        "<bob> hi <there>\n",
        {"type": "said", "id": 4712, "room": "#lobby", "from": "bob", "text": "hi <there>", "at": ISO},
    ),
    "acted": Shown(
        event(Kind.ACTED, "waves 👋", 1),
        "* bob waves 👋\n",
        {"type": "acted", "id": 1, "room": "#lobby", "from": "bob", "text": "waves 👋", "at": ISO},
    ),
    "topic": Shown(
        event(Kind.TOPIC, "lunch", 2),
        "-- bob set the topic: lunch\n",
        {"type": "topic", "id": 2, "room": "#lobby", "from": "bob", "text": "lunch", "at": ISO},
    ),
    "no topic": Shown(
        event(Kind.TOPIC, "", 2),
        "-- bob cleared the topic\n",
        {"type": "topic", "id": 2, "room": "#lobby", "from": "bob", "text": "", "at": ISO},
    ),
}

STATE = {
    "renamed": Shown(
        event(Kind.RENAMED, "robert"),
        "-- bob is now robert\n",
        {"type": "renamed", "room": "#lobby", "from": "bob", "to": "robert", "at": ISO},
    ),
    "away": Shown(
        event(Kind.AWAY, "lunch"),
        "",
        {"type": "away", "room": "#lobby", "from": "bob", "away": "lunch", "at": ISO},
    ),
    "back": Shown(event(Kind.BACK, ""), "", {"type": "back", "room": "#lobby", "from": "bob", "at": ISO}),
    "one joined": Shown(
        presence(Kind.JOINED, "bob"),
        "-- bob joined\n",
        {"type": "joined", "room": "#lobby", "nicks": ["bob"], "others": 0, "here": 7, "at": ISO},
    ),
    "two joined": Shown(
        presence(Kind.JOINED, "bob", "carol"),
        "-- bob and carol joined\n",
        {"type": "joined", "room": "#lobby", "nicks": ["bob", "carol"], "others": 0, "here": 7, "at": ISO},
    ),
    "four joined": Shown(
        presence(Kind.JOINED, "a", "b", "c", "d"),
        "-- a, b, c and d joined\n",
        {
            "type": "joined", "room": "#lobby", "nicks": ["a", "b", "c", "d"], "others": 0, "here": 7,
            "at": ISO,
        },
    ),
    "five joined": Shown(
        presence(Kind.JOINED, "a", "b", "c", "d", "e"),
        "-- a, b and 3 others joined\n",
        {
            "type": "joined", "room": "#lobby", "nicks": ["a", "b", "c", "d", "e"], "others": 0, "here": 7,
            "at": ISO,
        },
    ),
    "a crowd joined": Shown(
        presence(Kind.JOINED, "a", "b", "c", others=1_997),
        "-- a, b and 1,998 others joined\n",
        {"type": "joined", "room": "#lobby", "nicks": ["a", "b", "c"], "others": 1_997, "here": 7, "at": ISO},
    ),
    "two and one more joined": Shown(
        presence(Kind.JOINED, "a", "b", others=1),
        "-- a, b and 1 other joined\n",
        {"type": "joined", "room": "#lobby", "nicks": ["a", "b"], "others": 1, "here": 7, "at": ISO},
    ),
    "one left": Shown(
        presence(Kind.LEFT, "bob"),
        "-- bob left\n",
        {"type": "left", "room": "#lobby", "nicks": ["bob"], "others": 0, "here": 7, "at": ISO},
    ),
    "one left with a word": Shown(
        presence(Kind.LEFT, "bob", reason=Reason(text='so "long"')),
        "-- bob left (\"so 'long'\")\n",
        {
            "type": "left", "room": "#lobby", "nicks": ["bob"], "others": 0, "here": 7,
            "text": 'so "long"', "at": ISO,
        },
    ),
    "one was made to leave": Shown(
        presence(Kind.LEFT, "bob", reason=Reason("kicked by admin", "spam")),
        '-- bob left (kicked by admin: "spam")\n',
        {
            "type": "left", "room": "#lobby", "nicks": ["bob"], "others": 0, "here": 7,
            "reason": "kicked by admin", "text": "spam", "at": ISO,
        },
    ),
    "two left for a reason": Shown(
        presence(Kind.LEFT, "bob", "carol", reason=Reason("connection lost")),
        "-- bob and carol left (connection lost)\n",
        {
            "type": "left", "room": "#lobby", "nicks": ["bob", "carol"], "others": 0, "here": 7,
            "reason": "connection lost", "at": ISO,
        },
    ),
}  # fmt: skip

DIRECT = {
    "private": Shown(
        Private("alice", "bob", "psst", AT),
        "[alice -> bob] psst\n",
        {"type": "private", "from": "alice", "to": "bob", "text": "psst", "at": ISO},
    ),
    "a notice": Shown(Notice(("Goodbye.",)), "-- Goodbye.\n", {"type": "notice", "text": "Goodbye."}),
    "a notice of lines": Shown(
        Notice(("one", "", "three  "), "motd"),
        "-- one\n--\n-- three\n",
        {"type": "notice", "text": "one\n\nthree  ", "code": "motd"},
    ),
    "members": Shown(
        Members(
            "#lobby",
            (
                Here("alice", None, True), Here("bob", "", False, encrypted=True),
                Here("carol", "at lunch", True), Here("dave", None, False, encrypted=True),
            ),
            4,
        ),
        "-- 4 in #lobby: @alice (plain), bob (away), @carol (plain, away: \"at lunch\") and dave\n",
        {
            "type": "members", "room": "#lobby", "here": 4,
            "members": [
                {"nick": "alice", "operator": True}, {"nick": "bob", "away": "", "encrypted": True},
                {"nick": "carol", "away": "at lunch", "operator": True}, {"nick": "dave", "encrypted": True},
            ],
        },
    ),
    "one member": Shown(
        Members("#dev", (Here("alice", None, False),), 1),
        "-- 1 in #dev: alice (plain)\n",
        {"type": "members", "room": "#dev", "here": 1, "members": [{"nick": "alice"}]},
    ),
    "a crowd of members": Shown(
        Members("#dev", (Here("alice", None, False), Here("bob", None, False)), 250),
        "-- 250 in #dev: alice (plain), bob (plain) and 248 others\n",
        {"type": "members", "room": "#dev", "here": 250, "members": [{"nick": "alice"}, {"nick": "bob"}]},
    ),
    "rooms": Shown(
        Rooms((RoomLine("#lobby", 7, "lunch", 4711), RoomLine("#dev", 1, "")), 2),
        "-- #lobby (7 here) lunch\n-- #dev (1 here)\n",
        {
            "type": "rooms", "total": 2,
            "rooms": [
                {"room": "#lobby", "here": 7, "topic": "lunch", "last": 4711},
                {"room": "#dev", "here": 1, "topic": "", "last": 0},
            ],
        },
    ),
    "more rooms": Shown(
        Rooms((RoomLine("#lobby", 7, ""),), 3),
        "-- #lobby (7 here)\n-- and 2 others\n",
        {"type": "rooms", "total": 3, "rooms": [{"room": "#lobby", "here": 7, "topic": "", "last": 0}]},
    ),
    "one more room": Shown(
        Rooms((RoomLine("#lobby", 7, ""),), 2),
        "-- #lobby (7 here)\n-- and 1 other\n",
        {"type": "rooms", "total": 2, "rooms": [{"room": "#lobby", "here": 7, "topic": "", "last": 0}]},
    ),
    "welcome": Shown(
        Welcome("alice", "#lobby", "9f3c", 4711, Topic(), "test", "1.2"),
        "-- You are alice in #lobby. /help lists the commands.\n",
        {
            "type": "welcome", "nick": "alice", "room": "#lobby", "log": "9f3c", "last": 4711, "topic": "",
            "server": "test", "version": "1.2",
        },
    ),
    "welcome with a topic": Shown(
        Welcome("alice", "#lobby", "9f3c", 4711, Topic("lunch"), "test", "1.2"),
        "-- You are alice in #lobby. /help lists the commands.\n-- The topic is: lunch\n",
        {
            "type": "welcome", "nick": "alice", "room": "#lobby", "log": "9f3c", "last": 4711,
            "topic": "lunch", "server": "test", "version": "1.2",
        },
    ),
    "welcome with other daemons": Shown(
        Welcome(
            "alice", "#lobby", "9f3c", 4711, Topic(), "test", "1.2", nodes=(Node("b", 8000, "sha256:B"),)
        ),
        "-- You are alice in #lobby. /help lists the commands.\n",
        {
            "type": "welcome", "nick": "alice", "room": "#lobby", "log": "9f3c", "last": 4711, "topic": "",
            "server": "test", "version": "1.2", "nodes": [{"host": "b", "port": 8000, "key": "sha256:B"}],
        },
    ),
    "other daemons": Shown(
        Nodes((Node("b", 8000, "sha256:B"),)),
        "",
        {"type": "nodes", "nodes": [{"host": "b", "port": 8000, "key": "sha256:B"}]},
    ),
    "missed one": Shown(
        Missed("#lobby", "9f3c", 1),
        "-- You missed 1 line, which the log of #lobby no longer holds.\n",
        {"type": "missed", "room": "#lobby", "log": "9f3c", "count": 1},
    ),
    "another log": Shown(
        Missed("#lobby", "9f3c", None),
        "-- The server has a new log of #lobby; this is all that it holds.\n",
        {"type": "missed", "room": "#lobby", "log": "9f3c", "count": None},
    ),
    "ok": Shown(Ok("17", 4713), "", {"type": "ok", "ref": "17", "id": 4713}),
    "ok, not in the log": Shown(Ok("17"), "", {"type": "ok", "ref": "17"}),
    "refused": Shown(
        Refusal("nick_taken", "That nick is taken."),
        "!! That nick is taken.\n",
        {"type": "error", "code": "nick_taken", "text": "That nick is taken."},
    ),
    "refused with a ref": Shown(
        Refusal("muted", "You are muted until 15:00.", "17"),
        "!! You are muted until 15:00.\n",
        {"type": "error", "ref": "17", "code": "muted", "text": "You are muted until 15:00."},
    ),
}  # fmt: skip

EVERYTHING = TALK | STATE | DIRECT


# -- what is shown


@pytest.mark.parametrize("shown", EVERYTHING.values(), ids=EVERYTHING)
def test_text_shows_it_in_one_of_five_shapes(shown: Shown) -> None:
    """What a person with `nc` reads."""
    assert TEXT.render(shown.item).decode() == shown.text


@pytest.mark.parametrize("shown", EVERYTHING.values(), ids=EVERYTHING)
def test_json_shows_it_as_one_object_in_one_line(shown: Shown) -> None:
    """What a program reads, in UTF-8 and without escapes for other scripts."""
    encoded = JSON.render(shown.item)
    assert json.loads(encoded) == shown.json
    assert encoded == json.dumps(json.loads(encoded), ensure_ascii=False).encode() + b"\n"


@pytest.mark.parametrize("shown", [*TALK.values(), STATE["renamed"]], ids=[*TALK, "renamed"])
def test_a_line_from_the_past_begins_with_its_time_in_text(shown: Shown) -> None:
    """So that nobody answers what was said an hour ago."""
    assert TEXT.render(shown.item, now=AT).decode() == f"14:03 {shown.text}"


@pytest.mark.parametrize("shown", DIRECT.values(), ids=DIRECT)
def test_what_is_told_directly_is_never_past(shown: Shown) -> None:
    """It is about now."""
    assert TEXT.render(shown.item, now=AT).decode() == shown.text


@pytest.mark.parametrize("shown", [*TALK.values(), STATE["renamed"]], ids=[*TALK, "renamed"])
def test_a_line_from_the_past_is_marked_in_json(shown: Shown) -> None:
    """A program can tell what it is shown again from what is said now."""
    live, past = json.loads(JSON.render(shown.item)), json.loads(JSON.render(shown.item, now=AT))
    assert past == live | {"past": True}


@pytest.mark.parametrize("shown", DIRECT.values(), ids=DIRECT)
def test_what_is_told_directly_is_never_past_in_json(shown: Shown) -> None:
    """It is about now."""
    assert JSON.render(shown.item, now=AT) == JSON.render(shown.item)


@pytest.mark.parametrize(("count", "lines"), [(1, "1 line"), (2, "2 lines"), (12_345, "12,345 lines")])
def test_lines_missed_are_counted(count: int, lines: str) -> None:
    """With a comma between the thousands."""
    expected = f"-- You missed {lines}, which the log of #lobby no longer holds.\n"
    assert TEXT.render(Missed("#lobby", "9f3c", count)).decode() == expected


def test_a_room_with_nobody_in_it_is_shown() -> None:
    """Asking who is in a room that all have left, but that has a log, once broke the asker's connection."""
    nobody = Members("#dev", (), 0)
    assert TEXT.render(nobody) == b"-- Nobody is in #dev.\n"
    assert json.loads(JSON.render(nobody)) == {"type": "members", "room": "#dev", "here": 0, "members": []}


@pytest.mark.parametrize(("form", "name"), [(TEXT, "text"), (JSON, "json")])
def test_a_format_has_a_name(form: Format, name: str) -> None:
    """The daemon's log tells by it how somebody came in."""
    assert form.name == name


# -- nothing that people write looks like another shape

PIECES = [
    "<bob> hi", "* bob waves", "[alice -> bob] psst", "-- bob joined", "!! closed", "14:03 ", "--", "> ",
    "] ", "\n", "\r", "\x1b[2K", "\x85", "\u2028", "\u202e", "\ufeff", "\ud800", '"}', "\\", "\t",
    '", "type": "error', "alice", "山田", "שלום", "🙂", "a\u0301", " ",
]  # fmt: skip
TYPED = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=6).map("".join)
NICKS = TYPED | st.text(
    st.characters(categories=("Lu", "Ll", "Lo", "Nd"), include_characters="_-."), max_size=5
)

NICK = r"[^\W][^\s<>\[\]!*:,@#]*"
SHAPES = {
    Kind.SAID: re.compile(rf"<({NICK})> (.*)\n"),
    Kind.ACTED: re.compile(rf"\* ({NICK}) (.*)\n"),
    Kind.TOPIC: re.compile(rf"-- ({NICK}) set the topic: (.*)\n"),
    Kind.RENAMED: re.compile(rf"-- ({NICK}) is now (.*)\n"),
}
PRIVATE = re.compile(rf"\[({NICK}) -> ({NICK})\] (.*)\n")
PAST = re.compile(r"\d\d:\d\d ")


def accepted(nick: str, text: str) -> tuple[str, str] | None:
    """The nick and the text as they are taken, or None if either is refused."""
    try:
        name = names.nick(TEXT.read_hello(nick.encode(errors="surrogatepass")).nick)
        return name.shown, TEXT.read_line(text.encode(errors="surrogatepass")).text
    except Refused:
        return None


@given(NICKS, TYPED, st.sampled_from(list(SHAPES)))
@example("alice", "-- bob joined", Kind.SAID)
@example("alice", "<bob> hi", Kind.ACTED)
@example("alice", "  <bob> hi", Kind.SAID)
@settings(max_examples=150, deadline=None)
def test_nothing_in_a_nick_or_text_can_forge_another_shape(nick: str, text: str, kind: Kind) -> None:
    """Each is one line, of its own shape only, and what people wrote is where it belongs."""
    if (clean := accepted(nick, text)) is None or (kind is Kind.TOPIC and not clean[1]):
        return
    item = Event(kind, "#lobby", *clean, AT, 1)
    line = TEXT.render(item).decode()
    assert len(line.splitlines()) == 1
    assert {shape: found.groups() for shape, form in SHAPES.items() if (found := form.fullmatch(line))} == {
        kind: (clean[0], single_spaced(clean[1]))
    }
    assert not PAST.match(line)
    assert not line.startswith(("!!", "["))
    assert TEXT.render(item, now=AT).decode() == f"14:03 {line}"


@given(NICKS, NICKS, TYPED)
@example("alice", "bob", "x] [bob -> alice] hi")
@example("alice", "bob", "x  [bob -> alice] hi")
@settings(max_examples=100, deadline=None)
def test_nothing_in_a_private_message_can_forge_another_shape(nick: str, other: str, text: str) -> None:
    """Who wrote it, to whom, and what, can be told for sure."""
    from_, to = accepted(nick, text), accepted(other, "")
    if from_ is None or to is None:
        return
    line = TEXT.render(Private(from_[0], to[0], from_[1], AT)).decode()
    found = PRIVATE.fullmatch(line)
    assert found is not None
    assert found.groups() == (from_[0], to[0], single_spaced(from_[1]))
    assert len(line.splitlines()) == 1


@given(NICKS, TYPED)
@example("alice", '", "type": "error')
@settings(max_examples=100, deadline=None)
def test_nothing_in_a_nick_or_text_can_forge_a_field(nick: str, text: str) -> None:
    """Every object is one line, and has what people wrote in its own fields."""
    if (clean := accepted(nick, text)) is None:
        return
    encoded = JSON.render(Event(Kind.SAID, "#lobby", *clean, AT, 1))
    assert len(encoded.decode().splitlines()) == 1
    expected = {"type": "said", "id": 1, "room": "#lobby", "from": clean[0], "text": clean[1], "at": ISO}
    assert json.loads(encoded) == expected


# -- what is read


def refusal_of(form: LineFormat, encoded: bytes, hello: bool = False) -> Refusal:
    """What is told for a line that cannot be read."""
    with pytest.raises(Refused) as refused:
        (form.read_hello if hello else form.read_line)(encoded)
    ref = refused.value.ref if isinstance(refused.value, Unreadable) else None
    return refused.value.answering(ref)


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        (b"", ""),
        (b"hi there", "hi there"),
        (b"  hi  ", "  hi"),
        (b"a\tb\t", "a b"),
        ("山田　".encode(), "山田"),
        (b"/me waves", "/me waves"),
        (b'{"line": "hi"}', '{"line": "hi"}'),
    ],
)
def test_text_reads_a_line_as_it_was_typed(encoded: bytes, text: str) -> None:
    """Without the spaces at its end."""
    assert TEXT.read_line(encoded) == Line(text)


@pytest.mark.parametrize(
    ("encoded", "nick", "secret"),
    [
        (b"", "", None),
        (b"alice", "alice", None),
        (b"  alice  ", "alice", None),
        (b"alice k7m2q-x4p9d", "alice", "k7m2q-x4p9d"),
        (b"alice\tcorrect horse  battery ", "alice", "correct horse  battery"),
        (b'{"nick": "hi"}', '{"nick":', '"hi"}'),
    ],
)
def test_the_first_line_of_text_is_a_nick_and_may_be_a_secret(
    encoded: bytes, nick: str, secret: str | None
) -> None:
    """No nick has a space; the secret is the rest of the line, spaces and all."""
    assert TEXT.read_hello(encoded) == Hello(nick, secret=secret)


@pytest.mark.parametrize("hello", [True, False])
@pytest.mark.parametrize(
    ("encoded", "code"), [(b"\xff", "bad_utf8"), (b"a\x1b[2J", "control"), (b"a\rb", "control")]
)
def test_text_refuses_what_cannot_be_shown(encoded: bytes, code: str, hello: bool) -> None:
    """The first line as the later ones."""
    assert refusal_of(TEXT, encoded, hello).code == code


def test_text_has_no_refs() -> None:
    """Not even in a line that looks like it."""
    assert TEXT.ref_of(b'{"line": "hi", "ref": "17"}') is None


@pytest.mark.parametrize(
    ("encoded", "hello"),
    [
        (b'{"nick": "alice"}', Hello("alice")),
        (
            b'{"nick": "alice", "room": "#dev", "after": 4711, "log": "9f3c"}',
            Hello("alice", (Place("#dev", 4711, "9f3c"),)),
        ),
        (b'{"nick": "alice", "after": 0}', Hello("alice", (Place(after=0),))),
        (b'{"nick": "alice", "room": null, "after": null, "log": null}', Hello("alice")),
        (b' {"nick":"\\u5c71\\u7530","more":[{"a":1e3}]} ', Hello("山田")),
        (b'{"nick": "a\\tb"}', Hello("a b")),
        (b'{"nick": "bob", "nick": "alice"}', Hello("alice")),
        (b'{"nick": "alice", "after": ' + b"9" * 4_000 + b"}", Hello("alice", (Place(after=10**4_000 - 1),))),
    ],
)
def test_json_reads_a_hello(encoded: bytes, hello: Hello) -> None:
    """Only the nick is needed; null is as good as nothing, of two the last counts, and more is not minded."""
    assert JSON.read_hello(encoded) == hello


@pytest.mark.parametrize(
    ("encoded", "line"),
    [
        (b'{"line": "hello"}', Line("hello")),
        (b'{"line": "hello", "ref": "17"}', Line("hello", "17")),
        (b'{"line": " hi  "}', Line(" hi")),
        (b'{"line": "", "ref": ""}', Line("", "")),
        (b'{"line": "\\ud83d\\ude42"}', Line("🙂")),
        ('{"line": "山田"}'.encode(), Line("山田")),
        (b'{"line": "one", "line": "two"}', Line("two")),
        (b'{"line": "hi", "ref": "' + b"x" * 64 + b'"}', Line("hi", "x" * 64)),
        (b'{"line": "hi", "ref": null}', Line("hi")),
    ],
)
def test_json_reads_a_line(encoded: bytes, line: Line) -> None:
    """Exactly what a person would type, and the ref under which its answer is wanted."""
    assert JSON.read_line(encoded) == line


NOT_JSON = Refusal("bad_json", "That line is not JSON.")
NO_OBJECT = Refusal("bad_json", "That line is not a JSON object.")


@pytest.mark.parametrize("hello", [True, False])
@pytest.mark.parametrize(
    ("encoded", "refusal"),
    [
        pytest.param(b"", NOT_JSON, id="nothing"),
        pytest.param(b"hello", NOT_JSON, id="text"),
        pytest.param(b"{", NOT_JSON, id="broken off"),
        pytest.param(b"{'line': 'hi'}", NOT_JSON, id="other quotation marks"),
        pytest.param(b'{"line": "hi"} {}', NOT_JSON, id="two objects"),
        pytest.param(b'{"line": "a\tb"}', NOT_JSON, id="a raw control character"),
        pytest.param(b"\xef\xbb\xbf{}", NOT_JSON, id="byte order mark"),
        pytest.param(b"[" * 65_536, NOT_JSON, id="deep lists"),
        pytest.param(b'{"a":' * 13_107, NOT_JSON, id="deep objects"),
        pytest.param(b'{"after": ' + b"9" * 60_000 + b"}", NOT_JSON, id="a number of a page"),
        pytest.param(b"[]", NO_OBJECT, id="a list"),
        pytest.param(b"null", NO_OBJECT, id="null"),
        pytest.param(b"NaN", NO_OBJECT, id="NaN"),
        pytest.param(b'"hello"', NO_OBJECT, id="a text"),
        pytest.param(
            b'{"line": "\xff"}',
            Refusal("bad_utf8", "That line is not UTF-8; nothing was said."),
            id="Latin-1",
        ),
    ],
)
def test_json_refuses_what_is_no_object(encoded: bytes, refusal: Refusal, hello: bool) -> None:
    """A program with a mistake is told, and stays."""
    assert refusal_of(JSON, encoded, hello) == refusal


def control(named: str, ref: str | None = None) -> Refusal:
    return Refusal("control", f"That line holds {named}, which is not allowed here.", ref)


@pytest.mark.parametrize(
    ("encoded", "refusal"),
    [
        (b"{}", Refusal("no_nick", 'Say who you are first: {"nick": "alice"}')),
        (b'{"nick": null}', Refusal("no_nick", 'Say who you are first: {"nick": "alice"}')),
        (b'{"line": "hi"}', Refusal("no_nick", 'Say who you are first: {"nick": "alice"}')),
        (b'{"nick": 7}', Refusal("bad_field", '"nick" is not a text.')),
        (b'{"nick": ["alice"]}', Refusal("bad_field", '"nick" is not a text.')),
        (b'{"nick": "alice", "room": true}', Refusal("bad_field", '"room" is not a text.')),
        (b'{"nick": "alice", "log": {}}', Refusal("bad_field", '"log" is not a text.')),
        (b'{"nick": "alice", "after": "1"}', Refusal("bad_field", '"after" is not a whole number.')),
        (b'{"nick": "alice", "after": true}', Refusal("bad_field", '"after" is not a whole number.')),
        (b'{"nick": "alice", "after": 1.0}', Refusal("bad_field", '"after" is not a whole number.')),
        (b'{"nick": "alice", "after": NaN}', Refusal("bad_field", '"after" is not a whole number.')),
        (b'{"nick": "alice", "after": 1e999}', Refusal("bad_field", '"after" is not a whole number.')),
        (
            b'{"nick": "alice", "after": -1}',
            Refusal("bad_field", '"after" is an id that you were given, or 0.'),
        ),
        (b'{"nick": "a\\u001b"}', control("U+001B (a control character)")),
        (b'{"nick": "alice", "room": "#\\u202e"}', control("U+202E (right-to-left override)")),
        (b'{"nick": "alice", "log": "\\n"}', control("U+000A (a control character)")),
    ],
)
def test_json_refuses_a_hello_with_a_wrong_field(encoded: bytes, refusal: Refusal) -> None:
    """It says which field, and what it should be."""
    assert refusal_of(JSON, encoded, hello=True) == refusal


@pytest.mark.parametrize(
    ("encoded", "refusal"),
    [
        (b"{}", Refusal("bad_field", 'Say something: {"line": "hello"}')),
        (b'{"ref": "17"}', Refusal("bad_field", 'Say something: {"line": "hello"}', "17")),
        (b'{"line": null, "ref": "17"}', Refusal("bad_field", 'Say something: {"line": "hello"}', "17")),
        (b'{"line": 7, "ref": "17"}', Refusal("bad_field", '"line" is not a text.', "17")),
        (b'{"line": false}', Refusal("bad_field", '"line" is not a text.')),
        (b'{"line": "a\\nb", "ref": "17"}', control("U+000A (a control character)", "17")),
        (b'{"line": "a\\nb"}', control("U+000A (a control character)")),
        (b'{"line": "\\ud83d", "ref": "17"}', control("U+D83D (half a character)", "17")),
        (b'{"line": "\\ude42\\ud83d"}', control("U+DE42 (half a character)")),
        (b'{"line": "\\u2028"}', control("U+2028 (line separator)")),
        (
            b'{"line": "a\\u0301\\u0301\\u0301\\u0301\\u0301", "ref": "17"}',
            Refusal("control", "That line stacks more than 4 marks on one letter.", "17"),
        ),
        (b'{"line": "hi", "ref": 17}', Refusal("bad_field", '"ref" is not a text.')),
        (b'{"line": "hi", "ref": true}', Refusal("bad_field", '"ref" is not a text.')),
        (b'{"line": "hi", "ref": "\\u0000"}', control("U+0000 (a control character)")),
        (
            b'{"line": "hi", "ref": "' + b"x" * 65 + b'"}',
            Refusal("bad_field", '"ref" is longer than 64 characters.'),
        ),
    ],
)
def test_json_refuses_a_line_with_a_wrong_field(encoded: bytes, refusal: Refusal) -> None:
    """Under its ref, if that could be read."""
    assert refusal_of(JSON, encoded) == refusal


@pytest.mark.parametrize(
    ("encoded", "ref"),
    [
        (b'{"line": "hi", "ref": "17"}', "17"),
        (b'{"ref": "17"}', "17"),
        (b'{"line": "a\\nb", "ref": "17"}', "17"),
        (b'{"line": "hi"}', None),
        (b'{"line": "hi", "ref": 17}', None),
        (b'{"line": "hi", "ref": "' + b"x" * 65 + b'"}', None),
        (b'{"line": "hi", "ref": "17"', None),
        (b"[]", None),
        (b"\xff", None),
        (b"[" * 65_536, None),
    ],
    ids=range(10),
)
def test_the_ref_of_a_dropped_line_is_found(encoded: bytes, ref: str | None) -> None:
    """Who sends too fast is told which line was dropped, whatever else was wrong with it."""
    assert JSON.ref_of(encoded) == ref
