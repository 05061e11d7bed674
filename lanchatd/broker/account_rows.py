"""Changes of accounts as they are in the stream: JSON, a row as its kind and its fields in order."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import astuple, fields
from typing import Any

from lanchatd.broker.packing import as_json, packed, unpacked
from lanchatd.chat.accounts.accounts import Accounts
from lanchatd.chat.accounts.rows import Account, Change, Code, Device, Held, ReadMark, Row
from lanchatd.text.names import Name

_KINDS: dict[str, Any] = {
    "account": Account,
    "device": Device,
    "code": Code,
    "held": Held,
    "read": ReadMark,
}
_WORDS = {kind: word for word, kind in _KINDS.items()}


def change_as_bytes(change: Change) -> bytes:
    """One change."""
    return as_json({"put": _rows(change.put), "gone": _rows(change.gone)}, astuple)


def change_from(encoded: bytes) -> Change:
    """The change again."""
    said = json.loads(encoded)
    return Change(tuple(map(_row, said["put"])), tuple(map(_row, said["gone"])))


def everything(accounts: Accounts) -> list[Row]:
    """All rows there are, an account before what belongs to it."""
    rows: list[Row] = []
    for account in accounts:
        *belong, itself = accounts.everything_of(account)
        rows += (itself, *belong)
    rows += (code for code in accounts.all_codes() if code.account is None)
    return [*rows, *accounts.all_held()]


def everything_as_bytes(accounts: Accounts) -> bytes:
    """All that there is, packed."""
    whole = {"rows": _rows(everything(accounts)), "last": accounts.next_number() - 1}
    return packed(as_json(whole, astuple))


def everything_from(encoded: bytes) -> tuple[list[Row], int]:
    """All rows, and the highest number that an account ever had. Raises ValueError."""
    said = unpacked(encoded)
    return list(map(_row, said["rows"])), said["last"]


def _rows(rows: Iterable[Row]) -> list[list[Any]]:
    return [[_WORDS[type(row)], *(getattr(row, field.name) for field in fields(row))] for row in rows]


def _row(said: list[Any]) -> Row:
    word, *values = said
    row: Row = _KINDS[word](*(Name(*value) if isinstance(value, list) else value for value in values))
    return row
