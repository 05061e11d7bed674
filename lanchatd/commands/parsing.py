"""A table of commands: how each is typed, how a typed name finds its row, and how its arguments are read.

It knows nothing of what a command does (`lanchatd.commands.dispatch`), so that a client has it as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lanchatd.text import cleaning
from lanchatd.text.refused import Refused

LONGEST_BAN = 10 * 365 * 24 * 60  # minutes: ten years
LONGEST_HISTORY = 100  # lines; what is past it is read with JSON's "after"
MOST_USES = 1_000  # of an invitation: a school
LONGEST_INVITATION = 365  # days
LONGEST_WAIT = 24 * 60 * 60  # seconds, until a shutdown: a day

# The arguments that are a whole number, and from where to where.
NUMBERS = {
    "MINUTES": (1, LONGEST_BAN),
    "N": (1, LONGEST_HISTORY),
    "SECONDS": (0, LONGEST_WAIT),
    "USES": (1, MOST_USES),
    "DAYS": (1, LONGEST_INVITATION),
}

# Shorter names are near to anything, and a private text must not be sent on to /me by a hint.
_LEAST_HINTED = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A command.

    ``arguments`` is what follows the name, as the help shows it and as it is parsed: `NUMBERS` are a whole
    number, TEXT, REASON, TIME and PASSWORD the rest of the line, small letters the word itself, with ``|``
    one of them, ``--`` before them a switch, anything else a word; one in brackets may be missing.
    ``once`` is for what others notice: sent again with its ref, it is answered and not done again; what only
    sets up the connection is done on the new one too. ``aliases`` are what people type who come from other
    chats. ``private``: what is typed is for one member only.
    """

    name: str
    arguments: str
    help: str
    operator: bool = False
    once: bool = False
    aliases: tuple[str, ...] = ()
    private: bool = False


class Commands:
    """A table of commands, with its own row for help. ``sign`` is what a name begins with when typed."""

    def __init__(self, sign: str, about: str, *rows: Row, talk: bool = False) -> None:
        """``about`` is said above the list of them.

        ``talk``: what is typed beside them is said, and so is what has the sign twice.
        """
        self.sign = sign
        self._about = about
        self._talk = talk
        help_ = Row("help", "[COMMAND]", "what there is to type", aliases=("?",))
        self._rows = (help_, *rows)
        self._named = {name: row for row in self._rows for name in (row.name, *row.aliases)}

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def find(self, name: str) -> Row | None:
        """The row with that name or alias, in any case."""
        return self._named.get(name.lower())

    def named(self, name: str, operator: bool) -> Row:
        """The row with that name or alias.

        Raises `Refused` (``unknown_command``), and names one that is near, of operators only to an
        ``operator``.
        """
        if (command := self.find(name)) is not None:
            return command
        hint = f"Did you mean {self.sign}{near}?" if (near := self._near(name.lower(), operator)) else ""
        hint = hint or f"{self.sign}help lists what there is."
        says = f" //{name} says it." if self._talk else ""
        raise Refused("unknown_command", f"There is no {self.sign}{name}. {hint}{says}")

    def _near(self, typed: str, operator: bool) -> str | None:
        for name, row in self._named.items():
            if len(name) >= _LEAST_HINTED and (operator or not row.operator) and one_slip(typed, name):
                return name
        return None

    def usage(self, command: Row) -> str:
        """How to type a command."""
        return f"{self.sign}{command.name} {command.arguments}".rstrip()

    def arguments(self, command: Row, rest: str) -> list[Any]:
        """What was typed behind the name, in order, None for what is missing. Raises `Refused`."""
        usage = Refused("usage", f"Usage: {self.usage(command)}")
        values: list[Any] = []
        wanted = command.arguments.split()
        literal = False
        for place, spec in enumerate(wanted):
            name = spec.strip("[]")
            if name.startswith("--"):
                word, _, after = rest.partition(" ")
                values.append(word == name)
                rest = after.lstrip() if word == name else rest
            elif name.islower() and ("|" in name or spec == f"[{name}]"):
                word, _, after = rest.partition(" ")
                if not word and spec != name:
                    values.append(None)
                    continue
                if word.lower() not in name.split("|"):
                    raise usage
                values.append(word.lower())
                rest = after.lstrip()
            elif name.islower():
                word, _, after = rest.partition(" ")
                if rest and word.lower() != name:
                    raise usage
                literal, rest = bool(rest), after.lstrip()
            elif not rest:
                if name == spec or literal:
                    raise usage
                values.append(None)
            elif name in ("TEXT", "REASON", "TIME", "PASSWORD"):
                cleaning.refuse_unseen(rest)
                values.append(rest)
                rest = ""
            else:
                word, _, after = rest.partition(" ")
                if name in NUMBERS:
                    if not word.lstrip("-")[:1].isdigit() and place + 1 < len(wanted):
                        values.append(None)  # it is left out, and the word is the next one's
                        continue
                    values.append(_number(name, word, usage))
                else:
                    values.append(word)
                rest = after.lstrip()
        if rest:
            raise usage
        return values

    def help_for(self, command: Row) -> str:
        """One of them, in a line."""
        also = ", ".join(self.sign + alias for alias in command.aliases)
        return f"{self.usage(command)}: {command.help}{f' (also {also})' if also else ''}"

    def help(self, operator: bool) -> tuple[str, ...]:
        """All of them, or those that everybody may use: a line for each, below what the table is about."""
        rows = [row for row in self if operator or not row.operator]
        width = max(len(self.usage(row)) for row in rows)
        return self._about, *(f"{self.usage(row):{width}}  {row.help}" for row in rows)


def one_slip(typed: str, name: str) -> bool:
    """Whether one character is wrong, missing or too many, or two are swapped."""
    differs = next((at for at, pair in enumerate(zip(typed, name, strict=False)) if pair[0] != pair[1]), None)
    at = min(len(typed), len(name)) if differs is None else differs
    one, other = typed[at:], name[at:]
    swapped = one[:2] == other[1::-1] and one[2:] == other[2:]
    return typed != name and (swapped or one[1:] in (other, other[1:]) or one == other[1:])


def _number(name: str, word: str, usage: Refused) -> int:
    least, most = NUMBERS[name]
    # The length first: turning a very long row of digits into a number takes long, and Python refuses it.
    if not (word.isascii() and word.isdigit() and len(word) <= len(str(most)) and least <= int(word) <= most):
        raise Refused(usage.code, f"{usage.text} ({name} is from {least} to {most:,})")
    return int(word)
