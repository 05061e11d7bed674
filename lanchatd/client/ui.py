"""The client on a terminal, but for the terminal itself: keys in, characters to write out.

It joins the line editor, the screen and the connection, has the local commands, and knows what is shown how.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import time

from lanchatd.client.connection import ServerConnection
from lanchatd.client.rendering import Shape, notice, shape
from lanchatd.client.sanitize import clean
from lanchatd.client.screen import coloured
from lanchatd.client.session import ClientSession, ShownEvent
from lanchatd.client.trust import answer
from lanchatd.commands.rows import MEMBERS, command_in
from lanchatd.terminal import screen
from lanchatd.terminal.editor import Action, Completions, Editor, Key, Pasted, Submitted
from lanchatd.terminal.row import Row
from lanchatd.terminal.screen import Screen
from lanchatd.text import names
from lanchatd.text.refused import Refused

# What `/save` can write: the talk of a long day.
KEPT_CHARACTERS = 2_000_000

# A paste of more lines than this is asked about first.
PASTE_AT_ONCE = 3

LOCAL = {
    "clear": ("", "clear this window"),
    "quiet": ("", "hide joins and leaves, or show them again"),
    "save": ("FILE", "write what this window holds to a new file"),
    "reconnect": ("", "connect anew, now"),
}


class Ui:
    """Implements `lanchatd.client.observer.Observer`. ``connection`` is to be set before the first key."""

    def __init__(
        self,
        session: ClientSession,
        server: str,
        shown: Screen,
        write: Callable[[str], None],
        end: Callable[[int, str], None],
        history: Iterable[str],
        bell: bool,
    ) -> None:
        """``server`` is what the user called it. ``end`` takes the exit code and a last line to print."""
        self.session = session
        self.connection: ServerConnection
        self.editor = Editor(shown.width, complete=self._complete, history=history)
        self.suspend: Callable[[], None] = lambda: None
        self._server = clean(server)
        self._write = write
        self._end = end
        self._screen = shown
        self._bell = bell
        self._kept: deque[str] = deque()
        self._kept_characters = 0
        self._quiet = False
        self._state = "connecting"
        self._why = ""
        self._asking_nick = False
        self._asking_key = ""  # the fingerprint that it is about
        self._asking_paste: tuple[str, ...] = ()
        self._draft = ""  # what was being typed when something was asked
        self._parting: str | None = None  # what is said on leaving, once that was asked for
        self._gone = False

    # -- the terminal tells

    def start(self) -> None:
        """Paint for the first time."""
        self._write(self._screen.begin)
        self._paint()

    def typed(self, keys: bytes) -> None:
        """Keys were pressed."""
        # Ctrl-C by itself: what it does depends on the line so far, and not on what was typed behind it.
        for part in re.split(rb"(\x03)", keys):
            before = self.editor.line
            self._act(self.editor.feed(part), before)
        self._paint()

    def nothing_typed(self) -> None:
        """No key was pressed for a while, in the middle of a paste: it has no end."""
        self._act(self.editor.end_paste(), self.editor.line)
        self._paint()

    def _act(self, actions: Sequence[Action], before: str) -> None:
        for action in actions:
            match action:
                case Submitted(line):
                    self._submitted(line)
                case Pasted(lines):
                    self._pasted(lines, before)
                case Completions(candidates):
                    self._show_plain([" ".join(candidate.rstrip() for candidate in candidates)])
                case Key.INTERRUPT | Key.END if self._asking_key:
                    self._end(1, "")
                case Key.INTERRUPT if self._asking_paste:
                    self._dont_paste()
                case Key.INTERRUPT if self.editor.line:
                    self.editor.set_line("")
                case Key.INTERRUPT | Key.END:
                    self._quit("")
                case Key.SUSPEND:
                    self.suspend()
                case Key.CLEAR:
                    self._clear()
                case Key.BELL:
                    self._ring()

    def resized(self, width: int) -> None:
        """The terminal is so many columns wide now; most of them have wrapped anew what was in it."""
        self._screen.width = width
        self._write(self._screen.erase())
        self.editor.resize(width)
        self._paint()

    def leave(self, last: str = "") -> str:
        """What is to be written when the terminal is given back, with a last line."""
        rows = self._screen.wrapped(last) if last else []
        return self._screen.erase() + self._screen.end + "".join(row + "\r\n" for row in rows)

    def come_back(self) -> None:
        """The terminal is ours again, after it was given back."""
        self._screen.forget()
        self.start()

    # -- the connection tells (`Observer`)

    def welcomed(self) -> None:
        """The server has taken us in."""
        self._state = "connected"
        self._why = ""

    def show(self, items: list[ShownEvent]) -> None:
        """This came, in order."""
        lines: list[str] = []
        ring = False
        for item in items:
            shown = shape(item, self.session.nick, time())
            if self._quiet and shown.kind in ("joined", "left"):
                continue
            for line in shown.stamped:
                self._keep(line)
            for line in shown.lines:
                lines += self._rows(shown, self._stamped(shown, line))
            ring |= shown.mentions and not shown.past
        self._paint(lines)
        if ring:
            self._ring()

    def changed(self) -> None:
        """Something in the row of status may have changed."""
        if self._parting is not None and not self._gone and not self.session.waiting:
            self._quit(self._parting)
        self._paint()

    def lost(self, why: str, next_try_s: float) -> None:
        """It is tried again; said once for each reason."""
        self._state = f"reconnecting in {next_try_s:.0f} s"
        if why != self._why:
            self._why = why
            new = "" if why == self.session.last_words else why
            self._tell(f"{new} Trying again.".lstrip() if next_try_s else new)
        self._paint()

    def refused(self, code: str, text: str) -> None:
        """Another nick is needed."""
        self._state = "no nick"
        if not self._asking_nick:
            self._asking_nick = True
            self._draft = self.editor.line
            self._ask("Your nick: ")
        self.show(
            [ShownEvent({"type": "error", "code": code, "text": text}, {}), notice("Type another nick.")]
        )

    def unknown_key(self, fingerprint: str, why: str) -> None:
        """Is this the server's key?"""
        self._state = "not known"
        if self._asking_paste:
            self._dont_paste()
            self._tell("What you pasted was not sent.")
        self._asking_key = fingerprint
        self._draft = self.editor.line
        self._tell(f"You have not joined {self._server} from here before. Its key has this fingerprint:")
        self._tell(fingerprint)
        self._tell("Ask whoever runs the server for theirs, by phone or in person: its log says it.")
        self._tell("If both are the same, this is the right server, and nobody reads along.")
        self._tell("Trust this key? Type yes or no.")
        self._ask("Trust this key? (yes/no) ")
        self._paint()

    def warned(self, text: str) -> None:
        """It goes on all the same."""
        self._tell(text)

    def failed(self, why: str) -> None:
        """It is not tried again."""
        if not self.session.been_welcomed:
            self._end(1, why)
            return
        self._state = "closed"
        if why != self.session.last_words:  # the server has said that itself
            self._tell(why)
        self._tell("/reconnect tries again, /quit leaves.")

    # -- lines

    def _submitted(self, line: str) -> None:
        if self._asking_key and not line.startswith("/"):
            self._answer_key(line)
        elif self._asking_paste:
            lines = self._asking_paste
            self._dont_paste()
            if line.strip().lower() in ("y", "yes"):
                self.editor.set_line("")
                self._send(lines)
        elif self._asking_nick and not line.startswith("/"):
            self._take_nick(line)
        else:
            self._send([line])

    def _answer_key(self, text: str) -> None:
        match answer(text, self._asking_key):
            case True:
                key, self._asking_key = self._asking_key, ""
                self._state = "connecting"
                self._ask("", self._draft)
                self.connection.accept_key(key)
            case False:
                self._end(1, "")
            case None:
                self._tell("That is neither yes, nor no, nor that fingerprint.")

    def _take_nick(self, text: str) -> None:
        try:
            nick = names.nick(text).shown
        except Refused as refused:
            self.show([ShownEvent({"type": "error", "text": refused.text}, {})])
            return
        self._asking_nick = False
        self._ask("", self._draft)
        self.connection.take_nick(nick)

    def _pasted(self, lines: tuple[str, ...], before: str) -> None:
        lines = tuple(line for line in lines if line.strip())
        if self._asking_key or self._asking_nick or self._asking_paste:
            self._ring()  # an answer is one line
        elif len(lines) <= PASTE_AT_ONCE:
            self._send(lines)
        else:
            self._asking_paste = lines
            self._draft = before
            self._ask(f"Send {len(lines):,} lines? (y/n) ")

    def _dont_paste(self) -> None:
        self._asking_paste = ()
        self._ask("", self._draft)

    def _ask(self, question: str, line: str = "") -> None:
        """Ask in the row, or go back to a line that was being typed."""
        self.editor.prompt = question
        self.editor.remembering = not question
        self.editor.set_line(line)

    def _send(self, lines: Sequence[str]) -> None:
        for line in lines:
            command, _, rest = line.partition(" ")
            name = command_in(line)
            match f"/{name}" if name else command.lower():
                case "/clear":
                    self._kept.clear()
                    self._kept_characters = 0
                    self._clear()
                case "/quiet":
                    self._quiet = not self._quiet
                    self._tell(f"Joins and leaves are {'hidden' if self._quiet else 'shown'}.")
                case "/save":
                    self._save(rest.strip())
                case "/reconnect":
                    self.connection.reconnect()
                case "/quit":
                    self._quit(rest.strip())
                case _ if line.strip():
                    self.connection.say(line)
                    if name == "help" and not rest:
                        self._help()

    def _help(self) -> None:
        rows = [f"/{name} {what}".rstrip() for name, (what, _) in LOCAL.items()]
        self._tell("Here, in this client:")
        for row, (_, text) in zip(rows, LOCAL.values(), strict=True):
            self._tell(f"{row:16} {text}")

    def _keep(self, line: str) -> None:
        self._kept.append(line)
        self._kept_characters += len(line)
        while self._kept_characters > KEPT_CHARACTERS:
            self._kept_characters -= len(self._kept.popleft())

    def _quit(self, text: str) -> None:
        waiting = self.session.waiting
        if waiting and self._parting is None:
            # It leaves by itself when the last one is acknowledged.
            self._parting = text
            if not self.session.connected:
                lines = "1 line is" if waiting == 1 else f"{waiting:,} lines are"
                self._tell(f"{lines} not acknowledged yet; leave once more to leave without.")
            return
        self._gone = True
        self._parting = self._parting or text
        lost = f"{waiting:,} not acknowledged." if waiting else ""
        code = 1 if waiting or not self.session.connected else 0
        self.connection.quit(self._parting).addCallback(lambda _: self._end(code, lost))

    def _save(self, name: str) -> None:
        if not name:
            self.show([ShownEvent({"type": "error", "text": "Usage: /save FILE"}, {})])
            return
        try:
            path = Path(name).expanduser()
            with path.open("x", encoding="utf-8") as file:
                file.writelines(line + "\n" for line in self._kept)
        except (OSError, ValueError, RuntimeError) as error:  # the last for the home of nobody
            why = clean(getattr(error, "strerror", None) or str(error))
            self.show([ShownEvent({"type": "error", "text": f"{clean(name)}: {why}"}, {})])
        else:
            self._tell(f"{len(self._kept):,} lines are in {clean(str(path))}.")

    def _complete(self, word: str, before: str) -> Sequence[str]:
        if word.startswith("/") and not before:
            names = sorted({*(command.name for command in MEMBERS), *LOCAL})
            return [f"/{name} " for name in names if f"/{name}".startswith(word.lower())]
        if word.startswith("#") or command_in(before.strip()) == "join":
            return [f"{room} " for room in sorted(self.session.rooms) if _begins(room, word)]
        end = ": " if not before else " "
        found = sorted(self.session.nicks, key=str.lower)
        return [f"{nick}{end}" for nick in found if _begins(nick, word) and nick != self.session.nick]

    # -- characters

    def _rows(self, shown: Shape, line: str) -> list[str]:
        """What people say is left to the terminal to wrap: who copies it gets it as it was said."""
        if shown.kind in ("said", "acted", "private", "past"):
            return [line]
        return self._screen.wrapped(line, indent=" " * len(f"{shown.at} "))

    def _stamped(self, shown: Shape, line: str) -> str:
        if self._screen.colours:
            return coloured(shown, line, self.session.nick)
        return f"{shown.at} {line}"

    def _tell(self, text: str) -> None:
        self.show([notice(text)])

    def _show_plain(self, lines: list[str]) -> None:
        self._paint(lines)

    def _ring(self) -> None:
        if self._bell:
            self._write(screen.BELL)

    def _clear(self) -> None:
        self._write(self._screen.clear())
        self._paint()

    def _paint(self, lines: Sequence[str] = ()) -> None:
        self._write(self._screen.update(self._row(), self._status(), lines))

    def _row(self) -> Row:
        return self.editor.row()

    def _status(self) -> str:
        session = self.session
        parts = [self._server, session.room, f"{session.here:,} here" if session.here else ""]
        parts.append(self._state if self._parting is None else "leaving")
        if session.waiting:
            parts.append(f"{session.waiting:,} not acknowledged")
        if not self.connection.encrypted:
            parts.append("not encrypted")
        return " " + " · ".join(part for part in parts if part)


def _begins(name: str, word: str) -> bool:
    return name.casefold().startswith(word.casefold())
