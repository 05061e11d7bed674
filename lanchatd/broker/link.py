"""The link to the broker, as the reactor's thread knows it: the client itself lives in a `Loop`.

It is one of asyncio, and with asyncio's reactor the fan-out would take a fifth longer (measured).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from secrets import token_hex
from typing import Any

from nats.errors import Error, NoRespondersError

from lanchatd.broker.address import Address
from lanchatd.broker.connected import Connected, Gone, Opened, Refusing
from lanchatd.broker.loop import Loop
from lanchatd.broker.stream import Fate, Heard, Message, Published, Unfit
from lanchatd.chat.answers import Answer
from lanchatd.clock import Clock
from lanchatd.text.refused import Refused

FIRST_TRY_S = 8.0


class Link:
    """Implements `lanchatd.broker.stream.Stream`, and `lanchatd.broker.loop.Told`."""

    def __init__(
        self, address: Address, clock: Clock, in_reactor: Callable[[Callable[[], None]], None]
    ) -> None:
        """``in_reactor`` calls in the reactor's thread."""
        self.node = token_hex(6)
        self.up = False
        self.applied = 0
        self.largest = 0
        self._address = address
        self._clock = clock
        self._exact: dict[str, list[Callable[[Message], None]]] = {}
        self._rooms: list[Callable[[Message], None]] = []
        self._watching: list[Callable[[str | None], None]] = []
        self._heard: list[Heard] = []
        self._why = "the broker has not been reached yet"
        self._when_opened: Callable[[Opened], int] = lambda _: 0
        self._when_unfit: Callable[[str], None] = lambda _: None
        self._loop = Loop(address, self, in_reactor)

    def begin(self, opened: Callable[[Opened], int], unfit: Callable[[str], None]) -> str | None:
        """Reach for the broker, and wait a while for what comes of it: None, or why it can't be reached.

        ``opened`` is called when the stream is there, and returns up to which sequence the rooms are known.
        Raises `Unfit`; ``unfit`` is called with such a sentence when that shows later.
        """
        self._when_opened, self._when_unfit = opened, unfit
        error = self._loop.begin(FIRST_TRY_S)
        if isinstance(error, Unfit):
            raise error
        return None if error is None else str(error)

    def end(self) -> None:
        """Let go of the broker."""
        self._loop.end(self.up)

    def subscribe(self, subject: str, arrived: Callable[[Message], None]) -> None:
        if subject == "room.*":
            self._rooms.append(arrived)
        else:
            self._exact.setdefault(subject, []).append(arrived)

    def publish(
        self,
        subject: str,
        body: bytes,
        headers: Mapping[str, str],
        expected: int | None,
        answered: Callable[[Published], None],
    ) -> None:
        if not self.up:
            self._clock.callLater(0, answered, Published(Fate.FAILED, self._why))
            return

        def known(published: Published) -> None:
            # One that is stored comes back at once: to tell that too would wake this thread twice for it.
            if published.fate is not Fate.STORED:
                self._loop.hand(partial(answered, published))

        self._loop.do(lambda connected: connected.publish(subject, body, headers, expected, known))

    def send(self, node: str | None, body: bytes) -> None:
        subject = f"{self._address.name}.node.{node or '-'}"
        if self.up:
            self._loop.do(lambda connected: connected.client.publish(subject, body))

    def ask(self, node: str, body: bytes, within_s: float) -> Answer[bytes]:
        subject = f"{self._address.name}.node.{node}"

        async def asked(connected: Connected) -> bytes:
            try:
                return (await connected.client.request(subject, body, timeout=within_s)).data
            except NoRespondersError:
                raise LookupError(node) from None
            except (OSError, Error, TimeoutError):
                raise Refused("log_failed", "The other server does not answer.") from None

        return self._answer(asked)

    def heard(self, call: Heard) -> None:
        self._heard.append(call)

    def renew(self) -> None:
        self.node = token_hex(6)
        self._loop.do(self._loop.listen_as_node)

    def watch(self, changed: Callable[[str | None], None]) -> None:
        self._watching.append(changed)

    def purge(self, subject: str, below: int) -> Answer[None]:
        async def purged(connected: Connected) -> None:
            wanted = {"filter": f"{connected.name}.{subject}", "seq": below}
            await connected.ask(f"STREAM.PURGE.{connected.name}", wanted)

        return self._answer(purged)

    def sequence_since(self, subject: str, at: float) -> Answer[int]:
        return self._answer(lambda connected: connected.sequence_since(subject, at))

    def _answer(self, ask: Callable[[Connected], Any]) -> Answer[Any]:
        answer: Answer[Any] = Answer()

        async def asked(connected: Connected) -> None:
            try:
                found = await ask(connected)
            except (Refused, LookupError) as error:
                self._loop.hand(partial(answer.fail, error))
            except (Gone, Refusing) as error:
                self._loop.hand(partial(answer.fail, Refused("log_failed", f"The broker: {error}.")))
            else:
                self._loop.hand(partial(answer.settle, found))

        if self.up:
            self._loop.do(lambda connected: self._loop.beside(asked(connected)))
        else:
            answer.fail(Refused("log_failed", f"The broker can't be asked: {self._why}."))
        return answer

    # -- the loop tells

    def opened(self, opened: Opened, largest: int) -> int:
        self.largest = largest
        return self._when_opened(opened)

    def unfit(self, why: str) -> None:
        self._when_unfit(why)

    def changed(self, why: str | None) -> None:
        if self.up == (why is None) and self._why == (why or ""):
            return
        self.up, self._why = why is None, why or ""
        for changed in self._watching:
            changed(why)

    def arrived(self, message: Message) -> None:
        self.applied = max(self.applied, message.sequence)
        for arrived in self._exact.get(message.subject) or self._rooms:
            arrived(message)

    def hears(self, body: bytes, reply: Callable[[bytes], None] | None) -> None:
        for call in self._heard:
            call(body, reply)
