"""What becomes of a line that was typed: it is said where one is, or it is a command."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import time

from lanchatd.client.connection import ServerConnection
from lanchatd.client.kept import Kept
from lanchatd.client.local_clock import about_clock
from lanchatd.client.room_logs import RoomLogs
from lanchatd.client.sanitize import clean
from lanchatd.client.windows import Window, Windows
from lanchatd.commands.all_commands import command_in
from lanchatd.text.refused import Refused

LOCAL = {
    "query": ("NICK [TEXT]", "talk with somebody alone; /part ends it"),
    "paste": ("", "write several lines in your editor, $EDITOR"),
    "clear": ("", "clear this window"),
    "quiet": ("", "hide joins and leaves, or show them again"),
    "save": ("FILE", "write what this window holds to a new file"),
    "log": ("on|off", "write what is said in this room to a file of your own, one a day"),
    "time": ("", "what time it is here, and was for old lines"),
    "reconnect": ("", "connect anew, now"),
}

# Commands that speak to a room: in a private conversation they would say aloud what is for one only.
_SPEAK = frozenset({"me", "topic"})


class Speaking:
    """Takes lines. ``connection`` is to be set before the first one."""

    def __init__(
        self,
        windows: Windows,
        kept: Kept,
        logs: RoomLogs,
        aliases: Mapping[str, str],
        *,
        remember: Callable[[str], None],
        tell: Callable[[str], None],
        refuse: Callable[[str], None],
        switch: Callable[[Window], None],
        edit: Callable[[str], None],
        clear: Callable[[], None],
        hide: Callable[[], None],
        leave: Callable[[str], None],
    ) -> None:
        self.connection: ServerConnection
        self._windows = windows
        self._kept = kept
        self._logs = logs
        self._aliases = aliases
        self._remember = remember
        self._tell = tell
        self._refuse = refuse
        self._switch = switch
        self._edit = edit
        self._clear = clear
        self._hide = hide
        self._leave = leave
        self._local: dict[str, Callable[[str], bool]] = {
            "query": self._query,
            "paste": self._paste,
            "clear": self._clear_all,
            "quiet": self._quiet,
            "save": self._save,
            "log": self._log,
            "time": self._time,
            "reconnect": self._reconnect,
            "quit": self._quit,
            "join": self._join,
            "part": self._part,
            "help": self._help,
        }

    def say(self, lines: Sequence[str]) -> None:
        """Say them, in order; after one that is refused here nothing more is said."""
        for line in map(self._meant, lines):
            if not line.strip():
                continue
            # As a command, so that it is in no file of what was typed, and can be called back anywhere.
            window = self._windows.shown
            private = window.private and not (line.startswith("/") and not line.startswith("//"))
            self._remember(f"/msg {window.name} {line.removeprefix('/')}" if private else line)
            if not self._say(line):
                break

    def _meant(self, line: str) -> str:
        """The line for which an alias stands; as it is if there is none in it."""
        name, _, rest = line.partition(" ")
        command = self._aliases.get(name[1:].lower()) if name.startswith("/") else None
        return line if command is None else f"{command} {rest}".rstrip()

    def _say(self, line: str) -> bool:
        command, _, rest = line.partition(" ")
        # One's own /query is more than the server's, which is another name for /msg.
        typed = command.lower().removeprefix("/") if line.startswith("/") else ""
        name = typed if typed in LOCAL else command_in(line)
        if (act := self._local.get(name)) is not None:
            return act(rest.strip())
        window = self._windows.shown
        if window.private:
            return self._say_privately(window, line, name)
        self._send(line)
        return True

    def _send(self, line: str) -> None:
        self.connection.say(line, self._windows.speaks_to)

    def _say_privately(self, window: Window, line: str, name: str) -> bool:
        if name in _SPEAK:
            self._refuse(f"/{name} is for everybody in a room, and you talk with {window.name} alone.")
            return False
        if line.startswith("/") and not line.startswith("//"):
            self._send(line)
        else:
            self._send(f"/msg {window.name} {line.removeprefix('/')}")
        return True

    # -- commands of ours, and those of the server that are more here

    def _query(self, rest: str) -> bool:
        nick, _, text = rest.partition(" ")
        try:
            if not nick:
                raise Refused("usage", "Usage: /query NICK [TEXT]")
            window = self._windows.query(nick)
        except Refused as refused:
            self._refuse(refused.text)
            return False
        self._switch(window)
        if text.strip():
            self._say_privately(window, f"/{text.strip()}" if text.startswith("/") else text.strip(), "")
        return True

    def _join(self, rest: str) -> bool:
        known = set(self._windows.all)
        try:
            window = self._windows.join(rest)
        except Refused as refused:
            self._refuse(refused.text if rest else "Usage: /join ROOM")
            return False
        if window not in known:
            # Before the server's answer: what is typed behind it is for that room.
            where = self._windows.speaks_to
            self._windows.show(window)
            self.connection.say(f"/join {window.name}", where)
        else:
            self._switch(window)
        return True

    def _part(self, rest: str) -> bool:
        if self._windows.shown.private and not rest:
            window = self._windows.shown
            self._windows.close(window)
            self._tell(f"You don't talk with {window.name} alone any more.")
            self._switch(self._windows.shown)
        else:
            self._send(f"/part {rest}".rstrip())
        return True

    def _paste(self, rest: str) -> bool:
        if rest:
            self._refuse("Usage: /paste")
            return False
        self._edit("")
        return True

    def _clear_all(self, rest: str) -> bool:
        if rest:
            self._refuse("Usage: /clear")
            return False
        self._kept.clear()
        self._clear()
        return True

    def _quiet(self, rest: str) -> bool:
        self._hide()
        return True

    def _reconnect(self, rest: str) -> bool:
        self.connection.reconnect()
        return True

    def _quit(self, rest: str) -> bool:
        self._leave(rest)
        return True

    def _save(self, name: str) -> bool:
        if not name:
            self._refuse("Usage: /save FILE")
            return False
        try:
            path = Path(name).expanduser()
            self._kept.save(path)
        except (OSError, ValueError, RuntimeError) as error:  # the last for the home of nobody
            why = clean(getattr(error, "strerror", None) or str(error))
            self._refuse(f"{clean(name)}: {why}")
            return False
        self._tell(f"{len(self._kept):,} lines are in {clean(str(path))}.")
        return True

    def _log(self, rest: str) -> bool:
        window = self._windows.shown
        if window.private or rest.lower() not in ("on", "off"):
            why = "What is said in private is in no file." if window.private else "Usage: /log on|off"
            self._refuse(why)
            return False
        if rest.lower() == "off":
            was = self._logs.end(window.name)
            self._tell(f"What is said in {window.name} is not written{' any more' * was}.")
            return True
        try:
            path = self._logs.begin(window.name, time())
        except OSError as error:
            self._refuse(f"What is said in {window.name} can't be written: {error.strerror}.")
            return False
        self._tell(f"What is said in {window.name} is written, a file a day: {clean(str(path))}")
        return True

    def _time(self, rest: str) -> bool:
        if rest:
            self._refuse("Usage: /time")
            return False
        for text in about_clock(time()):
            self._tell(text)
        return True

    def _help(self, rest: str) -> bool:
        name = rest.lower().removeprefix("/")
        if name in LOCAL:
            what, text = LOCAL[name]
            self._tell(f"/{name} {what}".rstrip() + f": {text}")
            return True
        self._send(f"/help {rest}".rstrip())
        if not rest:
            self._help_all()
        return True

    def _help_all(self) -> None:
        rows = [f"/{name} {what}".rstrip() for name, (what, _) in LOCAL.items()]
        self._tell("Here, in this client:")
        for row, (_, text) in zip(rows, LOCAL.values(), strict=True):
            self._tell(f"{row:20} {text}")
