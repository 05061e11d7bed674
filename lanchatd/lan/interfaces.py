"""The addresses of this machine, as its interfaces have them.

Found without netlink, which a daemon under systemd may be denied. Of another system than Linux, none.
"""

from __future__ import annotations

import array
import fcntl
import re
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path

# As netdevice(7) has them.
_SIOCGIFCONF, _SIOCGIFNETMASK = 0x8912, 0x891B
_ENTRY = struct.Struct("16sHH4s16x")  # a name, and a socket address of IPv4
MOST_ENTRIES = 1_024  # a machine with a thousand containers has as many bridges at most

# Of if_addr.h: those that a machine takes for a day, for what it asks of others; those on their way out; and
# those of which it is not known yet whether somebody else has them.
_TEMPORARY, _DEPRECATED, _DUPLICATE, _TENTATIVE = 0x01, 0x20, 0x08, 0x40

# What programs for containers and virtual machines make: networks inside of this machine.
_INSIDE = re.compile(
    r"docker\d|br-[0-9a-f]{12}|veth|virbr|vnet|vmnet|vboxnet|lxc|lxd|cni|flannel|cali|podman|incus"
)

# Of no network that there is (RFC 5737): what would be sent there leaves by the default route.
_ELSEWHERE = ("192.0.2.1", 9)


@dataclass(frozen=True, slots=True)
class Own:
    """An address of this machine with its network, on an interface. ``lasting``: it may be told to others."""

    interface: str
    ip: IPv4Interface | IPv6Interface
    lasting: bool = True

    @property
    def inside(self) -> bool:
        """Whether only this machine, or a container on it, can reach it."""
        return self.ip.is_loopback or bool(_INSIDE.match(self.interface))

    def __str__(self) -> str:
        """As one connects to it: that of a link with the interface."""
        scope = f"%{self.interface}" if self.ip.version == 6 and self.ip.is_link_local else ""  # noqa: PLR2004
        return f"{self.ip.ip}{scope}"


def own_addresses() -> list[Own]:
    """All of them, those of IPv4 first."""
    return [*_ipv4(), *_ipv6()]


def told_to_others(own: list[Own]) -> list[Own]:
    """Those by which others reach this machine: that of the default route first, IPv4 before IPv6."""
    default = _of_default_route()
    told = [one for one in own if one.lasting and not one.inside and not one.ip.is_link_local]
    return sorted(told, key=lambda one: (one.ip.version, str(one.ip.ip) != default))


def _of_default_route() -> str:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.connect(_ELSEWHERE)  # nothing is sent
            return str(asking.getsockname()[0])
    except OSError:
        return ""


def _ipv4() -> list[Own]:
    found: list[Own] = []
    entries = array.array("B", bytes(_ENTRY.size * MOST_ENTRIES))
    where, _ = entries.buffer_info()
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            answer = fcntl.ioctl(asking, _SIOCGIFCONF, struct.pack("iP", len(entries), where))
            length = struct.unpack("iP", answer)[0]
            for entry in range(0, length, _ENTRY.size):
                one = entries[entry : entry + _ENTRY.size].tobytes()
                name, _, _, address = _ENTRY.unpack(one)
                try:
                    mask = _ENTRY.unpack(fcntl.ioctl(asking, _SIOCGIFNETMASK, one))[3]
                except OSError:  # it is gone
                    continue
                interface = name.split(b"\0")[0].decode(errors="replace").partition(":")[0]
                ip = IPv4Interface((address, int.from_bytes(mask).bit_count()))
                found.append(Own(interface, ip))
    except OSError:
        return []
    return found


def _ipv6() -> list[Own]:
    try:
        lines = Path("/proc/self/net/if_inet6").read_text("ascii").splitlines()
    except OSError:
        return []
    found: list[Own] = []
    for line in lines:
        address, _, prefix, _, flags, interface = line.split()
        state = int(flags, 16)
        if not state & (_DUPLICATE | _TENTATIVE):
            ip = IPv6Interface((bytes.fromhex(address), int(prefix, 16)))
            found.append(Own(interface, ip, lasting=not state & (_TEMPORARY | _DEPRECATED)))
    return found
