"""A line of IRC, apart: in the spirit of https://github.com/ircdocs/parser-tests."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanchatd.doors.irc.lines import TAGS_BYTES, Message, action_in, is_too_long, message_from, plain


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("foo bar baz asdf", Message("FOO", ("bar", "baz", "asdf"))),
        (":coolguy foo bar baz asdf", Message("FOO", ("bar", "baz", "asdf"), "coolguy")),
        ("foo bar baz :asdf quux", Message("FOO", ("bar", "baz", "asdf quux"))),
        ("foo bar baz :", Message("FOO", ("bar", "baz", ""))),
        ("foo bar baz ::asdf", Message("FOO", ("bar", "baz", ":asdf"))),
        ("foo bar baz :  asdf quux ", Message("FOO", ("bar", "baz", "  asdf quux "))),
        ("PRIVMSG bar :lol :) ", Message("PRIVMSG", ("bar", "lol :) "))),
        (":coolguy foo  bar   baz", Message("FOO", ("bar", "baz"), "coolguy")),
        ("foo b:ar b:", Message("FOO", ("b:ar", "b:"))),
        ("  foo", Message("FOO")),
        ("foo  ", Message("FOO")),
        ("JOIN :", Message("JOIN", ("",))),
        ("@a=b;c=32;k;rt=q foo", Message("FOO", (), "", "a=b;c=32;k;rt=q")),
        ("@c;h=;a=b :quux ab cd", Message("AB", ("cd",), "quux", "c;h=;a=b")),
        ("@a foo", Message("FOO", (), "", "a")),
        ("@+example.com/key=v   :s   foo", Message("FOO", (), "s", "+example.com/key=v")),
        ("", Message("")),
        ("   ", Message("")),
        (":x", Message("", (), "x")),
        (": x", Message("X")),
        ("@a=b", Message("", (), "", "a=b")),
        ("@", Message("")),
        ("日本 ünsal", Message("日本", ("ünsal",))),
        ("c 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16",
         Message("C", (*map(str, range(1, 15)), "15 16"))),
    ],
)  # fmt: skip
def test_a_line_apart(line: str, message: Message) -> None:
    """Whatever stands in it."""
    assert message_from(line) == message


@pytest.mark.parametrize(
    ("tags", "values"),
    [
        ("a=b;c=32;k;rt=q", {"a": "b", "c": "32", "k": "", "rt": "q"}),
        (r"a=b\\and\nk;c=72\s45;d=gh\:764", {"a": "b\\and\nk", "c": "72 45", "d": "gh;764"}),
        (r"tag1=value\1\:\s\r\n\\", {"tag1": "value1; \r\n\\", "tag": None}),
        ("a=end\\", {"a": "end"}),
        ("c;h=;;a=b", {"c": "", "h": "", "a": "b", "b": None}),
        ("+example.com/key=v", {"+example.com/key": "v", "key": None}),
    ],
)
def test_tags_are_read_when_they_are_asked_for(tags: str, values: dict[str, str | None]) -> None:
    message = message_from(f"@{tags} foo")
    assert {name: message.tag(name) for name in values} == values


def test_the_last_tag_of_a_name_counts() -> None:
    message = message_from("@a=1;b=2;a=3 foo")
    assert (message.tag("a"), message.tag("b"), message.tag("c")) == ("3", "2", None)


@given(st.text())
def test_any_text_is_a_message(line: str) -> None:
    """Of at most fifteen parameters, none but the last of which is empty or has a space."""
    message = message_from(line)
    assert len(message.parameters) <= 15
    assert all(word and " " not in word for word in message.parameters[:-1])
    assert " " not in message.command


@pytest.mark.parametrize(
    ("line", "too_long"),
    [
        (b"x" * 100, False),
        (b"x" * 101, True),
        (b"@" + b"t" * (TAGS_BYTES - 2) + b" " + b"x" * 100, False),
        (b"@" + b"t" * (TAGS_BYTES - 1) + b" " + b"x" * 100, True),
        (b"@t " + b"x" * 101, True),
    ],
)
def test_tags_and_the_rest_are_counted_apart(line: bytes, too_long: bool) -> None:
    assert is_too_long(line, 100) is too_long


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("\x02bold\x0f", "bold"),
        ("\x0304red\x03 \x0312,4both\x03", "red both"),
        ("\x04ff0000hex\x04", "hex"),
        ("\x1ditalic\x1f\x1e\x11\x16", "italic"),
        ("\x03100", "0"),
        ("plain 3,4", "plain 3,4"),
    ],
)
def test_colours_are_taken_out(typed: str, text: str) -> None:
    assert plain(typed) == text


@pytest.mark.parametrize(
    ("text", "doing"),
    [
        ("\x01ACTION waves\x01", "waves"),
        ("\x01ACTION waves", "waves"),
        ("waves", None),
        ("\x01VERSION\x01", None),
    ],
)
def test_only_an_action_is_something_done(text: str, doing: str | None) -> None:
    assert action_in(text) == doing
