"""The lines that were submitted, and one's place among them while one looks for an old one."""

from __future__ import annotations

from collections.abc import Callable

from wcwidth import iter_graphemes

from lanchatd.terminal.row import Line

LONGEST_SEARCH = 256  # characters; each one typed looks through the history again


class History:
    """``lines`` are the oldest first. ``index`` is the place; behind the last it is the unfinished row's."""

    def __init__(self, limit: int) -> None:
        """``limit`` is in lines; the oldest go."""
        self.lines: list[str] = []
        self.index = 0
        self._limit = limit
        self._edited: dict[int, str] = {}  # rows that were left while browsing

    def add(self, line: str) -> None:
        """Put it behind the others, unless it is empty or the last one again."""
        if line and self.lines[-1:] != [line]:
            self.lines.append(line)
            del self.lines[: max(0, len(self.lines) - self._limit)]

    def start_over(self) -> None:
        """Go to the unfinished row, which is another one; what was edited is gone."""
        self._edited.clear()
        self.index = len(self.lines)

    def leave(self, text: str) -> None:
        """The row here is to be shown so from now on."""
        self._edited[self.index] = text

    def shown(self, index: int) -> str:
        """A row as it was left when it was edited last; the unfinished one is past the lines."""
        return self._edited[index] if index in self._edited else self.lines[index]

    def find(self, begin: int, fits: Callable[[str], bool]) -> int | None:
        """The newest line of those up to ``begin`` that fits."""
        lines = range(min(begin, len(self.lines) - 1), -1, -1)
        return next((index for index in lines if fits(self.shown(index))), None)


class Search:
    """A search from where one is backwards, as it is typed. ``line`` is what was found last."""

    def __init__(self, history: History, line: Line) -> None:
        self.word = ""
        self.failed = False
        self.line = line
        self._history = history
        self._before = history.index, line
        history.leave(line.text)

    @property
    def prompt(self) -> str:
        """What stands before the line; that nothing is found is said at its end, which is never cut."""
        return f"(search '{self.word}'{', not found' if self.failed else ''}): "

    def type(self, text: str) -> None:
        """The word has more characters: ``failed`` says whether nothing holds it."""
        for character in text:
            if len(self.word) == LONGEST_SEARCH:
                self.failed = True
                break
            self.word += character
            # A longer word is not found where the shorter one was not.
            self.failed = self.failed or not self._find(self._history.index)

    def further(self, last_word: str) -> bool:
        """To an older line that is another one, or with no word yet for the last one; whether it is found."""
        if not self.word:
            return bool(last_word) and self.again(last_word)
        return self._find(self._history.index - 1, not_again=self.line.text)

    def again(self, word: str) -> bool:
        """For this word, from where it began; whether it was found, or is empty."""
        self._history.index, self.line = self._before
        self.word = word
        self.failed = bool(word) and not self._find(self._history.index)
        return not self.failed

    def less(self) -> bool:
        """Without the last cluster, from the newest line on."""
        return bool(self.word) and self.again("".join(list(iter_graphemes(self.word))[:-1]))

    def give_up(self) -> Line:
        """Back to where it began; the line there."""
        self._history.index, self.line = self._before
        return self.line

    def _find(self, begin: int, not_again: str | None = None) -> bool:
        found = self._history.find(begin, lambda text: self.word in text and text != not_again)
        if found is None:
            return False
        text = self._history.shown(found)
        at = text.find(self.word)
        self._history.index = found
        self.line = Line(text[:at], text[at:]).settled()
        return True
