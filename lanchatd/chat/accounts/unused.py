"""What goes by itself: codes that are too late, nicks that were held long enough, accounts nobody uses."""

from __future__ import annotations

from collections.abc import Container

from lanchatd.chat.accounts import changes
from lanchatd.chat.accounts.accounts import Accounts
from lanchatd.chat.accounts.rows import Change, Row
from lanchatd.limits import Limits

DAY_S = 86_400

# Accounts that go in one change: each is a few rows.
STEP = 100


def due(
    accounts: Accounts,
    here: Container[int],
    operators: Container[str],
    limits: Limits,
    now: float,
    believed: float,
) -> Change:
    """What is to go now. Both times are seconds since the epoch.

    By ``now`` codes end; and by what is ``believed``, as it can't be undone, all else: a clock that is wrong
    must not give nicks away. Accounts stay that are ``here``, those of ``operators``, by the keys of their
    nicks, and those that administrators made.
    """
    gone: list[Row] = [code for code in accounts.all_codes() if code.until <= now]
    gone += (held for held in accounts.all_held() if held.until is not None and held.until <= believed)
    put: list[Row] = []
    left = STEP
    for account in accounts:
        used = account.number in here or believed - account.seen_at < limits.account_days * DAY_S
        if used or account.made_by or account.name.key in operators:
            continue
        change = changes.removed(accounts, account, believed + limits.held_days * DAY_S)
        put += change.put
        gone += (row for row in change.gone if row not in gone)
        left -= 1
        if not left:
            break
    return Change(tuple(put), tuple(gone))
