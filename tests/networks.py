"""Machines on a network of their own: network namespaces, each with a cable to one switch."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest


@dataclass(frozen=True)
class Machine:
    """One of them. ``ipv4`` is empty if it has none."""

    namespace: str
    port: str
    """Its end of the cable in the switch."""
    switch: str
    ipv4: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """What a command begins with to run there."""
        return "ip", "netns", "exec", self.namespace

    def runs(self, *command: str) -> str:
        """Run it there; what it says."""
        return subprocess.run([*self.prefix, *command], check=True, capture_output=True, text=True).stdout

    def filters(self, rule: str) -> None:
        """Treat what comes in as nftables does by this rule."""
        if shutil.which("nft") is None:
            pytest.skip("there is no nft here (apt-get install nftables)")
        chain = f"type filter hook input priority 0; {rule}"
        table = f"table inet filter {{\nchain input {{\n{chain}\n}}\n}}\n"
        subprocess.run([*self.prefix, "nft", "-f", "-"], input=table, text=True, check=True)

    def isolate(self) -> None:
        """As a Wi-Fi for guests does: it reaches nobody else who is isolated."""
        _ip("-n", self.switch, "link", "set", self.port, "type", "bridge_slave", "isolated", "on")

    def is_narrow(self, mtu: int) -> None:
        """Its end of the cable in the switch takes no larger packets, and tells nobody."""
        _ip("-n", self.switch, "link", "set", self.port, "mtu", str(mtu))
        # Else the kernel hands on several packets as one, whose size nobody looks at.
        _ip("-n", self.namespace, "link", "set", "eth0", "gso_max_segs", "1")

    def gets(self, address: str) -> None:
        """One more address, as by DHCP."""
        _ip("-n", self.namespace, "address", "add", address, "dev", "eth0")


@contextmanager
def network(count: int, *, ipv4: bool = True) -> Iterator[list[Machine]]:
    """So many machines, until the block ends: 198.18.0.1 and so on (RFC 2544), and IPv6 as every link has it.

    The test is skipped where they can't be made.
    """
    if shutil.which("ip") is None:
        pytest.skip("there is no ip here (apt-get install iproute2)")
    begin = f"lan-{os.getpid()}"
    switch = f"{begin}-switch"
    tried = subprocess.run(["ip", "netns", "add", switch], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no network namespaces here: {tried.stderr.strip()}")
    made = [
        Machine(f"{begin}-{number}", f"p{number}", switch, f"198.18.0.{number}" if ipv4 else "")
        for number in range(1, count + 1)
    ]
    try:
        # One that forwards at once, and all multicast to everybody.
        _ip(
            "-n",
            switch,
            "link",
            "add",
            "bridge",
            "type",
            "bridge",
            "forward_delay",
            "0",
            "mcast_snooping",
            "0",
        )
        _ip("-n", switch, "link", "set", "bridge", "up")
        for machine in made:
            _ip("netns", "add", machine.namespace)
            # Its address is its own at once: nobody else is asked about it.
            machine.runs(
                "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0", "net.ipv6.conf.all.accept_dad=0"
            )
            _ip("-n", machine.namespace, "link", "set", "lo", "up")
            _ip("link", "add", "eth0", "netns", machine.namespace, "type", "veth",
                "peer", "name", machine.port, "netns", switch)  # fmt: skip
            _ip("-n", switch, "link", "set", machine.port, "master", "bridge", "up")
            if machine.ipv4:
                machine.gets(f"{machine.ipv4}/24")
            _ip("-n", machine.namespace, "link", "set", "eth0", "up")
        yield made
    finally:
        for namespace in (switch, *(machine.namespace for machine in made)):
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True, check=False)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
