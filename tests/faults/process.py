"""What the kernel tells of a process: its memory, CPU time and descriptors, and of all sockets' memory."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

MIB = 1_048_576
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def memory_bytes(pid: int) -> int:
    """What it holds now (its resident set)."""
    return _status_bytes(pid, "VmRSS")


def peak_bytes(pid: int) -> int:
    """The most that it held since `forget_peak`."""
    return _status_bytes(pid, "VmHWM")


def forget_peak(pid: int) -> None:
    """Let `peak_bytes` begin anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", "ascii")


def cpu_s(pid: int) -> float:
    """The CPU time that all its threads have used."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def descriptors(pid: int) -> int:
    """How many files it has open."""
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - only counted


def sockets_bytes() -> int:
    """What the kernel holds for all TCP sockets of this machine, both ends of those on loopback."""
    found = re.search(r"^TCP: .* mem (\d+)$", Path("/proc/net/sockstat").read_text("ascii"), re.MULTILINE)
    assert found
    return int(found[1]) * os.sysconf("SC_PAGE_SIZE")


def _status_bytes(pid: int, field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("utf-8"), re.MULTILINE)
    assert found
    return int(found[1]) * 1024


class Most:
    """The most that something ever was, looked at whenever `look` is called."""

    def __init__(self, measure: Callable[[], int]) -> None:
        self.begin = measure()
        self.most = self.begin
        self._measure = measure

    def look(self) -> None:
        self.most = max(self.most, self._measure())

    @property
    def growth(self) -> int:
        return self.most - self.begin

    def look_for(self, seconds: float) -> None:
        """Look again and again for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            time.sleep(0.05)
