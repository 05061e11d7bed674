"""The IRC door: what its connections share."""

from __future__ import annotations

from lanchatd.doors.door import Opening
from lanchatd.doors.irc.connection import IrcChat
from lanchatd.doors.irc.reading import CONFIRM_S
from lanchatd.doors.irc.returning import Returning
from lanchatd.doors.irc.rounds import Rounds
from lanchatd.doors.irc.shared import Shared
from lanchatd.doors.refusal import LastLine, only_tls
from lanchatd.formats.irc import IrcFormats

# A client begins with one of these words, and no nick has a space.
FIRST_WORDS = ("CAP", "NICK", "USER", "PASS", "PING", "QUIT", "AUTHENTICATE")
FIRST_BYTES = tuple(f"{word} ".encode() for each in FIRST_WORDS for word in (each, each.lower()))


class IrcDoor:
    """Opens for connections that speak IRC."""

    def __init__(self, returning: Returning) -> None:
        self._returning = returning
        self._shared: Shared | None = None

    def open(self, opening: Opening) -> IrcChat:
        """Take over a connection."""
        if self._shared is None:
            clock, limits = opening.connections.clock, opening.connections.limits
            rounds = Rounds(clock, CONFIRM_S)
            self._shared = Shared(IrcFormats(limits), self._returning, rounds)
        return IrcChat(opening, self._shared)

    def open_plain(self, opening: Opening) -> LastLine:
        """Say that it has to encrypt."""
        text = f"ERROR :Closing link: {only_tls(opening.port)}\r\n"
        return LastLine.at(opening, "tls_required", text.encode())
