"""Those who mean harm, in a process of their own:  python -m tests.faults.intruders WHAT PORT ARGUMENTS

Each function that is named in `ABUSES` is one abuse, with its arguments as a JSON object. It ends by itself,
and what it found is printed as one JSON object in a line.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from tests.faults.encrypted_intruders import new_keys, records
from tests.faults.greedy import at_one_moment, reconnect
from tests.faults.irc_intruders import irc, irc_again
from tests.faults.members import A_HOUSEHOLD, PATIENCE_S, REFUSED, WAITS, connect, open_all_files

Found = dict[str, Any]


class Stream:
    """A connection that is sent the same bytes over and over, as fast as it takes them; answers are read."""

    def __init__(
        self, port: int, index: int, begin: bytes, piece: bytes, most_bytes: int, tls: bool = False
    ) -> None:
        self.socket = connect(port, index, tls=tls)
        self.socket.setblocking(False)
        self.begun_at = time.monotonic()
        self.sent = 0
        self.seconds = 0.0
        self.last = ""
        self._left = memoryview(begin + piece)
        self._piece = memoryview(piece)
        self._most = most_bytes
        self._answers = b""

    def goes_on(self, ready: int) -> bool:
        """Send and read what is possible; whether there may be more."""
        if ready & selectors.EVENT_READ and not self._reads():
            return False
        if ready & selectors.EVENT_WRITE:
            try:
                taken = self.socket.send(self._left)
            except WAITS:
                taken = 0
            except OSError:
                return False
            self.sent += taken
            self._left = self._left[taken:] or self._piece
        return self.sent < self._most

    def ends(self) -> None:
        """Read what is left, and close."""
        self.seconds = time.monotonic() - self.begun_at
        self.socket.close()

    def _reads(self) -> bool:
        try:
            came = self.socket.recv(65_536)
        except WAITS:
            return True
        except OSError:
            return False
        whole, _, self._answers = (self._answers + came).rpartition(b"\n")
        if refused := REFUSED.findall(whole):
            self.last = refused[-1].decode()
        return bool(came)


def pour(
    port: int,
    piece: str,
    times: int = 1,
    connections: int = 1,
    nick: str = "pourer",
    most_bytes: int = 1 << 30,
    seconds: float = PATIENCE_S,
    tls: bool = False,
) -> Found:
    """Members that send a piece, so many times in a row, over and over.

    A piece of one byte is sent in a segment of its own.
    """
    selector = selectors.DefaultSelector()
    streams = [
        Stream(port, 10_000 + index, f"{nick}{index}\n".encode(), piece.encode() * times, most_bytes, tls)
        for index in range(connections)
    ]
    for stream in streams:
        selector.register(stream.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, stream)
    end = time.monotonic() + seconds
    while selector.get_map() and time.monotonic() < end:
        for key, ready in selector.select(0.1):
            if not key.data.goes_on(ready):
                selector.unregister(key.fileobj)
                key.data.ends()
    left = len(selector.get_map())
    for stream in streams:
        stream.socket.close()
    return {
        "bytes": sum(stream.sent for stream in streams),
        "seconds": max(stream.seconds for stream in streams),
        "closed": dict(Counter(stream.last for stream in streams if stream.seconds)),
        "left": left,
    }


def hold(port: int, connections: int, seconds: float, begin: str = "") -> Found:
    """Open so many connections, each with these first bytes, and be silent until they are closed."""
    selector = selectors.DefaultSelector()
    began = time.monotonic()
    last: Counter[str] = Counter()

    def read(timeout_s: float) -> None:
        for key, _ in selector.select(timeout_s):
            try:
                came = key.fileobj.recv(65_536)  # type: ignore[union-attr]
            except OSError:
                came = b""
            if not came:
                selector.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
                last[key.data[0]] += 1
            elif refused := REFUSED.findall(came):
                key.data[0] = refused[-1].decode()

    for index in range(connections):
        peer = connect(port, index)
        peer.sendall(begin.encode())
        peer.setblocking(False)
        selector.register(peer, selectors.EVENT_READ, [""])
        if index % 100 == 0:
            read(0)
    opened_s = time.monotonic() - began
    while selector.get_map() and time.monotonic() < began + seconds:
        read(0.1)
    return {
        "opened_s": opened_s,
        "closed_s": time.monotonic() - began,
        "left": len(selector.get_map()),
        "told": dict(last),
    }


def storm(port: int, held: int, per_s: float, seconds: float) -> Found:
    """Open so many connections a second and hold the newest, from ever other addresses; never read them."""
    peers: deque[socket.socket] = deque()
    began = time.monotonic()
    made = failed = 0
    while (now := time.monotonic()) < began + seconds:
        while made < held + (now - began) * per_s:
            made += 1
            try:
                peers.append(connect(port, made % 10_000))
            except OSError:
                failed += 1
            while len(peers) > held:
                peers.popleft().close()
        time.sleep(0.001)
    for peer in peers:
        peer.close()
    return {"made": made, "failed": failed, "seconds": time.monotonic() - began}


def repeat(
    port: int,
    lines: list[str],
    per_s: float,
    connections: int,
    seconds: float,
    nick: str,
    rooms: bool = False,
    tls: bool = False,
) -> Found:
    """Members of one address that each say the next of these lines so often, within all limits; they read.

    All in the lobby, or each in a room of its own. A "%" is another number in each line.
    """
    selector = selectors.DefaultSelector()
    peers = [connect(port, 10_000 * A_HOUSEHOLD, tls=tls) for _ in range(connections)]
    last: Counter[str] = Counter()
    for number, peer in enumerate(peers):
        room = f"/join #{nick}{number}\n" if rooms else ""
        peer.sendall(f"{nick}{number}\n{room}".encode())
        peer.setblocking(False)
        selector.register(peer, selectors.EVENT_READ)
    began = time.monotonic()
    said = 0
    while (now := time.monotonic()) < began + seconds and selector.get_map():
        while said < (now - began) * per_s * connections:
            line = lines[said // connections % len(lines)].replace("%", f"{said:x}")
            with suppress(OSError):
                peers[said % connections].send(f"{line}\n".encode())
            said += 1
        for key, _ in selector.select(0.01):
            try:
                came = key.fileobj.recv(65_536)  # type: ignore[union-attr]
            except WAITS:
                continue
            except OSError:
                came = b""
            last.update(told.decode() for told in REFUSED.findall(came))
            if not came:
                selector.unregister(key.fileobj)
    for peer in peers:
        peer.close()
    return {"said": said, "told": dict(last)}


def ignored_packets(port: int, connections: int, seconds: float) -> Found:
    """Connect to a console and send packets of SSH that are to be ignored; when it is closed, again."""
    hello, piece = b"SSH-2.0-OpenSSH_9.2\r\n", (b"\0\0\0\x0c\x0a\x02" + bytes(10)) * 2_000
    streams: list[Stream] = []
    end = time.monotonic() + seconds
    made = sent = 0
    while time.monotonic() < end:
        while len(streams) < connections:
            made += 1
            streams.append(Stream(port, 10_000 * A_HOUSEHOLD, b"", piece, 1 << 30))
            with suppress(OSError):
                streams[-1].socket.send(hello)
            time.sleep(0.02)  # or it would be taken for one long line of hello
        for stream in tuple(streams):
            time.sleep(0.0005)
            try:
                came = stream.socket.recv(65_536)
            except BlockingIOError:
                came = b"-"
            except OSError:
                came = b""
            if not (came and stream.goes_on(selectors.EVENT_WRITE)):
                sent += stream.sent
                stream.ends()
                streams.remove(stream)
    for stream in streams:
        sent += stream.sent
        stream.ends()
    return {"made": made, "bytes": sent}


ABUSES: dict[str, Callable[..., Found]] = {
    "pour": pour,
    "hold": hold,
    "storm": storm,
    "repeat": repeat,
    "ignored_packets": ignored_packets,
    "records": records,
    "new_keys": new_keys,
    "at_one_moment": at_one_moment,
    "reconnect": reconnect,
    "irc": irc,
    "irc_again": irc_again,
}

if __name__ == "__main__":
    open_all_files()
    print(json.dumps(ABUSES[sys.argv[1]](int(sys.argv[2]), **json.loads(sys.argv[3]))), flush=True)
