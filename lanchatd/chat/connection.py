"""What the rules ask of a connection: to send bytes, and to end."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Protocol

from lanchatd.chat.events import Reason


class Outbox(Protocol):
    """What one session still has to be sent. The rules give it bytes; it knows the socket."""

    @property
    def send(self) -> Callable[[bytes], int]:
        """Hand encoded lines straight to the socket and return how many bytes it took.

        Only while nothing is waiting. Raises OSError when it took nothing (BlockingIOError) or never will.
        """
        ...

    @property
    def waiting(self) -> bool:
        """Whether something has not been taken yet; when it has, the session's `catch_up` is called."""
        ...

    @property
    def direct_bytes(self) -> int:
        """How many bytes of direct messages wait."""
        ...

    def give(self, encoded: bytes) -> bool:
        """Send the next chunk, while nothing is waiting. Returns whether all of it was taken."""
        ...

    def wait(self, rest: bytes) -> None:
        """Keep what `send` did not take, and wait until the socket takes more."""
        ...

    def tell(self, encoded: bytes) -> None:
        """Send a direct message, in its order among those."""
        ...


class Connection(Protocol):
    """Whose session it is."""

    def quit(self, reason: Reason) -> None:
        """It has said all it will: close it when that has been told, and tell the rooms why."""
        ...

    @property
    def refuse_keeping(self) -> Callable[[int, float], None]:
        """Raises `Refused` if its address may keep no more lines on disk; one of so many bytes is counted.

        By what time, in seconds of the daemon's clock.
        """
        ...

    def is_one_of(self, whose: Hashable) -> None:
        """Its user, ``whose`` it is, is here on several connections: what they send counts together."""
        ...

    def asking(self) -> AbstractContextManager[None]:
        """Within this it asks something that may take a while: it is asked nothing more meanwhile."""
        ...

    def dismiss(self, code: str, to_session: str, reason: Reason) -> None:
        """Close it now: a code for the daemon's log, what the session is told, and its rooms."""
        ...
