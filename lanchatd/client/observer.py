"""Who is told what happens to a connection: the terminal, or the pipe."""

from __future__ import annotations

from typing import Protocol

from lanchatd.client.shown_event import ShownEvent


class Observer(Protocol):
    """Who is told what happens to a connection. Never called from within a call of the connection,
    but for `show` and `changed`.
    """

    def welcomed(self) -> None:
        """The server has taken us in, the first time or again; the session knows where."""
        ...

    def show(self, items: list[ShownEvent]) -> None:
        """This came, in order."""
        ...

    def changed(self) -> None:
        """Something of the session may have changed: who is here, what waits, whether it is connected."""
        ...

    def lost(self, why: str, next_try_s: float) -> None:
        """There is no connection, or it could not be made; it is tried again in so many seconds."""
        ...

    def refused(self, code: str, text: str) -> None:
        """The server does not take our nick: call `ServerConnection.take_nick` with another one."""
        ...

    def unknown_key(self, fingerprint: str, why: str) -> None:
        """The server is not known: call `ServerConnection.accept_key` if this is its key, or end."""
        ...

    def warned(self, text: str) -> None:
        """Something is not as it should be; it goes on all the same."""
        ...

    def failed(self, why: str) -> None:
        """It is not tried again, unless `ServerConnection.reconnect` is called."""
        ...
