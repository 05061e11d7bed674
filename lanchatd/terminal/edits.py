"""The keys that move in a line or delete in it, and those that kill: what they delete can be yanked."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lanchatd.terminal.row import Line


def _is_letter(cluster: str) -> bool:
    return cluster[0].isalnum()


def _is_no_space(cluster: str) -> bool:
    return cluster[0] not in " \n"


def _word(clusters: Iterable[str], belongs: Callable[[str], bool]) -> int:
    """How many clusters to the far end of the next word."""
    count, within = 0, False
    for cluster in clusters:
        if within and not belongs(cluster):
            break
        within = within or belongs(cluster)
        count += 1
    return count


def _until_newline(clusters: Iterable[str]) -> int:
    """How many clusters to the end of the row."""
    count = 0
    for cluster in clusters:
        if cluster == "\n":
            break
        count += 1
    return count


def _home(line: Line) -> bool:
    line.back(_until_newline(line.backwards()))
    return True  # going where one is already is no mistake


def _end(line: Line) -> bool:
    line.on(_until_newline(line.onwards()))
    return True


def up(line: Line) -> bool:
    """To the row above; false where there is none."""
    if not line.rows_before:
        return False
    column = _until_newline(line.backwards())
    line.back(column + 1)
    line.back(max(0, _until_newline(line.backwards()) - column))
    return True


def down(line: Line) -> bool:
    """To the row below; false where there is none."""
    if not line.rows_after:
        return False
    column = _until_newline(line.backwards())
    line.on(_until_newline(line.onwards()) + 1)
    line.on(min(column, _until_newline(line.onwards())))
    return True


def _transpose(line: Line) -> bool:
    if line.at_start:
        return False
    line.on(1)
    last = line.cut_back(1)
    swapped = line.back(1)
    line.insert(last)
    line.on(1)
    return swapped


def delete(line: Line) -> bool:
    """What is under the cursor; false if there is nothing."""
    return bool(line.cut_on(1))


# Each with all the ways in which terminals send it; false is for what can't be done.
EDITS: dict[bytes, Callable[[Line], bool]] = {
    sequence: edit
    for edit, sequences in (
        (lambda line: line.back(1), (b"\x02", b"\x1b[D", b"\x1bOD")),
        (lambda line: line.on(1), (b"\x06", b"\x1b[C", b"\x1bOC")),
        (_home, (b"\x01", b"\x1b[H", b"\x1bOH", b"\x1b[1~", b"\x1b[7~")),
        (_end, (b"\x05", b"\x1b[F", b"\x1bOF", b"\x1b[4~", b"\x1b[8~")),
        (
            lambda line: line.back(_word(line.backwards(), _is_letter)),
            (b"\x1bb", b"\x1b[1;5D", b"\x1b[1;3D", b"\x1bOd"),
        ),
        (
            lambda line: line.on(_word(line.onwards(), _is_letter)),
            (b"\x1bf", b"\x1b[1;5C", b"\x1b[1;3C", b"\x1bOc"),
        ),
        (lambda line: bool(line.cut_back(1)), (b"\x7f", b"\b")),
        (delete, (b"\x1b[3~",)),
        (_transpose, (b"\x14",)),
    )
    for sequence in sequences
}

# How many clusters each kills. At the end of a row the next one is joined to it, and the bell is for words.
_KILLS_BACK: dict[bytes, Callable[[Line], int]] = {
    b"\x17": lambda line: _word(line.backwards(), _is_no_space),
    b"\x1b\x7f": lambda line: _word(line.backwards(), _is_letter),
    b"\x1b\b": lambda line: _word(line.backwards(), _is_letter),
    b"\x15": lambda line: _until_newline(line.backwards()) or 1,
}
_KILLS_ON: dict[bytes, Callable[[Line], int]] = {
    b"\x1bd": lambda line: _word(line.onwards(), _is_letter),
    b"\x0b": lambda line: _until_newline(line.onwards()) or 1,
}
_QUIET = frozenset({b"\x15", b"\x0b"})  # pressed on an empty row by habit

KILLS = frozenset({*_KILLS_BACK, *_KILLS_ON})


class Killed:
    """``text`` is what the last kills have taken, one after the other in one direction."""

    def __init__(self) -> None:
        self.text = ""
        self._going_on: dict[bytes, Callable[[Line], int]] | None = None  # those that join it

    def other_key(self) -> None:
        """The next kill begins anew."""
        self._going_on = None

    def kill(self, key: bytes, line: Line) -> bool:
        """One of `KILLS` was pressed; false for the bell."""
        kills = _KILLS_BACK if key in _KILLS_BACK else _KILLS_ON
        count = kills[key](line)
        killed = line.cut_back(count) if kills is _KILLS_BACK else line.cut_on(count)
        joined = self.text if self._going_on is kills else ""
        self._going_on = kills if killed else None
        if killed:
            self.text = killed + joined if kills is _KILLS_BACK else joined + killed
        return bool(killed) or key in _QUIET
