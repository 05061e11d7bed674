"""Names: what a nick and a room may be called, and which of them are the same."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lanchatd.text import names
from lanchatd.text.names import Name
from lanchatd.text.refused import Refusal, Refused

RULE = "1 to 32 letters, digits, '_', '-' and '.', and begins with a letter, a digit or '_'"

# Anything that a nick may be made of, and a little that it may not.
TYPED = st.text(
    st.characters(categories=("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Nd"), include_characters="_-. "),
    max_size=8,
)


def refusal_of(text: str, room: bool = False) -> Refusal:
    with pytest.raises(Refused) as refused:
        (names.room if room else names.nick)(text)
    return refused.value.answering(None)


@pytest.mark.parametrize(
    "text",
    [
        "a", "alice", "Alice", "alice_2", "a-b.c", "a-", "a.", "_", "_alice", "7", "1st", "Ünal", "Ελένη",
        "Наталья", "Հայկ", "გიორგი", "علي", "٣علي", "שלום", "שָׁלוֹם", "सीता", "நிலா", "สมชาย", "山田",
        "アリス", "ひかり", "민준", "ሰላም", "ᏣᎳᎩ", "\U00010437\U0001043b",
    ],
)  # fmt: skip
def test_a_nick_has_letters_marks_and_digits_of_any_script(text: str) -> None:
    """Everybody can be called by their own name; it is shown as they typed it."""
    assert names.nick(text).shown == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("   ", id="only spaces"),
        pytest.param("a b", id="a space"),
        pytest.param("a\xa0b", id="a no-break space"),
        pytest.param("-a", id="begins like an option"),
        pytest.param(".a", id="begins like a hidden file"),
        pytest.param("\u0301a", id="begins with a mark"),
        pytest.param("\uff9ea", id="begins with a mark when normalised"),
        pytest.param("@alice", id="an operator's sign"),
        pytest.param("#dev", id="a room"),
        pytest.param("<alice>", id="said"),
        pytest.param("*", id="acted"),
        pytest.param("[a]", id="private"),
        pytest.param("a->b", id="an arrow"),
        pytest.param("!!", id="refused"),
        pytest.param("a/b", id="a slash"),
        pytest.param("a:b", id="a colon"),
        pytest.param("a,b", id="a comma"),
        pytest.param("🙂", id="an emoji"),
        pytest.param("x²", id="a number that is no digit"),
        pytest.param("Ⅷ", id="a Roman numeral sign"),
        pytest.param("℡", id="a symbol made of letters"),
        pytest.param("\ufdfa", id="a ligature with spaces"),
        pytest.param("a\u200db", id="zero-width joiner"),
        pytest.param("a\u00adb", id="soft hyphen"),
        pytest.param("a\u202eb", id="override"),
        pytest.param("a\u3164", id="an invisible letter"),
        pytest.param("\u115f", id="an invisible letter alone"),
        pytest.param("a\ufe0f", id="a variation selector"),
        pytest.param("a\x1b", id="ESC"),
        pytest.param("a\ud800", id="half a surrogate pair"),
        pytest.param("a\u0378", id="not a character yet"),
    ],
)
def test_any_other_nick_is_refused_with_the_rule(text: str) -> None:
    """Who is refused is told what a nick may be."""
    assert refusal_of(text) == Refusal("bad_nick", f"A nick has {RULE}.")


@given(st.from_regex(names._PLAIN, fullmatch=True))
def test_a_plain_name_is_what_the_profile_makes_of_it(text: str) -> None:
    """Letters, digits and signs of ASCII take a short way, to the same name."""
    shown = names._SHOWN.enforce(text)
    assert names._name(text) == Name(shown, names._COMPARED.enforce(shown)) == Name(text, text.lower())


def test_spaces_around_a_nick_are_not_part_of_it() -> None:
    """A space typed by accident is forgiven."""
    assert names.nick("  alice ") == Name("alice", "alice")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a", "a"),
        ("a" * 31, "a" * 31),
        ("a" * 32, "a" * 32),
        ("\U00020207" * 32, "\U00020207" * 32),
        ("ﬁ" * 16, "fi" * 16),
        ("e\u0301" * 16, "é" * 16),
    ],
)
def test_a_nick_of_up_to_32_characters_is_taken(text: str, shown: str) -> None:
    """Characters count, not bytes; as it is shown."""
    assert names.nick(text).shown == shown


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a" * 33, id="33"),
        pytest.param("山" * 33, id="33 of another script"),
        pytest.param("ﬁ" * 17, id="34 when normalised"),
        pytest.param("a" * 100_000, id="a flood"),
    ],
)
def test_a_nick_of_more_than_32_characters_is_refused(text: str) -> None:
    """Also where only its normalised form is too long."""
    assert refusal_of(text) == Refusal("bad_nick", f"A nick has {RULE}.")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("alice", "ALICE", id="case"),
        pytest.param("Наталья", "наталья", id="case of another script"),
        pytest.param("ß", "ẞ", id="case, German"),
        pytest.param("alice", "Ａｌｉｃｅ", id="full width"),
        pytest.param("アリス", "ｱﾘｽ", id="half width"),
        pytest.param("ガ", "ｶﾞ", id="half width, with a mark"),
        pytest.param("Ünal", "U\u0308nal", id="composed"),
        pytest.param("ünal", "U\u0308NAL", id="composed, and case"),
        pytest.param("fiona", "ﬁona", id="ligature"),
        pytest.param("k", "\u212a", id="the sign for kelvin"),
        pytest.param("a", "ᴬ", id="raised"),
    ],
)
def test_nicks_that_read_the_same_are_the_same(one: str, other: str) -> None:
    """RFC 8266: nobody takes another's nick by writing it in another way."""
    assert names.nick(one).key == names.nick(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("alice", "аlice", id="a Cyrillic letter"),
        pytest.param("straße", "STRASSE", id="lower case, not case folding"),
        pytest.param("i", "ı", id="dotless i"),
        pytest.param("resume", "résumé", id="accents"),
        pytest.param("bob", "bob_", id="a sign more"),
        pytest.param("3", "٣", id="digits of another script"),
    ],
)
def test_other_nicks_are_others(one: str, other: str) -> None:
    """RFC 8266 tells these apart."""
    assert names.nick(one).key != names.nick(other).key


@pytest.mark.parametrize("text", ["Alice", "Ａlice", "ΟΔΥΣΣΕΥΣ", "Ϲ", "aϹ", "İ", "ǅ"])
def test_a_nick_is_known_by_what_is_shown_of_it(text: str) -> None:
    """Two nicks that look the same, letter for letter, were once both let in: U+03F9 is shown as Σ."""
    name = names.nick(text)
    assert names.nick(name.shown) == name
    assert names.key_of(name.shown) == name.key


@given(TYPED)
@example("あ\u3099")
@settings(max_examples=100, deadline=None)
def test_what_is_shown_obeys_the_rule(text: str) -> None:
    """Whatever is typed, others see 1 to 32 letters, marks, digits and three signs; or it is refused."""
    try:
        shown = names.nick(text).shown
    except Refused:
        return
    assert 1 <= len(shown) <= 32
    assert shown[0] not in "-."
    others = [character for character in shown if unicodedata.category(character)[0] not in "LM"]
    assert [c for c in others if c not in "_-." and unicodedata.category(c) != "Nd"] == []
    assert names.nick(shown).shown == shown


@pytest.mark.parametrize(
    ("text", "room"),
    [
        ("#dev", Name("#dev", "#dev")),
        ("#Dev", Name("#Dev", "#dev")),
        (" #dev ", Name("#dev", "#dev")),
        ("dev", Name("#dev", "#dev")),
        (" Dev ", Name("#Dev", "#dev")),
        ("#Ｂüro", Name("#Büro", "#büro")),
        ("#_", Name("#_", "#_")),
        ("#" + "a" * 32, Name("#" + "a" * 32, "#" + "a" * 32)),
    ],
)
def test_a_room_is_a_hash_sign_and_the_same(text: str, room: Name) -> None:
    """Rooms are named and compared as nicks are; who leaves the sign out means the same room."""
    assert names.room(text) == room


def test_the_lobby_is_a_room() -> None:
    """Where everybody begins."""
    assert names.room(names.LOBBY) == Name("#lobby", "#lobby")


@pytest.mark.parametrize(
    "text", ["", " ", "#", "##dev", "# dev", "#-dev", "-dev", "#" + "a" * 33, "&dev", "a b"]
)
def test_any_other_room_is_refused_with_the_rule(text: str) -> None:
    """Who is refused is told what a room may be."""
    assert refusal_of(text, room=True) == Refusal("bad_room", f"A room is # and {RULE}.")


def test_halfwidth_marks_do_not_stack_either() -> None:
    """Normalising makes combining marks of them."""
    assert names.nick("ｶﾞ").shown == "ガ"
    assert refusal_of("あ" + "ﾞ" * 20) == Refusal("bad_nick", f"A nick has {RULE}.")


@pytest.mark.parametrize(
    "text", ["127.0.0.1", "10.1", "1.", "\uff11\uff10.\uff11", "1.2.3.4-9", "0x7f.0.0.8", "10.0.0.x"]
)
def test_no_nick_looks_like_an_address(text: str) -> None:
    """`/ban 127.0.0.1` would not be of who has it, but of who is there."""
    with pytest.raises(Refused, match="does not look like an address"):
        names.nick(text)


@pytest.mark.parametrize("text", ["1984", "v1.2", "1_2.3", "x.1", "0xbeef", "2.0beta", "1-2"])
def test_other_numbers_are_nicks(text: str) -> None:
    """And rooms may be called as they like."""
    assert names.nick(text).shown == text
    assert names.room("#10.1").shown == "#10.1"
