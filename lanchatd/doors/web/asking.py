"""The connections that ask for pages: how many of them there are."""

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
    """All of them, who asked last at the end."""

    def __init__(self) -> None:
        self._asking: dict[Connection, None] = {}

    def enter(self, connection: Connection) -> None:
        """It asks for pages. When too many do, the one goes that has asked nothing for longest."""
        self._asking[connection] = None
        if len(self._asking) > MOST_ASKING:
            longest = next(iter(self._asking))
            self.leave(longest)
            longest.give_way()

    def heard(self, connection: Connection) -> None:
        """It has asked for something."""
        if connection in self._asking:
            del self._asking[connection]
            self._asking[connection] = None

    def leave(self, connection: Connection) -> None:
        """It is gone, or a WebSocket by now; or it was asked to go before."""
        self._asking.pop(connection, None)
