"""What calls somebody who looks elsewhere: the bell, the window's title, and a notification of the desktop.

They say where and who, and never what: others may see them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lanchatd.client.windows import Windows
from lanchatd.terminal.screen import BELL

# Ended by ST, as a bell would ring where a terminal does not know the sequence.
_END = "\x1b\\"
# Where xterm's stack of titles is known, the one before comes back.
PUSH_TITLE, POP_TITLE = "\x1b[22;2t", f"\x1b]2;{_END}\x1b[23;2t"

_OSC_9 = frozenset({"iTerm.app", "WezTerm", "ghostty", "kitty"})


class Attention:
    """``write`` takes characters for the terminal; ``titles`` says whether it is one that has any."""

    def __init__(
        self, write: Callable[[str], None], windows: Windows, *, bell: bool, titles: bool, notify: str
    ) -> None:
        """``notify`` is how a notification begins, empty for none: `notification_of`."""
        self._write = write
        self._windows = windows
        self._bell = bell
        self._titles = titles
        self._notify = notify
        self._title = ""

    def ring(self) -> None:
        if self._bell:
            self._write(BELL)

    def call(self, where: str, nick: str) -> None:
        """Somebody names us in this room, or writes to us if it is none."""
        self.ring()
        if self._notify:
            self._write(f"{self._notify}{_plain(where or 'private')}: {_plain(nick)}{_END}")

    def retitle(self) -> None:
        """The title says where one is, and in how many places one is wanted."""
        wanted = sum(bool(one.mentions or (one.private and one.unread)) for one in self._windows.all)
        title = f"({wanted}) " * bool(wanted) + _plain(self._windows.shown.title)
        if self._titles and title != self._title:
            self._title = title
            self._write(f"\x1b]2;{title}{_END}")

    def begin(self) -> str:
        """To be written when the terminal is taken."""
        self._title = ""
        return PUSH_TITLE if self._titles else ""

    def end(self) -> str:
        """To be written when it is given back."""
        return POP_TITLE if self._titles else ""


def notification_of(environment: Mapping[str, str]) -> str:
    """How a notification begins in this terminal; empty where none is known."""
    terminal, program = environment.get("TERM", ""), environment.get("TERM_PROGRAM", "")
    if program in _OSC_9 or terminal == "xterm-kitty":
        return "\x1b]9;"
    if terminal.startswith(("rxvt", "foot")):
        return "\x1b]777;notify;lanchat;"
    return ""


def _plain(name: str) -> str:
    """A semicolon would end a part of the sequence."""
    return name.replace(";", ",")
