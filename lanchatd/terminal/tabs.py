"""Tab: the first completes a word as far as it goes, the second shows what fits, further ones go round."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from wcwidth import iter_graphemes, wcswidth

from lanchatd.terminal.keys import printable
from lanchatd.terminal.row import Line, fit

# Columns of the marks that there is more on both sides.
_MARKS = len("<  >")


def no_candidates(word: str, before: str) -> Sequence[str]:
    """For who completes nothing."""
    return ()


class Tabs:
    """The candidates for the word that ends at the cursor. ``shown``: they stand below the row."""

    def __init__(self, line: Line, complete: Callable[[str, str], Sequence[str]]) -> None:
        """``complete(word, before)`` is asked; ``before`` is the text before the word, in its row."""
        head, newline, row = line.before.rpartition("\n")
        begin, space, self._word = row.rpartition(" ")
        self._before, self._after = head + newline + begin + space, line.after
        found = complete(self._word, begin + space)
        self.candidates = tuple(dict.fromkeys(map(printable, found)))
        self.shown = False
        self._chosen: int | None = None

    def first(self) -> Line | None:
        """The line with the only candidate, or with what all have in common; None if that is nothing new."""
        # Compared by clusters: half a flag helps nobody.
        common = "".join(_common(self.candidates))
        several = len(self.candidates) > 1
        if common == self._word or (several and len(common) < len(self._word)) or not common:
            return None
        return self._with(common)

    def next(self, step: int) -> Line:
        """The line with the next candidate, or with the one before."""
        last = len(self.candidates) - 1
        at = (0 if step > 0 else last) if self._chosen is None else self._chosen + step
        self._chosen = at % len(self.candidates)
        return self._with(self.candidates[self._chosen])

    def row(self, columns: int) -> str:
        """The candidates in one row, as many around the chosen one as there is room for."""
        page: list[str] = []
        used, pages_before, more = 0, False, False
        for at, candidate in enumerate(self.candidates):
            name = candidate.rstrip()
            name = f"[{name}]" if at == self._chosen else name
            room = wcswidth(name) + 1
            if page and used + room > columns - _MARKS:
                if at > (self._chosen or 0):
                    more = True
                    break
                page, used, pages_before = [], 0, True
            page.append(name)
            used += room
        text = f"{'< ' if pages_before else ''}{' '.join(page)}{' >' if more else ''}"
        return "".join(fit(iter_graphemes(text), columns, ">")[0])

    def _with(self, candidate: str) -> Line:
        # The space behind it is there already, if one completes in the middle of a line.
        candidate = candidate.removesuffix(" ") if self._after.startswith(" ") else candidate
        return Line(self._before + candidate, self._after)


def _common(candidates: Iterable[str]) -> Iterator[str]:
    """The clusters with which all of them begin, in any case."""
    for clusters in zip(*map(iter_graphemes, candidates), strict=False):
        if len({cluster.casefold() for cluster in clusters}) > 1:
            return
        yield clusters[0]
