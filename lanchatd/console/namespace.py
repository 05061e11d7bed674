"""What there is at the Python prompt: the chat and its parts, and each command as a function."""

from __future__ import annotations

import pydoc
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from lanchatd.commands.administrators import Administrator, Daemon
from lanchatd.commands.all_commands import CONSOLE
from lanchatd.commands.dispatch import administer
from lanchatd.commands.report import Report, as_text
from lanchatd.doors.connections import Connections


class Shown(str):
    """A command's answer: the prompt shows it as it is."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self).rstrip("\n")


def namespace(reactor: Any, connections: Connections, daemon: Daemon, address: str) -> dict[str, object]:
    """The names, new ones for each who logs in from an ``address``."""
    chat = connections.chat
    things: dict[str, object] = {
        "chat": chat,
        "connections": connections,
        "limits": chat.limits,
        "users": chat.users,
        "reactor": reactor,
        "rooms": chat.rooms,
    }

    def function(name: str) -> Callable[..., Shown | Deferred[Shown]]:
        def command(*arguments: object) -> Shown | Deferred[Shown]:
            shown: list[str] = []

            def tell(report: Report) -> None:
                shown.append(as_text(report, chat.now()))

            line = " ".join([name, *map(str, arguments)])
            done = administer(chat, Administrator(address, daemon, tell), line)
            if done.known:
                done.result()
                return Shown("".join(shown))
            later: Deferred[None] = Deferred()
            done.when_known(lambda _: later.callback(None))
            return later.addCallback(lambda _: done.result()).addCallback(lambda _: Shown("".join(shown)))

        command.__name__ = command.__qualname__ = name
        return command

    functions: dict[str, object] = {
        command.name: function(command.name)
        for command in CONSOLE
        if command.name not in things and command.name != "help"
    }

    def help(thing: object = None) -> None:
        """What there is; or, with a thing, what that is."""
        if thing is not None:
            print(pydoc.plain(pydoc.render_doc(thing)))  # noqa: T201
            return
        rows = [
            ("chat", "the chat: users, rooms, moderation"),
            ("users", f"the {len(chat.users):,} users by the keys of their nicks"),
            ("rooms", f"the {len(chat.rooms):,} rooms by their keys"),
            ("limits", "the limits; what is set here holds at once"),
            ("connections", "the connections, and what they share"),
            ("reactor", "Twisted's reactor; await works at the prompt"),
        ]
        rows += [(_call(CONSOLE.usage(row)), row.help) for row in CONSOLE if row.name in functions]
        width = max(len(name) for name, _ in rows)
        for name, what in rows:
            print(f"{name:{width}}  {what}")  # noqa: T201

    return {**things, **functions, "help": help}


def _call(usage: str) -> str:
    """How a command is called: ``kick NICK [REASON]`` is ``kick(nick, reason)``, and words are in quotes."""
    name, *arguments = usage.replace("[", "").replace("]", "").split()
    shown = (word.lower() if word.isupper() else repr(word) for word in arguments)
    return f"{name}({', '.join(shown)})"
