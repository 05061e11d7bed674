"""How moments and spans are written."""

from __future__ import annotations

import time

import pytest

from lanchatd.text.times import from_iso, full_time, iso_time, moment_from, near_time, span

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
    "text", ["0001-01-01T00:00+01:00", "9999-12-31T23:00-01:00", "9999-12-31T23:59:59.999999Z"]
)
def test_what_could_not_be_written_is_not_read(text: str) -> None:
    """Years have four digits; the last one is rounded up."""
    with pytest.raises(ValueError, match="out of range"):
        from_iso(text)


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


def at(iso: str) -> float:
    return from_iso(iso)


@pytest.mark.parametrize(
    ("typed", "iso"),
    [
        ("14:03", "2026-11-22T14:03Z"),
        ("9:05", "2026-11-22T09:05Z"),
        ("14:03:11", "2026-11-22T14:03:11Z"),
        ("14:04", "2026-11-21T14:04Z"),
        ("13:00-01:00", "2026-11-22T14:00Z"),
        ("2026-11-21", "2026-11-21T00:00Z"),
        ("2026-11-21 9:05", "2026-11-21T09:05Z"),
        ("2026-11-21T09:05:01.5+0100", "2026-11-21T08:05:01.500Z"),
        ("2027-01-01 10:00", "2027-01-01T10:00Z"),
        (ISO, ISO),
    ],
)
def test_what_a_person_types_is_a_moment_of_the_past(typed: str, iso: str) -> None:
    """A time of day is the last one that there was."""
    assert moment_from(typed, AT) == at(iso)


@pytest.mark.parametrize(
    "typed",
    [
        "2026", "14", "1403", "14.03", "2026-11", "20261122", "2026-W47-7", "2026-11-22T", "2026-11-22 14",
        "2026-11-22 1403", "14:3", "114:03", "24:00", "14:60", "2026-13-01", "14:03+25:00", "noon", "", " ",
        "١٤:٠٣", "14:03:11:5", "2026-11-22-14:03",
    ],
)  # fmt: skip
def test_what_only_resembles_a_time_is_refused(typed: str) -> None:
    """A year, a month or a number is not taken for some time of day."""
    with pytest.raises(ValueError, match=r"."):
        moment_from(typed, AT)


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where clocks go from 02:00 back to 01:00 on 2026-11-01, and from 02:00 on to 03:00 on 2026-03-08."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()


@pytest.mark.usefixtures("new_york")
def test_what_comes_twice_in_autumn_is_told_apart() -> None:
    """By how far it is from UTC; the hours around it are as ever."""
    now = at("2026-11-01T07:00Z")
    assert [near_time(at(f"2026-11-01T{utc}Z"), now) for utc in ("04:59", "05:30", "06:30", "07:00")] == [
        "00:59", "01:30-04:00", "01:30-05:00", "02:00",
    ]  # fmt: skip
    assert full_time(at("2026-11-01T06:30:07Z")) == "2026-11-01 01:30:07-05:00"


@pytest.mark.usefixtures("new_york")
@pytest.mark.parametrize(
    ("typed", "now", "iso"),
    [
        ("01:30", "07:00", "2026-11-01T06:30Z"),
        ("01:45", "07:00", "2026-11-01T06:45Z"),
        ("01:45", "06:30", "2026-11-01T05:45Z"),
        ("01:30-04:00", "07:00", "2026-11-01T05:30Z"),
        ("2026-11-01 01:30", "07:00", "2026-11-01T06:30Z"),
        ("2026-11-01 01:45", "06:30", "2026-11-01T05:45Z"),
        ("2026-11-01 01:45-05:00", "07:00", "2026-11-01T06:45Z"),
        ("2026-11-01", "07:00", "2026-11-01T04:00Z"),
    ],
)
def test_a_time_that_comes_twice_is_the_last_time_that_it_was_so(typed: str, now: str, iso: str) -> None:
    """Unless it says which one, as it is shown."""
    assert moment_from(typed, at(f"2026-11-01T{now}Z")) == at(iso)


@pytest.mark.usefixtures("new_york")
def test_a_time_that_was_left_out_in_spring_is_that_of_the_day_before() -> None:
    """It was never 02:30 on that day."""
    assert moment_from("02:30", at("2026-03-08T12:00Z")) == at("2026-03-07T07:30Z")
    assert moment_from("02:30", at("2026-03-09T05:00Z")) == at("2026-03-07T07:30Z")
    assert moment_from("2026-03-08 02:30", at("2026-03-09T05:00Z")) == at("2026-03-08T07:30Z")
