"""Where the chat is: the address that the user gave, and those of its other daemons, which the server names.

When one is gone, another one is joined. A server that is trusted vouches for the keys of the others, in this
run: nothing of it is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from zope.interface import implementer

from lanchatd.chat.events import Node
from lanchatd.client.sanitize import clean
from lanchatd.client.trust import Trust, Untrusted


@dataclass(frozen=True, eq=False)
class Way:
    """To one daemon; without ``trust`` it is not encrypted. ``node`` is where it is."""

    node: Node
    trust: Trust | None
    endpoint: IStreamClientEndpoint

    @property
    def where(self) -> tuple[str, int]:
        """Host and port, for sentences."""
        return clean(self.node.host), self.node.port


@implementer(IStreamClientEndpoint)
class Ways:
    """An endpoint that connects to one of them: to where we were, or else to the next that is there."""

    def __init__(self, given: Way, way_to: Callable[[Node], Way | None]) -> None:
        """``way_to`` gives the way to a node that a server names; None if we don't go there."""
        self.current = given
        self._given = given
        self._way_to = way_to
        self._others: dict[Node, Way] = {}
        self._at = given  # where we were welcomed last

    def arrived(self, nodes: Iterable[Node]) -> bool:
        """We are welcome at the current one, which names all others. Whether that is a new one."""
        others: dict[Node, Way] = {}
        for node in nodes:
            if (
                node != self.current.node
                and (way := self._others.get(node) or self._way_to(node)) is not None
            ):
                others[node] = way
        if self.current is not self._given:
            others[self.current.node] = self.current
        self._others = others
        moved, self._at = self.current is not self._at, self.current
        return moved

    @property
    def others(self) -> list[Way]:
        """All but the current one."""
        return self._in_turn()[1:]

    def move_on(self) -> None:
        """The current one is there, and does not take us in: next time it is another one's turn."""
        self.current = [*self.others, self.current][0]

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:  # noqa: N803
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> Any:
        """Fails as the first one did, which is the current one again then."""
        first, why = self.current, None
        for way in self._in_turn():
            self.current = way
            try:
                return await way.endpoint.connect(factory)
            except (CancelledError, ConnectingCancelledError):
                raise
            except Exception as error:
                # The address that the user knows shows another key: that is for the user to know.
                if way is self._given and isinstance(error, Untrusted):
                    raise
                why = why or error
        self.current = first
        assert why is not None  # noqa: S101 - there is one way at least
        raise why

    def _in_turn(self) -> list[Way]:
        """All, from the current one on."""
        every = [self._given, *self._others.values()]
        place = every.index(self.current)
        return every[place:] + every[:place]
