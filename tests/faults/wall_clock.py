"""The wall clock of one process, which a test sets (libfaketime). The one that only goes forward is real."""

from __future__ import annotations

from pathlib import Path

import pytest

_LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)

needs_faketime = pytest.mark.skipif(
    _LIBRARY is None, reason="there is no libfaketime here (apt-get install libfaketime)"
)

DAY_S = 86_400
JUMPS_S = {"an hour back": -3_600, "an hour ahead": 3_600, "ten years ahead": 3_653 * DAY_S}


class WallClock:
    """``environment`` is that of the process whose clock it is."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / "wall_clock"
        self.is_ahead_by(0)
        self.environment = {
            "LD_PRELOAD": str(_LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",  # its name in version 0.9.7 and before
            "NO_FAKE_STAT": "1",
        }

    def is_ahead_by(self, seconds: float) -> None:
        """From now on it shows so many seconds more than the real one."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        new.rename(self._file)
