"""How moments and spans are written."""

from __future__ import annotations

import pytest

from lanchatd.times import from_iso, iso_time, near_time, span

AT, ISO = 1_795_356_191.123, "2026-11-22T14:03:11.123Z"


@pytest.mark.parametrize(
    ("at", "iso"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (AT, ISO),
        (AT + 0.000_9, ISO),
        (1_795_356_191, "2026-11-22T14:03:11.000Z"),
    ],
)
def test_json_tells_the_time_in_utc_to_the_millisecond(at: float, iso: str) -> None:
    """Cut off, not rounded: nothing happened later than it did."""
    assert iso_time(at) == iso


@pytest.mark.parametrize(
    ("at", "time"), [(0, "00:00"), (AT, "14:03"), (AT - 11.124, "14:02"), (59.9, "00:00")]
)
def test_text_tells_the_hour_and_the_minute(at: float, time: str) -> None:
    """As the clock on the wall."""
    assert near_time(at, at) == time


@pytest.mark.parametrize(
    "text", [ISO, "2026-11-22T14:03:11.123", "2026-11-22 15:03:11.123+01:00", "20261122T140311.123Z"]
)
def test_a_moment_is_read_as_it_was_written(text: str) -> None:
    """Or as a person would write it; in UTC unless that says otherwise."""
    assert from_iso(text) == AT


def test_what_is_no_moment_is_refused() -> None:
    """For whoever reads it to say so."""
    with pytest.raises(ValueError, match="noon"):
        from_iso("noon")


@pytest.mark.parametrize(
    ("after_s", "shown"),
    [(0, "14:03"), (9 * 3_600, "23:03"), (10 * 3_600, "2026-11-23 00:03"), (-15 * 3_600, "2026-11-21 23:03")],
)
def test_people_are_told_the_day_unless_it_is_today(after_s: float, shown: str) -> None:
    """In local time."""
    assert near_time(AT + after_s, AT) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3_600, "1 h"),
        (3_661, "1 h 1 min"),
        (3_601, "1 h"),
        (86_400 * 40 + 3_600 * 3, "40 d 3 h"),
    ],
)
def test_a_span_has_its_two_largest_units(seconds: float, shown: str) -> None:
    """No more is of interest to anybody."""
    assert span(seconds) == shown
