"""A network between a client and the server that does everything that networks do, by a seed.

Each direction of a connection has a fate of its own: it is cut after some bytes, with a reset or without,
or it alone is closed; its bytes come late, or a few at a time.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.daemon import PATIENCE_S

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER with no time: closing throws away what waits, and sends a reset


@dataclass(frozen=True)
class Fate:
    """What happens to one direction of a connection. It is cut when ``bytes_left`` have passed."""

    bytes_left: int
    end: str
    """What a cut is: ``reset``, ``close``, or ``half`` for the end of this direction only."""
    delay_s: float
    chunk_bytes: int


class BadNetwork:
    """Passes on to a port, from ``port``, while it is `bad`. ``ends`` counts how connections ended."""

    def __init__(self, behind: int, seed: int) -> None:
        self.port = 0
        self.bad = False
        self.ends: Counter[str] = Counter()
        self._behind = behind
        self._random = random.Random(seed)  # noqa: S311  a seed, so that a failure comes again
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._pipes: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(PATIENCE_S)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._connected, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        self._loop.run_until_complete(self._cancel_all())
        self._loop.close()

    async def _cancel_all(self) -> None:
        for _ in range(3):  # what was accepted last gets its pipe, and what was aborted last is closed
            for pipe in self._pipes:
                pipe.cancel()
            await asyncio.sleep(0.05)

    def _fate(self) -> Fate:
        draw = self._random
        return Fate(
            bytes_left=draw.choice(
                (draw.randrange(1, 400), *draw.sample(range(1, 4_000), 3), draw.randrange(1, 20_000))
            ),
            end=draw.choice(("reset", "close", "half")),
            delay_s=draw.choice((0, 0, draw.uniform(0, 0.02))),
            chunk_bytes=draw.choice((1 << 16, 1 << 16, draw.randrange(1, 50))),
        )

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pipes.add(task)
        writers = [writer]
        try:
            if self.bad and self._random.random() < 0.1:
                self._end(writers, "reset")  # before a word is said
                return
            there, back = await asyncio.open_connection("127.0.0.1", self._behind)
            writers.append(back)
            fates = (self._fate(), self._fate())
            await asyncio.gather(
                self._pass_on(reader, back, fates[0], writers),
                self._pass_on(there, writer, fates[1], writers),
            )
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for each in writers:
                each.transport.abort()
            self._pipes.discard(task)

    async def _pass_on(
        self,
        source: asyncio.StreamReader,
        to: asyncio.StreamWriter,
        fate: Fate,
        both: list[asyncio.StreamWriter],
    ) -> None:
        left = fate.bytes_left
        while came := await source.read(fate.chunk_bytes):
            if self.bad:
                await asyncio.sleep(fate.delay_s)
                came = came[:left]
                left -= len(came)
            to.write(came)
            await to.drain()
            if self.bad and left == 0:
                if fate.end != "half":
                    self._end(both, fate.end)
                    return
                self.ends["half"] += 1
                break
        with suppress(OSError, RuntimeError):
            to.write_eof()

    def _end(self, writers: list[asyncio.StreamWriter], how: str) -> None:
        self.ends[how] += 1
        for each in writers:
            sock: socket.socket = each.get_extra_info("socket")
            if how == "reset":
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                each.transport.abort()
            else:
                each.close()


@contextmanager
def bad_network(behind: int, seed: int) -> Iterator[BadNetwork]:
    """Between the block and a port."""
    network = BadNetwork(behind, seed)
    network.start()
    try:
        yield network
    finally:
        network.stop()
