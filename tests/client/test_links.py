"""URLs as hyperlinks: what is shown is where they lead, and nothing else gets into the terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanchatd.client.links import LONGEST_URL, has_links, linked

LINK = re.compile(r"\x1b\]8;;([^\x1b]*)\x1b\\(.*?)\x1b\]8;;\x1b\\")


def links(row: str) -> list[str]:
    """Where the hyperlinks of a row lead."""
    found = LINK.findall(linked(row))
    for url, shown in found:
        assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == url
    return [url for url, _ in found]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("see http://a.de and https://b.de/x?y=1&z=%20#there", ["http://a.de", "https://b.de/x?y=1&z=%20#there"]),
        ("HTTPS://A.de", ["HTTPS://A.de"]),
        ("(see https://a.de/x). https://a.de/y, <https://a.de/z>!", ["https://a.de/x", "https://a.de/y", "https://a.de/z"]),
        ("https://a.de/wiki/X_(y)", ["https://a.de/wiki/X_(y)"]),
        ("https://a.de;x=1", ["https://a.de;x=1"]),
        ("https://a.de/\x1b[7malice\x1b[0m/x \x1b[7mhttps://b.de\x1b[0m", ["https://a.de/alice/x", "https://b.de"]),
        ("https://a.de/\x1b[7malice\x1b[0m.", ["https://a.de/alice"]),
        ("javascript://a.de file:///etc/passwd ssh://a.de https:a.de", []),
        ("https:// http://... https://.", []),
        ("https://exämple.org https://a.de/ä https://a.de\x1b[0mä", []),
        ("https://a.de/\u017f0 https://\u212a.de http\u017f://a.de", []),  # an s and a k, but for their case
        ("https://a.de/" + "x" * LONGEST_URL, []),
    ],
)  # fmt: skip
def test_urls_are_found(text: str, urls: list[str]) -> None:
    """Of two protocols only, in ASCII, without the marks of the sentence around them."""
    assert links(text) == urls
    assert LINK.sub(r"\2", linked(text)) == text


@given(st.text(st.sampled_from("htps:/.,)(ä;\\]8 x@") | st.characters(min_codepoint=32, max_codepoint=0x2FF)))
def test_whatever_is_said_is_shown_as_it_was(text: str) -> None:
    """Only the beginnings and the ends of links are added."""
    text = "https://" + re.sub("[\x7f-\x9f]", "", text)
    assert LINK.sub(r"\2", linked(text)) == text
    assert len(links(text)) <= text.count("://")


@pytest.mark.parametrize(
    ("environment", "known"),
    [
        ({"TERM": "xterm-kitty"}, True),
        ({"TERM": "foot-extra"}, True),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7006"}, True),
        ({"TERM": "xterm-256color", "VTE_VERSION": "4999"}, False),
        ({"TERM": "xterm-256color", "VTE_VERSION": "new"}, False),
        ({"TERM": "xterm-256color", "KONSOLE_VERSION": "220400"}, True),
        ({"TERM": "xterm-256color", "WT_SESSION": "x"}, True),
        ({"TERM": "tmux-256color", "VTE_VERSION": "7006", "TERM_PROGRAM": "tmux"}, False),
        ({"TERM": "xterm", "TMUX": "x", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.3a"}, False),
        ({"TERM": "screen", "TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.4"}, True),
        ({"TERM": "xterm-256color"}, False),
        ({}, False),
    ],
)
def test_terminals_that_have_them_are_known(environment: dict[str, str], known: bool) -> None:
    """By what they say of themselves; to others nothing of the kind is written."""
    assert has_links(environment) is known
