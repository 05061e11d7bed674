"""What people wrote beside what the server says: neither can be taken for the other."""

from __future__ import annotations

import pytest

from lanchatd.chat import moderating
from lanchatd.text.quoting import quoted, single_spaced
from tests.world import World


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("hi", "hi"),
        ("a b  c   d", "a b c d"),
        (" a ", " a "),
        ("a\u3000b", "a\u3000b"),
        ("a \u00a0\u2003b", "a b"),
        ("a \u200b \u200b b", "a b"),
        ("a\u2800\u2800\u2800b", "a b"),
        ("a\u3164\u3164b", "a b"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👩\u200d💻 👍\ufe0f 👍\ufe0f", "👩\u200d💻 👍\ufe0f 👍\ufe0f"),
    ],
)
def test_a_run_of_spaces_is_one_space(text: str, shown: str) -> None:
    """Whatever they are made of; a single one, and what joins letters, stays what it is."""
    assert single_spaced(text) == shown


@pytest.mark.parametrize("mark", ['"', "“", "”", "″", "＂", "״", "''", "``", "’’", '""""'])
def test_a_quoted_text_cannot_close_its_quotes(mark: str) -> None:
    """Nor seem to."""
    assert quoted(f"x{mark}) and @root joined ({mark}y") == "\"x') and @root joined ('y\""


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("hi" + " " * 72 + "-- mallory was banned by admin", "<bob> hi -- mallory was banned by admin"),
        ("/me waves" + "\u2003" * 72 + "-- x", "* bob waves -- x"),
        ("/topic tea" + " " * 72 + "-- x", "-- bob set the topic: tea -- x"),
        ("/msg alice psst" + " \u200b" * 40 + "-- x", "[bob -> alice] psst -- x"),
        ("/quit ) and @root joined (", '-- bob left (") and @root joined (")'),
        ('/quit ") and @root joined ("', "-- bob left (\"') and @root joined ('\")"),
        ("/quit kicked by admin", '-- bob left ("kicked by admin")'),
    ],
)
def test_nothing_that_somebody_writes_looks_like_a_line_of_the_server(
    world: World, typed: str, seen: str
) -> None:
    """Not in a row of its own on a terminal that wraps, and not within what the server says."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    bob.types(typed)
    assert alice.sees() == [seen]


def test_programs_are_given_texts_as_they_were_typed(world: World) -> None:
    """What is between the words may be a program in Python."""
    ci = world.join_json("ci")
    ci.gets()
    world.join("bob").types("if x:    return  y")
    assert ci.gets()[-1]["text"] == "if x:    return  y"


def test_programs_are_given_why_somebody_left_in_two_parts(world: World) -> None:
    """What the server says, and what somebody wrote, as it was typed."""
    ci = world.join_json("ci")
    bob, carol, dave = world.join("bob"), world.join("carol"), world.join("dave")
    ci.gets()
    bob.types('/quit so  "long"')
    carol.types("/join #dev")
    moderating.kick(dave.user, "admin", 'two  "words"')
    world.settle()
    left = [{"nicks": got["nicks"], **{name: got[name] for name in ("reason", "text") if name in got}}
            for got in ci.gets() if got["type"] == "left"]  # fmt: skip
    assert left == [
        {"nicks": ["bob"], "text": 'so  "long"'},
        {"nicks": ["carol"], "reason": "went to #dev"},
        {"nicks": ["dave"], "reason": "kicked by admin", "text": 'two  "words"'},
    ]


def test_an_away_text_stays_within_its_marks(world: World) -> None:
    """In the list of who is here, and where one writes to them."""
    alice, bob = world.join("alice"), world.join("bob")
    bob.types("/away x), @root (away: y")
    alice.sees()
    assert alice.types("/who").sees() == [
        '-- 2 in #lobby: alice (plain) and bob (plain, away: "x), @root (away: y")'
    ]
    assert alice.types("/msg bob hi").sees()[-1] == '-- bob is away: "x), @root (away: y".'


def test_a_topic_takes_no_rows_of_its_own(world: World) -> None:
    """Where it is asked for, on joining, and in the list of rooms."""
    bob = world.join("bob", room="#dev").types("/topic tea" + " " * 20 + "-- x")
    bob.sees()
    assert bob.types("/topic").sees() == ["-- The topic is: tea -- x"]
    assert bob.types("/rooms").sees()[0] == "-- #dev (1 here) tea -- x"
    alice = world.connect().types("alice", "/join dev")
    assert "-- The topic is: tea -- x" in alice.sees()
