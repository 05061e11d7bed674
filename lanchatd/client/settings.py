"""The user's file of settings: read with care, so that a mistake in it is one line, and the rest holds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lanchatd.client import xdg
from lanchatd.client.sanitize import clean
from lanchatd.commands.parsing import one_slip
from lanchatd.text import names
from lanchatd.text.refused import Refused

LARGEST_BYTES = 65_536
MOST_ENTRIES = 100  # of a list, and of the aliases
LONGEST_WORD = 64  # characters, of a word that calls, an alias, and a time as it is shown
MOST_MISTAKES = 10  # that are told
_MOST_ROWS = 200  # of one statement

COLOURS = ("auto", "dark", "light", "none")
TIME = "%H:%M"

# Where a statement begins. In a list that goes on over rows, nothing looks like it.
_BEGINS = re.compile(r"""\s*(\[[^\[\]"']+\]\s*(#.*)?$|[\w."'/-]+\s*=)""")
_ALIAS = re.compile(r"/?([\w.-]+)")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the file says, or would if there were one.

    ``nick`` is empty for the login name. ``highlights`` are words, and ``@NICK`` for all that somebody says.
    ``ignore`` are nicks. ``time`` is a format of strftime. ``aliases`` are what is typed for a name, which is
    without its ``/``. ``mistakes`` are sentences, each with its row.
    """

    nick: str = ""
    rooms: tuple[str, ...] = ()
    highlights: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    bell: bool = True
    notify: bool = False
    colours: str = "auto"
    time: str = TIME
    aliases: dict[str, str] = field(default_factory=dict)
    mistakes: tuple[str, ...] = ()


class _Wrong(ValueError):
    """What is wrong with a value, as a sentence without its end."""


def path() -> Path | None:
    """Where it is; None where there is no home."""
    config = xdg.base("XDG_CONFIG_HOME", ".config")
    return None if config is None else config / "lanchatd" / "client.toml"


def read(file: Path | None) -> Settings:
    """What is in the file; without one, what holds then."""
    if file is None:
        return Settings()
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:
        return Settings(mistakes=(f"{file} can't be read: {error.strerror}.",))
    if len(text) > LARGEST_BYTES:
        return Settings(mistakes=(f"{file} is not read: it has more than {LARGEST_BYTES:,} bytes.",))
    settings = settings_in(text.decode(errors="replace"))
    told = [f"{file}, {mistake}" for mistake in settings.mistakes[:MOST_MISTAKES]]
    more = len(settings.mistakes) - len(told)
    return replace(settings, mistakes=(*told, *([f"{file} has more mistakes: {more:,}."] if more else [])))


def settings_in(text: str) -> Settings:
    """What a text says. A mistake begins with its row: ``row 3: …``."""
    found: dict[str, Any] = {"aliases": {}}
    rows: dict[tuple[str, ...], int] = {}
    mistakes: list[str] = []
    for row, keys, value, wrong in _statements(text):
        try:
            if wrong:
                raise _Wrong(wrong)
            if (before := rows.setdefault(keys, row)) != row:
                raise _Wrong(f"{'.'.join(map(clean, keys))} is set in row {before} already")
            if keys[0] == "aliases" and len(keys) > 1:
                name, command = _alias(keys[1:], value)
                if len(found["aliases"]) == MOST_ENTRIES:
                    raise _Wrong(f"there are more than {MOST_ENTRIES} aliases")
                found["aliases"][name] = command
            elif keys != ("aliases",):
                found[keys[0]] = _read(keys, value)
        except _Wrong as error:
            mistakes.append(f"row {row}: {error}.")
    return Settings(**found, mistakes=tuple(mistakes))


def _statements(text: str) -> Iterator[tuple[int, tuple[str, ...], Any, str]]:
    """Each statement by itself: its row, its keys, its value, and what is wrong with it, empty if nothing is.

    One that is not whole goes on in the next row, unless another one begins there.
    """
    import tomllib  # noqa: PLC0415  most have no such file, and it takes as long as ten of our own to load

    rows = [*text.splitlines(), ""]
    table: tuple[str, ...] = ()
    begun: list[str] = []
    for number, row in enumerate(rows, start=1):
        begun.append(row)
        first = number - len(begun) + 1
        ends = number == len(rows) or len(begun) == _MOST_ROWS or _BEGINS.match(rows[number]) is not None
        try:
            parsed = tomllib.loads("\n".join(begun))
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            if ends:
                yield first, table, None, _what(error)
                begun = []
            continue
        if parsed:
            keys, value = _only(parsed)
            if begun[0].lstrip().startswith("["):
                table = keys
            yield first, keys if table == keys else (*table, *keys), value, ""
        begun = []


def _what(error: Exception) -> str:
    """What TOML's reader says, without the place: it was shown this statement only."""
    text = re.sub(r" \(at [^()]*\)", "", clean(str(error))).rstrip(".")
    return f"this is not TOML: {text[:1].lower()}{text[1:]}"


def _only(parsed: dict[str, Any]) -> tuple[tuple[str, ...], Any]:
    """The keys of the one value that is in it; a table that is only named is an empty one."""
    keys: tuple[str, ...] = ()
    value: Any = parsed
    while isinstance(value, dict) and len(value) == 1:
        (key, value), *_ = value.items()
        keys = (*keys, key)
    return keys, value


# -- each of them


def _read(keys: tuple[str, ...], value: Any) -> Any:
    name = clean(".".join(keys))[:LONGEST_WORD]
    if name not in _READERS:
        near = next((f" (there is {known})" for known in (*_READERS, "aliases") if one_slip(name, known)), "")
        raise _Wrong(f"there is no setting {name}{near}")
    try:
        return _READERS[name](value)
    except _Wrong as wrong:
        raise _Wrong(f"{name}: {wrong}") from None


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _Wrong('it has to be a text, in quotes: "…"')
    if clean(value) != value:
        raise _Wrong("that text holds a character that can't be shown")
    return value.strip()


def _nick(value: Any) -> str:
    try:
        return names.nick(_text(value)).shown
    except Refused as refused:
        raise _Wrong(refused.text.rstrip(".")) from None


def _room(value: Any) -> str:
    try:
        return names.room(_text(value)).shown
    except Refused as refused:
        raise _Wrong(refused.text.rstrip(".")) from None


def _word(value: Any) -> str:
    text = _text(value)
    if len(text) > LONGEST_WORD:
        raise _Wrong(f"a word has at most {LONGEST_WORD} characters")
    return f"@{_nick(text[1:])}" if text.startswith("@") else text


def _list_of(kind: Callable[[Any], str]) -> Callable[[Any], tuple[str, ...]]:
    def read(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise _Wrong('it has to be a list: ["…", "…"]')
        if len(value) > MOST_ENTRIES:
            raise _Wrong(f"a list has at most {MOST_ENTRIES} entries")
        return tuple(dict.fromkeys(map(kind, value)))

    return read


def _switch(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("it has to be true or false")
    return value


def _colours(value: Any) -> str:
    if value not in COLOURS:
        raise _Wrong(f"it has to be one of {', '.join(COLOURS)}, in quotes")
    return str(value)


def _time(value: Any) -> str:
    form = _text(value)
    try:
        shown = time.strftime(form)
    except ValueError:
        shown = ""
    if not shown or clean(shown) != shown or len(shown) > LONGEST_WORD:
        raise _Wrong('it has to be a time as strftime writes it, such as "%H:%M"')
    return form


def _alias(keys: tuple[str, ...], value: Any) -> tuple[str, str]:
    name = _ALIAS.fullmatch(".".join(keys))
    if name is None or len(name[1]) > LONGEST_WORD or not isinstance(value, str):
        raise _Wrong('below [aliases] is a word and its command, in quotes: j = "/join"')
    command = _text(value)
    if not command.startswith("/") or command.startswith("//"):
        raise _Wrong('an alias is for a command: "/…"')
    return name[1].lower(), command


_READERS: dict[str, Callable[[Any], Any]] = {
    "nick": _nick,
    "rooms": _list_of(_room),
    "highlights": _list_of(_word),
    "ignore": _list_of(_nick),
    "bell": _switch,
    "notify": _switch,
    "colours": _colours,
    "time": _time,
}

EXAMPLE = f"""\
# Settings of lanchat-client. It reads them when it starts, from client.toml in $XDG_CONFIG_HOME/lanchatd, or
# ~/.config/lanchatd. What is on its command line goes before what is here. Take the # away from what you set.

# Who you are; your login name if you don't say.
# nick = "alice"

# The rooms to be in from the start, beside those where you were.
# rooms = ["#lobby", "#dev"]

# What calls you as your own nick does: a word, or all that somebody says.
# highlights = ["deploy", "@bob"]

# Whose lines you don't want to see, by nick. /ignore on the server also holds when they take another one.
# ignore = ["mallory"]

# Whether the bell rings, and the desktop is notified, when you are called.
# bell = true
# notify = false

# The colours of nicks: "auto" can be read on black and on white, "dark" on black, "light" on white; "none" is
# bold and reverse only.
# colours = "auto"

# How the time of a line looks, as strftime writes it.
# time = "{TIME}"

# Names of your own for commands. What follows the name follows the command.
[aliases]
# j = "/join"
# brb = "/away back in a minute"
"""
"""What ``--print-config`` writes: all of them with their defaults, or an example."""
