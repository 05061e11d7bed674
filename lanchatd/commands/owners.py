"""What members type about the nick that is theirs, or is to be: to register it, its devices, its password."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

from lanchatd.chat import renaming
from lanchatd.chat.accounts import changes, codes, passwords
from lanchatd.chat.accounts.rows import (
    BY_KEY,
    BY_PASSWORD,
    FOR_DEVICE,
    Account,
    Change,
    Code,
    Device,
    Proof,
)
from lanchatd.chat.answers import Answer
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import NO_REASON, Notice
from lanchatd.chat.user import Session
from lanchatd.commands.actor import Does
from lanchatd.commands.speaker import Speaker, wait_for
from lanchatd.text import cleaning, names
from lanchatd.text.refused import Refused
from lanchatd.text.times import near_time

MINUTE_S = 60


async def _register(chat: Chat, speaker: Speaker, typed: str | None) -> None:
    session, user = speaker.session, speaker.user
    if user.account is not None:
        if typed is not None or session.peer.key is None:
            raise _is_yours(user.nick)
        await _add_device(chat, session, user.account)
        return
    key, password = session.peer.key, None
    if typed is not None:
        passwords.refuse_plain(session.peer)
        password = passwords.new_password(typed, user.name)
        if chat.accounts.device(key) is not None:
            key = None  # it proves another account, and here it need not prove anything
    elif key is None:
        raise Refused("no_key", "This connection has no key that proves who you are: /register PASSWORD")
    chat.accounts.refuse_full()
    take_back = chat.way_in.registers(session.address)
    try:
        hashed = None if password is None else await chat.way_in.hashing.hash(password)

        def change() -> Change:
            if not user.is_here or user.account is not None:
                raise Refused("busy", "Too late: you have gone, or it is yours already.")
            now = chat.now()
            account = changes.new_account(chat.accounts, user.name, now, "", hashed)
            if key is None:
                return Change((account,))
            devices = changes.new_devices(chat.accounts, account, session.peer, session.device, now)
            return Change((account, *devices))

        changed = await chat.accounts.propose(change)
    except Refused:
        take_back()
        raise
    (account,) = (row for row in changed.put if isinstance(row, Account))
    by = BY_PASSWORD if key is None else BY_KEY
    renaming.became_owner(chat, user, Proof(account.number, by, key))
    how = "your password" if key is None else f"the key {key} of this device"
    speaker.tell(Notice((f"{account.name.shown} is yours now, by {how}.",)))


def _is_yours(nick: str) -> Refused:
    return Refused(
        "same_nick", f"{nick} is yours already. /password gives it a password, /account shows what is known."
    )


async def _add_device(chat: Chat, session: Session, number: int) -> None:
    """An owner who came in by a password needs none here any more."""
    peer = session.peer

    def added() -> Change:
        account = changes.account_there(chat.accounts, number)
        devices = changes.new_devices(chat.accounts, account, peer, session.device, chat.now())
        if not devices:
            raise _is_yours(account.name.shown)
        return Change(devices)

    await chat.accounts.propose(added)
    session.proof = Proof(number, BY_KEY, peer.key)
    text = f"This device proves from now on that {session.user.nick} is yours, by its key {peer.key}."
    session.tell(Notice((text,)))


async def _code(chat: Chat, speaker: Speaker) -> None:
    code = codes.new_code()
    hash_ = codes.hash_of(code)

    def change(account: Account) -> Change:
        chat.accounts.refuse_codes(account)
        until = chat.now() + chat.limits.code_s
        return Change((Code(str(hash_), FOR_DEVICE, account.number, 1, until, account.name.shown),))

    await _change(chat, speaker, change)
    minutes = chat.limits.code_s / MINUTE_S
    within = f"{minutes:g} minute{'' if minutes == 1 else 's'}"
    text = f"{code}, once, within {within}: on the new device type {speaker.nick} {code}."
    speaker.tell(Notice((text,)))


async def _devices(
    chat: Chat, speaker: Speaker, what: str | None, which: str | None, name: str | None
) -> None:
    if what is None:
        _tell_devices(chat, speaker)
    elif what == "remove" and which is not None and name is None:
        await _remove(chat, speaker, which)
    elif what == "name" and which is not None and name is not None:
        await _name(chat, speaker, which, name)
    else:
        raise Refused("usage", "Usage: /devices, /devices remove N|others or /devices name N NAME")


def _tell_devices(chat: Chat, speaker: Speaker) -> None:
    account, now = _account(chat, speaker), chat.now()
    sessions = sorted(speaker.user.sessions, key=lambda each: each is speaker.session)  # which counts most
    here = {
        each.proof.key: ", this one" if each is speaker.session else ", here"
        for each in sessions
        if each.proof is not None
    }
    lines = [
        f"{place}. {device.name or 'a device'}, {device.kind} {device.print}, "
        f"since {near_time(device.made_at, now)}, seen {near_time(device.seen_at, now)}"
        f"{here.get(device.print, '')}"
        for place, device in enumerate(chat.accounts.devices_of(account), 1)
    ]
    speaker.tell(Notice(tuple(lines) or (f"{account.name.shown} has no device. /code adds one.",)))


async def _remove(chat: Chat, speaker: Speaker, which: str) -> None:
    own = None if speaker.session.proof is None else speaker.session.proof.key

    def going(account: Account) -> Change:
        devices = chat.accounts.devices_of(account)
        gone = [device for device in devices if device.print != own]
        return Change((), tuple(gone if which == "others" else [_device(devices, which)]))

    gone = {row.print for row in (await _change(chat, speaker, going)).gone if isinstance(row, Device)}
    account = _account(chat, speaker)
    told = f"{_counted(len(gone), 'device')} of {account.name.shown} removed."
    speaker.tell(Notice((told, *_way_back(chat, account))))
    text = f"This device was removed from {account.name.shown}."
    others = (session for session in speaker.user.sessions if session is not speaker.session)
    _close(others if which == "others" else _proved_by(speaker, gone), "device_removed", text)


async def _name(chat: Chat, speaker: Speaker, which: str, name: str) -> None:
    cleaning.refuse_unseen(name)
    if len(name) > names.LONGEST_DEVICE_NAME:
        text = f"The name of a device has at most {names.LONGEST_DEVICE_NAME} characters."
        raise Refused("too_long", text)

    def named(account: Account) -> Change:
        return Change((replace(_device(chat.accounts.devices_of(account), which), name=name),))

    await _change(chat, speaker, named)
    speaker.tell(Notice((f"Device {which} is {name} now.",)))


async def _password(chat: Chat, speaker: Speaker, typed: str | None) -> None:
    account, hashed = _account(chat, speaker), None
    had_one = account.password is not None
    if typed is not None:
        passwords.refuse_plain(speaker.session.peer)
        password = passwords.new_password(typed, account.name)
        chat.way_in.new_passwords.count(str(account.number), "Too many new passwords")
        hashed = await chat.way_in.hashing.hash(password)
    await _change(chat, speaker, lambda account: Change((replace(account, password=hashed),)))
    account = _account(chat, speaker)
    others = [
        session
        for session in speaker.user.sessions
        if session is not speaker.session and session.proof is not None and session.proof.by == BY_PASSWORD
    ]
    _close(others, "device_removed", f"The password of {account.name.shown} is another one.")
    which = "no" if hashed is None else "another" if had_one else "a"
    done = f"{account.name.shown} has {which} password now."
    speaker.tell(Notice((done, *_way_back(chat, account))))


async def _account_(chat: Chat, speaker: Speaker, delete: str | None) -> None:
    account, now = _account(chat, speaker), chat.now()
    if delete is None:
        made_by = f" by {account.made_by}" if account.made_by else ""
        has = (
            _counted(len(chat.accounts.devices_of(account)), "device"),
            f"{'no' if account.password is None else 'a'} password",
            _counted(len(chat.accounts.codes_of(account)), "open code"),
            f"here on {_counted(len(speaker.user.sessions), 'connection')}",
        )
        lines = (
            f"{account.name.shown} is yours since {near_time(account.made_at, now)}{made_by}.",
            f"{', '.join(has)}.",
        )
        speaker.tell(Notice(lines))
        return

    def deleted(account: Account) -> Change:
        return changes.removed(chat.accounts, account, chat.now() + chat.limits.held_days * renaming.DAY_S)

    changed = await _change(chat, speaker, deleted)
    (account,) = (row for row in changed.gone if isinstance(row, Account))
    renaming.account_went(chat, account, f"{account.name.shown} is not yours any more.")


def _account(chat: Chat, speaker: Speaker) -> Account:
    if speaker.user.account is None:
        raise Refused("not_yours", f"{speaker.nick} belongs to nobody. /register makes it yours.")
    return changes.account_there(chat.accounts, speaker.user.account)


async def _change(chat: Chat, speaker: Speaker, makes: Callable[[Account], Change]) -> Change:
    """Change something of the account, as it is when its turn comes."""
    _account(chat, speaker)
    return await chat.accounts.propose(lambda: makes(_account(chat, speaker)))


def _device(devices: tuple[Device, ...], which: str) -> Device:
    if not (which.isascii() and which.isdigit() and 1 <= int(which[:6]) <= len(devices)):
        raise Refused("no_device", f"There is no device {which}. /devices lists them by their numbers.")
    return devices[int(which) - 1]


def _way_back(chat: Chat, account: Account) -> tuple[str, ...]:
    """What to say to who has nothing any more to come back with."""
    if account.password is not None or chat.accounts.devices_of(account):
        return ()
    return (f"Nothing proves now that {account.name.shown} is yours: /password or /code before you go.",)


def _proved_by(speaker: Speaker, prints: set[str]) -> list[Session]:
    sessions = speaker.user.sessions
    return [session for session in sessions if session.proof is not None and session.proof.key in prints]


def _close(sessions: Iterable[Session], code: str, text: str) -> None:
    for session in tuple(sessions):
        session.connection.dismiss(code, text, NO_REASON)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _waiting(does: Callable[..., Coroutine[Answer[Any], None, None]]) -> Does:
    return lambda chat, speaker, *arguments: wait_for(speaker, does(chat, speaker, *arguments))


DOES: dict[str, Does] = {
    "register": _waiting(_register),
    "code": _waiting(_code),
    "devices": _waiting(_devices),
    "password": _waiting(_password),
    "account": _waiting(_account_),
}
"""What each row of `rows.OWNING` does, by its name."""
