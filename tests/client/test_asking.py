"""Another daemon is asked whether it would let us in, before one is left that keeps no lines."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ConnectionRefusedError as RefusedError
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from lanchatd.chat.events import Node
from lanchatd.client.asking import ANSWERS_WITHIN_S, Asking
from lanchatd.client.ways import Way

TAKES_US = b'{"type": "error", "code": "bad_room", "text": "No."}\n'
AWAY = b'{"type": "error", "code": "no_broker", "text": "No."}\n'
HELLO = b'{"nick": "alice", "room": "#"}\n'


class There:
    """A daemon: what it says to a hello; None if it is not there."""

    def __init__(self, says: bytes | None) -> None:
        self.says = says
        self.asked = 0
        self.transport = StringTransport()
        self.protocol: Any = None

    def connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        self.asked += 1
        if self.says is None:
            return fail(RefusedError())
        self.protocol = factory.buildProtocol(None)  # type: ignore[arg-type]
        self.transport = StringTransport()
        self.protocol.makeConnection(self.transport)
        assert self.transport.value() == HELLO
        if self.says:
            self.protocol.dataReceived(self.says)
        return succeed(self.protocol)


class Story:
    """Some of them, asked in order."""

    def __init__(self, *says: bytes | None) -> None:
        self.there = [There(each) for each in says]
        self.found: list[int] = []
        self.clock = Clock()
        endpoints: Any = self.there
        ways = [Way(Node("b", port, ""), None, there) for port, there in enumerate(endpoints)]
        self.asking = Asking(
            self.clock, lambda: ways, lambda: HELLO, lambda way: self.found.append(way.node.port)
        )


@pytest.mark.parametrize("greets", [b"", b"-- Welcome to chat (lanchatd 1).\n-- What is your nick?\n"])
def test_the_first_that_would_let_us_in_is_found(greets: bytes) -> None:
    """Those before it were not there, have no broker, or have something else against us; each is left."""
    story = Story(None, AWAY, b"!! Your address is banned.\n", greets + TAKES_US, TAKES_US)
    story.asking.begin()
    assert story.found == [3]
    assert [there.asked for there in story.there] == [1, 1, 1, 1, 0]
    assert all(there.transport.disconnecting for there in story.there[1:4])


def test_each_is_asked_once_and_then_no_more() -> None:
    """Until somebody wants to know again."""
    story = Story(AWAY, AWAY)
    story.asking.begin()
    assert (story.found, [there.asked for there in story.there]) == ([], [1, 1])
    story.there[0].says = TAKES_US
    story.asking.begin()
    assert story.found == [0]


def test_one_that_does_not_answer_or_goes_is_none() -> None:
    """And they are not asked twice at a time."""
    story = Story(b"", b"", TAKES_US)
    story.asking.begin()
    story.asking.begin()
    assert story.there[0].asked == 1
    story.clock.advance(ANSWERS_WITHIN_S)
    assert story.there[0].transport.disconnecting
    story.there[1].protocol.connectionLost()
    assert story.found == [2]


def test_nobody_is_asked_any_more_when_it_ends() -> None:
    """Nor is one found."""
    story = Story(b"", TAKES_US)
    story.asking.begin()
    story.asking.end()
    assert story.there[0].transport.disconnecting
    assert (story.found, story.there[1].asked) == ([], 0)
