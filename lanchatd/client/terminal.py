"""A run on a terminal: what it begins with, its signals, and that all is kept and given back at its end."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.stdio import StandardIO
from twisted.python.failure import Failure

from lanchatd.client import history, remembered, room_logs
from lanchatd.client.attention import notification_of
from lanchatd.client.colours import PALETTES, PlainScreen
from lanchatd.client.device import Brake, Keyboard, Terminal
from lanchatd.client.known_servers import server_name
from lanchatd.client.links import has_links
from lanchatd.client.options import PORT, Options
from lanchatd.client.text_editor import NotEdited, edited
from lanchatd.client.trust import Trust
from lanchatd.client.ui import Ui
from lanchatd.client.wiring import connection_for, session_for
from lanchatd.terminal.keys import PASTE_PAUSE_S
from lanchatd.terminal.screen import Screen

# How often what is remembered is written, for when there is no time at the end.
SAVE_S = 30

# Until what was painted for the key that gives the terminal to others is written.
PAINTED_S = 0.02


class Run:
    """One run of the client on a terminal. ``done`` fires with the exit code."""

    def __init__(self, reactor: Any, options: Options, trust: Trust | None) -> None:
        self.done: Deferred[int] = Deferred()
        self._reactor = reactor
        # Nothing can be painted on a dumb terminal: it stays in its own mode, and lines are just written.
        dumb = os.environ.get("TERM", "") in ("", "dumb")
        self._terminal = Terminal(raw=not dumb)
        self._server = server_name(options.host, options.port)
        self._rooms = remembered.path() if options.save else None
        self._warnings = [*options.settings.mistakes]
        known = remembered.Remembered()
        try:
            known = remembered.read(self._rooms, self._server)
        except remembered.Unreadable as unreadable:
            self._warnings.append(str(unreadable))
        self._session = session = session_for(options, known)
        server = options.host if options.port == PORT else f"{options.host}:{options.port}"
        width = self._terminal.width
        screen = PlainScreen(width) if dumb else Screen(width, styles=True)
        self._history = history.path() if options.save else None
        with suppress(OSError):  # it is tried again the next time
            history.move_old(self._history)
        before = history.read(self._history)
        settings = options.settings
        palette = () if os.environ.get("NO_COLOR") else PALETTES[settings.colours]
        notify = notification_of(os.environ) if settings.notify and not dumb else ""
        logs = room_logs.folder(self._server) if options.save else None
        self._ui = Ui(
            session, server, screen, self._write, self._end, before,
            suspend=self._suspend, edit=self._edit, rows=self._terminal.rows,
            settings=settings, logs=logs, palette=palette, titles=not dumb, notify=notify,
            links=not dumb and has_links(os.environ),
        )  # fmt: skip
        self._ui.connect_by(connection_for(reactor, options, trust, session, self._ui))
        self._keyboard = Keyboard(self._typed, self._closed, self._failed)
        self._known_lines = len(self._ui.editor.history)
        self._end_of_paste: IDelayedCall | None = None
        self._code: int | None = None
        self._last = ""

    def start(self) -> None:
        """Take the terminal, and connect."""
        self._terminal.take()
        self._reactor.addSystemEventTrigger("before", "shutdown", self._save)
        self._reactor.addSystemEventTrigger("after", "shutdown", self._give_back)
        for number, act in (
            (signal.SIGWINCH, self._resized),
            (signal.SIGCONT, self._continued),
            (signal.SIGHUP, self._stop),
            (signal.SIGTSTP, self._stop_here),
        ):
            signal.signal(number, lambda *_, act=act: self._reactor.callFromThread(act))
        StandardIO(self._keyboard, reactor=self._reactor)
        # A terminal that is not read holds up the server, and not our memory.
        self._keyboard.transport.registerProducer(Brake(self._ui.connection), True)
        self._ui.start()
        for warning in self._warnings:
            self._ui.warned(warning)
        self._ui.connection.start()
        self._reactor.callLater(SAVE_S, self._save_now_and_then)

    def _typed(self, keys: bytes) -> None:
        self._cancel_end_of_paste()
        self._ui.typed(keys)
        if self._ui.editor.pasting:
            self._end_of_paste = self._reactor.callLater(PASTE_PAUSE_S, self._nothing_typed)

    def _nothing_typed(self) -> None:
        self._end_of_paste = None
        self._ui.nothing_typed()

    def _cancel_end_of_paste(self) -> None:
        if self._end_of_paste is not None:
            self._end_of_paste.cancel()
            self._end_of_paste = None

    def _write(self, text: str) -> None:
        self._keyboard.transport.write(text.encode(errors="replace"))

    def _end(self, code: int, last: str) -> None:
        if self._code is None:
            self._code = code
            self._last = last
            self._cancel_end_of_paste()
            self._ui.connection.stop()
            self._keyboard.transport.unregisterProducer()
            self._keyboard.transport.loseConnection()  # when all is written

    def _closed(self) -> None:
        """Standard input or output is closed: by us, or the terminal is gone."""
        self._give_back()
        if self._code is None:
            self._code = 0
            self._ui.connection.quit().addCallback(lambda _: self._over())
        else:
            self._over()

    def _failed(self, fault: Failure) -> None:
        self._give_back()
        self._ui.connection.stop()
        if not self.done.called:
            self.done.errback(fault)

    def _over(self) -> None:
        if not self.done.called:
            self._save()
            self.done.callback(self._code or 0)

    def _stop(self) -> None:
        with suppress(ReactorNotRunning):
            self._reactor.stop()

    def _give_back(self) -> None:
        self._terminal.give_back(self._ui.leave(self._last))

    def _save(self) -> None:
        self._save_history()
        if self._session.been_welcomed:
            places = self._session.places
            with suppress(OSError):
                remembered.keep(self._rooms, self._server, places.open, places.current.name)

    def _save_now_and_then(self) -> None:
        self._save()
        self._reactor.callLater(SAVE_S, self._save_now_and_then)

    def _save_history(self) -> None:
        new = self._ui.editor.history[self._known_lines :]
        self._known_lines += len(new)
        with suppress(OSError):  # a full disk is no reason not to leave
            history.add(self._history, new)

    def _resized(self) -> None:
        self._ui.resized(self._terminal.width, self._terminal.rows)

    def _suspend(self) -> None:
        self._reactor.callLater(PAINTED_S, self._stop_here)

    def _edit(self, text: str) -> None:
        self._reactor.callLater(PAINTED_S, self._edit_here, text)

    def _edit_here(self, text: str) -> None:
        self._terminal.give_back(self._ui.leave())
        why = ""
        try:
            text = edited(text, os.environ)
        except NotEdited as error:
            why = str(error)
        self._continued()
        if why:
            self._ui.warned(why)
        else:
            self._ui.edited(text)

    def _stop_here(self) -> None:
        self._terminal.give_back(self._ui.leave())
        ours = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(0, signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, ours)
        # Here again after SIGCONT; or at once, where nobody is who could have stopped us.
        self._continued()

    def _continued(self) -> None:
        given_back = self._terminal.take()
        for descriptor in (0, 1):
            os.set_blocking(descriptor, False)
        if given_back:
            self._ui.come_back()
        self._resized()


def run(reactor: Any, options: Options, trust: Trust | None) -> Deferred[int]:
    """Talk, on this terminal; fires with the exit code when it has been given back."""
    running = Run(reactor, options, trust)
    try:
        running.start()
    except BaseException:
        running._give_back()
        raise
    return running.done
