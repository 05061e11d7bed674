"""The loop of asyncio in which the client of the broker lives, in a thread of its own beside the reactor.

Both threads hand over in batches: what came together is one call in the other one.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from hashlib import blake2b
from itertools import count
from threading import Event, Thread
from typing import Any, Protocol

from nats.aio.msg import Msg
from nats.errors import Error
from twisted.logger import Logger

from lanchatd.broker.address import Address
from lanchatd.broker.connected import Connected, Gone, NoJetStream, Opened, Refusing
from lanchatd.broker.reader import Reader
from lanchatd.broker.stream import AGAIN_S, NO_JETSTREAM, STATE, Message, Unfit

HEADERS_BYTES = 4_096  # kept free for them in the largest message
# Messages that were read and have not arrived in the reactor yet; then the broker waits too.
MOST_AHEAD = 4_096
STOPS_WITHIN_S = 2.0

Job = Callable[[Connected], Awaitable[object] | None]


class Told(Protocol):
    """Who is told, in the reactor's thread."""

    node: str

    def opened(self, opened: Opened, largest: int) -> int:
        """The stream is there, and takes so many bytes at once; up to which sequence are the rooms known?"""
        ...

    def changed(self, why: str | None) -> None:
        """All that was in the stream has arrived; or the broker can't be reached, and why."""
        ...

    def unfit(self, why: str) -> None:
        """It can't be used."""
        ...

    def arrived(self, message: Message) -> None:
        """The next message."""
        ...

    def hears(self, body: bytes, reply: Callable[[bytes], None] | None) -> None:
        """Another daemon told or asked something."""
        ...


class Loop:
    """The thread, and what it does until it ends."""

    log = Logger("lanchatd")

    def __init__(
        self, address: Address, told: Told, in_reactor: Callable[[Callable[[], None]], None]
    ) -> None:
        """``in_reactor`` calls in the reactor's thread."""
        self._address = address
        self._told = told
        self._in_reactor = in_reactor
        # Between the threads.
        self._jobs: deque[Job] = deque()
        self._woken = self._ended = False
        self._coming: list[Message | Callable[[], None]] = []
        self._taken = 0  # messages that arrived in the reactor
        self._waits = False  # the loop, until more of them did
        self._first = Event()
        self._first_error: Exception | None = None
        # In the loop's.
        self._loop: asyncio.AbstractEventLoop
        self._have_jobs: asyncio.Event
        self._less_ahead: asyncio.Event
        self._log_name = ""
        self._handed = 0  # messages
        self._read = self._read_state = 0
        self._is_live = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._thread = Thread(target=self._run, name="broker", daemon=True)

    # -- in the reactor's thread

    def begin(self, within_s: float) -> Exception | None:
        """Reach for the broker. What the first try came to, waited for so long; None if it is there."""
        self._loop = asyncio.new_event_loop()  # not before: the daemon may have gone into the background
        self._thread.start()
        return self._first_error if self._first.wait(within_s) else Gone("it does not answer")

    def end(self, is_up: bool) -> None:
        """Let go of it; if it ``is_up``, when it was given what is to be done."""
        if not self._thread.is_alive():
            return
        if is_up:
            sent = Event()
            self.do(partial(_flush, sent))
            sent.wait(STOPS_WITHIN_S)
        self._ended = True
        self._loop.call_soon_threadsafe(self._cancel)
        self._thread.join(STOPS_WITHIN_S)

    def do(self, job: Job) -> None:
        """Do this with the connection, when there is one."""
        if self._ended:
            return
        self._jobs.append(job)
        if not self._woken:
            self._woken = True
            self._loop.call_soon_threadsafe(self._wake)

    def _arrive(self, coming: list[Message | Callable[[], None]]) -> None:
        for one in coming:
            try:
                if isinstance(one, Message):
                    self._taken += 1
                    self._told.arrived(one)
                else:
                    one()
            except Exception:
                self.log.failure("what came from the broker could not be taken")
        # Woken for nothing, it would be in the way of the fan-out.
        if self._waits and not self._ended:
            self._loop.call_soon_threadsafe(self._less_ahead.set)

    # -- in the loop's

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

    def hand(self, one: Message | Callable[[], None]) -> None:
        """Let it arrive in the reactor's thread, in order."""
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
                self.hand(partial(self._told.unfit, str(error)))
                why = str(error)
            except (Gone, Refusing, OSError, Error) as error:
                why = str(error) or "it fails"
                if number + 1 >= len(servers):
                    self._tried(error)
            except Exception as error:
                self.log.failure("the link to the broker failed")
                why = "it fails"
                self._tried(error)
            else:
                why = "the connection was lost"
            finally:
                await connected.close()
            self.hand(partial(self._told.changed, f"the broker can't be reached: {why}"))
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
        await self.listen_as_node(connected)
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
            after = self._told.opened(opened, connected.client.max_payload - HEADERS_BYTES)
            self._loop.call_soon_threadsafe(known.set_result, after)

        self._tried(None)
        self.hand(ask)
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
            if self._read_state < last:
                await reader.read(STATE, self._read_state, last)
            self._read_state = last
            if self._read < last:
                await reader.read(["room.*"], self._read, last)
            self._read = last
        await reader.read(["room.*", *STATE], self._read, last, self._caught_up)

    def _caught_up(self) -> None:
        self._is_live = True
        self.hand(partial(self._told.changed, None))

    async def _came(self, message: Message) -> None:
        if message.subject in STATE and not self._is_live:
            self._read_state = message.sequence
        else:
            self._read = message.sequence
        self._handed += 1
        self.hand(message)
        if self._handed - self._taken > MOST_AHEAD:
            self._waits = True  # before it looks again, or what arrives in between would not wake it
            while self._handed - self._taken > MOST_AHEAD:
                self._less_ahead.clear()
                await self._less_ahead.wait()
            self._waits = False

    async def _do_jobs(self, connected: Connected) -> None:
        while True:
            await self._have_jobs.wait()
            self._have_jobs.clear()
            while self._jobs:
                if (work := self._jobs.popleft()(connected)) is not None:
                    await work

    def beside(self, work: Coroutine[Any, Any, None]) -> None:
        """Do this while other things are done; in the loop's thread."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self, connected: Connected) -> None:
        while not connected.client.is_closed:
            connected.look_for_late()
            await asyncio.sleep(AGAIN_S)

    async def listen_as_node(self, connected: Connected) -> None:
        """Hear what is sent to this daemon under its name."""
        await connected.client.subscribe(f"{connected.name}.node.{self._told.node}", cb=self._came_to_node)

    async def _came_to_node(self, message: Msg) -> None:
        reply = partial(self._reply, message.reply) if message.reply else None
        self.hand(partial(self._told.hears, message.data, reply))

    def _reply(self, subject: str, body: bytes) -> None:
        self.do(lambda connected: connected.client.publish(subject, body))


async def _flush(sent: Event, connected: Connected) -> None:
    try:
        await connected.client.flush(1)
    finally:
        sent.set()
