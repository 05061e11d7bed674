"""How moments and spans of time are written. Moments are seconds since the epoch, spans are seconds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta


def iso_time(at: float) -> str:
    """A moment for programs: UTC in ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> float:
    """The moment that `iso_time` wrote, or a person; without a time zone it is UTC. Raises ValueError.

    So it does for what `iso_time` could not write: in UTC it may be the year 0 or 10000.
    """
    moment = datetime.fromisoformat(text)
    at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    datetime.fromtimestamp(at, UTC)
    return at


# A day, a time of day, or both. Behind a time may stand how far it is from UTC.
_DAY = r"(\d{4}-\d\d-\d\d)"
_TIME = r"(\d?\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)"
_TYPED = re.compile(rf"(?:{_DAY}[T ] *)?{_TIME}|{_DAY}", re.ASCII)

# How many days back a time of day is looked for: in spring there is none of some, and at the date line a
# whole day may be left out.
_DAYS_BACK = 3


def moment_from(text: str, now: float) -> float:
    """A moment of the past that a person typed: ``14:03``, ``2026-11-22``, ``2026-11-22 14:03``, or ISO 8601.

    Local time unless it says otherwise; a time of day is the last one before ``now``. What comes twice in
    autumn is the second, if that is past. Raises ValueError and OverflowError.
    """
    typed = _TYPED.fullmatch(text)
    if typed is None:
        raise ValueError(f"{text!r} is no time")
    day, clock, day_alone = typed.groups()
    if clock is None:
        return datetime.fromisoformat(day_alone).timestamp()
    hour = time.fromisoformat(clock.zfill(len(clock) + (clock[1] == ":")))
    if day is not None:
        moment = datetime.combine(date.fromisoformat(day), hour)
        return max((at for at in _times(moment) if at <= now), default=moment.timestamp())
    today = datetime.fromtimestamp(now).astimezone(hour.tzinfo).date()
    days = (today - timedelta(days=back) for back in range(_DAYS_BACK + 1))
    return max(at for day in days for at in _times(datetime.combine(day, hour)) if at <= now)


def _times(moment: datetime) -> list[float]:
    """When it was this time: twice in an hour of autumn, never in one of spring."""
    if moment.tzinfo is not None:
        return [moment.timestamp()]
    found = {moment.replace(fold=fold).timestamp() for fold in (0, 1)}
    return [at for at in found if _local(at) == moment]


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at)  # noqa: DTZ006  with its time zone it would take four times as long


def near_time(at: float, now: float, clock: str = "%H:%M") -> str:
    """A moment for people, in local time: the time of day, with the date unless that is today.

    ``clock`` is how the time of day is written, as strftime has it.
    """
    today = _local(at).date() == _local(now).date()
    return _shown(at, clock if today else f"%Y-%m-%d {clock}")


def local_day(at: float) -> str:
    """The day of a moment, in local time: ``2026-11-22``."""
    return _local(at).date().isoformat()


def full_time(at: float) -> str:
    """A moment for people who keep it, in local time: the date, and the time with its seconds."""
    return _shown(at, "%Y-%m-%d %H:%M:%S")


def _shown(at: float, form: str) -> str:
    """As `moment_from` reads it: with the offset from UTC where the same time comes twice."""
    moment = _local(at)
    twice = moment.replace(fold=0).timestamp() != moment.replace(fold=1).timestamp()
    return moment.strftime(form) + (moment.astimezone().isoformat()[-6:] if twice else "")


def span(seconds: float) -> str:
    """A span for people, in its two largest units: ``3 d 4 h``, ``2 min 10 s``, ``7 s``."""
    rest = round(seconds)
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {unit}")
        elif parts:
            break
    return " ".join(parts[:2]) or "0 s"
