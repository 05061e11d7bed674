"""Two hosts on a network of their own, where packets can vanish: namespaces, joined by a veth pair."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")

_CLONE_NEWNET = 0x40000000  # sched.h
SERVER, CLIENT = "198.18.0.1", "198.18.0.2"  # for tests (RFC 2544)


class Hosts:
    """The two hosts, by the names of their namespaces."""

    def __init__(self) -> None:
        self.server, self.client = (f"lanchat-{end}-{os.getpid()}" for end in ("server", "client"))

    def at(self, host: str, call: Callable[[], T]) -> T:
        """Call it there. A socket that it makes stays there."""

        def there() -> T:
            libc = ctypes.CDLL(None, use_errno=True)
            namespace = os.open(Path("/run/netns") / host, os.O_RDONLY)
            try:
                if libc.setns(namespace, _CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            finally:
                os.close(namespace)
            return call()

        with ThreadPoolExecutor(1) as thread:  # a thread that ends there
            return thread.submit(there).result()

    def prefix(self) -> tuple[str, ...]:
        """What a command begins with to run on the server."""
        return "ip", "netns", "exec", self.server

    def cut(self) -> None:
        """From now on the client gets nothing, and nobody is told: the address is not there any more."""
        _ip("-n", self.client, "address", "flush", "dev", "wire")


@contextmanager
def hosts() -> Iterator[Hosts]:
    """Make both, until the block ends. The test is skipped where they can't be made."""
    if shutil.which("ip") is None:
        pytest.skip("there is no ip here (apt-get install iproute2)")
    made = Hosts()
    tried = subprocess.run(["ip", "netns", "add", made.server], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no network namespaces here: {tried.stderr.strip()}")
    try:
        _ip("netns", "add", made.client)
        for host in (made.server, made.client):
            _ip("-n", host, "link", "set", "lo", "up")
        _ip("link", "add", "wire", "netns", made.server, "type", "veth",
            "peer", "name", "wire", "netns", made.client)  # fmt: skip
        ends = ((made.server, SERVER, "02:00:00:00:00:01"), (made.client, CLIENT, "02:00:00:00:00:02"))
        for (host, address, hardware), (_, other, others_hardware) in (ends, ends[::-1]):
            _ip("-n", host, "link", "set", "wire", "address", hardware, "up")
            _ip("-n", host, "address", "add", f"{address}/24", "dev", "wire")
            # Known for good: without this, the server would be told that nobody has the address.
            _ip("-n", host, "neighbour", "replace", other, "lladdr", others_hardware, "dev", "wire")
        yield made
    finally:
        for host in (made.server, made.client):
            subprocess.run(["ip", "netns", "del", host], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
