"""A line editor with the keys of a shell: bytes in, actions out, and how its row looks. It does no I/O. ::

    editor = Editor(width=80, prompt="> ")
    for action in editor.feed(b"hello\\r"):
        ...                             # Submitted("hello")
    row = editor.row()                  # Row("> ", column=2): paint it, and put the cursor there

The keys are told apart in `lanchatd.terminal.keys`, and `lanchatd.terminal.row` has the line with its
clusters and columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from wcwidth import iter_graphemes

from lanchatd.terminal.actions import Action, Key, Pasted, Submitted, Unbound
from lanchatd.terminal.edits import EDITS, KILLS, Killed, delete, down, up
from lanchatd.terminal.history import History, Search
from lanchatd.terminal.keys import Keys, Press, Pressed, Typed, printable
from lanchatd.terminal.row import Line, Row, fit, rows_around
from lanchatd.terminal.tabs import Tabs, no_candidates

LONGEST_LINE = 16_384  # characters; more is refused with a bell
# Rows of a line that are shown at once.
MOST_ROWS = 8
# Columns that the line gets before the prompt gets any: a few wide characters and the marks.
LEAST_COLUMNS = 12


class Editor:
    """One line, its history and its keys.

    ``complete(word, before)`` gives the candidates for the word that ends at the cursor; ``before`` is the
    text before that word, in its row. A candidate replaces the word whole, and may end in a space.
    """

    def __init__(
        self,
        width: int,
        prompt: str = "",
        complete: Callable[[str, str], Sequence[str]] = no_candidates,
        history: Iterable[str] = (),
        history_limit: int = 1_000,
        unbound: frozenset[bytes] = frozenset(),
    ) -> None:
        """``unbound`` are keys that mean nothing here, and are given to the caller."""
        self.resize(width)
        self.prompt = prompt
        self.remembering = True  # false while an answer is typed that is no line
        self.several_rows = False  # whether a line may have them
        self._complete = complete
        self._unbound = unbound
        self._keys = Keys()
        self._line = Line()
        self._history = History(history_limit)
        self._search: Search | None = None
        self._last_search = ""
        self._tabs: Tabs | None = None
        self._killed = Killed()
        self._overfull = False  # and the bell has said so
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
        return tuple(self._history.lines)

    def set_line(self, text: str) -> None:
        """Start over with this text, the cursor at its end; what was being edited is gone."""
        self._search = self._tabs = None
        self._history.start_over()
        text = "\n".join(map(printable, text.split("\n"))) if self.several_rows else printable(text)
        self._line = Line(text[:LONGEST_LINE])
        self._overfull = False
        self._killed.other_key()

    def remember(self, line: str) -> None:
        """Add a line to the history, unless empty or the last one again. It ends a search and browsing."""
        self._leave_search()
        self._browse_to(len(self._history.lines))
        unfinished = self._line
        self._history.add(printable(line)[:LONGEST_LINE])
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

    def row(self, most: int = MOST_ROWS) -> Row:
        """What to paint: the prompt, and as much of the line around the cursor as fits into so many rows."""
        prompt = self._search.prompt if self._search else printable(self.prompt)
        clusters = reversed(list(iter_graphemes(prompt)))
        shown, used = fit(clusters, self._columns - max(self._columns // 3, LEAST_COLUMNS), "<")
        row = rows_around(self._line.settled(), self._columns - used, most)
        note = self._tabs.row(self._columns) if self._tabs and self._tabs.shown else ""
        return replace(row, text="".join(reversed(shown)) + row.text, column=used + row.column, note=note)

    # -- the three kinds of what comes from the keyboard

    def _type(self, text: str) -> Action | None:
        self._tabs = None
        self._killed.other_key()
        if self._search:
            failed_before = self._search.failed
            self._search.type(text)
            self._line = self._search.line
            return Key.BELL if self._search.failed and not failed_before else None
        room = LONGEST_LINE - self._line.length
        self._line.insert(text[:room])
        told, self._overfull = self._overfull, len(text) > room
        return Key.BELL if self._overfull and not told else None  # once, however many characters follow

    def _paste(self, text: str) -> Action | None:
        if "\n" in text:
            self._accept_found()
            self._tabs = None
            if not self.several_rows or self._line.length + len(text) > LONGEST_LINE:
                line = self._line.settled()
                self.set_line("")
                return Pasted(tuple(f"{line.before}{text}{line.after}".split("\n")))
        self._line = self._line.settled()
        action = self._type(text)
        self._line = self._line.settled()
        return action

    def _press(self, sequence: bytes) -> Action | None:
        if sequence in self._unbound:
            self._leave_search()
            self._tabs = None
            return Unbound(sequence)
        known = sequence in _KEYS or sequence in EDITS or sequence in KILLS
        if self._search:
            if key := _SEARCH_KEYS.get(sequence):
                return key(self, self._search)
            if not known and sequence[:1] == b"\x1b" and len(sequence) <= len("\x1bx"):
                self._leave_search()
                return None
        if not known:
            return None
        self._accept_found()
        self._overfull = False
        self._tabs = self._tabs if sequence in _TABS else None
        self._line = self._line.settled()
        action = self._do(sequence)
        self._line = self._line.settled()
        return action

    def _do(self, sequence: bytes) -> Action | None:
        if sequence in KILLS:
            return _bell_unless(self._killed.kill(sequence, self._line))
        self._killed.other_key()
        if sequence in EDITS:
            return _bell_unless(EDITS[sequence](self._line))
        return _KEYS[sequence](self)

    # -- keys

    def _delete_or_end(self) -> Action | None:
        return _bell_unless(delete(self._line)) if self._line.length else Key.END

    def _yank(self) -> Action | None:
        killed = self._killed.text if self.several_rows else printable(self._killed.text)
        if not killed or self._line.length + len(killed) > LONGEST_LINE:
            return Key.BELL
        self._line.insert(killed)
        return None

    def _tab(self, step: int) -> Action | None:
        if self._tabs is None:
            tabs = Tabs(self._line, self._complete)
            self._tabs = tabs if len(tabs.candidates) > 1 else None
            line = tabs.first()
        elif not self._tabs.shown:
            self._tabs.shown = True
            return None
        else:
            line = self._tabs.next(step)
        if line is None or line.length > LONGEST_LINE:
            return Key.BELL
        self._line = line
        return None

    def _new_row(self) -> Action | None:
        return self._type("\n") if self.several_rows else self._submit()

    def _submit(self) -> Action:
        line = self._line.text
        self.set_line("")
        if self.remembering:
            self.remember(line)
        return Submitted(line)

    # -- keys: the rows of a line, and the history

    def _up(self) -> Action | None:
        return None if up(self._line) else self._browse_to(self._history.index - 1)

    def _down(self) -> Action | None:
        return None if down(self._line) else self._browse_to(self._history.index + 1)

    def _browse_to(self, index: int) -> Action | None:
        if not 0 <= index <= len(self._history.lines):
            return Key.BELL
        if index != self._history.index:
            self._history.leave(self._line.text)
            self._history.index = index
            self._line = Line(self._history.shown(index))
        return None

    # -- keys: searching the history

    def _begin_search(self) -> None:
        self._search = Search(self._history, self._line)

    def _search_further(self, search: Search) -> Action | None:
        found = search.further(self._last_search)
        self._line = search.line
        return _bell_unless(found)

    def _search_less(self, search: Search) -> Action | None:
        """Backspace."""
        found = search.less()
        self._line = search.line
        return _bell_unless(found)

    def _give_up_search(self, search: Search) -> None:
        self._line = search.give_up()
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


# The other keys, with all the ways in which terminals send them.
_KEYS: dict[bytes, Callable[[Editor], Action | None]] = {
    sequence: key
    for key, sequences in (
        (Editor._delete_or_end, (b"\x04",)),
        (Editor._yank, (b"\x19",)),
        (lambda editor: editor._tab(1), (b"\t",)),
        (lambda editor: editor._tab(-1), (b"\x1b[Z",)),
        (Editor._submit, (b"\r", b"\x1bOM")),
        (Editor._new_row, (b"\n", b"\x1b\r", b"\x1b\n")),
        (lambda editor: Key.INTERRUPT, (b"\x03",)),
        (lambda editor: Key.SUSPEND, (b"\x1a",)),
        (lambda editor: Key.CLEAR, (b"\x0c",)),
        (Editor._up, (b"\x10", b"\x1b[A", b"\x1bOA")),
        (Editor._down, (b"\x0e", b"\x1b[B", b"\x1bOB")),
        (Editor._begin_search, (b"\x12",)),
    )
    for sequence in sequences
}

# What goes on where the last Tab has been.
_TABS = frozenset({b"\t", b"\x1b[Z"})

# In a search these mean something else, Escape and unknown Alt keys give it up, and all others first take the
# line that was found.
_SEARCH_KEYS: dict[bytes, Callable[[Editor, Search], Action | None]] = {
    b"\x12": Editor._search_further,
    b"\x7f": Editor._search_less,
    b"\b": Editor._search_less,
    b"\x03": Editor._give_up_search,
    b"\x07": Editor._give_up_search,
    b"\x1b\r": Editor._give_up_search,  # who leaves it with Escape, and goes on with Enter
}
