"""What every room needs and none owns: the clock, the limits, and whose turn it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lanchatd.chat.catching_up_turns import CatchingUpTurns
from lanchatd.chat.counts import Counts
from lanchatd.chat.list_turns import ListTurns
from lanchatd.chat.lists import Lists
from lanchatd.chat.presence_turns import PresenceTurns
from lanchatd.clock import Clock
from lanchatd.limits import Limits


@dataclass(frozen=True, slots=True)
class Shared:
    """``clock`` is for waiting; ``now`` tells seconds since the epoch, for the time of what happens."""

    clock: Clock
    now: Callable[[], float]
    limits: Limits
    catching_up_turns: CatchingUpTurns
    presence_turns: PresenceTurns
    lists: Lists
    list_turns: ListTurns
    counts: Counts
