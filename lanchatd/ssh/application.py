"""An administrator's session: whose it is, what can be shown, and what runs there.

The SSH side knows nothing of commands, and what runs knows nothing of SSH: these three are all between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Identity:
    """Who has logged in: the account, the key (``SHA256:…``) and its comment, and from which IP address."""

    account: str
    fingerprint: str
    comment: str
    address: str


class Output(Protocol):
    """What can be shown. Text is written as it is; on a terminal its lines end in CR LF."""

    def write(self, text: str) -> None:
        """Write to standard output."""
        ...

    def write_error(self, text: str) -> None:
        """Write to standard error."""
        ...

    def when_taken(self, call: Callable[[], None]) -> None:
        """Call it as soon as little of what was written still waits to be taken; at once if so now."""
        ...

    def end(self, code: int) -> None:
        """Close, with an exit code, when everything has been written."""
        ...


class Application(Protocol):
    """What runs in a session. First either `run` or `begin` is called, once, and `closed` at the very end."""

    def run(self, line: str) -> None:
        """``ssh host line``: do it, and end with its exit code."""
        ...

    def begin(self, width: int | None) -> None:
        """A person has come, at a terminal of so many columns; or lines will come, and there is none."""
        ...

    def typed(self, typed: bytes) -> None:
        """Bytes came on standard input."""
        ...

    def nothing_typed(self) -> None:
        """At a terminal, no bytes have come for a while after the last ones (`PASTE_PAUSE_S`)."""
        ...

    def input_ended(self) -> None:
        """Standard input is at its end."""
        ...

    def resized(self, width: int) -> None:
        """The terminal has this many columns now."""
        ...

    def closed(self) -> None:
        """It is over: nothing can be shown any more."""
        ...
