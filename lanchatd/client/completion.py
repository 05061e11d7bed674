"""What Tab offers: commands, rooms, nicks, those who talked last first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lanchatd.client.session import ClientSession
from lanchatd.client.windows import Windows
from lanchatd.commands.rows import MEMBERS, command_in


class Completion:
    """For the word at the cursor, by what stands before it."""

    def __init__(self, session: ClientSession, windows: Windows, local: Iterable[str]) -> None:
        """``local`` are the commands of this client."""
        self._session = session
        self._windows = windows
        self._commands = sorted({*(row.name for row in MEMBERS), *local})

    def __call__(self, word: str, before: str) -> Sequence[str]:
        if word.startswith("/") and not before:
            return [f"/{name} " for name in self._commands if f"/{name}".startswith(word.lower())]
        if word.startswith("#") or self._wanted(before) == "ROOM":
            return [f"{room} " for room in sorted(self._session.rooms) if _begins(room, word)]
        sign = "@" if word.startswith("@") else ""
        end = ": " if not before and not sign else " "
        own = self._session.nick
        return [
            f"{sign}{nick}{end}"
            for nick in self._nicks()
            if _begins(nick, word.removeprefix(sign)) and nick != own
        ]

    def _wanted(self, before: str) -> str:
        """What the argument at the cursor is, if a command says so."""
        command = MEMBERS.find(command_in(before.strip()))
        wanted = [] if command is None else command.arguments.split()
        given = len(before.split()) - 1
        return wanted[given].strip("[]") if 0 <= given < len(wanted) else ""

    def _nicks(self) -> list[str]:
        """Of the room that is shown, and of private conversations; who talked last first."""
        said = self._session.places.current.nicks
        private = {window.name: 0 for window in self._windows.all if window.private}
        return sorted({**private, **said}, key=lambda nick: (-said.get(nick, 0), nick.lower()))


def _begins(name: str, word: str) -> bool:
    return name.casefold().startswith(word.casefold())
