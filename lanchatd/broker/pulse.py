"""Which of the other nodes are there still: each says so once a second, beside the stream.

One that was not heard for a while is gone, and who notices that first says so in the stream.
"""

from __future__ import annotations

from functools import partial

from lanchatd.broker.direct import Direct
from lanchatd.broker.people import People
from lanchatd.broker.stream import Stream
from lanchatd.chat.answers import Answer
from lanchatd.clock import Call, Clock

BEAT_S = 1

# Who is silent is asked; who does not answer either is gone, and earlier if the broker knows that nobody is
# there. A line that was cut for a second, or a broker that starts again, must not send everybody away.
ASKED_AFTER_S, NOBODY_AFTER_S, GONE_AFTER_S = 1.5, 3, 5

# A turn of the reactor that comes so late: the others may have spoken meanwhile, and were not listened to.
ASLEEP_S = 2.5


class Pulse:
    """Says that this node is there, and listens for the others."""

    def __init__(self, stream: Stream, clock: Clock, people: People, direct: Direct) -> None:
        self._stream = stream
        self._clock = clock
        self._people = people
        self._direct = direct
        self._heard_at: dict[str, float] = {}
        self._nobody: set[str] = set()
        self._ticked_at = 0.0
        self._next: Call | None = None

    def begin(self) -> None:
        """From now on."""
        self._stream.watch(self._link_changed)
        self._ticked_at = self._clock.seconds()
        self._next = self._clock.callLater(BEAT_S, self._tick)

    def end(self) -> None:
        """No more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def heard(self, node: str) -> None:
        """A node is there."""
        self._heard_at[node] = self._clock.seconds()
        self._nobody.discard(node)

    def _link_changed(self, why: str | None) -> None:
        self._listen_anew()

    def _listen_anew(self) -> None:
        for node in self._people.others:
            self.heard(node)

    def _tick(self) -> None:
        self._next = self._clock.callLater(BEAT_S, self._tick)
        now = self._clock.seconds()
        if now - self._ticked_at > ASLEEP_S:
            self._listen_anew()
        self._ticked_at = now
        self._people.tick()
        if self._stream.up:
            self._direct.beat()
            others = self._people.others
            self._heard_at = {node: self._heard_at.get(node, now) for node in others}
            for node in others:
                self._look_for(node, now - self._heard_at[node])

    def _look_for(self, node: str, silent_s: float) -> None:
        if silent_s >= GONE_AFTER_S or (silent_s >= NOBODY_AFTER_S and node in self._nobody):
            self._people.goes(node)
        elif silent_s >= ASKED_AFTER_S:
            self._direct.ask_whether_there(node).when_known(partial(self._answered, node))

    def _answered(self, node: str, answer: Answer[bytes]) -> None:
        if isinstance(answer.error, LookupError):
            self._nobody.add(node)
        elif answer.error is None:
            self.heard(node)
