"""What the IRC connections of a daemon share."""

from __future__ import annotations

from dataclasses import dataclass

from lanchatd.doors.irc.returning import Returning
from lanchatd.doors.irc.rounds import Rounds
from lanchatd.formats.irc import IrcFormats


@dataclass(frozen=True, slots=True)
class Shared:
    """The formats, what those had that are gone, and in which order clients are asked what they have read."""

    formats: IrcFormats
    returning: Returning
    rounds: Rounds
