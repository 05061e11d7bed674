"""Who is named, as `lanchat-client` rings for and paints."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanchatd.text.mentions import is_named, mentions


@pytest.mark.parametrize(
    ("nick", "text"),
    [
        ("alice", "Alice: lunch?"),
        ("alice", "ask @alice."),
        ("Zoë", "zoe\u0308, lunch?"),
        ("zoe\u0308", "ZOË!"),
        ("rob", "ｒｏｂ?"),
        ("straße", "die STRASSE"),
        ("strasse", "die Straße"),
        ("Σίσυφος", "ΣΊΣΥΦΟΣ"),
        ("李", "嗨李你好"),
        ("李", "李さんは"),
        ("さくら", "今日さくらちゃんと"),
        ("สมชาย", "สวัสดีสมชายครับ"),
        ("rob", "嗨rob你好"),
        ("철수", "철수야 안녕"),
        ("철수", "\u110e\u1165\u11af\u1109\u116e 안녕"),
        ("rob", "rob님"),
        ("علی", "سلام علی\u200cجان"),
        ("Иван", "иван?"),
    ],
)
def test_who_is_named(nick: str, text: str) -> None:
    """In whatever case and form, as a word; or where no words are told apart."""
    assert is_named(text, nick)


@pytest.mark.parametrize(
    ("nick", "text"),
    [
        ("alice", "malice"),
        ("alice", "alice-2: hi"),
        ("alice", "x.alice"),
        ("alice", "al ice"),
        ("rob", "na\u0301rob"),
        ("rob", "rob\u0301"),
        ("rob", "ro\u0301b"),
        ("rob", "rob_"),
        ("Zoë", "zoe"),
        ("zoe", "zoë"),
        ("철수", "김철수"),
        ("iona", "ﬁona"),
        ("stras", "Straße"),
        ("नमस", "नमस्ते"),
        ("Иван", "Иваном"),
        ("", "hi"),
        ("rob", ""),
    ],
)
def test_who_is_not_named(nick: str, text: str) -> None:
    """A mark belongs to its letter, and a letter to its word."""
    assert not is_named(text, nick)


def test_where_somebody_is_named_is_told_as_it_was_written() -> None:
    """For whoever paints it."""
    text = "ZOË zoe\u0308! Zoe zoës"
    assert [text[begin:end] for begin, end in mentions(text, "zoë")] == ["ZOË", "zoe\u0308"]
    assert list(mentions("李李", "李")) == [(0, 1), (1, 2)]


@given(st.text(), st.text(min_size=1))
def test_any_text_can_be_looked_through(text: str, nick: str) -> None:
    """What is found is in order, and something."""
    last = 0
    for begin, end in mentions(text, nick):
        assert last <= begin < end <= len(text)
        last = end
