"""What an administrator is shown beside notices: tables and lists of facts, and how they look.

Members are never shown one; they are for people at the console, and with ``--json`` for their programs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, assert_never

from wcwidth import wcswidth

from lanchatd.chat.events import Notice
from lanchatd.formats.json_lines import JsonFormat
from lanchatd.text.times import iso_time, near_time, span


@dataclass(frozen=True, slots=True)
class At:
    """A moment, in seconds since the epoch."""

    at: float


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


def as_text(report: Report, now: float) -> str:
    """For people: lines, each with its end. Columns are aligned as a terminal shows them."""
    match report:
        case Notice():
            lines = list(report.lines)
        case Facts():
            lines = _aligned([(_heading(name), _text(cell, now)) for name, cell in report.facts.items()])
        case Table(rows=()):
            lines = [report.none]
        case Table():
            rows = [tuple(_text(cell, now) for cell in row) for row in report.rows]
            lines = _aligned([tuple(map(_heading, report.columns)), *rows])
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
            return near_time(cell.at, now)
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


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]


def _width(text: str) -> int:
    # Nearly all are ASCII, and looking up the columns made a list of 10,000 members take 0.2 s (measured).
    return len(text) if text.isascii() else max(0, wcswidth(text))
