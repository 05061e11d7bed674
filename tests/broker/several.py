"""Several daemons in memory as one chat: the worlds of the other tests, over one stream.

several = Several(2)
here, there = several
alice, bob = here.join("alice"), there.join("bob")
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twisted.internet.task import Clock

from lanchatd.broker.nodes import SeveralNodes
from lanchatd.chat.accounts.rows import Change
from lanchatd.chat.answers import Answer
from tests.broker.memory_stream import MemoryBroker, MemoryStream
from tests.world import NOON, Person, Wire, World


class Node(World):
    """One of them."""

    def __init__(self, several: Several, **limits: float) -> None:
        self.several = several
        self.stream: MemoryStream = several.broker.node()
        self.nodes: SeveralNodes = SeveralNodes(self.stream, several.clock)
        super().__init__(**limits)  # type: ignore[arg-type]
        self.nodes.serve(self.chat)

    def new_clock(self) -> Clock:
        return self.several.clock

    def _keep(self, document: bytes) -> Answer[None]:
        return self.nodes.moderation.keep(document)

    def _keep_change(self, change: Change) -> Answer[None]:
        return self.nodes.accounts.keep(change)

    def settle(self) -> None:
        """Of all of them: they share their time."""
        self.several.settle()

    def settle_alone(self) -> None:
        super().settle()

    def connects(self, peer: str = "192.0.2.1") -> Person:
        """A connection, of which nothing was read yet."""
        wire = Wire(self, peer)
        wire.protocol = self.factory.buildProtocol(wire.peer)
        self.wires.append(wire)
        wire.protocol.makeConnection(wire)
        return Person(self, wire)

    def dies(self) -> None:
        """Killed: nobody says anything any more."""
        self.stream.dies()
        self.nodes.pulse.end()
        self.several.nodes.remove(self)
        for wire in self.wires:
            wire.closed = True

    def who(self, room: str = "#lobby") -> list[str]:
        """Who is in a room, as this one has it."""
        return sorted(user.nick for user in self.chat.rooms[room].members.values())

    def known(self) -> dict[str, Any]:
        """What it has of everybody, which is to be the same everywhere."""
        return {
            user.nick: (
                user.account,
                user.away,
                user.operator,
                user.real_name,
                sorted({room.name for room in self.chat.rooms_with(user)}),
                len(user.sessions),
            )
            for user in self.chat.users.values()
        }


class Several:
    """All of them."""

    def __init__(self, count: int = 2, **limits: float) -> None:
        self.clock = Clock()
        self.broker = MemoryBroker(self.clock, lambda: NOON + self.clock.seconds())
        self.nodes: list[Node] = []
        self.limits = limits
        for _ in range(count):
            self.add()

    def __iter__(self) -> Iterator[Node]:
        return iter(self.nodes)

    def add(self) -> Node:
        """One more daemon starts."""
        return self.starts(self.makes())

    def makes(self) -> Node:
        """One more, which has not reached the broker yet."""
        return Node(self, **self.limits)

    def starts(self, node: Node) -> Node:
        """It reaches it."""
        self.nodes.append(node)
        node.stream.begin()
        self.settle()
        return node

    def settle(self) -> None:
        for _ in range(1_000):
            for node in self.nodes:
                node.settle_alone()
            if not any(self._moves(node) for node in self.nodes):
                return
        raise AssertionError("they never come to rest")

    def _moves(self, node: Node) -> bool:
        return any(call.getTime() <= self.clock.seconds() for call in self.clock.getDelayedCalls())

    def passes(self, seconds: float) -> None:
        """Time goes by."""
        self.nodes[0].passes(seconds)
