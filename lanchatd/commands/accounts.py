"""What administrators type about nicks that belong to somebody. They give codes, and see no password."""

from __future__ import annotations

from dataclasses import replace

from lanchatd.chat import renaming
from lanchatd.chat.accounts import changes, codes
from lanchatd.chat.accounts.proof import OFF
from lanchatd.chat.accounts.rows import FOR_GUEST, FOR_RETURN, Account, Change, Code, Device, Held, Row
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import NO_REASON, Notice
from lanchatd.commands.actor import Does
from lanchatd.commands.administrators import Administrator
from lanchatd.commands.report import At, Cell, Table
from lanchatd.text import names
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused


def _accounts(chat: Chat, administrator: Administrator, nick: str | None) -> None:
    if nick is not None:
        administrator.tell(_devices(chat, _account(chat, names.nick(nick))))
        return
    columns = "nick", "is", "until", "here", "devices", "password", "made", "seen", "by"
    rows: list[tuple[Cell, ...]] = [
        (
            account.name.shown, "owned", None, _here(chat, account), len(chat.accounts.devices_of(account)),
            account.password is not None, At(account.made_at), At(account.seen_at), account.made_by,
        )
        for account in sorted(chat.accounts, key=lambda account: account.name.key)
    ]  # fmt: skip
    for held in sorted(chat.accounts.all_held(), key=lambda held: held.name.key):
        until = None if held.until is None else At(held.until)
        rows.append((held.name.shown, "held", until, 0, 0, False, None, None, ""))
    administrator.tell(Table("accounts", columns, tuple(rows), "No nick belongs to anybody."))


def _here(chat: Chat, account: Account) -> int:
    user = chat.users.get(account.name.key)
    return 0 if user is None else len(user.sessions)


def _devices(chat: Chat, account: Account) -> Table:
    user = chat.users.get(account.name.key)
    sessions = () if user is None else user.sessions
    here = {session.proof.key for session in sessions if session.proof is not None}
    rows = tuple(
        (device.name, device.kind, device.print, At(device.made_at), At(device.seen_at), device.print in here)
        for device in chat.accounts.devices_of(account)
    )
    has = "a password" if account.password is not None else "no password"
    none = f"{account.name.shown} has no device, and {has}."
    return Table("devices", ("name", "kind", "print", "made", "seen", "here"), rows, none)


async def _account_command(chat: Chat, administrator: Administrator, what: str, nick: str) -> None:
    name = names.nick(nick)
    if what in ("add", "code", "reset"):
        await _give_code(chat, administrator, what, name)
    else:
        await {"hold": _hold, "free": _free, "remove": _remove}[what](chat, administrator, name)


async def _give_code(chat: Chat, administrator: Administrator, what: str, name: Name) -> None:
    code, until = codes.new_code(), chat.now() + chat.limits.code_days * renaming.DAY_S

    def change() -> Change:
        account = chat.accounts.named(name.key)
        if account is not None and what == "add":
            raise Refused("nick_taken", f"{account.name.shown} belongs to somebody already.")
        if account is not None:
            gone = _replaced(chat, account, what == "reset")
            account = replace(account, password=None) if what == "reset" else account
        else:
            held = chat.accounts.held(name.key)
            if what != "add" and held is None:
                raise Refused("no_account", f"{name.shown} belongs to nobody: account add {name.shown}")
            _refuse_here(chat, name)
            account, gone = changes.given(chat.accounts, name, chat.now(), administrator.nick)
        chat.accounts.refuse_codes(None)
        row = Code(str(codes.hash_of(code)), FOR_RETURN, account.number, 1, until, administrator.nick)
        return Change((account, row), gone)

    changed = await chat.accounts.propose(change)
    (account,) = (row for row in changed.put if isinstance(row, Account))
    if what == "reset":
        _close(chat, account, f"The devices and the password of {account.name.shown} were reset.")
    shown = account.name.shown
    days = _counted(int(chat.limits.code_days), "day")
    administrator.tell(Notice((f"{code}, once, within {days}: {shown} comes in by {shown} {code}",)))


def _replaced(chat: Chat, account: Account, whole: bool) -> tuple[Row, ...]:
    """What a new code takes the place of: the one before, or everything that proved the account."""
    if whole:
        return tuple(row for row in chat.accounts.everything_of(account) if isinstance(row, Device | Code))
    return tuple(code for code in chat.accounts.codes_of(account) if code.kind == FOR_RETURN)


async def _hold(chat: Chat, administrator: Administrator, name: Name) -> None:
    def change() -> Change:
        _refuse_here(chat, name)
        chat.accounts.refuse_nick(name)
        return Change((Held(name),))

    await chat.accounts.propose(change)
    administrator.tell(Notice((f"{name.shown} is held: nobody can take it.",)))


async def _free(chat: Chat, administrator: Administrator, name: Name) -> None:
    def change() -> Change:
        held = chat.accounts.held(name.key)
        if held is None:
            raise Refused("not_held", f"{name.shown} is not held. accounts lists what is.")
        if name.key in chat.moderation.operators:
            raise Refused("operator", f"{name.shown} is an operator's: deop {name.shown} first.")
        return Change((), (held,))

    await chat.accounts.propose(change)
    administrator.tell(Notice((f"{name.shown} is anybody's now.",)))


async def _remove(chat: Chat, administrator: Administrator, name: Name) -> None:
    def change() -> Change:
        held_until = chat.now() + chat.limits.held_days * renaming.DAY_S
        return changes.removed(chat.accounts, _account(chat, name), held_until)

    changed = await chat.accounts.propose(change)
    (account,) = (row for row in changed.gone if isinstance(row, Account))
    shown = account.name.shown
    renaming.account_went(
        chat, account, f"{shown} is not yours any more: the account was removed by {administrator.nick}."
    )
    text = f"{shown} belongs to nobody now, and is held for {_counted(int(chat.limits.held_days), 'day')}."
    administrator.tell(Notice((text,)))


async def _invite(chat: Chat, administrator: Administrator, uses: int | None, days: int | None) -> None:
    if chat.way_in.who_registers == OFF:
        raise Refused("registration_closed", "Nobody can register a nick here: --accounts is off.")
    code, many, for_days = codes.new_code(), uses or 1, days or int(chat.limits.code_days)

    def change() -> Change:
        chat.accounts.refuse_codes(None)
        until = chat.now() + for_days * renaming.DAY_S
        return Change((Code(str(codes.hash_of(code)), FOR_GUEST, None, many, until, administrator.nick),))

    await chat.accounts.propose(change)
    often = "once" if many == 1 else f"{many:,} times"
    text = f"{code}, {often}, within {_counted(for_days, 'day')}: who is invited comes in by NICK {code}"
    administrator.tell(Notice((text,)))


def _account(chat: Chat, name: Name) -> Account:
    account = chat.accounts.named(name.key)
    if account is None:
        raise Refused("no_account", f"{name.shown} belongs to nobody. accounts lists what does.")
    return account


def _refuse_here(chat: Chat, name: Name) -> None:
    if name.key in chat.users:
        text = f"{name.shown} is here as a guest: they can /register, or kick {name.shown} first."
        raise Refused("nick_taken", text)


def _close(chat: Chat, account: Account, text: str) -> None:
    user = chat.users.get(account.name.key)
    for session in () if user is None else user.sessions:
        session.connection.dismiss("account_gone", text, NO_REASON)


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


DOES: dict[str, Does] = {"accounts": _accounts, "account": _account_command, "invite": _invite}
"""What each row of `rows.GIVING` does, by its name."""
