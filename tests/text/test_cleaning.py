"""From bytes to clean text: what is passed on as it was typed, and what never reaches anybody."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lanchatd.text.cleaning import clean, decode, harmless, refuse_unseen
from lanchatd.text.refused import Refusal, Refused

FORBIDDEN = {
    "C0 below the tab": (0x00, 0x08),
    "C0 above the tab, with ESC": (0x0A, 0x1F),
    "DEL and C1": (0x7F, 0x9F),
    "line and paragraph separator, bidirectional embeddings and overrides": (0x2028, 0x202E),
    "bidirectional isolates": (0x2066, 0x2069),
    "byte order mark": (0xFEFF, 0xFEFF),
    "half surrogate pairs": (0xD800, 0xDFFF),
}


def is_refused(text: str) -> bool:
    try:
        clean(text)
    except Refused:
        return True
    return False


@pytest.mark.parametrize(
    ("encoded", "text"),
    [
        (b"", ""),
        (b"hi there", "hi there"),
        ("grüß dich, 山田 🙂".encode(), "grüß dich, 山田 🙂"),
        (b"\xf4\x8f\xbf\xbf", "\U0010ffff"),
    ],
)
def test_utf8_is_read(encoded: bytes, text: str) -> None:
    """A line in UTF-8 is the text that was typed."""
    assert decode(encoded) == text


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param(b"caf\xe9", id="Latin-1"),
        pytest.param(b"\xff\xfeh\x00i\x00", id="UTF-16"),
        pytest.param(b"\xe2\x82", id="broken off"),
        pytest.param(b"\x9b2J", id="C1 as one byte"),
        pytest.param(b"\xc0\xaf", id="longer than needed"),
        pytest.param(b"\xed\xa0\x80", id="half a surrogate pair"),
        pytest.param(b"\xf4\x90\x80\x80", id="past the last character"),
    ],
)
def test_what_is_not_utf8_is_refused(encoded: bytes) -> None:
    """Nobody sees a line of question marks: who sends another encoding is told."""
    with pytest.raises(Refused) as refused:
        decode(encoded)
    assert refused.value.answering(None) == Refusal("bad_utf8", "That line is not UTF-8; nothing was said.")


@pytest.mark.parametrize(("first", "last"), FORBIDDEN.values(), ids=FORBIDDEN)
def test_characters_that_move_a_cursor_or_turn_the_text_are_refused(first: int, last: int) -> None:
    """Nobody can clear, recolour or reorder another's screen: not at the start, the middle or the end."""
    passed = [
        hex(code)
        for code in range(first, last + 1)
        for text in (chr(code), f"{chr(code)}hi", f"h{chr(code)}i", f"hi{chr(code)}")
        if not is_refused(text)
    ]
    assert passed == []


@pytest.mark.parametrize(
    "character",
    list("\x20\x7e\xa0\u2027\u202f\u2065\u206a\ufefe\uff00\ud7ff\ue000\u200e\u200f"),
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_their_neighbours_are_allowed(character: str) -> None:
    """Not one character more is taken from people than has to be."""
    text = f"a{character}b"
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("\x1b[2J", "U+001B (a control character)"),
        ("a\nb", "U+000A (a control character)"),
        ("\x7f", "U+007F (a control character)"),
        ("\x9b2J", "U+009B (a control character)"),
        ("\u202etxt.exe", "U+202E (right-to-left override)"),
        ("a\u2028b", "U+2028 (line separator)"),
        ("\ufeffhi", "U+FEFF (zero width no-break space)"),
        ("\u2066\u202e", "U+2066 (left-to-right isolate)"),
    ],
)
def test_the_refusal_names_the_first_character_that_is_wrong(text: str, named: str) -> None:
    """Who pasted something invisible is told what it was."""
    with pytest.raises(Refused) as refused:
        clean(text)
    expected = Refusal("control", f"That line holds {named}, which is not allowed here.")
    assert refused.value.answering(None) == expected


def test_a_tab_becomes_a_space() -> None:
    """Pasted code keeps its words apart, one space for each tab."""
    assert clean("\tif x:\t\treturn") == " if x:  return"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("  spaces  stay  ", id="spaces"),
        pytest.param("grüß dich", id="German"),
        pytest.param("tiếng Việt, tie\u0302\u0301ng", id="Vietnamese"),
        pytest.param("השלום בְּרֵאשִׁ֖ית", id="Hebrew with vowels and cantillation"),
        pytest.param("السَّلَامُ عَلَيْكُمْ", id="Arabic with vowels"),
        pytest.param("नमस्ते क्षत्रिय", id="Hindi"),
        pytest.param("ที่นี่", id="Thai"),
        pytest.param("你好，世界。こんにちは、안녕", id="Chinese, Japanese, Korean"),
        pytest.param("می\u200cخواهم", id="Persian with a zero-width non-joiner"),
        pytest.param("👩\u200d👩\u200d👧\u200d👦", id="a family, joined"),
        pytest.param("🏳\ufe0f\u200d🌈 ❤\ufe0f 1\ufe0f\u20e3", id="variation selectors and a keycap"),
        pytest.param("👍🏽 🇺🇳", id="skin tones and flags"),
        pytest.param("ca\u00adfé \u2060", id="soft hyphen, word joiner"),
    ],
)
def test_every_script_passes_unchanged(text: str) -> None:
    """What people write in their own script arrives as they wrote it."""
    assert clean(text) == text


@pytest.mark.parametrize("mark", ["\u0301", "\u0489", "\u05b8", "\u0e49", "\U0001d167"])
def test_four_marks_on_one_letter_are_allowed(mark: str) -> None:
    """No script that is written needs more."""
    text = f"a{mark * 4}b{mark * 4}"
    assert clean(text) == text


@pytest.mark.parametrize("mark", ["\u0301", "\u0489", "\u05b8", "\u0e49", "\U0001d167"])
@pytest.mark.parametrize("before", ["", "a", "aa\u0301 b", "a\u0301\u200d", "a\u0301\u200c\u200d"])
def test_five_marks_on_one_letter_are_refused(before: str, mark: str) -> None:
    """A tower of marks would grow into the lines of others."""
    with pytest.raises(Refused) as refused:
        clean(before + mark * 5)
    expected = Refusal("control", "That line stacks more than 4 marks on one letter.")
    assert refused.value.answering(None) == expected


@given(st.text())
@example("a\tb\t")
@settings(max_examples=200, deadline=None)
def test_a_line_is_refused_or_passed_on_as_typed(text: str) -> None:
    """Nothing is quietly changed but the tabs, and what is clean stays so."""
    try:
        cleaned = clean(text)
    except Refused:
        return
    assert cleaned == text.replace("\t", " ")
    assert clean(cleaned) == cleaned
    assert len(cleaned.splitlines()) <= 1


ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"


def test_the_flags_of_england_and_texas_pass() -> None:
    """Tag characters are a part of them."""
    texas = "\U0001f3f4\U000e0075\U000e0073\U000e0074\U000e0078\U000e007f"
    text = f"{ENGLAND} - {texas} 2:1 {ENGLAND}{ENGLAND}"
    assert clean(text) == harmless(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "hi\U000e0068\U000e0069",
        "\U000e0001",
        f"{ENGLAND}\U000e0041",
        ENGLAND[:-1],
        ENGLAND[1:],
        f"\U0001f3f4{ENGLAND[1:-1] * 2}\U000e007f",
    ],
)
def test_tag_characters_elsewhere_are_refused(text: str) -> None:
    """A text that nobody sees could hide in them."""
    with pytest.raises(Refused) as refused:
        clean(text)
    assert refused.value.code == "control"
    assert refused.value.text.endswith("), which is allowed in flags only.")
    assert "\ufffd" in harmless(text) and not is_refused(harmless(text))


@pytest.mark.parametrize(
    "character",
    [
        *" \u00a0\u00ad\u034f\u115f\u1160\u17b4\u180e\u200b\u200d\u200e\u2060\u2064\u2800\u3000\u3164\uffa0",
        *"\ufe0f\U0001d159\U0001d173\U000e0100",
        "\u200b \u3164",
    ],
    ids=ascii,
)
def test_a_text_that_shows_nothing_is_refused(character: str) -> None:
    """However long it is; with one letter it is a text."""
    for text in (character, character * 3):
        with pytest.raises(Refused, match="shows nothing"):
            refuse_unseen(text)
        refuse_unseen(text + "a")


@pytest.mark.parametrize(
    "text", ["a", ".", "\u0301", "\u0600", "\ufffd", "\ue000", "👍", "한", "ㄱ", "\u2801"]
)
def test_a_text_that_shows_something_is_one(text: str) -> None:
    """A sign alone is enough."""
    refuse_unseen(text)
