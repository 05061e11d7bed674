"""Reading the stream in its order: a consumer of the broker's, made anew whenever something is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import count
from secrets import token_hex
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg

from lanchatd.broker.stream import Message

# The broker says so often that it is there while nothing happens; after so long a silence it is asked anew.
HEARTBEAT_S = 1.0
SILENT_S = 3.5

_ACK_TOKENS = 9
"""Of what a message says of its place; in a domain there are two more before them, and one behind."""


class Reader:
    """Reads some subjects behind a sequence. All runs in the loop of one thread."""

    def __init__(
        self,
        client: Client,
        name: str,
        ask: Callable[[str, dict[str, Any]], Awaitable[dict[str, Any]]],
        came: Callable[[Message], Awaitable[None]],
    ) -> None:
        """``ask`` asks JetStream; ``came`` is called with each message, and may take its time."""
        self._client = client
        self._name = name
        self._ask = ask
        self._came = came
        self._sequence = self._until = 0
        self._beyond = False
        self._consumers = count(1)
        self._consumer = ""
        self._expected = 1
        self._heard_at = 0.0
        self._busy = self._wrong = self._caught_up = False
        self._moved = asyncio.Event()
        self._subscription: Any = None

    async def read(
        self, subjects: Sequence[str], after: int, until: int, live: Callable[[], None] | None = None
    ) -> None:
        """Read behind ``after``, and return when there is nothing more up to ``until``.

        Or call ``live`` then, and go on until the connection is lost.
        """
        self._sequence, self._until, self._beyond = after, until, live is not None
        self._caught_up = after >= until
        seconds = asyncio.get_running_loop().time
        while not self._client.is_closed:
            await self._begin(subjects)
            while not self._wrong and (self._busy or seconds() - self._heard_at < SILENT_S):
                if self._caught_up and live is None:
                    await self.end()
                    return
                if self._caught_up and live is not None:
                    live()
                    live = _nothing
                self._moved.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._moved.wait(), HEARTBEAT_S)
            await self.end()

    async def end(self) -> None:
        """Read no more."""
        if self._subscription is not None and not self._client.is_closed:
            await self._subscription.unsubscribe()
        self._subscription = None

    async def _begin(self, subjects: Sequence[str]) -> None:
        self._wrong = False
        self._expected = 1
        self._consumer = f"r{next(self._consumers)}{token_hex(6)}"
        self._heard_at = asyncio.get_running_loop().time()
        inbox = self._client.new_inbox()
        consumer = self._consumer

        async def heard(message: Msg) -> None:
            if consumer == self._consumer:
                await self._heard(message)

        self._subscription = await self._client.subscribe(inbox, cb=heard, pending_bytes_limit=0)
        made = await self._ask(
            f"CONSUMER.CREATE.{self._name}.{consumer}",
            {
                "stream_name": self._name,
                "config": {
                    "name": consumer,
                    "deliver_subject": inbox,
                    "deliver_policy": "by_start_sequence",
                    "opt_start_seq": self._sequence + 1,
                    "filter_subjects": [f"{self._name}.{subject}" for subject in subjects],
                    "ack_policy": "none",
                    "max_deliver": 1,
                    "idle_heartbeat": int(HEARTBEAT_S * 1e9),
                    "flow_control": True,
                    "mem_storage": True,
                    "num_replicas": 1,
                    "inactive_threshold": int(10e9),
                },
            },
        )
        if not made.get("num_pending") and not made.get("delivered", {}).get("consumer_seq"):
            self._is_caught_up()

    async def _heard(self, message: Msg) -> None:
        self._heard_at = asyncio.get_running_loop().time()
        headers = message.headers or {}
        if headers.get("Status") == "100":
            if message.reply:
                await self._client.publish(message.reply)  # go on sending
            elif stalled := headers.get("Nats-Consumer-Stalled"):
                await self._client.publish(stalled)
            if int(headers.get("Nats-Last-Consumer", "0")) >= self._expected:
                self._again()
            return
        tokens = message.reply.split(".")
        place = 5 if len(tokens) == _ACK_TOKENS else 7
        sequence, delivered, at_ns, pending = map(int, tokens[place : place + 4])
        if delivered != self._expected:
            self._again()
            return
        self._expected += 1
        if self._beyond or sequence <= self._until:
            subject = message.subject[len(self._name) + 1 :]
            self._busy = True
            try:
                await self._came(Message(subject, sequence, at_ns / 1e9, headers, message.data))
            finally:
                self._busy = False
                self._heard_at = asyncio.get_running_loop().time()
        self._sequence = sequence
        if not self._caught_up and (not pending or sequence >= self._until):
            self._is_caught_up()

    def _again(self) -> None:
        """Some did not arrive: they, and what is behind them, are sent again by another consumer."""
        self._wrong = True
        self._consumer = ""
        self._moved.set()

    def _is_caught_up(self) -> None:
        self._caught_up = True
        self._moved.set()


def _nothing() -> None: ...
