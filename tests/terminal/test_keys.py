"""From a terminal's bytes to keys: what counts as one key, and what is swallowed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanchatd.terminal.keys import (
    LONGEST_PASTE_BYTES,
    LONGEST_SEQUENCE_BYTES,
    Keys,
    Paste,
    Press,
    Pressed,
    Typed,
)

ESCAPE = Pressed(b"\x1b")
ENTER = Pressed(b"\r")

PIECES = st.sampled_from(
    [
        *(bytes([byte]) for byte in range(256)),
        *(b"\x1b[", b"\x1bO", b"\x1b]", b"\x1b[M", b"\x1b[A", b"\x1b[1;5D", b"\x1b\\", b"\x1b\x1b"),
        *(b"\x1b[200~", b"\x1b[201~", b"\x1b[20", b"\r\n", b"0;1;", b"hello"),
        *(text.encode() for text in ("é", "山", "👩\u200d👧", "\u2028", "\x85", "\ufeff")),
    ]
)


def joined(presses: list[Press]) -> list[Press]:
    """Texts in a row are one text, however many pieces they came in."""
    found: list[Press] = []
    for press in presses:
        match press, found:
            case Typed(text), [*_, Typed(before)]:
                found[-1] = Typed(before + text)
            case _:
                found.append(press)
    return found


def keys(*pieces: bytes) -> list[Press]:
    reading = Keys()
    return joined([press for piece in pieces for press in reading.feed(piece)])


@pytest.mark.parametrize(
    ("typed", "presses"),
    [
        pytest.param(b"", [], id="nothing"),
        pytest.param("grüß 山田 🙂".encode(), [Typed("grüß 山田 🙂")], id="text of any script"),
        pytest.param(b"\x01", [Pressed(b"\x01")], id="control key"),
        pytest.param(b"\x00", [Pressed(b"\x00")], id="Ctrl-Space"),
        pytest.param(b"\x1b[D", [Pressed(b"\x1b[D")], id="CSI"),
        pytest.param(b"\x1b[1;5D", [Pressed(b"\x1b[1;5D")], id="CSI with modifier"),
        pytest.param(b"\x1bOD", [Pressed(b"\x1bOD")], id="SS3"),
        pytest.param(b"\x1bO5D", [Pressed(b"\x1bO5D")], id="SS3 with modifier"),
        pytest.param(b"\x1b[[A", [Pressed(b"\x1b[[A")], id="F1 of Linux's console"),
        pytest.param(b"\x1b[3$", [Pressed(b"\x1b[3$")], id="Shift-Delete of rxvt"),
        pytest.param(b"\x1b[?2026;2$y", [Pressed(b"\x1b[?2026;2$y")], id="report of a mode"),
        pytest.param(b"\x1b[<0;12;7M", [Pressed(b"\x1b[<0;12;7M")], id="mouse, by numbers"),
        pytest.param(b"\x1b[M !\xff", [], id="mouse, by bytes"),
        pytest.param(b"\x1bb", [Pressed(b"\x1bb")], id="Alt-B"),
        pytest.param(b"\x1b\x7f", [Pressed(b"\x1b\x7f")], id="Alt-Backspace"),
        pytest.param(b"\x1b\x08", [Pressed(b"\x1b\x08")], id="Alt-Backspace, the other"),
        pytest.param(b"\x1b]11;rgb:00/00/00\x07", [], id="OSC, ended by BEL"),
        pytest.param(b"\x1b]11;rgb:00/00/00\x1b\\", [], id="OSC, ended by ST"),
        pytest.param(b"\x1bP>|xterm\x1b\\", [], id="DCS"),
        pytest.param(b"\x1b_Gi=1;OK\x1b\\", [], id="APC"),
    ],
)
def test_one_key_is_one_press(typed: bytes, presses: list[Press]) -> None:
    """Whole, in single bytes, and in the middle of text: the same key, and nothing of it is typed."""
    assert keys(typed) == presses
    assert keys(*(bytes([byte]) for byte in typed)) == presses
    assert keys(b"a" + typed + b"z") == joined([Typed("a"), *presses, Typed("z")])


@pytest.mark.parametrize(
    ("typed", "presses"),
    [
        pytest.param(b"\x1b\t", [ESCAPE, Pressed(b"\t")], id="before Tab"),
        pytest.param(b"\x1b\r", [Pressed(b"\x1b\r")], id="with Enter, it is Alt"),
        pytest.param(b"\x1b\x1b[D", [ESCAPE, Pressed(b"\x1b[D")], id="before an arrow key"),
        pytest.param(b"\x1b\x1b\x1b\r", [ESCAPE, ESCAPE, Pressed(b"\x1b\r")], id="three times"),
        pytest.param("\x1bé".encode(), [ESCAPE, Typed("é")], id="before a character outside ASCII"),
        pytest.param(b"\x1b", [], id="alone, so far"),
    ],
)
def test_a_lone_escape_is_settled_by_the_next_byte(typed: bytes, presses: list[Press]) -> None:
    """The Escape key does not eat the key after it, if the two make no Alt key."""
    assert keys(typed) == presses


@pytest.mark.parametrize(
    ("broken", "rest"),
    [
        pytest.param(b"\x1b[1;", b"\r", id="CSI, by Enter"),
        pytest.param(b"\x1b[1;", "é\r".encode(), id="CSI, by a character outside ASCII"),
        pytest.param(b"\x1b[1;", b"\x1b[A\r", id="CSI, by another"),
        pytest.param(b"\x1bO", b"\x7f\r", id="SS3, by Backspace"),
        pytest.param(b"\x1b]never ended", b"\r", id="Alt-], by Enter"),
        pytest.param(b"\x1bPnever ended", b"\x03", id="Alt-P, by Ctrl-C"),
        pytest.param(b"\x1b]never ended", b"\x1b[A\r", id="Alt-], by an arrow key"),
    ],
)
def test_a_sequence_broken_off_takes_no_key_with_it(broken: bytes, rest: bytes) -> None:
    """After half a sequence the next key counts, and a deaf editor hears again at the next control key."""
    assert keys(broken + rest) == keys(rest)


def test_an_endless_sequence_is_swallowed_and_not_kept() -> None:
    """Whatever a broken terminal sends, at most the bound of it is held, and its end is found."""
    reading = Keys()
    for _ in range(100):
        assert reading.feed(b"\x1b[" * (_ == 0) + b"1;" * 1_000) == []
        assert len(reading._sequence) <= LONGEST_SEQUENCE_BYTES
    assert reading.feed(b"Rhi") == [Typed("hi")]


def test_an_endless_report_is_not_kept_at_all() -> None:
    """An answer of the terminal is thrown away as it comes."""
    reading = Keys()
    assert reading.feed(b"\x1b]" + b"x" * 100_000) == []
    assert not reading._sequence
    assert reading.feed(b"\x07hi") == [Typed("hi")]


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        pytest.param(b"caf\xe9!", "caf\ufffd!", id="Latin-1"),
        pytest.param(b"\xe5\xb1\r", "\ufffd", id="broken off by a key"),
        pytest.param(b"\x9b2J", "\ufffd2J", id="C1 as one byte"),
        pytest.param("a\x9bb\x85c\u202ed\ufeffe".encode(), "abcde", id="control characters"),
    ],
)
def test_text_never_holds_a_control_character(typed: bytes, text: str) -> None:
    """What is no character is shown as U+FFFD, and what would move the cursor is not there."""
    assert keys(typed)[0] == Typed(text)


@pytest.mark.parametrize(
    ("pasted", "text"),
    [
        pytest.param(b"", "", id="nothing"),
        pytest.param(b"one\rtwo\nthree\r\nfour", "one\ntwo\nthree\nfour", id="all newlines"),
        pytest.param(b"\n\r\n\r", "\n\n\n", id="only newlines"),
        pytest.param("one\u2028two\u2029three".encode(), "one\ntwo\nthree", id="Unicode's newlines"),
        pytest.param(b"\tif x:\t", " if x: ", id="tabs"),
        pytest.param(b"a\x1b[31mb\x00\x7f\x04c", "a[31mbc", id="control characters"),
        pytest.param("a\x9b\u202e\ufeffb".encode(), "ab", id="control characters outside ASCII"),
        pytest.param(b"a\xe9", "a\ufffd", id="no UTF-8"),
        pytest.param(b"\x1b[201\x1b[20", "[201[20", id="what looks like the end"),
        pytest.param(b"\x1b[200~", "[200~", id="another beginning"),
    ],
)
def test_a_paste_is_one_press(pasted: bytes, text: str) -> None:
    """Its newlines send nothing, and its control characters do nothing."""
    typed = b"\x1b[200~" + pasted + b"\x1b[201~"
    assert keys(typed + b"x") == [Paste(text, cut=False), Typed("x")]
    assert keys(*(bytes([byte]) for byte in typed)) == [Paste(text, cut=False)]


@pytest.mark.parametrize("over", [0, 1, 100_000])
def test_a_paste_has_a_bound(over: int) -> None:
    """Of an endless paste the beginning is kept; that it was cut is said, and the next one starts anew."""
    reading = Keys()
    piece = b"x" * 65_536
    reading.feed(b"\x1b[200~")
    for _ in range(LONGEST_PASTE_BYTES // len(piece)):
        assert reading.feed(piece) == []
    reading.feed(b"x" * over)
    assert len(reading._pasted) <= LONGEST_PASTE_BYTES
    [paste] = reading.feed(b"\x1b[201~")
    assert isinstance(paste, Paste)
    assert (len(paste.text), paste.cut) == (LONGEST_PASTE_BYTES, over > 0)
    assert reading.feed(b"\x1b[200~a\x1b[201~") == [Paste("a", cut=False)]


@given(st.lists(PIECES, max_size=30).map(b"".join), st.data())
@settings(max_examples=300, deadline=None)
def test_any_segmentation_gives_the_same_keys(typed: bytes, data: st.DataObject) -> None:
    """The network cuts where it likes."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(typed)), max_size=6)))
    pieces = [typed[a:b] for a, b in zip([0, *cuts], [*cuts, len(typed)], strict=True)]
    assert keys(*pieces) == keys(typed)
    assert keys(*(bytes([byte]) for byte in typed)) == keys(typed)


def test_ctrl_c_gives_up_a_paste() -> None:
    """Whose end may never come: nothing of it is kept, and what comes behind it is typed."""
    typed = b"\x1b[200~one\ntwo\x03three\x1b[200~four\x1b[201~"
    found = [Paste("", cut=True), Typed("three"), Paste("four", cut=False)]
    assert joined(keys(typed)) == found
    assert joined(keys(*(bytes([byte]) for byte in typed))) == found


def test_a_paste_can_be_ended_when_its_end_does_not_come() -> None:
    """What came of it is kept."""
    reading = Keys()
    assert reading.end_paste() == []
    assert reading.feed(b"x\x1b[200~one\ntwo") == [Typed("x")]
    assert reading.pasting
    assert reading.end_paste() == [Paste("one\ntwo", cut=False)]
    assert not reading.pasting
    assert reading.feed(b"y") == [Typed("y")]
