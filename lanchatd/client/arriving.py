"""What becomes of what arrives: it is shown at once, or counted in the window where it was said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from time import time

from lanchatd.client.rendering import Shape, greeting, notice, shape
from lanchatd.client.sanitize import number_of, text_of, time_of
from lanchatd.client.session import ClientSession
from lanchatd.client.shown_event import ShownEvent
from lanchatd.client.windows import Window, Windows
from lanchatd.client.wishes import Wishes
from lanchatd.commands.all_commands import command_in

# What is told of a room to who is in it, and shown there.
_SAID = frozenset({"said", "acted", "topic"})
_TALK = _SAID | {"missed"}
_PRESENCE = frozenset({"joined", "left", "renamed"})
_LOGGED = _TALK | _PRESENCE


class Arriving:
    """Says of each event what is to be shown of it now. ``quiet``: who joins and leaves is not.

    ``call`` is where the last one was who named us, and who: no room if they wrote to us. It is to be taken.
    """

    def __init__(
        self,
        session: ClientSession,
        windows: Windows,
        wishes: Wishes,
        clock: str,
        log: Callable[[str, float, Iterable[str]], None],
    ) -> None:
        """``clock`` is how times are written. ``log`` takes what is told in a room: when, and the lines."""
        self.quiet = False
        self.call: tuple[str, str] | None = None
        self._session = session
        self._windows = windows
        self._wishes = wishes
        self._clock = clock
        self._log = log

    def shapes(self, item: ShownEvent, rows: int) -> list[Shape]:
        """What is to be shown of it. Where that brings us to another window, up to so many missed rows."""
        event, kind = item.event, text_of(item.event, "type")
        window = self._windows.of_room(text_of(event, "room"))
        if self._wishes.hides(event):
            if window is self._windows.shown:
                window.read()
            return []
        shown = shape(item, self._session.nick, time(), self._clock)
        if shown.nick != self._session.nick and self._wishes.calls(event):
            shown = replace(shown, mentions=True)
        if kind in _LOGGED and not item.again and window is not None:
            moment = time_of(event, "at")
            self._log(window.name, time() if moment is None else moment, shown.lines)
        if shown.mentions and not shown.past:
            self.call = text_of(event, "room"), shown.nick
        match kind:
            case "welcome":
                return self._welcome(item, shown)
            case "parted":
                return [shown, *(self.header(rows) if self._windows.follow() else [])]
            case "private":
                self._private(item, shown)
                return [shown]
            case "read":
                return self._read_elsewhere(window, item)
            case "error":
                return [shown, *self._refused(item, rows)]
            case "rooms":
                return [replace(shown, lines=tuple(map(self._room, shown.lines)))]
            case "renamed":
                self._windows.renamed(text_of(event, "from"), text_of(event, "to"))
        if kind in _PRESENCE:
            return [shown] if self._shows(window, shown, event) else []
        if window is None or not (kind in _TALK or item.entering):
            return [shown]
        if window is self._windows.shown or item.again:
            self._windows.shown.read()
            return [shown]
        if not item.entering:
            self._missed(window, item, shown)
        return []

    def header(self, rows: int) -> list[Shape]:
        """What is shown of a window when one comes to it: what it is, and what was missed there."""
        window = self._windows.shown
        unread, missed = window.unread, window.seen()
        if window.private:
            about = f"what you type here is for {window.name} alone"
        else:
            about = "" if window.room is None else window.room.topic
        shapes = [self.own(f"{window.title}{': ' if about else ''}{about}")]
        last = min(rows, len(missed))
        if unread:
            more = f"; these are the last {last:,}, /history shows more" if last and unread > last else ""
            shapes.append(self.own(f"{unread:,} new{more} --"))
        return [*shapes, *missed[len(missed) - last :]]

    def own(self, text: str) -> Shape:
        """What the client itself has to say."""
        return shape(notice(text), self._session.nick, time(), self._clock)

    def _room(self, line: str) -> str:
        """A line of the list of rooms, which says whether one is in it."""
        ours = any(line.startswith(f"-- {room.name} (") for room in self._session.places.open)
        return line.replace(" here)", " here, you too)", 1) if ours else line

    def _shows(self, window: Window | None, shown: Shape, event: dict[str, object]) -> bool:
        """Whether it is shown who came, went or has another nick."""
        if shown.kind != "renamed":
            return window is self._windows.shown and not self.quiet
        # One's own is told in each room: shown once.
        ours = text_of(event, "to") == self._session.nick and window is not None
        place = self._session.places.current
        return window is self._windows.shown or (ours and window is not None and window.room is place)

    def _missed(self, window: Window, item: ShownEvent, shown: Shape) -> None:
        number = number_of(item.event, "id")
        new = number is None or window.room is None or number > window.room.read
        window.miss(shown, counts=shown.kind in _SAID and new and shown.nick != self._session.nick)
        window.newest = number or window.newest

    def _private(self, item: ShownEvent, shown: Shape) -> None:
        ours = shown.nick == self._session.nick
        window = self._windows.private(text_of(item.event, "to") if ours else shown.nick)
        if window is not None and window is not self._windows.shown and not ours:
            window.miss(shown)

    def _welcome(self, item: ShownEvent, shown: Shape) -> list[Shape]:
        self._windows.follow()
        window = self._windows.of_room(text_of(item.event, "room"))
        if window is not self._windows.shown or window.room is None:
            return greeting(shown, item) if item.greets else []
        self._windows.show(window)  # the session knows now that it is shown
        return [shown, *self._new(item)]

    def _read_elsewhere(self, window: Window | None, item: ShownEvent) -> list[Shape]:
        """What was read on another device is not new here; who is here the first time is told the rest."""
        until = number_of(item.event, "id")
        if window is None or until is None:
            return []
        if until >= window.newest:
            window.clear()
        return self._new(item) if window is self._windows.shown else []

    def _new(self, item: ShownEvent) -> list[Shape]:
        return [self.own(f"{item.new:,} new --")] if item.new else []

    def _refused(self, item: ShownEvent, rows: int) -> list[Shape]:
        """A room that the server does not let us into has no window."""
        line = "" if item.answers is None else item.answers.text
        if command_in(line) != "join":
            return []
        window = self._windows.of_room(line.partition(" ")[2].strip())
        if window is None or window.room is not None:
            return []
        return self.header(rows) if self._windows.close(window) else []
