"""The connections that ask for pages and are waited for: how many of them there are."""

from __future__ import annotations

from typing import Protocol

# Connections that ask for pages, and those that wait to ask again: a page has two of them for 15 s. Those of
# the chat are counted apart, and of one address together.
MOST_ASKING = 256


class Connection(Protocol):
    """One of them."""

    def give_way(self) -> None:
        """Others wait for its place: close it, as soon as what it was answered is taken."""
        ...


class Asking:
    """All of them, who was heard last at the end.

    Who waits for us, as others have their turn first, is none of them: it has done what it could.
    """

    def __init__(self) -> None:
        self._asking: dict[Connection, None] = {}

    def enter(self, connection: Connection) -> None:
        """It is waited for, from now. Of too many, the one goes that was not heard for longest."""
        self.leave(connection)
        self._asking[connection] = None
        if len(self._asking) > MOST_ASKING:
            longest = next(iter(self._asking))
            self.leave(longest)
            longest.give_way()

    def leave(self, connection: Connection) -> None:
        """It waits for us, is a WebSocket by now, or is gone; it may have left before."""
        self._asking.pop(connection, None)
