"""What is told of the times that are shown."""

from __future__ import annotations

import time

import pytest

from lanchatd.client.local_clock import about_clock

NOVEMBER = 1_795_356_191.0  # 2026-11-22 14:03 UTC


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", ("It is 2026-11-22 14:03 here, UTC+00:00.",)),
        ("Europe/Berlin", (
            "It is 2026-11-22 15:03 here, UTC+01:00.",
            "Lines of 2026-10-24 and before have the time that it was here then, UTC+02:00.",
        )),
        ("Australia/Sydney", (
            "It is 2026-11-23 01:03 here, UTC+11:00.",
            "Lines of 2026-10-03 and before have the time that it was here then, UTC+10:00.",
        )),
    ],
)  # fmt: skip
def test_where_old_lines_have_another_offset_it_is_told(
    monkeypatch: pytest.MonkeyPatch, zone: str, told: tuple[str, ...]
) -> None:
    """From the last change of summer time on."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    assert about_clock(NOVEMBER) == told
    monkeypatch.undo()
    time.tzset()
