"""The link to the broker: a thread with a loop of asyncio, as its client needs one, beside the reactor.

Under asyncio's reactor the fan-out would take a fifth longer (measured). Both hand over in batches: what came
together is one call in the other thread.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import blake2b
from itertools import count
from secrets import token_hex
from threading import Event, Thread
from typing import Any

from nats.aio.msg import Msg
from nats.errors import Error, NoRespondersError
from twisted.logger import Logger

from lanchatd.broker.address import Address
from lanchatd.broker.connected import Connected, Gone, NoJetStream, Opened, Refusing
from lanchatd.broker.reader import Reader
from lanchatd.broker.stream import NO_JETSTREAM, STATE, Fate, Heard, Message, Published, Unfit
from lanchatd.chat.answers import Answer
from lanchatd.clock import Clock
from lanchatd.text.refused import Refused

HEADERS_BYTES = 4_096  # kept free for them in the largest message
AGAIN_S = 0.25  # between two tries to reach the broker
# Messages that were read and have not arrived in the reactor yet; then the broker waits too.
MOST_AHEAD = 4_096
FIRST_TRY_S = 8.0
STOPS_WITHIN_S = 2.0

_Job = Callable[[Connected], Any]


class Link:
    """Implements `lanchatd.broker.stream.Stream`."""

    log = Logger("lanchatd")

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
        self._in_reactor = in_reactor
        self._exact: dict[str, list[Callable[[Message], None]]] = {}
        self._rooms: list[Callable[[Message], None]] = []
        self._watching: list[Callable[[str | None], None]] = []
        self._heard: list[Heard] = []
        self._why = "the broker has not been reached yet"
        self._opened: Callable[[Opened], int] = lambda _: 0
        self._unfit: Callable[[str], None] = lambda _: None
        # Between the threads.
        self._jobs: deque[_Job] = deque()
        self._woken = False
        self._coming: list[Message | Callable[[], None]] = []
        self._ahead = 0
        self._first = Event()
        self._first_error: Exception | None = None
        # In the loop's thread.
        self._loop = asyncio.new_event_loop()
        self._have_jobs: asyncio.Event
        self._less_ahead: asyncio.Event
        self._log_name = ""
        self._read = 0
        self._is_live = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._thread = Thread(target=self._run, name="broker", daemon=True)

    # -- in the reactor's thread

    def begin(self, opened: Callable[[Opened], int], unfit: Callable[[str], None]) -> str | None:
        """Reach for the broker, and wait a while for what comes of it: None, or why it can't be reached.

        ``opened`` is called when the stream is there, and returns up to which sequence the rooms are known.
        Raises `Unfit`; ``unfit`` is called with such a sentence when that shows later.
        """
        self._opened, self._unfit = opened, unfit
        self._thread.start()
        if not self._first.wait(FIRST_TRY_S):
            return "it does not answer"
        if isinstance(self._first_error, Unfit):
            raise self._first_error
        return None if self._first_error is None else str(self._first_error)

    def end(self) -> None:
        """Let go of the broker."""
        if self._thread.is_alive():
            if self.up:  # what was published is on its way then
                sent = Event()
                self._do(partial(_flush, sent))
                sent.wait(STOPS_WITHIN_S)
            self._loop.call_soon_threadsafe(self._cancel)
            self._thread.join(STOPS_WITHIN_S)

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
            self._hand(partial(answered, published))

        self._do(lambda connected: connected.publish(subject, body, headers, expected, known))

    def send(self, node: str | None, body: bytes) -> None:
        subject = f"{self._address.name}.node.{node or '-'}"
        if self.up:
            self._do(lambda connected: connected.client.publish(subject, body))

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
        self._do(self._listen_as_node)

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
                self._hand(partial(answer.fail, error))
            except (Gone, Refusing) as error:
                self._hand(partial(answer.fail, Refused("log_failed", f"The broker: {error}.")))
            else:
                self._hand(partial(answer.settle, found))

        def begun(connected: Connected) -> None:
            task = self._loop.create_task(asked(connected))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

        if self.up:
            self._do(begun)
        else:
            answer.fail(Refused("log_failed", f"The broker can't be asked: {self._why}."))
        return answer

    def _do(self, job: _Job) -> None:
        self._jobs.append(job)
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._wake)

    def _arrive(self, coming: list[Message | Callable[[], None]]) -> None:
        messages = 0
        for one in coming:
            try:
                if not isinstance(one, Message):
                    one()
                    continue
                messages += 1
                self.applied = max(self.applied, one.sequence)
                for arrived in self._exact.get(one.subject) or self._rooms:
                    arrived(one)
            except Exception:
                self.log.failure("what came from the broker could not be taken")
        if messages:
            self._loop.call_soon_threadsafe(self._arrived, messages)

    def _changed(self, why: str | None) -> None:
        if self.up == (why is None) and self._why == (why or ""):
            return
        self.up, self._why = why is None, why or ""
        for changed in self._watching:
            changed(why)

    def _hears(self, body: bytes, reply: Callable[[bytes], None] | None) -> None:
        for call in self._heard:
            call(body, reply)

    # -- in the loop's thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._have_jobs, self._less_ahead = asyncio.Event(), asyncio.Event()
        self._task = self._loop.create_task(self._live())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        finally:
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _wake(self) -> None:
        self._woken = False
        self._have_jobs.set()

    def _arrived(self, messages: int) -> None:
        self._ahead -= messages
        self._less_ahead.set()

    def _hand(self, one: Message | Callable[[], None]) -> None:
        self._coming.append(one)
        if len(self._coming) == 1:
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        coming, self._coming = self._coming, []
        self._in_reactor(partial(self._arrive, coming))

    async def _live(self) -> None:
        servers = list(self._address.servers)
        random.shuffle(servers)
        for number in count():
            connected = Connected(self._address)
            try:
                await connected.connect(servers[number % len(servers)])
                await self._use(connected)
            except Unfit as error:
                if not self._first.is_set():
                    self._tried(error)
                    return
                self._hand(partial(self._unfit, str(error)))
                why = str(error)
            except (Gone, Refusing, OSError, Error) as error:
                why = str(error) or "it fails"
                if number + 1 >= len(servers):
                    self._tried(error)
            else:
                why = "the connection was lost"
            finally:
                await connected.close()
            self._hand(partial(self._changed, f"the broker can't be reached: {why}"))
            await asyncio.sleep(AGAIN_S)

    def _tried(self, error: Exception | None) -> None:
        """It is known what comes of the first try."""
        if not self._first.is_set():
            self._first_error = error
            self._first.set()

    async def _use(self, connected: Connected) -> None:
        """Until it is lost."""
        try:
            opened = await connected.open()
        except NoJetStream as error:
            raise error if self._log_name else Unfit(NO_JETSTREAM) from None
        if not self._log_name:
            opened = await self._settle(connected, opened)
        elif opened.log != self._log_name or opened.last < self._read:
            raise Unfit(
                "the broker's stream is another one, or an older one, than before: start lanchatd again"
            )
        self._log_name = opened.log
        self._hand(partial(self._is_allowed, connected.client.max_payload - HEADERS_BYTES))
        await self._listen_as_node(connected)
        await connected.client.subscribe(f"{connected.name}.node.-", cb=self._came_to_node)
        works = (self._do_jobs(connected), self._look(connected), self._read_on(connected, opened.last))
        tasks = [self._loop.create_task(work) for work in (*works, connected.lost.wait())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()

    async def _settle(self, connected: Connected, opened: Opened) -> Opened:
        """From where the rooms are read is asked in the reactor's thread."""
        known: asyncio.Future[int] = self._loop.create_future()

        def ask() -> None:
            after = self._opened(opened)
            self._loop.call_soon_threadsafe(known.set_result, after)

        self._tried(None)
        self._hand(ask)
        after = await known
        if after > opened.last:
            # It was set back, to a copy: what comes next has ids that somebody saw under another text. All
            # who notice that find the same name.
            log = blake2b(f"{opened.log} {opened.last}".encode(), digest_size=4).hexdigest()
            await connected.rename_log(log)
            return await self._settle(connected, Opened(log, opened.last))
        self._read = after
        return opened

    async def _read_on(self, connected: Connected, last: int) -> None:
        reader = Reader(connected.client, connected.name, connected.ask, self._came)
        if not self._is_live:
            # What has to be known whole, and then what was said since the rooms were known.
            if last:
                await reader.read(STATE, 0, last)
            if self._read < last:
                await reader.read(["room.*"], self._read, last)
            self._read = last
        await reader.read(["room.*", *STATE], self._read, last, self._caught_up)

    def _caught_up(self) -> None:
        self._is_live = True
        self._hand(partial(self._changed, None))

    def _is_allowed(self, largest: int) -> None:
        self.largest = largest

    async def _came(self, message: Message) -> None:
        if self._is_live or message.subject not in STATE:
            self._read = message.sequence
        self._ahead += 1
        self._hand(message)
        while self._ahead > MOST_AHEAD:
            self._less_ahead.clear()
            await self._less_ahead.wait()

    async def _do_jobs(self, connected: Connected) -> None:
        while True:
            await self._have_jobs.wait()
            self._have_jobs.clear()
            while self._jobs:
                if (work := self._jobs.popleft()(connected)) is not None:
                    await work

    async def _look(self, connected: Connected) -> None:
        while not connected.client.is_closed:
            connected.look_for_late()
            await asyncio.sleep(AGAIN_S)

    async def _listen_as_node(self, connected: Connected) -> None:
        await connected.client.subscribe(f"{connected.name}.node.{self.node}", cb=self._came_to_node)

    async def _came_to_node(self, message: Msg) -> None:
        reply = partial(self._reply, message.reply) if message.reply else None
        self._hand(partial(self._hears, message.data, reply))

    def _reply(self, subject: str, body: bytes) -> None:
        self._do(lambda connected: connected.client.publish(subject, body))


async def _flush(sent: Event, connected: Connected) -> None:
    try:
        await connected.client.flush(1)
    finally:
        sent.set()
