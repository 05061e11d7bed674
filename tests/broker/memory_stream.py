"""The stream in memory: one order for several daemons, whose messages a test can hold, lose and delay.

broker = MemoryBroker(clock)
here, there = broker.node(), broker.node()
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count

from lanchatd.broker.stream import Fate, Heard, Message, Published
from lanchatd.chat.answers import Answer
from lanchatd.clock import Clock
from lanchatd.text.refused import Refused

ROLLUP = "Nats-Rollup"


class MemoryBroker:
    """What nats-server is. ``now`` is its own clock, in seconds since the epoch."""

    def __init__(self, clock: Clock, now: Callable[[], float] | None = None) -> None:
        self.clock = clock
        self.now = now or clock.seconds
        self.messages: list[Message] = []
        self.last = 0
        self.largest = 1_000_000
        """How many bytes it takes as one message."""
        self.nodes: list[MemoryStream] = []
        self.refuses = ""
        """Why it stores nothing, if it does not."""
        self.loses_acks = False
        self._names = count(1)

    def node(self, after: int = 0) -> MemoryStream:
        """A daemon that comes; what is in the stream arrives when it says `begin`."""
        stream = MemoryStream(self, f"node{next(self._names)}", after)
        self.nodes.append(stream)
        return stream

    def last_of(self, subject: str) -> int:
        """The sequence of the newest message of a subject, 0 if there is none."""
        return max((one.sequence for one in self.messages if one.subject == subject), default=0)

    def store(self, subject: str, body: bytes, headers: Mapping[str, str], expected: int | None) -> Published:
        """Put it into the stream."""
        if self.refuses:
            return Published(Fate.FAILED, self.refuses)
        if len(body) > self.largest:
            return Published(Fate.FAILED, "it is too large")
        if expected is not None and expected != self.last_of(subject):
            return Published(Fate.CONFLICT)
        if headers.get(ROLLUP) == "sub":
            self.messages = [one for one in self.messages if one.subject != subject]
        self.last += 1
        message = Message(subject, self.last, self.now(), dict(headers), body)
        self.messages.append(message)
        for node in list(self.nodes):
            node.comes(message)
        return Published(Fate.STORED)


class MemoryStream:
    """Implements `lanchatd.broker.stream.Stream`."""

    def __init__(self, broker: MemoryBroker, node: str, after: int) -> None:
        self.node = node
        self.up = False
        self.applied = 0
        self.held = False
        """Whether messages and answers wait until `lets_go`."""
        self._broker = broker
        self._after = after
        self._subscribed: list[tuple[str, Callable[[Message], None]]] = []
        self._watching: list[Callable[[str | None], None]] = []
        self._heard: list[Heard] = []
        self._on_the_way: deque[Callable[[], None]] = deque()
        self._due = False

    @property
    def largest(self) -> int:
        return self._broker.largest

    @largest.setter
    def largest(self, size: int) -> None:
        self._broker.largest = size

    # -- what the test does

    def begins_after(self, sequence: int) -> None:
        """What was said in the rooms is known up to there."""
        self._after = sequence

    def begin(self) -> None:
        """All that is in the stream arrives, and it is up."""
        for message in list(self._broker.messages):
            if message.sequence > self._after or not message.subject.startswith("room."):
                self._arrives(message)
        self.applied = self._broker.last
        self.up = True
        self._tell_watching(None)

    def cut(self, why: str = "the broker can't be reached") -> None:
        """The connection to the broker is lost; what was on the way to it is stored, or not, as it was."""
        self.up = False
        self._on_the_way.clear()
        self._tell_watching(why)

    def join(self) -> None:
        """It is there again."""
        for message in list(self._broker.messages):
            if message.sequence > self.applied:
                self._arrives(message)
        self.up = True
        self._tell_watching(None)

    def dies(self) -> None:
        """The daemon is gone."""
        self.up = False
        self._broker.nodes.remove(self)
        self._on_the_way.clear()

    def lets_go(self) -> None:
        """All that is on the way arrives, or what does before it is held."""
        self._due = False
        while self._on_the_way and not self.held:
            self._on_the_way.popleft()()

    def overtakes(self) -> None:
        """What came last arrives first: answers do not come in the order of the stream."""
        self._on_the_way.rotate()

    # -- what the broker does

    def comes(self, message: Message) -> None:
        if self.up:
            self._later(partial(self._arrives, message))

    def _arrives(self, message: Message) -> None:
        if message.sequence <= self.applied:
            return
        self.applied = message.sequence
        for subject, arrived in self._subscribed:
            if subject == message.subject or (
                subject[-1] == "*" and message.subject.startswith(subject[:-1])
            ):
                arrived(message)

    def _later(self, call: Callable[[], None]) -> None:
        self._on_the_way.append(call)
        if not self._due and not self.held:
            self._due = True
            self._broker.clock.callLater(0, self.lets_go)

    def _tell_watching(self, why: str | None) -> None:
        for changed in self._watching:
            changed(why)

    # -- the interface

    def subscribe(self, subject: str, arrived: Callable[[Message], None]) -> None:
        self._subscribed.append((subject, arrived))

    def publish(
        self,
        subject: str,
        body: bytes,
        headers: Mapping[str, str],
        expected: int | None,
        answered: Callable[[Published], None],
    ) -> None:
        if not self.up:
            published = Published(Fate.FAILED, "the broker can't be reached")
            self._broker.clock.callLater(0, answered, published)
            return
        published = self._broker.store(subject, body, headers, expected)
        if self._broker.loses_acks:
            published = Published(Fate.FAILED, "the broker does not answer")
        if published.fate is not Fate.STORED:
            self._later(partial(answered, published))

    def send(self, node: str | None, body: bytes) -> None:
        for other in self._others(node):
            other._later(partial(other._hears, body, None))

    def ask(self, node: str, body: bytes, within_s: float) -> Answer[bytes]:
        answer: Answer[bytes] = Answer()
        others = self._others(node)
        if not others:
            self._later(partial(answer.fail, LookupError(node)))
            return answer

        def late() -> None:
            if not answer.known:
                answer.fail(Refused("no_answer", "The other server does not answer."))

        def reply(body: bytes) -> None:
            if not answer.known:
                timer.cancel()
                self._later(partial(answer.settle, body))

        timer = self._broker.clock.callLater(within_s, late)
        others[0]._later(partial(others[0]._hears, body, reply))
        return answer

    def heard(self, call: Heard) -> None:
        self._heard.append(call)

    def renew(self) -> None:
        self.node += "'"

    def watch(self, changed: Callable[[str | None], None]) -> None:
        self._watching.append(changed)

    def purge(self, subject: str, below: int) -> Answer[None]:
        kept = [one for one in self._broker.messages if one.subject != subject or one.sequence >= below]
        self._broker.messages = kept
        return Answer.of(None)

    def sequence_since(self, subject: str, at: float) -> Answer[int]:
        since = (one.sequence for one in self._broker.messages if one.subject == subject and one.at >= at)
        return Answer.of(min(since, default=0))

    def _hears(self, body: bytes, reply: Callable[[bytes], None] | None) -> None:
        for call in self._heard:
            call(body, reply)

    def _others(self, node: str | None) -> list[MemoryStream]:
        nodes = [other for other in self._broker.nodes if other.up and self.up]
        return [other for other in nodes if (other is not self if node is None else other.node == node)]
