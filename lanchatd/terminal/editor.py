"""A line editor with the keys of a shell: bytes in, actions out, and how its row looks. It does no I/O. ::

    editor = Editor(width=80, prompt="> ")
    for action in editor.feed(b"hello\\r"):
        ...                             # Submitted("hello")
    row = editor.row()                  # Row("> ", column=2): paint it, and put the cursor there

The keys are told apart in `lanchatd.terminal.keys`, and `lanchatd.terminal.row` has the line with its
clusters and columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from wcwidth import iter_graphemes

from lanchatd.terminal.keys import Keys, Press, Pressed, Typed, printable
from lanchatd.terminal.row import Line, Row, fit, window

LONGEST_LINE = 16_384  # characters; more is refused with a bell
LONGEST_SEARCH = 256  # characters; each one typed looks through the history again
# Columns that the line gets before the prompt gets any: a few wide characters and the marks.
LEAST_COLUMNS = 12


@dataclass(frozen=True, slots=True)
class Submitted:
    """Enter was pressed on this line."""

    line: str


@dataclass(frozen=True, slots=True)
class Pasted:
    """What a paste of several lines makes with the text that was in the row, which is empty now.

    The last line is empty if the paste ended its last one and the cursor was at the end.
    """

    lines: tuple[str, ...]


class Key(Enum):
    """What only the caller can answer. INTERRUPT (Ctrl-C) leaves the line as it is."""

    INTERRUPT = auto()
    END = auto()
    SUSPEND = auto()
    CLEAR = auto()
    BELL = auto()


@dataclass(frozen=True, slots=True)
class Completions:
    """Tab was pressed again, and these fit."""

    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unbound:
    """A key that the caller has a use for, as the bytes that it sends."""

    sequence: bytes


Action = Submitted | Pasted | Key | Completions | Unbound


class _After(Enum):
    """The last key, as far as the next one asks for it."""

    ANYTHING = auto()
    KILL_BACK = auto()
    KILL_ON = auto()
    TAB = auto()
    FULL = auto()


@dataclass(slots=True)
class _Search:
    """A reverse search under way, and where to go back to if it is given up."""

    index: int
    line: Line
    word: str = ""
    failed: bool = False


def _no_candidates(word: str, before: str) -> Sequence[str]:
    return ()


class Editor:
    """One row, its history and its keys.

    ``complete(word, before)`` gives the candidates for the word that ends at the cursor; ``before`` is the
    text before that word. A candidate replaces the word whole, and may end in a space.
    """

    def __init__(
        self,
        width: int,
        prompt: str = "",
        complete: Callable[[str, str], Sequence[str]] = _no_candidates,
        history: Iterable[str] = (),
        history_limit: int = 1_000,
        unbound: frozenset[bytes] = frozenset(),
    ) -> None:
        """``unbound`` are keys that mean nothing here, and are given to the caller."""
        self.resize(width)
        self.prompt = prompt
        self.remembering = True  # false while an answer is typed that is no line
        self._complete = complete
        self._unbound = unbound
        self._keys = Keys()
        self._line = Line()
        self._history: list[str] = []
        self._history_limit = history_limit
        self._edited: dict[
            int, str
        ] = {}  # rows left while browsing; the one past the history is the unfinished
        self._index = 0
        self._search: _Search | None = None
        self._last_search = ""
        self._killed = ""
        self._last_key = self._key_before = _After.ANYTHING
        for line in history:
            self.remember(line)

    # -- what the caller sees and sets

    @property
    def line(self) -> str:
        """The text in the row; in a search, the line that was found."""
        return self._line.text

    @property
    def cursor(self) -> int:
        """How many characters stand before the cursor; never in the middle of a cluster."""
        return len(self._line.settled().before)

    @property
    def history(self) -> tuple[str, ...]:
        """The lines said, the oldest first."""
        return tuple(self._history)

    def set_line(self, text: str) -> None:
        """Start over with this text, the cursor at its end; what was being edited is gone."""
        self._search = None
        self._edited.clear()
        self._index = len(self._history)
        self._line = Line(printable(text)[:LONGEST_LINE])
        self._last_key = _After.ANYTHING

    def remember(self, line: str) -> None:
        """Add a line to the history, unless empty or the last one again. It ends a search and browsing."""
        self._leave_search()
        self._browse_to(len(self._history))
        unfinished = self._line
        line = printable(line)[:LONGEST_LINE]
        if line and self._history[-1:] != [line]:
            self._history.append(line)
            del self._history[: max(0, len(self._history) - self._history_limit)]
        self.set_line("")
        self._line = unfinished

    def resize(self, width: int) -> None:
        """The terminal has this many columns now."""
        self._columns = max(0, width - 1)  # in the last one a terminal may wrap

    def feed(self, typed: bytes) -> list[Action]:
        """What these bytes ask of the caller, in order; any segmentation of them gives the same.

        All of them are taken before the caller sees the first action: what came in one piece behind a Ctrl-C
        is in the row already.
        """
        return self._take(self._keys.feed(typed))

    @property
    def pasting(self) -> bool:
        """A paste has begun: call `end_paste` if nothing comes for `lanchatd.terminal.keys.PASTE_PAUSE_S`."""
        return self._keys.pasting

    def end_paste(self) -> list[Action]:
        """The end of a paste is not coming any more: take what came of it."""
        return self._take(self._keys.end_paste())

    def _take(self, presses: Iterable[Press]) -> list[Action]:
        actions: list[Action | None] = []
        for press in presses:
            match press:
                case Typed(text):
                    actions.append(self._type(text))
                case Pressed(sequence):
                    actions.append(self._press(sequence))
                case _:
                    actions += [self._paste(press.text), Key.BELL if press.cut else None]
        return [action for action in actions if action is not None]

    def row(self) -> Row:
        """What to paint: the prompt and as much of the line around the cursor as fits."""
        prompt = f"(search '{self._search.word}'): " if self._search else printable(self.prompt)
        clusters = reversed(list(iter_graphemes(prompt)))
        shown, used = fit(clusters, self._columns - max(self._columns // 2, LEAST_COLUMNS), "<")
        line = window(self._line.settled(), self._columns - used)
        return Row("".join(reversed(shown)) + line.text, used + line.column)

    # -- the three kinds of what comes from the keyboard

    def _type(self, text: str) -> Action | None:
        if self._search:
            return self._search_for(self._search, text)
        room = LONGEST_LINE - self._line.length
        self._line.insert(text[:room])
        told, self._last_key = self._last_key is _After.FULL, _After.ANYTHING
        if len(text) <= room:
            return None
        self._last_key = _After.FULL
        return None if told else Key.BELL  # once, however many characters follow

    def _paste(self, text: str) -> Action | None:
        if "\n" not in text:
            self._line = self._line.settled()
            action = self._type(text)
            self._line = self._line.settled()
            return action
        self._accept_found()
        line = self._line.settled()
        self.set_line("")
        return Pasted(tuple(f"{line.before}{text}{line.after}".split("\n")))

    def _press(self, sequence: bytes) -> Action | None:
        if sequence in self._unbound:
            self._leave_search()
            return Unbound(sequence)
        if self._search:
            if key := _SEARCH_KEYS.get(sequence):
                return key(self, self._search)
            if sequence not in _KEYS and sequence[:1] == b"\x1b" and len(sequence) <= len("\x1bx"):
                self._leave_search()
                return None
        if sequence not in _KEYS:
            return None
        self._accept_found()
        self._key_before, self._last_key = self._last_key, _After.ANYTHING
        self._line = self._line.settled()
        action = _KEYS[sequence](self)
        self._line = self._line.settled()
        return action

    # -- keys: moving and deleting

    def _left(self) -> Action | None:
        return _bell_unless(self._line.back(1))

    def _right(self) -> Action | None:
        return _bell_unless(self._line.on(1))

    def _home(self) -> None:
        self._line.back(LONGEST_LINE)

    def _end(self) -> None:
        self._line.on(LONGEST_LINE)

    def _word_left(self) -> Action | None:
        return _bell_unless(self._line.back(_word(self._line.backwards(), _is_letter)))

    def _word_right(self) -> Action | None:
        return _bell_unless(self._line.on(_word(self._line.onwards(), _is_letter)))

    def _backspace(self) -> Action | None:
        return _bell_unless(self._line.cut_back(1))

    def _delete(self) -> Action | None:
        return _bell_unless(self._line.cut_on(1))

    def _delete_or_end(self) -> Action | None:
        return self._delete() if self._line.length else Key.END

    def _transpose(self) -> Action | None:
        if self._line.at_start:
            return Key.BELL
        self._line.on(1)
        last = self._line.cut_back(1)
        swapped = self._line.back(1)
        self._line.insert(last)
        self._line.on(1)
        return _bell_unless(swapped)

    # -- keys: killing and yanking

    def _kill_word_back(self) -> Action | None:
        return self._kill_back(_word(self._line.backwards(), _is_letter))

    def _kill_spaced_word_back(self) -> Action | None:
        return self._kill_back(_word(self._line.backwards(), _is_no_space))

    def _kill_word_on(self) -> Action | None:
        return self._kill_on(_word(self._line.onwards(), _is_letter))

    def _kill_to_start(self) -> None:
        self._kill_back(LONGEST_LINE)

    def _kill_to_end(self) -> None:
        self._kill_on(LONGEST_LINE)

    def _kill_back(self, count: int) -> Action | None:
        if killed := self._line.cut_back(count):
            joined = self._killed if self._key_before is _After.KILL_BACK else ""
            self._killed = killed + joined
            self._last_key = _After.KILL_BACK
        return _bell_unless(killed)

    def _kill_on(self, count: int) -> Action | None:
        if killed := self._line.cut_on(count):
            joined = self._killed if self._key_before is _After.KILL_ON else ""
            self._killed = joined + killed
            self._last_key = _After.KILL_ON
        return _bell_unless(killed)

    def _yank(self) -> Action | None:
        if not self._killed or self._line.length + len(self._killed) > LONGEST_LINE:
            return Key.BELL
        self._line.insert(self._killed)
        return None

    # -- keys: completing and submitting

    def _tab(self) -> Action | None:
        head, space, word = self._line.before.rpartition(" ")
        before, after = head + space, self._line.after
        candidates = tuple(dict.fromkeys(map(printable, self._complete(word, before))))
        if not candidates:
            return Key.BELL
        if len(candidates) > 1:
            self._last_key = _After.TAB
            if self._key_before is _After.TAB:
                return Completions(candidates)
        # Compared by clusters: half a flag helps nobody.
        common = "".join(_common(candidates))
        shortened = len(candidates) > 1 and len(common) < len(word)
        if common == word or shortened or len(before + common + after) > LONGEST_LINE:
            return Key.BELL
        self._line = Line(before + common, after)
        return None

    def _submit(self) -> Action:
        line = self._line.text
        self.set_line("")
        if self.remembering:
            self.remember(line)
        return Submitted(line)

    def _interrupt(self) -> Action:
        return Key.INTERRUPT

    def _suspend(self) -> Action:
        return Key.SUSPEND

    def _clear(self) -> Action:
        return Key.CLEAR

    # -- keys: the history

    def _up(self) -> Action | None:
        return self._browse_to(self._index - 1)

    def _down(self) -> Action | None:
        return self._browse_to(self._index + 1)

    def _browse_to(self, index: int) -> Action | None:
        if not 0 <= index <= len(self._history):
            return Key.BELL
        if index != self._index:
            self._edited[self._index] = self._line.text
            self._index = index
            self._line = Line(self._shown(index))
        return None

    def _shown(self, index: int) -> str:
        """A row of the history as it was left when it was edited last; the unfinished one is past them."""
        if index in self._edited:
            return self._edited[index]
        return self._history[index]

    # -- keys: searching the history

    def _begin_search(self) -> None:
        self._edited[self._index] = self._line.text
        self._search = _Search(self._index, self._line)

    def _search_for(self, search: _Search, text: str) -> Action | None:
        failed_before = search.failed
        for character in text:
            if len(search.word) == LONGEST_SEARCH:
                search.failed = True
                break
            search.word += character
            # A longer word is not found where the shorter one was not.
            search.failed = search.failed or not self._find(search.word, self._index)
        return Key.BELL if search.failed and not failed_before else None

    def _search_further(self, search: _Search) -> Action | None:
        if not search.word:
            search.word = self._last_search
            return self._search_again(search) if search.word else Key.BELL
        return _bell_unless(self._find(search.word, self._index - 1, not_again=self._line.text))

    def _search_less(self, search: _Search) -> Action | None:
        """Backspace: without the last cluster, from the newest line on."""
        if not search.word:
            return Key.BELL
        search.word = "".join(list(iter_graphemes(search.word))[:-1])
        return self._search_again(search)

    def _search_again(self, search: _Search) -> Action | None:
        self._index, self._line = search.index, search.line
        search.failed = not self._find(search.word, self._index) if search.word else False
        return _bell_unless(not search.failed)

    def _find(self, word: str, newest: int, not_again: str | None = None) -> bool:
        for index in range(min(newest, len(self._history) - 1), -1, -1):
            text = self._shown(index)
            at = text.find(word)
            if at >= 0 and text != not_again:
                self._index = index
                self._line = Line(text[:at], text[at:]).settled()
                return True
        return False

    def _give_up_search(self, search: _Search) -> None:
        self._index, self._line = search.index, search.line
        self._accept_found()

    def _leave_search(self) -> None:
        if self._search:
            self._give_up_search(self._search)

    def _accept_found(self) -> None:
        if self._search:
            self._last_search = self._search.word or self._last_search
            self._search = None


def _bell_unless(done: object) -> Action | None:
    return None if done else Key.BELL


def _common(candidates: Iterable[str]) -> Iterator[str]:
    """The clusters with which all of them begin."""
    for clusters in zip(*map(iter_graphemes, candidates), strict=False):
        if len(set(clusters)) > 1:
            return
        yield clusters[0]


def _is_letter(cluster: str) -> bool:
    return cluster[0].isalnum()


def _is_no_space(cluster: str) -> bool:
    return cluster[0] != " "


def _word(clusters: Iterable[str], belongs: Callable[[str], bool]) -> int:
    """How many clusters to the far end of the next word."""
    count, within = 0, False
    for cluster in clusters:
        if within and not belongs(cluster):
            break
        within = within or belongs(cluster)
        count += 1
    return count


# Every key, with all the ways in which terminals send it.
_KEYS: dict[bytes, Callable[[Editor], Action | None]] = {
    sequence: key
    for key, sequences in (
        (Editor._left, (b"\x02", b"\x1b[D", b"\x1bOD")),
        (Editor._right, (b"\x06", b"\x1b[C", b"\x1bOC")),
        (Editor._home, (b"\x01", b"\x1b[H", b"\x1bOH", b"\x1b[1~", b"\x1b[7~")),
        (Editor._end, (b"\x05", b"\x1b[F", b"\x1bOF", b"\x1b[4~", b"\x1b[8~")),
        (Editor._word_left, (b"\x1bb", b"\x1b[1;5D", b"\x1b[1;3D", b"\x1bOd")),
        (Editor._word_right, (b"\x1bf", b"\x1b[1;5C", b"\x1b[1;3C", b"\x1bOc")),
        (Editor._backspace, (b"\x7f", b"\b")),
        (Editor._delete, (b"\x1b[3~",)),
        (Editor._delete_or_end, (b"\x04",)),
        (Editor._transpose, (b"\x14",)),
        (Editor._kill_spaced_word_back, (b"\x17",)),
        (Editor._kill_word_back, (b"\x1b\x7f", b"\x1b\b")),
        (Editor._kill_word_on, (b"\x1bd",)),
        (Editor._kill_to_start, (b"\x15",)),
        (Editor._kill_to_end, (b"\x0b",)),
        (Editor._yank, (b"\x19",)),
        (Editor._tab, (b"\t",)),
        (Editor._submit, (b"\r", b"\n", b"\x1bOM")),
        (Editor._interrupt, (b"\x03",)),
        (Editor._suspend, (b"\x1a",)),
        (Editor._clear, (b"\x0c",)),
        (Editor._up, (b"\x10", b"\x1b[A", b"\x1bOA")),
        (Editor._down, (b"\x0e", b"\x1b[B", b"\x1bOB")),
        (Editor._begin_search, (b"\x12",)),
    )
    for sequence in sequences
}

# In a search these mean something else, Escape and unknown Alt keys give it up, and all others first take the
# line that was found.
_SEARCH_KEYS: dict[bytes, Callable[[Editor, _Search], Action | None]] = {
    b"\x12": Editor._search_further,
    b"\x7f": Editor._search_less,
    b"\b": Editor._search_less,
    b"\x03": Editor._give_up_search,
    b"\x07": Editor._give_up_search,
}
