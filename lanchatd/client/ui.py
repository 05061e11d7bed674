"""The client on a terminal, but for the terminal itself: keys in, characters to write out.

It joins the line editor, the screen, the windows and the connection, and knows what is shown how.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from time import time

from lanchatd.client.arriving import Arriving
from lanchatd.client.attention import Attention
from lanchatd.client.bottom import Bottom
from lanchatd.client.completion import Completion
from lanchatd.client.connection import ServerConnection
from lanchatd.client.greeting import OWNED_CODES
from lanchatd.client.kept import Kept
from lanchatd.client.leaving import Leaving
from lanchatd.client.printed import Printed
from lanchatd.client.questions import Questions, about_key
from lanchatd.client.rendering import Shape, notice, refusal
from lanchatd.client.room_logs import RoomLogs
from lanchatd.client.sanitize import clean
from lanchatd.client.session import ClientSession
from lanchatd.client.settings import Settings
from lanchatd.client.shown_event import ShownEvent
from lanchatd.client.speaking import LOCAL, Speaking
from lanchatd.client.window_keys import KEYS, window_by
from lanchatd.client.windows import Window, Windows
from lanchatd.client.wishes import Wishes
from lanchatd.terminal.actions import Action, Key, Pasted, Submitted, Unbound
from lanchatd.terminal.editor import Editor
from lanchatd.terminal.screen import Screen
from lanchatd.text.times import local_day

# Rows of a screen that are not for what was missed: two of ours, the row being typed and that of status.
_OTHER_ROWS = 4


class Ui:
    """Implements `lanchatd.client.observer.Observer`. Call `connect_by` before the first key."""

    def __init__(
        self,
        session: ClientSession,
        server: str,
        shown: Screen,
        write: Callable[[str], None],
        end: Callable[[int, str], None],
        history: Iterable[str],
        *,
        suspend: Callable[[], None],
        edit: Callable[[str], None],
        rows: int,
        settings: Settings,
        logs: Path | None,
        palette: Sequence[int],
        titles: bool,
        links: bool,
        notify: str,
    ) -> None:
        """``server`` is what the user called it. ``end`` takes the exit code and a last line to print.

        ``suspend`` is for Ctrl-Z. ``edit`` takes a text to an editor; `edited` is for what comes of it.
        ``logs`` is where rooms are written that one wants written.
        """
        self.session = session
        self.connection: ServerConnection
        self.windows = Windows(session.places)
        complete = Completion(session, self.windows, LOCAL, settings.aliases)
        self.editor = Editor(shown.width, complete=complete, history=history, unbound=KEYS)
        self.editor.several_rows = shown.several_rows
        self.editor.remembering = False  # what is said is: not answers, and what is private in another way
        self._suspend = suspend
        self._server = clean(server)
        self._write = write
        self._end = end
        self._screen = shown
        self._attention = Attention(write, self.windows, bell=settings.bell, titles=titles, notify=notify)
        kept = Kept()
        self._printed = Printed(shown, kept, local_day(time()), palette, links)
        self._leaving = Leaving(session, self._tell, end)
        self._bottom = Bottom(shown, rows, session, self.windows, self.editor, self._leaving, self._server)
        room_logs = RoomLogs(logs, self._refuse)
        wishes = Wishes(settings.highlights, settings.ignore)
        self._arriving = Arriving(session, self.windows, wishes, settings.time, room_logs.write)
        self._speaking = Speaking(
            self.windows,
            kept,
            room_logs,
            settings.aliases,
            remember=self.editor.remember,
            tell=self._tell,
            refuse=self._refuse,
            switch=self.switch,
            edit=edit,
            clear=self._clear,
            hide=self._hide,
            leave=self._leaving.ask,
        )
        self._questions = Questions(
            self.editor,
            take_nick=self._take_nick,
            take_key=self._take_key,
            say=self._speaking.say,
            edit=edit,
            tell=self._tell,
            complain=self._refuse,
            ring=self._attention.ring,
        )
        self._why = ""

    def connect_by(self, connection: ServerConnection) -> None:
        """This is the connection that it observes."""
        self.connection = self._speaking.connection = self._leaving.connection = connection

    # -- the terminal tells

    def start(self) -> None:
        """Paint for the first time."""
        self._write(self._screen.begin + self._attention.begin())
        self._paint()

    def typed(self, keys: bytes) -> None:
        """Keys were pressed."""
        # Ctrl-C by itself: what it does depends on the line so far, and not on what was typed behind it.
        for part in filter(None, re.split(rb"(\x03)", keys)):
            if part != b"\x03":
                self._leaving.asked = False
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
                case Key.INTERRUPT | Key.END if self._leaving.begun:
                    self._leaving.ask("")
                case _ if self._leaving.begun:
                    self._attention.ring()
                case Submitted(line):
                    self._questions.submitted(line)
                case Pasted(lines):
                    self._questions.ask_lines(lines, before)
                case Key.INTERRUPT | Key.END if self._questions.key:
                    self._end(1, "")
                case Key.INTERRUPT if self._questions.lines:
                    self._questions.drop_lines()
                case Key.INTERRUPT if self.editor.line:
                    self.editor.set_line("")
                case Key.INTERRUPT:
                    self._leaving.interrupt()
                case Key.END:
                    self._leaving.ask("")
                case Key.SUSPEND:
                    self._suspend()
                case Key.CLEAR:
                    self._clear()
                case Key.BELL:
                    self._attention.ring()
                case Unbound(sequence):
                    self._go(sequence)
        if self._leaving.begun:
            self.editor.set_line("")

    def _go(self, key: bytes) -> None:
        """To another window."""
        if (window := window_by(key, self.windows)) is None:
            self._attention.ring()
        else:
            self.switch(window)

    def resized(self, width: int, rows: int) -> None:
        """The terminal has so many columns and rows now; most of them have wrapped anew what was in it."""
        self._bottom.rows = rows
        self._screen.width = width
        self._write(self._screen.erase())
        self.editor.resize(width)
        self._paint()

    def leave(self, last: str = "") -> str:
        """What is to be written when the terminal is given back, with a last line."""
        rows = self._screen.wrapped(last) if last else []
        end = self._screen.end + self._attention.end()
        return self._screen.erase() + end + "".join(row + "\r\n" for row in rows)

    def come_back(self) -> None:
        """The terminal is ours again, after it was given back."""
        self._screen.forget()
        self.start()

    # -- the connection tells (`Observer`)

    def welcomed(self) -> None:
        """The server has taken us in."""
        self._bottom.state = "connected"
        self._why = ""

    def show(self, items: list[ShownEvent]) -> None:
        """This came, in order."""
        shapes = [shown for item in items for shown in self._arriving.shapes(item, self._most_missed)]
        self._print(shapes)
        if self._arriving.call is not None:
            self._attention.call(*self._arriving.call)
            self._arriving.call = None

    def switch(self, window: Window) -> None:
        """Show this one: what it is, and what was missed there."""
        self.windows.show(window)
        self._print(self._arriving.header(self._most_missed))
        self.connection.was_read()

    @property
    def _most_missed(self) -> int:
        return max(1, self._bottom.rows - _OTHER_ROWS)

    def changed(self) -> None:
        """Something in the row of status may have changed."""
        self._leaving.go_on()
        self._paint()

    def lost(self, why: str, next_try_s: float) -> None:
        """It is tried again; said once for each reason."""
        self._bottom.state = f"reconnecting in {next_try_s:.0f} s"
        if why != self._why:
            self._why = why
            new = "" if why == self.session.last_words else why
            self._tell(f"{new} Trying again.".lstrip() if next_try_s else new)
        self._paint()

    def refused(self, code: str, text: str) -> None:
        """Another nick is needed."""
        self._bottom.state = "no nick"
        self._questions.ask_nick()
        ask = "Type your nick, a space, and your password or code; or another nick."
        self.show([refusal(code, text), notice(ask if code in OWNED_CODES else "Type another nick.")])

    def unknown_key(self, fingerprint: str, why: str) -> None:
        """Is this the server's key?"""
        self._bottom.state = "not known"
        if self._questions.lines:
            self._questions.drop_lines()
        for text in about_key(self._server, fingerprint):
            self._tell(text)
        self._questions.ask_key(fingerprint)
        self._paint()

    def warned(self, text: str) -> None:
        """It goes on all the same."""
        self._tell(text)

    def failed(self, why: str) -> None:
        """It is not tried again."""
        if not self.session.been_welcomed:
            self._end(1, why)
            return
        self._bottom.state = "closed"
        if why != self.session.last_words:  # the server has said that itself
            self._tell(why)
        self._tell("/reconnect tries again, /quit leaves.")

    # -- lines

    def edited(self, text: str) -> None:
        """This came of the editor: it is said with Enter."""
        self._questions.edited(text)
        self._paint()

    def _take_nick(self, nick: str, secret: str) -> None:
        self.connection.take_nick(nick, secret)

    def _hide(self) -> None:
        self._arriving.quiet = not self._arriving.quiet
        self._tell(f"Joins and leaves are {'hidden' if self._arriving.quiet else 'shown'}.")

    def _take_key(self, fingerprint: str | None) -> None:
        if fingerprint is None:
            self._end(1, "")
        else:
            self._bottom.state = "connecting"
            self.connection.accept_key(fingerprint)

    # -- characters

    def _print(self, shapes: Iterable[Shape]) -> None:
        self._paint(self._printed.rows(shapes, self.session.nick))

    def _tell(self, text: str) -> None:
        self.show([notice(text)])

    def _refuse(self, text: str) -> None:
        self.show([refusal("", text)])

    def _clear(self) -> None:
        self._write(self._screen.clear())
        self._paint()

    def _paint(self, lines: Sequence[str] = ()) -> None:
        self._write(self._bottom.paint(self.connection.encrypted, lines))
        self._attention.retitle()
