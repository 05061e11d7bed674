"""A program that tries to get in to a console from many addresses: ``python -m tests.faults.ssh_storm PORT``.

When every address has used up its tries, it says how many there were. Then it goes on trying, from a byte on
its standard input to the next one, and says what became of it; and so on. It says it in JSON, a line each.
"""

from __future__ import annotations

import json
import os
import select
import socket
import sys
import time
from collections import Counter
from contextlib import closing

from tests.rogue import Rogue

ADDRESSES = [f"127.0.1.{number}" for number in range(1, 101)]
TRIES_PER_S = 5_000  # 50 of each of 100 addresses
HELD_S = 0.05


def tries_until_refused(port: int, address: str) -> int:
    """How many keys it could try."""
    tries = 0
    while True:
        with closing(socket.create_connection(("127.0.0.1", port), 20, (address, 0))) as peer:
            client = Rogue(peer)
            client.transport = client  # type: ignore[assignment]
            client.connectionMade()  # type: ignore[no-untyped-call]
            while not client.secure:
                if not client.reads():
                    return tries
            while not any(number == 1 for number, _ in client.got):
                client.logs_in_vainly()
                tries += 1
    return tries


def what_came(peer: socket.socket) -> str:
    try:
        came = peer.recv(4_096)
    except BlockingIOError:
        return "nothing yet"
    except ConnectionError:
        return "reset"
    if b"Too many failed tries" in came:
        return "told"
    return "let in" if came else "closed"


def storm(port: int) -> Counter[str]:
    """Connect, hold the connection for a moment, see what was said."""
    became: Counter[str] = Counter()
    held: list[tuple[float, socket.socket]] = []
    began, made = time.monotonic(), 0
    while not select.select([0], [], [], 0.001)[0]:
        now = time.monotonic()
        for _ in range(min(50, int((now - began) * TRIES_PER_S) - made)):
            peer = socket.socket()
            peer.setblocking(False)
            peer.bind((ADDRESSES[made % len(ADDRESSES)], 0))
            peer.connect_ex(("127.0.0.1", port))
            held.append((now, peer))
            made += 1
        while held and now - held[0][0] > HELD_S:
            _, peer = held.pop(0)
            became[what_came(peer)] += 1
            peer.close()
    became["in all"] = made
    became["milliseconds"] = int((time.monotonic() - began) * 1_000)
    return became


def says(what: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    port = int(sys.argv[1])
    says({address: tries_until_refused(port, address) for address in ADDRESSES})
    while os.read(0, 1):
        says(storm(port))
        os.read(0, 1)


if __name__ == "__main__":
    main()
