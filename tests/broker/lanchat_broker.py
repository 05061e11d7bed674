"""``lanchat-broker``, as administrators run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.broker.server import PATIENCE_S

_PROGRAM = "from lanchatd.broker.lanchat_broker import program; program()"


def runs(*arguments: str | Path) -> tuple[int, str]:
    """Its exit code, and what it says."""
    command = [sys.executable, "-c", _PROGRAM, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert ended.returncode == (1 if ended.stderr else 0)
    return ended.returncode, ended.stdout + ended.stderr.removeprefix("lanchat-broker: ")
