"""A running daemon, as the kernel shows it to its own user and to root."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

PROC = Path("/proc")
_LISTENS = "0A"  # of /proc/net/tcp: tcp_states.h


@dataclass(frozen=True, slots=True)
class Listens:
    """Where it listens."""

    ip: IPv4Address | IPv6Address
    port: int

    def __str__(self) -> str:
        return f"[{self.ip}]:{self.port}" if self.ip.version == 6 else f"{self.ip}:{self.port}"  # noqa: PLR2004


def holder_of(lock: Path) -> int | None:
    """The process that holds the lock of a state directory; None if none does. Raises OSError."""
    inode = lock.stat().st_ino
    for line in (PROC / "locks").read_text("ascii").splitlines():
        if re.search(rf" FLOCK .*:{inode} ", line):
            pid = lock.read_text("ascii", errors="replace").strip()
            return int(pid) if pid.isdigit() else int(line.split()[4])
    return None


def listens(pid: int) -> list[Listens]:
    """Its TCP ports. Raises OSError for whose it is not to see."""
    files = [str(entry.readlink()) for entry in (PROC / str(pid) / "fd").iterdir()]
    own = {file[len("socket:[") : -1] for file in files if file.startswith("socket:[")}
    found: list[Listens] = []
    for kind in ("tcp", "tcp6"):
        try:
            lines = (PROC / str(pid) / "net" / kind).read_text("ascii").splitlines()[1:]
        except FileNotFoundError:  # no IPv6
            continue
        for line in lines:
            _, local, _, state, _, _, _, _, _, inode, *_ = line.split()
            if state == _LISTENS and inode in own:
                address, _, port = local.partition(":")
                found.append(Listens(_address(address), int(port, 16)))
    return sorted(set(found), key=lambda one: one.port)


def _address(text: str) -> IPv4Address | IPv6Address:
    """Of /proc/net/tcp: words of 32 bits, each as the machine has them in memory."""
    words = [bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8)]
    ip = ip_address(b"".join(words))
    return getattr(ip, "ipv4_mapped", None) or ip


def open_files(pid: int) -> tuple[int, int]:
    """How many it has, and may have. Raises OSError."""
    limits = (PROC / str(pid) / "limits").read_text("ascii")
    most = re.search(r"^Max open files\s+(\d+)", limits, re.MULTILINE)
    return len(os.listdir(PROC / str(pid) / "fd")), int(most[1]) if most else 0  # noqa: PTH208


def words(pid: int) -> list[str]:
    """Its command line. Raises OSError."""
    return (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
