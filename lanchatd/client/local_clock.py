"""What time it is here, and how far from it the times of old lines are."""

from __future__ import annotations

from datetime import datetime, timedelta

# How far back it is looked for another offset: the last change of summer time is within it.
_DAYS_BACK = 366


def about_clock(now: float) -> tuple[str, ...]:
    """What is to be known of the times that are shown."""
    here = datetime.fromtimestamp(now).astimezone()
    told = f"It is {here:%Y-%m-%d %H:%M} here, {_offset(here)}."
    noon = here.replace(hour=12, minute=0, tzinfo=None)  # clocks are changed at night
    for days in range(1, _DAYS_BACK + 1):
        then = (noon - timedelta(days=days)).astimezone()
        if then.utcoffset() != here.utcoffset():
            old = f"Lines of {then:%Y-%m-%d} and before have the time that it was here then, {_offset(then)}."
            return told, old
    return (told,)


def _offset(moment: datetime) -> str:
    return f"UTC{moment.isoformat()[-6:]}"
