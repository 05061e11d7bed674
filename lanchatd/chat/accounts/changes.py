"""Changes of what there is now: each is made when its turn comes, or `Refused`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lanchatd.chat.accounts.accounts import Accounts
from lanchatd.chat.accounts.rows import Account, Change, Device, Held, Row
from lanchatd.chat.peer import Peer
from lanchatd.text import names
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused


def account_there(accounts: Accounts, number: int) -> Account:
    """The account with this number, as it is now."""
    account = accounts.by_number.get(number)
    if account is None:
        raise Refused("not_yours", "That account is gone.")
    return account


def new_account(
    accounts: Accounts, name: Name, now: float, made_by: str = "", password: str | None = None
) -> Account:
    """One more account, if the nick can be had."""
    accounts.refuse_full()
    accounts.refuse_nick(name)
    return Account(accounts.next_number(), name, now, now, made_by, password)


def given(accounts: Accounts, name: Name, now: float, by: str) -> tuple[Account, tuple[Row, ...]]:
    """One more account, as an administrator gives it, also of a nick that is held; and what is gone then."""
    held = accounts.held(name.key)
    if held is None:
        return new_account(accounts, name, now, by), ()
    accounts.refuse_full()
    if held.account is not None and (other := accounts.by_number.get(held.account)) is not None:
        text = f"{name.shown} is held for {other.name.shown}, who had it: account free {name.shown}"
        raise Refused("nick_owned", text)
    return Account(accounts.next_number(), held.name, now, now, by), (held,)


def new_devices(
    accounts: Accounts, account: Account, peer: Peer, name: str, now: float
) -> tuple[Device, ...]:
    """The key of a connection as one more device; none if there is no key, or the account has it."""
    if peer.key is None or accounts.device(peer.key) in accounts.devices_of(account):
        return ()
    accounts.refuse_print(peer.key, account)
    return (Device(account.number, peer.key_kind, peer.key, name[: names.LONGEST_DEVICE_NAME], now, now),)


def renamed(accounts: Accounts, account: Account, name: Name, held_until: float) -> Change:
    """An account has another nick, which is free for it; the one before is held for it."""
    if name.key == account.name.key:  # written in another way
        return Change((replace(account, name=name),))
    held = accounts.held(name.key)
    gone = () if held is None else (held,)
    return Change((replace(account, name=name), Held(account.name, held_until, account.number)), gone)


def removed(accounts: Accounts, account: Account, held_until: float) -> Change:
    """An account is gone, with all that goes with it; nobody can take the nick until then."""
    return Change((Held(account.name, held_until),), accounts.everything_of(account))


def held(accounts: Accounts, names: Sequence[Name]) -> Change:
    """Nobody can take these nicks, for good; those that belong to somebody, or are held, stay as they are."""
    free = (name for name in names if accounts.named(name.key) is None and accounts.held(name.key) is None)
    return Change(tuple(map(Held, free)))
