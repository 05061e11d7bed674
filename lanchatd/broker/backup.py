"""A copy of all that a chat has in the broker, in a file, and back.

The file is a line of JSON, which says what the stream is, the broker's own snapshot of it, and a hash.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from secrets import token_hex
from typing import Any, BinaryIO

from nats.aio.msg import Msg
from nats.errors import Error

from lanchatd.broker.connected import NOT_SEVERAL, Connected, Gone, Refusing
from lanchatd.broker.stream import LOG

FORMAT = "lanchat.backup"
TODAY = 1

CHUNK_BYTES = 131_072
# The broker reads from its disk, or writes to three of them.
WITHIN_S = 60

LONGEST_HEAD = 65_536  # bytes

_HASH_BYTES = 32
_NAME_TAKEN = 10130


class Unreadable(Exception):
    """The file is no such copy; the text ends a sentence."""


async def back_up(connected: Connected, file: BinaryIO) -> dict[str, Any]:
    """Write a copy; the state of the stream that is in it. Raises `Gone`, `Refusing` and OSError."""
    inbox = connected.client.new_inbox()
    parts: asyncio.Queue[Msg] = asyncio.Queue()
    subscription = await connected.client.subscribe(inbox, cb=parts.put)
    try:
        wanted = {"deliver_subject": inbox, "no_consumers": True, "chunk_size": CHUNK_BYTES, "jsck": True}
        found = await connected.ask(f"STREAM.SNAPSHOT.{connected.name}", wanted)
        head = {FORMAT: TODAY, "config": found["config"], "state": found["state"]}
        first = json.dumps(head).encode() + b"\n"
        hashed = hashlib.sha256(first)
        file.write(first)
        async for part in _all(parts):
            hashed.update(part)
            file.write(part)
        file.write(hashed.digest())
    finally:
        with suppress(Error):
            await subscription.unsubscribe()
    return dict(found["state"])


async def _all(parts: asyncio.Queue[Msg]) -> AsyncIterator[bytes]:
    while True:
        try:
            part = await asyncio.wait_for(parts.get(), WITHIN_S)
        except TimeoutError:
            raise Gone("it does not answer") from None
        if not part.data:  # the last one says whether that was all
            status, *_ = (part.headers or {}).get("Status", "204").split()
            if status != "204":
                raise Gone(f"it ended with status {status}")
            return
        yield part.data
        if part.reply:
            await part.respond(b"")


class Copy:
    """A file that has one."""

    def __init__(self, file: BinaryIO) -> None:
        """Raises `Unreadable` and OSError."""
        self._file = file
        first = file.readline(LONGEST_HEAD)
        try:
            head = json.loads(first)
            version, self.config, self.state = head[FORMAT], dict(head["config"]), dict(head["state"])
        except (ValueError, KeyError, TypeError):
            raise Unreadable("is no copy of what a broker has") from None
        self.name = str(self.config.get("name"))
        if version != TODAY:
            raise Unreadable("was written by a newer lanchatd: use that one")
        self._begin = file.tell()
        self._end = file.seek(0, os.SEEK_END) - _HASH_BYTES
        hashed = hashlib.sha256(first)
        self._each(hashed.update)
        if file.read() != hashed.digest():
            raise Unreadable("is damaged, or is not whole")

    def parts(self, largest: int = CHUNK_BYTES) -> list[int]:
        """How large each part of the snapshot is, in bytes."""
        whole, rest = divmod(max(0, self._end - self._begin), largest)
        return [largest] * whole + [rest] * bool(rest)

    def rewind(self) -> None:
        """To where the snapshot begins."""
        self._file.seek(self._begin)

    def read(self, size: int) -> bytes:
        """So much of the snapshot."""
        return self._file.read(size)

    def _each(self, call: Callable[[bytes], object]) -> None:
        self.rewind()
        for size in self.parts():
            call(self.read(size))


async def restore(connected: Connected, copy: Copy, moved: bool) -> dict[str, Any]:
    """Make the stream of a copy, in a broker that has none of its name. The state of what it has then.

    Its log gets another name, unless nothing was said since the copy was made (``moved``): ids that were
    given since would be given again. Raises `Gone`, `Refusing` and OSError.
    """
    metadata = copy.config["metadata"] | ({} if moved else {LOG: token_hex(4)})
    config = {**copy.config, "metadata": metadata, "num_replicas": 1}
    try:
        wanted = {"config": config, "state": copy.state}
        found = await connected.ask(f"STREAM.RESTORE.{connected.name}", wanted)
    except Refusing as error:
        if error.code == _NAME_TAKEN:
            raise Gone(f"there is a chat named {connected.name} already") from None
        raise
    try:
        copy.rewind()
        for size in copy.parts(min(CHUNK_BYTES, connected.client.max_payload)):
            await _send(connected, found["deliver_subject"], copy.read(size))
        taken = await _send(connected, found["deliver_subject"], b"")
        # A nats-server that is alone would say of three only when it has all that there are none.
        await _spread(connected, {**config, "num_replicas": 3})
    except BaseException:
        # The broker has the name already, and would not take another copy.
        await connected.unmake()
        raise
    return dict(taken["state"])


async def _spread(connected: Connected, config: dict[str, Any]) -> None:
    """To three, if they are."""
    try:
        await connected.ask(f"STREAM.UPDATE.{connected.name}", config)
    except Refusing as error:
        if error.code != NOT_SEVERAL:
            raise


async def _send(connected: Connected, to: str, part: bytes) -> dict[str, Any]:
    try:
        answer = await connected.client.request(to, part, timeout=WITHIN_S)
    except (OSError, Error, TimeoutError):
        raise Gone("it does not answer") from None
    found: dict[str, Any] = json.loads(answer.data) if answer.data else {}
    if "error" in found:
        raise Refusing(found["error"])
    return found
