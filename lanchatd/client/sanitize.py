"""What a server sent, read with care: any bytes at all become an event that is safe to show, or nothing.

Nobody else looks into an event: each field is judged by one of the functions here before it is used.
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from lanchatd.chat.events import Node
from lanchatd.text.cleaning import NEVER
from lanchatd.text.fingerprint import fingerprint_from
from lanchatd.text.hosts import LARGEST_PORT, is_host
from lanchatd.text.times import from_iso

# What is kept of what a server sends, so that none of them fills the memory.
LONGEST_TEXT = 16_384  # characters: a list of a hundred bans; a line of talk has 4,096 bytes
_LAST_TIME = 253_370_764_800  # 9999-01-01: in the year 10000 Python's calendar ends
MOST_NODES = 16  # that a server names: none leads us around for long
_DEEPEST = 8  # objects and lists in each other


def clean(text: str) -> str:
    """The text, with U+FFFD for every character that could do something to a terminal."""
    text = text.replace("\t", " ")
    return NEVER.sub("\ufffd", text[:LONGEST_TEXT])


def text_of(event: object, name: str) -> str:
    """A text of an event; empty if it has none of that name."""
    value = event.get(name) if isinstance(event, dict) else None
    return value if isinstance(value, str) else ""


def texts_of(event: dict[str, Any], name: str) -> list[str]:
    """A list of texts of an event."""
    value = event.get(name)
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def number_of(event: object, name: str) -> int | None:
    """A number of an event that counts something."""
    value = event.get(name) if isinstance(event, dict) else None
    return value if type(value) is int and 0 <= value < 1 << 63 else None


def is_true(event: object, name: str) -> bool:
    """Whether an event says so."""
    return isinstance(event, dict) and event.get(name) is True


def rows_of(event: dict[str, Any], name: str) -> list[object]:
    """A list of an event, of whatever."""
    value = event.get(name)
    return value if isinstance(value, list) else []


def time_of(event: object, name: str) -> float | None:
    """A moment of an event, in seconds since the epoch, that can be shown in whatever time zone."""
    try:
        at = from_iso(text_of(event, name))
    except (ValueError, OverflowError):
        return None
    return at if 0 <= at <= _LAST_TIME else None


def nodes_in(event: dict[str, Any]) -> list[Node]:
    """The other daemons that a server names in its welcome, as far as they can be ones."""
    found: list[Node] = []
    for row in rows_of(event, "nodes")[:MOST_NODES]:
        host, port, key = text_of(row, "host"), number_of(row, "port"), text_of(row, "key")
        if is_host(host) and port is not None and 1 <= port <= LARGEST_PORT:
            try:
                found.append(Node(host, port, fingerprint_from(key)))
            except ValueError:
                continue
    return found


def parsed(encoded: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(encoded.decode(errors="replace"), parse_constant=_no_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise ValueError("too large a number")
    return number


def cleaned(raw: dict[str, Any]) -> dict[str, Any] | None:
    """The event with all of its texts clean; a notice keeps its line ends. None if it is nested too deep."""
    try:
        event: dict[str, Any] = _clean_value(raw, 0)
    except RecursionError:
        return None
    text = raw.get("text")
    if event.get("type") == "notice" and isinstance(text, str):
        event["text"] = "\n".join(map(clean, text[:LONGEST_TEXT].split("\n")))
    return event


def _clean_value(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(name): _clean_value(inner, depth + 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean_value(inner, depth + 1) for inner in value]
    return value
