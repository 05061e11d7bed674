"""What an administrator is shown beside notices: tables and lists of facts, and how they look.

Members are never shown one; they are for people at the console, and with ``--json`` for their programs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any, assert_never

from wcwidth import wcswidth, wrap

from lanchatd.chat.events import Notice
from lanchatd.formats.json_lines import JsonFormat
from lanchatd.text.times import full_time, iso_time, near_time, span

# Rows of a table up to which it is made to fit: a longer one is read with a program, and takes its time.
MOST_FITTED = 1_000

# Headings where there is no room: the words are wider than what stands below.
_SHORT = {"encrypted": "TLS", "lines_said": "said", "operator": "op"}
_BETWEEN, _BELOW = "  ", "    "
_LONG = 24  # columns, of a last column that goes below its row

# Columns after which a word is split if there is no other way: a nick, an address; and from which on it is
# never, as that is a fingerprint.
_SPLIT, _NEVER_SPLIT = 12, 48


@dataclass(frozen=True, slots=True)
class At:
    """A moment, in seconds since the epoch. ``full``: shown with its date and seconds, whenever it was."""

    at: float
    full: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A span of time, in seconds."""

    seconds: float


Cell = str | int | float | bool | None | At | Span


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of facts, each as long as the columns are. ``none`` is said where there are no rows."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    none: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts by their names, in order."""

    name: str
    facts: dict[str, Cell]


Report = Notice | Table | Facts

_JSON = JsonFormat()


def as_text(report: Report, now: float, columns: int | None = None) -> str:
    """For people: lines, each with its end. Columns are aligned as a terminal shows them.

    A table is made to fit in so many columns, if that is given: what is too wide goes on below itself.
    """
    match report:
        case Notice():
            lines = list(report.lines)
        case Facts():
            facts: list[tuple[str, ...]] = [
                (_heading(name), _text(cell, now)) for name, cell in report.facts.items()
            ]
            lines = _aligned(facts, _widths(facts))
        case Table(rows=()):
            lines = [report.none]
        case Table():
            rows = [tuple(_text(cell, now) for cell in row) for row in report.rows]
            shown = [tuple(map(_heading, report.columns)), *rows]
            widths = _widths(shown)
            if columns is not None and _wide(widths) > columns and len(rows) <= MOST_FITTED:
                lines = _fitted(report.columns, rows, columns)
            else:
                lines = _aligned(shown, widths)
        case _:  # pragma: no cover
            assert_never(report)
    return "".join(line + "\n" for line in lines)


def as_json(report: Report) -> str:
    """For programs: one JSON object, with its end of line."""
    match report:
        case Notice():
            return _JSON.render(report).decode()
        case Facts():
            shown: dict[str, Any] = {name: _value(cell) for name, cell in report.facts.items()}
        case Table():
            shown = {
                "rows": [
                    {column: _value(cell) for column, cell in zip(report.columns, row, strict=True)}
                    for row in report.rows
                ]
            }
        case _:  # pragma: no cover
            assert_never(report)
    return json.dumps({"type": report.name, **shown}, ensure_ascii=False) + "\n"


def _heading(name: str) -> str:
    return name.replace("_", " ")


def _text(cell: Cell, now: float) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "yes" if cell else ""
        case int():
            return f"{cell:,}"
        case float():
            return f"{cell:,g}"
        case At():
            return full_time(cell.at) if cell.full else near_time(cell.at, now)
        case Span():
            return span(cell.seconds)
        case _:
            return cell


def _value(cell: Cell) -> str | float | bool | None:
    match cell:
        case At():
            return iso_time(cell.at)
        case Span():
            return round(cell.seconds, 3)
        case _:
            return cell


def _widths(rows: list[tuple[str, ...]]) -> list[int]:
    return [max(map(_width, column)) for column in zip(*rows, strict=True)]


def _wide(widths: list[int]) -> int:
    return sum(widths) + len(_BETWEEN) * (len(widths) - 1)


def _fitted(names: tuple[str, ...], rows: list[tuple[str, ...]], columns: int) -> list[str]:
    """The lines of a table that is too wide.

    A long last column goes below its row. What is too wide then goes on below itself, with its words whole if
    that is possible; and where nothing helps, each row is a list of facts.
    """
    table = [tuple(_SHORT.get(name) or _heading(name) for name in names), *rows]
    below = _widths(table)[-1] > _LONG
    tops = [row[:-1] for row in table] if below else table
    widths = _fitting(tops, columns)
    if widths is None:
        return _records(tuple(map(_heading, names)), rows, columns)
    lines: list[str] = []
    for row, top in zip(table, tops, strict=True):
        lines += _aligned(_wrapped(top, widths), widths)
        if below:
            lines += [_BELOW + text for text in wrap(row[-1], max(1, columns - len(_BELOW)))]
    return lines


def _fitting(rows: list[tuple[str, ...]], columns: int) -> list[int] | None:
    """How wide the columns are to be, the widest made narrower; None if there is no way."""
    widths = _widths(rows)
    words = [
        max((_width(word) for text in column for word in text.split()), default=0)
        for column in zip(*rows, strict=True)
    ]
    for least in (words, [word if word > _NEVER_SPLIT else min(word, _SPLIT) for word in words]):
        while wider := [place for place, width in enumerate(widths) if width > least[place]]:
            if _wide(widths) <= columns:
                return widths
            widths[max(wider, key=widths.__getitem__)] -= 1
    return widths if _wide(widths) <= columns else None


def _records(names: tuple[str, ...], rows: list[tuple[str, ...]], columns: int) -> list[str]:
    """Each row as a list of facts, with an empty line between them."""
    width = max(map(_width, names))
    widths = [width, max(1, columns - width - len(_BETWEEN))]
    lines: list[str] = []
    for row in rows:
        facts = [(name, text) for name, text in zip(names, row, strict=True) if text]
        wrapped = [line for fact in facts for line in _wrapped(fact, widths)]
        lines += [*([""] if lines else []), *_aligned(wrapped, widths)]
    return lines


def _wrapped(row: tuple[str, ...], widths: list[int]) -> list[tuple[str, ...]]:
    """The lines of a row."""
    cells = [
        [text] if _width(text) <= width else wrap(text, width)
        for text, width in zip(row, widths, strict=True)
    ]
    return list(zip_longest(*cells, fillvalue=""))


def _aligned(rows: list[tuple[str, ...]], widths: list[int]) -> list[str]:
    return [
        _BETWEEN.join(
            text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    # Nearly all are ASCII, and looking up the columns made a list of 10,000 members take 0.2 s (measured).
    return len(text) if text.isascii() else max(0, wcswidth(text))
