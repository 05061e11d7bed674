"""What Tab offers: commands and what belongs to them, rooms, nicks, those who talked last first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lanchatd.client.session import ClientSession
from lanchatd.client.windows import Windows
from lanchatd.commands.all_commands import MEMBERS
from lanchatd.commands.expected import FREE, expected

_ANY_TEXT = tuple(FREE)


class Completion:
    """For the word at the cursor, by what stands before it."""

    def __init__(
        self,
        session: ClientSession,
        windows: Windows,
        local: Mapping[str, tuple[str, str]],
        aliases: Mapping[str, str],
    ) -> None:
        """``local`` are the commands of this client, with their arguments and their help."""
        self._session = session
        self._windows = windows
        self._local = local
        self._aliases = aliases
        self._commands = sorted({*(row.name for row in MEMBERS), *local})

    def __call__(self, word: str, before: str) -> Sequence[str]:
        if word.startswith("/") and not before:
            return self._fitting(word, [f"/{name}" for name in sorted({*self._commands, *self._aliases})])
        kinds = self._expected(before)
        free = not FREE.isdisjoint(kinds)
        if "ROOM" in kinds or (free and word.startswith("#")):
            rooms = sorted(
                {*self._session.rooms, *(one.name for one in self._windows.all if not one.private)}
            )
            return self._fitting(word if word.startswith("#") else f"#{word}", rooms)
        if free or "NICK" in kinds:
            sign = "@" if free and word.startswith("@") else ""
            nicks = [sign + nick for nick in self._nicks()]
            return self._fitting(sign + word.removeprefix("@"), nicks, ": " if not (before or sign) else " ")
        if "COMMAND" in kinds:
            return self._fitting(word, self._commands)
        return self._fitting(word, [kind for kind in kinds if kind.islower()])

    def _fitting(self, word: str, names: Sequence[str], end: str = " ") -> list[str]:
        word = word.casefold()
        return [f"{name}{end}" for name in names if name.casefold().startswith(word)]

    def _expected(self, before: str) -> tuple[str, ...]:
        """What the argument at the cursor can be; any text where it is none of a command's."""
        if not before.startswith("/") or before.startswith("//"):
            return _ANY_TEXT
        name, *given = before[1:].split() or [""]
        name, *more = self._aliases.get(name.lower(), name).removeprefix("/").split() or [""]
        if name.lower() in self._local:
            return expected(self._local[name.lower()][0], len(more) + len(given))
        command = MEMBERS.find(name)
        return _ANY_TEXT if command is None else expected(command.arguments, len(more) + len(given))

    def _nicks(self) -> list[str]:
        """Of the room that is shown, and of private conversations; who talked last first."""
        said = self._session.places.current.nicks
        private = {window.name: 0 for window in self._windows.all if window.private}
        nicks = {**private, **said}.keys() - {self._session.nick}
        return sorted(nicks, key=lambda nick: (-said.get(nick, 0), nick.lower()))
