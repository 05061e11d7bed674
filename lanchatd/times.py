"""How moments and spans of time are written. Moments are seconds since the epoch, spans are seconds."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta


def iso_time(at: float) -> str:
    """A moment for programs: UTC in ISO 8601, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_iso(text: str) -> float:
    """The moment that `iso_time` wrote, or a person; without a time zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def moment_from(text: str, now: float) -> float:
    """A moment of the past that a person typed: ``14:03``, ``2026-11-22``, ``2026-11-22 14:03``, or ISO 8601.

    Local time unless it says otherwise; a time of day is the last one before ``now``. Raises ValueError.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        day = datetime.fromtimestamp(now).astimezone().date()
        moment = datetime.combine(day, time.fromisoformat(text))
        if moment.timestamp() > now:
            moment -= timedelta(days=1)
    return moment.timestamp()


def near_time(at: float, now: float) -> str:
    """A moment for people, in local time: the time of day, with the date unless that is today."""
    moment, today = (datetime.fromtimestamp(when).astimezone() for when in (at, now))
    return moment.strftime("%H:%M" if moment.date() == today.date() else "%Y-%m-%d %H:%M")


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
