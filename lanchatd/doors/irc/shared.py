"""What the IRC connections of a daemon share."""

from __future__ import annotations

from dataclasses import dataclass

from lanchatd.doors.irc.returning import Returning
from lanchatd.formats.irc import IrcFormats


@dataclass(frozen=True, slots=True)
class Shared:
    """The formats, and what those had that are gone."""

    formats: IrcFormats
    returning: Returning
