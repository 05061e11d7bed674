"""One connection to the broker, from when it is made until it is lost. All runs in the loop of one thread."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_hex
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error, NoRespondersError

from lanchatd.broker.address import Address
from lanchatd.broker.stream import LOG, Fate, Published, Unfit, log_name, refuse_broker, settings

CONNECT_S = 2
# A broker that does not answer a ping for as long as two of them is gone: it is known after six seconds.
PING_S = 2
# How long the broker may take to store a message, before it is asked again; and to answer a question.
STORE_S = 2.0
ASK_S = 5.0

_CONFLICTS = (10071, 10164)  # a single broker, and the leader of several
_NO_STREAM = 10059
NOT_SEVERAL = 10074
_NOT_ENABLED = (10039, 10076)


class Gone(Exception):
    """The connection can't be made, or is lost; the text ends a sentence."""


class NoJetStream(Gone):
    """It is not on, or nobody leads the brokers just now."""

    def __init__(self) -> None:
        super().__init__("JetStream is not there")


class Refusing(Exception):
    """JetStream answered with an error."""

    def __init__(self, error: Mapping[str, Any]) -> None:
        super().__init__(str(error.get("description", "it does not say why")))
        self.code = error.get("err_code", 0)


@dataclass(frozen=True, slots=True)
class Opened:
    """The stream: the name of its log, and the sequence of its newest message."""

    log: str
    last: int


class Connected:
    """A connection, and what is under way on it."""

    def __init__(self, address: Address) -> None:
        self.client = Client()
        self.name = address.name
        self.lost = asyncio.Event()
        self._address = address
        self._why = ""
        self._inbox = ""
        self._number = 0
        self._waiting: dict[int, tuple[float, Callable[[Published], None]]] = {}

    # -- coming and going

    async def connect(self, server: str) -> None:
        """Raises `Gone` and `Unfit`."""
        try:
            await self.client.connect(
                servers=[server], name="lanchatd", allow_reconnect=False, max_reconnect_attempts=1,
                reconnect_time_wait=0, connect_timeout=CONNECT_S, ping_interval=PING_S,
                max_outstanding_pings=2, error_cb=self._went_wrong, closed_cb=self._closed,
                no_echo=True, **self._address.login,
            )  # fmt: skip
        except (OSError, Error, TimeoutError) as error:
            why = self._why or _plain(error)
            await self.close()
            if isinstance(error, ssl.SSLCertVerificationError) or "CERTIFICATE" in why:
                raise Unfit(f"the broker's certificate is not trusted: {why}") from None
            if "authorization" in str(error).lower() or "authentication" in str(error).lower():
                raise Unfit("the broker does not know this user and password") from None
            raise Gone(why) from None
        self._inbox = self.client.new_inbox()
        await self.client.subscribe(f"{self._inbox}.*", cb=self._stored)

    async def close(self) -> None:
        """Not longer than a moment: a broker that does not answer is not waited for."""
        self.lost.set()
        waiting, self._waiting = list(self._waiting.values()), {}
        for _, answered in waiting:
            answered(Published(Fate.FAILED, "the connection was lost"))
        with suppress(Exception):  # whatever it is: nobody is interested in this connection any more
            await asyncio.wait_for(self.client.close(), 0.5)

    async def _went_wrong(self, error: Exception) -> None:
        self._why = _plain(error)

    async def _closed(self) -> None:
        self.lost.set()

    # -- the stream

    async def open(self) -> Opened:
        """Look at the stream, which is made if there is none. Raises `Gone`, `Refusing` and `Unfit`."""
        version = self.client.connected_server_version
        refuse_broker(f"{version.major}.{version.minor}.{version.patch}")
        try:
            found = await self.ask(f"STREAM.INFO.{self.name}")
        except Refusing as error:
            if error.code in _NOT_ENABLED:
                raise Unfit("the broker has no JetStream for this user") from None
            if error.code != _NO_STREAM:
                raise
            found = await self.make(token_hex(4))
        return Opened(log_name(found["config"]), int(found["state"]["last_seq"]))

    async def refuse_if_there(self) -> None:
        """Raises `Gone` if there is a stream of this name already."""
        try:
            await self.ask(f"STREAM.INFO.{self.name}")
        except Refusing as error:
            if error.code != _NO_STREAM:
                raise
            return
        raise Gone(f"there is a chat named {self.name} already")

    async def make(self, log: str) -> dict[str, Any]:
        """The stream, on three of several brokers, or on the only one; ``log`` is the name of its log."""
        try:
            return await self.ask(f"STREAM.CREATE.{self.name}", settings(self.name, log, 3))
        except Refusing as error:
            if error.code != NOT_SEVERAL:
                raise
            return await self.ask(f"STREAM.CREATE.{self.name}", settings(self.name, log, 1))

    async def unmake(self) -> None:
        """Take the stream out again, as what was to be put into it failed."""
        with suppress(Gone, Refusing):
            await self.ask(f"STREAM.DELETE.{self.name}")

    async def rename_log(self, log: str) -> None:
        """Give the log another name: ids that somebody saw may be given again."""
        config = (await self.ask(f"STREAM.INFO.{self.name}"))["config"]
        config["metadata"] = {**config["metadata"], LOG: log}
        await self.ask(f"STREAM.UPDATE.{self.name}", config)

    async def sequence_since(self, subject: str, at: float) -> int:
        """The sequence of the first message since a moment, 0 if there is none."""
        # The broker counts nanoseconds: as a float it may be a little later than that message.
        start = datetime.fromtimestamp(at - 0.001, UTC).isoformat().replace("+00:00", "Z")
        wanted = {"start_time": start, "next_by_subj": f"{self.name}.{subject}"}
        found = await self._request(f"$JS.API.DIRECT.GET.{self.name}", wanted)
        return int((found.headers or {}).get("Nats-Sequence", "0"))

    async def ask(self, what: str, wanted: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask JetStream. Raises `Refusing` and `Gone`."""
        found: dict[str, Any] = json.loads((await self._request(f"$JS.API.{what}", wanted or {})).data)
        if "error" in found:
            raise Refusing(found["error"])
        return found

    async def _request(self, subject: str, wanted: Mapping[str, Any]) -> Msg:
        try:
            return await self.client.request(subject, json.dumps(wanted).encode(), timeout=ASK_S)
        except NoRespondersError:
            raise NoJetStream from None
        except (OSError, Error, TimeoutError) as error:
            raise Gone(self._why or _plain(error)) from None

    # -- publishing

    async def publish(
        self,
        subject: str,
        body: bytes,
        headers: Mapping[str, str],
        expected: int | None,
        answered: Callable[[Published], None],
    ) -> None:
        """As `lanchatd.broker.stream.Stream.publish`."""
        self._number += 1
        headers = dict(headers)
        if expected is not None:
            headers["Nats-Expected-Last-Subject-Sequence"] = str(expected)
        until = asyncio.get_running_loop().time() + STORE_S
        self._waiting[self._number] = until, answered
        reply = f"{self._inbox}.{self._number}"
        try:
            await self.client.publish(f"{self.name}.{subject}", body, reply, headers or None)
        except (OSError, Error) as error:
            if (waited := self._waiting.pop(self._number, None)) is not None:
                waited[1](Published(Fate.FAILED, _plain(error)))

    def look_for_late(self) -> None:
        """Give up waiting for what was not answered in time."""
        now = asyncio.get_running_loop().time()
        late = [number for number, (until, _) in self._waiting.items() if until <= now]
        for number in late:
            _, answered = self._waiting.pop(number)
            answered(Published(Fate.FAILED, "the broker does not answer"))

    async def _stored(self, message: Msg) -> None:
        waited = self._waiting.pop(int(message.subject.rpartition(".")[2]), None)
        if waited is not None:
            waited[1](_fate(message))


def _fate(message: Msg) -> Published:
    if (message.headers or {}).get("Status") == "503":
        return Published(Fate.FAILED, "JetStream is not there")
    error = json.loads(message.data).get("error")
    if error is None:
        return Published(Fate.STORED)
    if error.get("err_code") in _CONFLICTS:
        return Published(Fate.CONFLICT)
    return Published(Fate.FAILED, str(error.get("description", "the broker fails")))


def _plain(error: Exception) -> str:
    """What went wrong, as it ends a sentence."""
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if isinstance(error, ConnectionError) and error.errno:  # asyncio has put the address into its text
        return os.strerror(error.errno)
    if isinstance(error, socket.gaierror):
        return "there is no such host"
    return str(error).removeprefix("nats: ").strip().strip("'") or "it fails"
