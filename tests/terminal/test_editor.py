"""The line editor: every key in each encoding, text of any script, and how the row looks."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wcwidth import iter_graphemes, wcswidth

from lanchatd.terminal.actions import Action, Key, Pasted, Submitted, Unbound
from lanchatd.terminal.editor import LONGEST_LINE, Editor
from lanchatd.terminal.history import LONGEST_SEARCH
from lanchatd.terminal.row import Row

BELL = Key.BELL
LEFT, RIGHT, UP, DOWN = b"\x1b[D", b"\x1b[C", b"\x1b[A", b"\x1b[B"
HOME, END, ENTER, TAB, BACKSPACE = b"\x01", b"\x05", b"\r", b"\t", b"\x7f"
SHIFT_TAB, NEWLINE = b"\x1b[Z", b"\n"
SEARCH, GIVE_UP, YANK = b"\x12", b"\x07", b"\x19"

FAMILY = "👩\u200d👩\u200d👧"
CLUSTERS = {
    "combining mark": "e\u0301",
    "two marks": "e\u0302\u0301",
    "flag": "🇩🇪",
    "skin tone": "👍🏽",
    "family": FAMILY,
    "variation selector": "❤\ufe0f",
    "keycap": "1\ufe0f\u20e3",
    "Hangul, in letters": "\u1112\u1161\u11ab",
    "Arabic, with a vowel": "ع\u064e",
    "Hindi conjunct": "क्षि",
    "CJK": "山",
    "emoji": "🙂",
    "Thai": "ที่",
}

# Letters, halves of clusters, marks without a letter, invisible ones: whatever may meet in a line.
SCRIPTS = st.text(
    st.sampled_from("ab <>'_.1山한ㅎ\u1112\u1161\u11abعَकष\u094d\u093f\u0903กำ\u0301\u20e3\u0600🙂👩👍🏽❤🇩🇪🏴")
    | st.sampled_from("\ufe0f\u200b\u200c\u200d\u200e\xad\u3164\u1160\ue000\ufffd\U0010ffff\U000e0061")
    | st.characters(exclude_categories=["Cs"]),
    max_size=60,
)

KEYS = st.sampled_from(
    [
        *(bytes([byte]) for byte in range(0x20)),
        *(LEFT, RIGHT, UP, DOWN, ENTER, TAB, TAB, BACKSPACE, SEARCH, YANK, b"\x1bb", b"\x1bf", b"\x1bd"),
        *(b"\x1b\x7f", b"\x1b[3~", b"\x1b[1;5D", b"\x1bOc", b"\x1b[1~", b"\x1bx", b"\x1b[I", b"\x1b]0;x\x07"),
        *(b"\x1b[200~a b\x1b[201~", b"\x1b[200~one\r\ntwo\x1b[201~", b"\x1b[200~", b"\x1b[201~"),
        *(b"alice", b" ", b"al", b"bob is", b"\xe5", b"\xff", "\x9b".encode()),
        *(text.encode() for text in CLUSTERS.values()),
        *(text.encode() for text in "🇩🇪\u200d\u0301\ufe0f\u1161👩"),
    ]
)


def complete(word: str, before: str) -> Sequence[str]:
    ending = " " if before else ": "
    return [name + ending for name in ("alice", "alina", "bob", "🇩🇪", "🇩🇰") if name.startswith(word)]


def editor(line: str = "", *typed: bytes, width: int = 80, history: Sequence[str] = ()) -> Editor:
    """An editor with this in its row, the bar being the cursor (without one at the end), after these keys."""
    editing = Editor(width, "> ", complete, history)
    before, _, after = line.partition("|")
    assert editing.feed(after.encode() + HOME + before.encode()) == []
    if not after:
        editing.feed(END)
    for keys in typed:
        editing.feed(keys)
    return editing


def shown(editing: Editor) -> str:
    """The line, with a bar where the cursor is."""
    return f"{editing.line[: editing.cursor]}|{editing.line[editing.cursor :]}"


# -- every key

MOVES = {
    "left": ("ab|c", (b"\x02", b"\x1b[D", b"\x1bOD"), "a|bc"),
    "right": ("a|bc", (b"\x06", b"\x1b[C", b"\x1bOC"), "ab|c"),
    "home": ("ab|c", (b"\x01", b"\x1b[H", b"\x1bOH", b"\x1b[1~", b"\x1b[7~"), "|abc"),
    "end": ("a|bc", (b"\x05", b"\x1b[F", b"\x1bOF", b"\x1b[4~", b"\x1b[8~"), "abc|"),
    "word left": ("one two, |x", (b"\x1bb", b"\x1b[1;5D", b"\x1b[1;3D", b"\x1bOd"), "one |two, x"),
    "word right": ("one|, two x", (b"\x1bf", b"\x1b[1;5C", b"\x1b[1;3C", b"\x1bOc"), "one, two| x"),
    "backspace": ("ab|c", (b"\x7f", b"\x08"), "a|c"),
    "delete": ("a|bc", (b"\x1b[3~", b"\x04"), "a|c"),
    "delete spaced word back": ("say a-b |x", (b"\x17",), "say |x"),
    "delete word back": ("say a-b |x", (b"\x1b\x7f", b"\x1b\x08"), "say a-|x"),
    "delete word on": ("a| b-c", (b"\x1bd",), "a|-c"),
    "kill to the end": ("a|bc", (b"\x0b",), "a|"),
    "kill to the start": ("ab|c", (b"\x15",), "|c"),
    "transpose": ("a|bc", (b"\x14",), "ba|c"),
    "transpose at the end": ("abc|", (b"\x14",), "acb|"),
}


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        pytest.param(before, key, after, id=f"{name} {key!r}")
        for name, (before, keys, after) in MOVES.items()
        for key in keys
    ],
)
def test_a_key_moves_or_deletes(before: str, key: bytes, after: str) -> None:
    """As in a shell, in every encoding that terminals use."""
    editing = editor(before)
    assert editing.feed(key) == []
    assert shown(editing) == after


@pytest.mark.parametrize(
    ("line", "key"),
    [
        *(
            ("|a", key)
            for key in (LEFT, BACKSPACE, b"\x1bb", b"\x17", b"\x1b\x7f", b"\x14", UP, DOWN, TAB, YANK)
        ),
        *(("a|", key) for key in (RIGHT, b"\x1b[3~", b"\x04", b"\x1bf", b"\x1bd", b"\x14", UP, DOWN, YANK)),
    ],
)
def test_a_key_that_can_do_nothing_rings(line: str, key: bytes) -> None:
    """At an edge, and with nothing to yank: the bell, and the line is as it was."""
    editing = editor(line) if key != TAB else Editor(80)
    before = shown(editing)
    assert editing.feed(key) == [BELL]
    assert shown(editing) == before


@pytest.mark.parametrize("key", [HOME, END, b"\x0b", b"\x15"])
def test_going_where_one_is_is_no_mistake(key: bytes) -> None:
    """Ctrl-U on an empty row is a habit, and gets no bell."""
    assert editor().feed(key) == []


@pytest.mark.parametrize(
    ("key", "action"),
    [(b"\x03", Key.INTERRUPT), (b"\x1a", Key.SUSPEND), (b"\x0c", Key.CLEAR)],
)
def test_some_keys_are_for_the_caller(key: bytes, action: Key) -> None:
    """They leave the line as it is; the caller knows what to do with it."""
    editing = editor("a|b")
    assert editing.feed(key) == [action]
    assert shown(editing) == "a|b"


def test_control_d_ends_only_an_empty_row() -> None:
    """Who deletes to the end is not thrown out at once."""
    assert editor("|a").feed(b"\x04\x04") == [Key.END]


@pytest.mark.parametrize("key", [b"\r", b"\n", b"\x1bOM"])
def test_enter_submits_the_line(key: bytes) -> None:
    """Wherever the cursor stands, the whole line goes, and the row is empty."""
    editing = editor("he|llo")
    assert editing.feed(key) == [Submitted("hello")]
    assert (shown(editing), editing.history) == ("|", ("hello",))


@pytest.mark.parametrize(
    "sequence",
    [b"\x00", b"\x07", b"\x1bx", b"\x1b[15~", b"\x1b[I", b"\x1b[M !!", b"\x1b]0;title\x07", b"\x1bOP"],
)
def test_unknown_keys_do_nothing(sequence: bytes) -> None:
    """Function keys, mouse and focus reports leave no litter in the line."""
    editing = editor("a|b")
    assert editing.feed(sequence) == []
    assert shown(editing) == "a|b"


@pytest.mark.parametrize(
    ("line", "key", "after"),
    [
        pytest.param("…, |", b"\x1bb", "|…, ", id="no word left"),
        pytest.param("one_two|", b"\x1bb", "one_|two", id="underscore"),
        pytest.param("नमस्ते दुनिया|", b"\x1bb", "नमस्ते |दुनिया", id="Hindi"),
        pytest.param("cafe\u0301 x|", b"\x1b[1;5D", "cafe\u0301 |x", id="accents"),
        pytest.param("|مَرْحَبًا بك", b"\x1bf", "مَرْحَبًا| بك", id="Arabic with vowels"),
        pytest.param("hi 🙂|", b"\x1b\x7f", "|", id="emoji are no letters"),
        pytest.param("hi 🙂|", b"\x17", "hi |", id="but no spaces either"),
    ],
)
def test_words_of_any_script(line: str, key: bytes, after: str) -> None:
    """A word is letters and digits with their marks, or for Ctrl-W what stands between spaces."""
    assert shown(editor(line, key)) == after


# -- clusters


@pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS)
def test_a_cluster_is_one_character(cluster: str) -> None:
    """The cursor steps over it whole, and Backspace, Delete and Ctrl-T take it whole."""
    line = f"a{cluster}b"
    assert shown(editor(line, LEFT, LEFT)) == f"a|{cluster}b"
    assert shown(editor(line, LEFT, LEFT, RIGHT)) == f"a{cluster}|b"
    assert shown(editor(line, LEFT, BACKSPACE)) == "a|b"
    assert shown(editor(line, LEFT, LEFT, b"\x04")) == "a|b"
    assert shown(editor(line, LEFT, b"\x14")) == f"ab{cluster}|"
    assert editor(f"a{cluster}").row() == Row(f"> a{cluster}", 3 + wcswidth(cluster))


def test_a_flag_typed_before_a_flag_stays_whole() -> None:
    """Its first half joins the flag behind it until the second half comes: what is typed stays together."""
    editing = editor("|🇫🇷")
    editing.feed("🇩".encode())
    assert shown(editing) == "🇩🇫|🇷"
    assert editing.row() == Row("> 🇩🇫🇷", 2 + wcswidth("🇩🇫"))
    editing.feed("🇪".encode())
    assert shown(editing) == "🇩🇪|🇫🇷"


def test_the_cursor_leaves_a_cluster_that_closes_around_it() -> None:
    """Deleting what stood between two halves: the cursor goes behind the whole."""
    assert shown(editor("🇩x|🇪", BACKSPACE)) == "🇩🇪|"
    assert shown(editor("🇩x|🇪", BACKSPACE, b"y")) == "🇩🇪y|"
    assert shown(editor("|\u0301", b"e", LEFT, RIGHT)) == "e\u0301|"


def test_a_mark_joins_the_letter_before_it() -> None:
    """An accent typed later belongs to the letter that it is typed behind."""
    assert shown(editor("e|x", "\u0301".encode(), LEFT)) == "|e\u0301x"


# -- kill and yank


@pytest.mark.parametrize(
    ("keys", "after"),
    [
        pytest.param([b"\x17", YANK, YANK], "one two threethree|", id="yanked twice"),
        pytest.param([b"\x17", b"\x17", HOME, YANK], "two three|one ", id="backwards, joined"),
        pytest.param([b"\x17", b"\x1b\x7f", b"\x15", YANK], "one two three|", id="backwards, three ways"),
        pytest.param([HOME, b"\x1bd", b"\x1bd", END, YANK], " threeone two|", id="onwards, joined"),
        pytest.param(
            [HOME, b"\x1bd", b"\x0b", YANK, YANK], "one two threeone two three|", id="onwards, two ways"
        ),
        pytest.param([b"\x17", LEFT, b"\x17", YANK, YANK], "one twotwo| ", id="a key between them"),
        pytest.param([b"\x1bb", b"\x17", b"\x0b", YANK, YANK], "one threethree|", id="another direction"),
        pytest.param(
            [b"\x0b", b"\x17", b"\x1b[I", b"\x17", HOME, YANK], "two three|one ", id="a report between"
        ),
    ],
)
def test_what_was_killed_comes_back(keys: list[bytes], after: str) -> None:
    """Kills one after the other in one direction are one piece; any other key between them starts anew."""
    assert shown(editor("one two three|", *keys)) == after


# -- history


def test_browsing_goes_up_and_down() -> None:
    """The unfinished line waits at the bottom, and both ends ring."""
    editing = editor("unfin|ished", history=["first", "second"])
    assert [(editing.feed(key), shown(editing)) for key in (UP, UP, UP, DOWN, b"\x0e", DOWN, b"\x10")] == [
        ([], "second|"),
        ([], "first|"),
        ([BELL], "first|"),
        ([], "second|"),
        ([], "unfinished|"),
        ([BELL], "unfinished|"),
        ([], "second|"),
    ]


@pytest.mark.parametrize(("up", "down"), [(b"\x10", b"\x0e"), (b"\x1b[A", b"\x1b[B"), (b"\x1bOA", b"\x1bOB")])
def test_every_encoding_of_up_and_down(up: bytes, down: bytes) -> None:
    """Control keys, and arrows in both modes of the terminal."""
    assert shown(editor("now", up, up, down, history=["first", "second"])) == "second|"


def test_an_edited_history_line_is_kept_while_browsing() -> None:
    """Going away and back loses no edit; after Enter the history is as it was, with the new line."""
    editing = editor("", UP, b"!", UP, b"?", DOWN, history=["first", "second"])
    assert shown(editing) == "second!|"
    assert editing.feed(UP + ENTER) == [Submitted("first?")]
    assert editing.history == ("first", "second", "first?")
    assert shown(editor_after(editing, UP, UP)) == "second|"


def editor_after(editing: Editor, *typed: bytes) -> Editor:
    for keys in typed:
        editing.feed(keys)
    return editing


def test_the_history_takes_no_empty_line_and_none_twice_running() -> None:
    """Going up is never wasted."""
    editing = editor("", b"a\ra\r\rb\ra\r \r")
    assert editing.history == ("a", "b", "a", " ")


def test_the_history_has_a_limit() -> None:
    """The oldest go first, also of what was handed in."""
    editing = Editor(80, history=["1", "2", "3", "4"], history_limit=3)
    assert editing.history == ("2", "3", "4")
    editing.feed(b"5\r")
    assert editing.history == ("3", "4", "5")


def test_remember_leaves_the_row_alone() -> None:
    """The caller may add a line at any time; browsing and searching end, and the unfinished line is there."""
    editing = editor("unfin|ished", history=["old"])
    editing.remember("said\x1b elsewhere")
    assert (shown(editing), editing.history) == ("unfin|ished", ("old", "said elsewhere"))
    editing.feed(UP + UP + b"!")
    editing.remember("more")
    assert shown(editing) == "unfinished|"
    editing.feed(LEFT + SEARCH + b"old")
    editing.remember("")
    assert (shown(editing), editing.row().text) == ("unfinishe|d", "> unfinished")


def test_set_line_starts_over() -> None:
    """What was typed, browsed or searched is gone; what is set is cleaned and bounded like what is typed."""
    editing = editor("typed", UP, b"!", SEARCH, b"x", history=["old"])
    editing.set_line("new\n\x1b[31m\tline")
    assert (shown(editing), editing.row().text) == ("new[31m line|", "> new[31m line")
    editing.feed(UP)
    assert shown(editing) == "old|"
    editing.set_line("x" * (LONGEST_LINE + 1))
    assert len(editing.line) == LONGEST_LINE


# -- search

SAID = ("deploy 41", "lunch?", "deploy 42", "deploy 42 done", "bye")


def searching(*typed: bytes) -> Editor:
    return editor("unfin|ished", SEARCH, *typed, history=SAID)


def test_a_search_shows_what_it_finds_as_it_is_typed() -> None:
    """The word stands in the prompt, the cursor where it was found."""
    editing = searching()
    assert editing.row().text == "(search ''): unfinished"
    editing.feed(b"4")
    assert (editing.row().text, shown(editing)) == ("(search '4'): deploy 42 done", "deploy |42 done")
    editing.feed(b"1")
    assert (editing.row().text, shown(editing)) == ("(search '41'): deploy 41", "deploy |41")


def test_searching_further_goes_back_and_rings_at_the_end() -> None:
    """Each Ctrl-R the next older line that is another one; at the oldest the line stays."""
    editing = searching(b"deploy")
    steps = [(editing.feed(SEARCH), editing.line) for _ in range(3)]
    assert steps == [([], "deploy 42"), ([], "deploy 41"), ([BELL], "deploy 41")]


def test_searching_further_steps_over_the_same_line() -> None:
    """A line said often is shown once in a row."""
    editing = editor("", SEARCH, b"a", history=["ab", "a", "x", "a"])
    assert (editing.feed(SEARCH), editing.line) == ([], "ab")


def test_a_search_that_finds_nothing_rings_once() -> None:
    """The last line that was found stays, and Backspace goes back to what can be found."""
    editing = searching(b"lunch")
    assert (editing.feed(b"xyz"), editing.line) == ([BELL], "lunch?")
    assert editing.row().text == "(search 'lunchxyz', not found): lunch?"
    editing.resize(40)
    assert editing.row().text == "< 'lunchxyz', not found): lunch?"
    assert (editing.feed(b"z"), editing.line) == ([], "lunch?")
    assert (editing.feed(BACKSPACE), editing.line) == ([BELL], "unfinished")
    editing.feed(BACKSPACE + b"\x08" + BACKSPACE)
    assert (editing.row().text, editing.line) == ("(search 'lunch'): lunch?", "lunch?")


def test_backspace_in_a_search_takes_a_cluster_and_ends_with_the_old_line() -> None:
    """With nothing left to look for, the row is as it was before, and one more rings."""
    editing = searching("by🇩🇪".encode())
    assert (editing.feed(BACKSPACE), editing.row().text) == ([], "(search 'by'): bye")
    assert (editing.feed(BACKSPACE * 2), shown(editing)) == ([], "unfin|ished")
    assert editing.feed(BACKSPACE) == [BELL]


def test_enter_submits_what_was_found() -> None:
    """One key less for what one says every day."""
    assert searching(b"lunch").feed(ENTER) == [Submitted("lunch?")]


@pytest.mark.parametrize("key", [GIVE_UP, b"\x03", b"\x1bx", b"\x1b\x1b[I", b"\x1b\x1b\x1b[I"])
def test_a_search_given_up_leaves_the_old_line(key: bytes) -> None:
    """With its cursor, as if nothing had been searched; Ctrl-C interrupts nothing else."""
    editing = searching(b"deploy")
    assert editing.feed(key) == []
    assert (shown(editing), editing.row().text) == ("unfin|ished", "> unfinished")
    editing.feed(UP)
    assert editing.line == "bye"


@pytest.mark.parametrize(
    ("key", "after"),
    [
        (b"\x1b[C", "l|unch?"),
        (b"\x05", "lunch?|"),
        (b"\x0b", "|"),
        (b"\x1bd", "|?"),
        (b"\x10", "deploy 41|"),
        (b"\x0e", "deploy 42|"),
    ],
)
def test_any_other_key_takes_the_line_that_was_found(key: bytes, after: str) -> None:
    """To be edited, or to look around in the history from there."""
    editing = searching(b"lunch", key)
    assert shown(editing) == after
    assert editing.row().text.startswith("> ")


def test_a_report_of_the_terminal_does_not_end_a_search() -> None:
    """The window lost and got the focus; the search goes on."""
    assert searching(b"lun", b"\x1b[O\x1b[I", b"ch").row().text == "(search 'lunch'): lunch?"


def test_searching_again_takes_the_last_word() -> None:
    """Ctrl-R twice, as in a shell; the first time there is none."""
    editing = editor("", SEARCH, history=SAID)
    assert editing.feed(SEARCH) == [BELL]
    editing.feed(b"lunch" + END + SEARCH)
    assert (editing.feed(SEARCH), editing.row().text) == ([], "(search 'lunch'): lunch?")


def test_a_search_begins_where_one_browses_and_finds_edited_lines() -> None:
    """Older lines than the one shown, as they look now."""
    editing = editor("", UP, UP, UP, b"!", SEARCH, b"42", history=SAID)
    assert editing.line == "deploy 42!"


def test_the_word_searched_for_has_a_bound() -> None:
    """A page pasted into a search rings and finds nothing, and does not look 16,384 times."""
    editing = editor("", history=["x" * 1_000])
    assert editing.feed(SEARCH + b"x" * 1_000) == [BELL]
    assert editing.row().column <= 79
    assert editing.feed(b"x" + BACKSPACE + b"x") == []
    editing.feed(GIVE_UP + SEARCH + SEARCH)
    assert len(editing._last_search) == LONGEST_SEARCH


def test_a_paste_is_looked_for() -> None:
    """Of one line it is part of the word; of several it leaves the search with the line found."""
    editing = searching(b"\x1b[200~lunch\x1b[201~")
    assert editing.line == "lunch?"
    assert editing.feed(b"\x1b[200~a\nb\x1b[201~") == [Pasted(("a", "blunch?"))]


# -- completion


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("bo|", "bob: |", id="at the start"),
        pytest.param("hi bo|", "hi bob |", id="later"),
        pytest.param("hi bo|, ok", "hi bob |, ok", id="with text behind"),
        pytest.param("a|", "ali|", id="as far as they agree"),
    ],
)
def test_tab_completes_the_word(before: str, after: str) -> None:
    """The only candidate whole, of several what they have in common."""
    editing = editor(before)
    assert editing.feed(TAB) == []
    assert shown(editing) == after


@pytest.mark.parametrize("line", ["x|", "hi x|", "ali|", "🇩|"])
def test_tab_rings_if_there_is_nothing_more_to_say(line: str) -> None:
    """No candidate, or several that begin no longer than what is there: half a flag is not one."""
    editing = editor(line)
    assert editing.feed(TAB) == [BELL]
    assert shown(editing) == line


def test_a_second_tab_shows_the_candidates() -> None:
    """In a row below, until another key comes; further ones put in one after the other, and go round."""
    editing = editor("say a|", TAB)
    assert (shown(editing), editing.row().note) == ("say ali|", "")
    steps = [(editing.feed(TAB), editing.line, editing.row().note) for _ in range(4)]
    assert steps == [
        ([], "say ali", "alice alina"),
        ([], "say alice ", "[alice] alina"),
        ([], "say alina ", "alice [alina]"),
        ([], "say alice ", "[alice] alina"),
    ]
    assert (editing.feed(SHIFT_TAB), editing.line) == ([], "say alina ")
    assert (editing.feed(b"x"), editing.row().note) == ([], "")
    assert (editing.feed(TAB), editing.line) == ([BELL], "say alina x")


def test_shift_tab_begins_with_the_last() -> None:
    """Where the candidates are shown already."""
    editing = editor("a", SHIFT_TAB, SHIFT_TAB, SHIFT_TAB)
    assert (editing.line, editing.row().note) == ("alina: ", "alice: [alina:]")


@pytest.mark.parametrize("key", [LEFT, b"\x1b[200~x\x1b[201~", b"\x17", ENTER, b"\x0e", b"\x03"])
def test_another_key_takes_the_candidates_away(key: bytes) -> None:
    """And a Tab behind it asks anew."""
    editing = Editor(80, "", complete, unbound=frozenset({b"\x0e"}))
    editing.feed(b"a" + TAB + TAB)
    assert editing.row().note == "alice: alina:"
    editing.feed(b"\x1b[I")  # the terminal has the focus, which is no key
    assert editing.row().note == "alice: alina:"
    editing.feed(key)
    assert editing.row().note == ""


def test_completing_in_the_middle_of_a_line_adds_no_second_space() -> None:
    """The one that is there is enough; and what is behind the cursor stays."""
    assert shown(editor("hi bo| and you", TAB)) == "hi bob| and you"


def test_case_does_not_matter_to_what_candidates_have_in_common() -> None:
    """Of two spellings the first is taken."""
    editing = Editor(80, complete=lambda word, before: ["Robert ", "robin "])
    assert (editing.feed(b"ro" + TAB), editing.line) == ([], "Rob")


@pytest.mark.parametrize(
    ("width", "tabs", "note"),
    [
        (40, 2, "one three eleven twenty fifteen >"),
        (20, 2, "one three >"),
        (20, 3, "[one] three >"),
        (20, 5, "< [eleven] >"),
        (20, 6, "< [twenty] >"),
        (20, 9, "< [sixteenth] >"),
        (20, 10, "< [last]"),
        (9, 2, "one >"),
        (9, 9, "< [sixt>"),
    ],
)
def test_more_candidates_than_fit_are_shown_page_by_page(width: int, tabs: int, note: str) -> None:
    """The chosen one is always there, and marks say that there are more."""
    names = ["one", "three", "eleven", "twenty", "fifteen", "seven", "sixteenth", "last"]
    editing = Editor(width, complete=lambda word, before: names)
    editing.feed(TAB * tabs)
    assert editing.row().note == note


def test_a_candidate_replaces_the_word_whole() -> None:
    """Another spelling, a shorter one; several that share less than the word leave it alone."""
    asked: list[tuple[str, str]] = []

    def anyone(word: str, before: str) -> Sequence[str]:
        asked.append((word, before))
        return {"AL": ["alice ", "alina "], "robert": ["bob", "bob"], "x": ["evil\x1b[2J\n"]}.get(
            word, ["a", "b"]
        )

    editing = Editor(80, complete=anyone)
    assert (editing.feed(b"hi AL\t"), editing.line) == ([], "hi ali")
    assert (editing.feed(b"\x15robert\t"), editing.line) == ([], "bob")
    assert (editing.feed(b"\x15x\t"), editing.line) == ([], "evil[2J")
    assert (editing.feed(b"\x15word\t"), editing.line) == ([BELL], "word")
    assert asked == [("AL", "hi "), ("robert", ""), ("x", ""), ("word", "")]


# -- pastes


def test_a_pasted_line_is_typed() -> None:
    """One line without its end goes where the cursor stands, tabs as spaces."""
    editing = editor("a|d")
    assert editing.feed(b"\x1b[200~b\tc\x1b[201~") == []
    assert shown(editing) == "ab c|d"


def test_pasted_lines_are_given_to_the_caller() -> None:
    """Around them is what stood in the row, which is empty then; Up finds the history, and none of them."""
    editing = editor("say: |!", history=["old"])
    assert editing.feed(b"\x1b[200~one\r\n\ttwo\n\x1b[201~") == [Pasted(("say: one", " two", "!"))]
    assert (shown(editing), editing.history) == ("|", ("old",))
    editing.feed(UP)
    assert editing.line == "old"


def test_a_paste_that_was_cut_rings() -> None:
    """Who pastes 2 MiB hears that some of it is gone."""
    actions = editor().feed(b"\x1b[200~" + b"x" * 2_000_000 + b"\nlost\x1b[201~")
    assert actions == [BELL, BELL]  # too long for a paste, and for a line
    [pasted, bell] = editor().feed(b"\x1b[200~one\n" + b"x" * 2_000_000 + b"\x1b[201~")
    assert isinstance(pasted, Pasted)
    assert bell is BELL


# -- a line of several rows


def several(line: str = "", *typed: bytes, history: Sequence[str] = ()) -> Editor:
    """An editor for lines of several rows, with this in them, the bar being the cursor."""
    editing = Editor(80, complete=complete, history=history)
    editing.several_rows = True
    before, bar, after = line.partition("|")
    editing.set_line(before + after)
    editing.feed(LEFT * len(after) if bar else b"")
    for keys in typed:
        editing.feed(keys)
    return editing


@pytest.mark.parametrize("key", [b"\n", b"\x1b\r", b"\x1b\n"])
def test_alt_enter_begins_a_new_row(key: bytes) -> None:
    """And Ctrl-J; Enter submits all of it. Where a line has one row only, they are Enter."""
    editing = several("one|two")
    assert editing.feed(key) == []
    assert (shown(editing), editing.row()) == ("one\n|two", Row("two", 0, above=("one",)))
    assert editing.feed(ENTER) == [Submitted("one\ntwo")]
    assert editor("one|two").feed(key) == [Submitted("onetwo")]


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        ("one\ntw|o\nthree", HOME, "one\n|two\nthree"),
        ("one\ntw|o\nthree", END, "one\ntwo|\nthree"),
        ("one\ntw|o\nthree", UP, "on|e\ntwo\nthree"),
        ("one\ntw|o\nthree", DOWN, "one\ntwo\nth|ree"),
        ("o\ntwo|\nt", UP, "o|\ntwo\nt"),
        ("o\ntwo|\nt", DOWN, "o\ntwo\nt|"),
        ("one\ntw|o", b"\x15", "one\n|o"),
        ("one\n|two", b"\x15", "one|two"),
        ("on|e\ntwo", b"\x0b", "on|\ntwo"),
        ("one|\ntwo", b"\x0b", "one|two"),
        ("one\n|two", BACKSPACE, "one|two"),
        ("one\n|two", LEFT, "one|\ntwo"),
        ("one\ntwo|", b"\x17", "one\n|"),
        ("one\na|", TAB, "one\nali|"),
        ("one\nbo|", TAB, "one\nbob: |"),
    ],
)
def test_a_key_is_for_its_row(before: str, key: bytes, after: str) -> None:
    """Home, up, Ctrl-U and others; at the end of a row, deleting joins it to the next."""
    assert shown(several(before, key)) == after


def test_up_from_the_first_row_is_the_history() -> None:
    """And down from the last; what was unfinished is there again, all of it."""
    editing = several("one\ntwo", UP, UP, history=["old"])
    assert shown(editing) == "old|"
    assert shown(editor_after(editing, DOWN)) == "one\ntwo|"
    assert editing.feed(DOWN) == [BELL]


def test_a_pasted_block_is_in_the_row_as_it_is() -> None:
    """It is said with Enter and not before, however short it is; tabs are spaces there too."""
    editing = several("say: |!")
    assert editing.feed(b"\x1b[200~one\r\n\ttwo\n\x1b[201~") == []
    assert shown(editing) == "say: one\n two\n|!"
    assert editing.feed(ENTER) == [Submitted("say: one\n two\n!")]


def test_a_block_that_is_too_long_for_the_row_is_given_to_the_caller() -> None:
    """Whole, and the row is empty."""
    lines = ["x" * 1_000] * 17
    [pasted] = several("").feed(b"\x1b[200~" + "\n".join(lines).encode() + b"\x1b[201~")
    assert pasted == Pasted(tuple(lines))


def test_a_line_with_rows_is_cleaned_where_there_is_one_only() -> None:
    """What is set, and what was killed before."""
    editing = several("one\ntwo|", b"\x17", BACKSPACE, b"\x15")
    editing.feed(b"a\nb\x17\x7f\x7f" + b"c" + NEWLINE + b"d")
    editing.set_line("one\x1b\ntwo")
    assert editing.line == "one\ntwo"
    editing.feed(END + b"\x15" + b"\x15" + b"\x15")
    assert editing.line == ""
    editing.several_rows = False
    editing.feed(YANK)
    assert editing.line == "onetwo"
    editing.set_line("one\ntwo")
    assert editing.line == "onetwo"


@pytest.mark.parametrize(
    ("line", "most", "row"),
    [
        ("1\n2\n3|", 3, Row("3", 1, above=("1", "2"))),
        ("1\n2\n3\n4\n5|", 3, Row("5", 1, above=("(3 more)", "4"))),
        ("|1\n2\n3\n4\n5", 3, Row("1", 0, below=("2", "(3 more)"))),
        ("1\n2\n3|\n4\n5", 3, Row("3", 1, above=("(2 more)",), below=("(2 more)",))),
        ("1\n2|\n3", 1, Row("2", 1)),
        ("x" * 100 + "\n|", 3, Row("", 0, above=("x" * 78 + ">",))),
    ],
)
def test_of_many_rows_those_around_the_cursor_are_shown(line: str, most: int, row: Row) -> None:
    """The others are counted, and what is too wide has a mark."""
    assert several(line).row(most) == row


def test_escape_and_enter_in_a_search_give_it_up() -> None:
    """Nothing is said by a slip, and nothing gets into two rows."""
    editing = several("unfin|ished", SEARCH + b"old\x1b\r", history=["old"])
    assert shown(editing) == "unfin|ished"


# -- bounds


def test_a_line_has_a_bound() -> None:
    """What is over it is not taken, with one bell until something else happens."""
    editing = editor()
    assert editing.feed(b"x" * (LONGEST_LINE - 1) + "äb".encode() + b"c" * 1_000) == [BELL]
    assert editing.feed(b"c") == []
    assert (len(editing.line), editing.line[-1]) == (LONGEST_LINE, "ä")
    assert editing.feed(BACKSPACE + b"yz" + LEFT + b"z") == [BELL, BELL]
    assert editing.feed(b"\x1b[200~paste\x1b[201~\x17" + YANK + YANK) == [BELL]


def test_a_completion_over_the_bound_is_not_taken() -> None:
    """The word stays as it was typed."""
    editing = editor("x" * (LONGEST_LINE - 3) + " al")
    assert editing.feed(TAB) == [BELL]
    assert editing.line.endswith("x al")


# -- the row


@pytest.mark.parametrize(
    ("line", "width", "row"),
    [
        pytest.param("", 20, Row("> ", 2), id="empty"),
        pytest.param("he|llo", 20, Row("> hello", 4), id="short"),
        pytest.param("0123456789abcdefg|", 20, Row("> 0123456789abcdefg", 19), id="just fits"),
        pytest.param("0123456789abcdefgh|", 20, Row("> <23456789abcdefgh", 19), id="cut, at its end"),
        pytest.param("|0123456789abcdefgh", 20, Row("> 0123456789abcdef>", 2), id="cut, at its start"),
        pytest.param("0123456789|abcdefghijk", 20, Row("> <3456789abcdefgh>", 10), id="cut on both sides"),
        pytest.param("山山山山山山山山山|", 20, Row("> <山山山山山山山山", 19), id="wide, at its end"),
        pytest.param("|a山山山山山山山山山", 20, Row("> a山山山山山山山>", 2), id="wide, never half"),
        pytest.param("x\u200b|", 20, Row("> x\u200b", 3), id="no columns"),
        pytest.param("|\u0301", 20, Row("> \u25cc\u0301", 2), id="a mark without a letter"),
        pytest.param("山山|山山", 5, Row("<山>", 1), id="five columns"),
        pytest.param("ab|c", 3, Row("<c", 1), id="two columns"),
        pytest.param("ab|c", 2, Row("c", 0), id="one column"),
        pytest.param("ab|c", 1, Row("", 0), id="none"),
        pytest.param("ab|c", 0, Row("", 0), id="less than none"),
    ],
)
def test_the_row_is_the_part_around_the_cursor(line: str, width: int, row: Row) -> None:
    """A long line scrolls sideways, with a mark where it is cut; a wide character is never half there."""
    assert editor(line, width=width).row() == row


def test_a_long_prompt_leaves_room_for_the_line() -> None:
    """Of its end is shown what two thirds of the row hold."""
    editing = editor("hello", width=31)
    editing.prompt = "alice in #a-very-long-room\x1b[0m> "
    assert editing.row() == Row("<ry-long-room[0m> hello", 23)


def test_resizing_shows_more_or_less() -> None:
    """The line is the same, only the row changes."""
    editing = editor("0123456789abcdefgh", width=80)
    editing.resize(10)
    assert editing.row() == Row("<abcdefgh", 9)
    editing.resize(80)
    assert editing.row() == Row("> 0123456789abcdefgh", 20)


# -- whatever is typed


def everything(editing: Editor) -> tuple[object, ...]:
    return editing.line, editing.cursor, editing.history, editing.row()


def is_clean(text: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)


@given(st.lists(KEYS, max_size=40), st.data(), st.booleans())
@example([b"al", TAB, "\x9b".encode(), TAB], None, False)
@settings(max_examples=400, deadline=None)
def test_any_segmentation_gives_the_same(keys: list[bytes], data: st.DataObject | None, rows: bool) -> None:
    """Typed byte by byte, or pasted in one piece: the same line, row, history and actions."""
    typed = b"".join(keys)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(typed)), max_size=6))) if data else []
    pieces = [typed[a:b] for a, b in zip([0, *cuts], [*cuts, len(typed)], strict=True)]
    at_once, in_pieces, in_bytes = editors = [Editor(20, "> ", complete, SAID) for _ in range(3)]
    for editing in editors:
        editing.several_rows = rows
    actions: list[Action] = at_once.feed(typed)
    assert [action for piece in pieces for action in in_pieces.feed(piece)] == actions
    assert [action for byte in typed for action in in_bytes.feed(bytes([byte]))] == actions
    assert everything(in_pieces) == everything(at_once)
    assert everything(in_bytes) == everything(at_once)


@given(st.lists(KEYS | st.binary(max_size=8), max_size=40), st.booleans())
@settings(max_examples=300, deadline=None)
def test_the_line_is_always_clean_and_the_cursor_between_clusters(keys: list[bytes], rows: bool) -> None:
    """After every key: no control character anywhere, no half cluster before the cursor, rows that fit."""
    editing = Editor(20, "> ", complete, SAID)
    editing.several_rows = rows
    for key in keys:
        for action in editing.feed(key):
            match action:
                case Submitted(line):
                    assert is_clean(line.replace("\n", "") if rows else line)
                case Pasted(lines):
                    assert all(map(is_clean, lines))
                case _:
                    pass
        line, row = editing.line, editing.row()
        borders = {0}
        for cluster in iter_graphemes(line):
            borders.add(max(borders) + len(cluster))
        assert editing.cursor in borders
        painted = [row.text, *row.above, *row.below, row.note]
        assert is_clean("".join([line.replace("\n", "") if rows else line, *painted, *editing.history]))
        assert all(wcswidth(text) <= 19 for text in painted)
        assert 0 <= row.column <= 19
        assert editing._line.length == len(line)


def columns(text: str) -> int:
    """As a terminal counts: by clusters, for wcswidth over all of it lets a stray joiner eat a letter."""
    return sum(map(wcswidth, iter_graphemes(text)))


@given(SCRIPTS, st.data(), st.integers(5, 200), SCRIPTS | st.just("> "))
@settings(max_examples=500, deadline=None)
def test_a_row_is_never_too_wide(text: str, data: st.DataObject, width: int, prompt: str) -> None:
    """For any script, width and prompt, by wcwidth for the whole and for its clusters."""
    editing = Editor(width, prompt)
    editing.set_line(text)
    count = len(list(iter_graphemes(editing.line)))
    editing.feed(LEFT * data.draw(st.integers(0, count)))
    row = editing.row()
    assert wcswidth(row.text) <= width - 1
    assert columns(row.text) <= width - 1
    assert 0 <= row.column <= width - 1


@given(st.lists(st.sampled_from([*CLUSTERS.values(), "a", " "]), max_size=60), st.data(), st.integers(5, 200))
@settings(max_examples=300, deadline=None)
def test_the_window_holds_whole_clusters_of_the_line(
    clusters: list[str], data: st.DataObject, width: int
) -> None:
    """Without its marks it is a piece of the line, split at the cursor where the cursor's column says."""
    editing = Editor(width)
    editing.set_line("".join(clusters))
    at = data.draw(st.integers(0, len(clusters)))
    editing.feed(LEFT * (len(clusters) - at))
    row, line = editing.row(), editing.line
    inner = row.text.removeprefix("<").removesuffix(">")
    assert inner in line
    before = ""
    rest = iter_graphemes(row.text)
    while wcswidth(before) < row.column:
        before += next(rest)
    assert wcswidth(before) == row.column
    left, right = before.removeprefix("<"), "".join(rest).removesuffix(">")
    assert line[: editing.cursor].endswith(left)
    assert line[editing.cursor :].startswith(right)
    assert (left == line[: editing.cursor]) != before.startswith("<")
    assert (right == line[editing.cursor :]) != row.text.endswith(">")
    assert right or editing.cursor == len(line)


def test_an_answer_to_a_question_is_not_remembered() -> None:
    """It is no line that one would call back."""
    editor = Editor(80, history=["hello"])
    editor.remembering = False
    assert editor.feed(b"yes\r") == [Submitted("yes")]
    editor.remembering = True
    assert editor.feed(b"hi\r") == [Submitted("hi")]
    assert editor.history == ("hello", "hi")


def test_a_key_that_the_caller_has_a_use_for_is_left_to_it() -> None:
    """It means nothing here then, and ends a search as other keys do."""
    editor = Editor(80, history=["one"], unbound=frozenset({b"\x0e"}))
    assert editor.feed(b"a\x0e") == [Unbound(b"\x0e")]
    assert editor.line == "a"
    assert editor.feed(b"\x12on\x0e") == [Unbound(b"\x0e")]
    assert editor.line == "a"
    assert Editor(80, history=["one"]).feed(b"\x0e") == [Key.BELL]


def test_a_paste_that_has_begun_is_known_until_it_ends() -> None:
    """The caller counts the time for it, and ends it; what came is kept."""
    editing = editor()
    assert not editing.pasting
    editing.feed(b"\x1b[200~half a line")
    assert editing.pasting
    editing.end_paste()
    assert not editing.pasting
    assert editing.line == "half a line"
