"""A user takes another nick, or owns it from now on, or no longer."""

from __future__ import annotations

from lanchatd.chat import moderating
from lanchatd.chat.accounts import changes
from lanchatd.chat.accounts.rows import Account, Change, Proof
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import NO_REASON, Event, Kind
from lanchatd.chat.user import Session, User
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

DAY_S = 86_400


async def rename(chat: Chat, user: User, text: str) -> None:
    """A user takes another nick, and so does the account of an owner; at once for a guest."""
    if user.account is None:
        _refuse_changing(chat, user)
    await chat.nodes.claim(_other_name(chat, user, text), user)
    if user.account is not None:
        await _rename_account(chat, user, user.account, text)
    elif user.is_here:
        _refuse_changing(chat, user)
        was_renamed(chat, user, _other_name(chat, user, text))


async def _rename_account(chat: Chat, user: User, number: int, text: str) -> None:
    was: list[Account] = []

    def change() -> Change:
        account = changes.account_there(chat.accounts, number)
        was.append(account)
        held_until = chat.now() + chat.limits.held_days * DAY_S
        return changes.renamed(chat.accounts, account, _other_name(chat, user, text), held_until)

    await chat.accounts.propose(change)
    old = was[-1]  # it may have been made again, on what others had changed
    account = chat.accounts.by_number[number]
    if chat.moderation.follow(old.name.key, account.name):
        chat.moderation.changed()
    here = chat.users.get(old.name.key)
    if here is not None and here.account == number:
        was_renamed(chat, here, account.name)


def _refuse_changing(chat: Chat, user: User) -> None:
    if chat.accounts.is_given(user.name):
        raise Refused("busy", f"{user.nick} is being registered; try again in a moment.")


def _other_name(chat: Chat, user: User, text: str) -> Name:
    account = None if user.account is None else chat.accounts.by_number.get(user.account)
    name = chat.name_for(text, user, account)
    if name == user.name:
        raise Refused("same_nick", f"You are {user.nick} already.")
    return name


def became_owner(chat: Chat, user: User, proof: Proof) -> None:
    """A guest owns the nick from now on."""
    user.account = proof.account
    for session in user.sessions:
        session.proof = proof
        chat.nodes.changed(session)
    moderating.know_the_operators(chat)
    chat.tell_of(user, Kind.OWNED, "", set())


def account_went(chat: Chat, account: Account, text: str) -> None:
    """An account is there no more: who is here is told the text, and nobody moderates by it."""
    if account.name.key in chat.moderation.operators:
        moderating.unmake_operator(chat, account.name)
    here = chat.users.get(account.name.key)
    if here is not None and here.account == account.number:
        for session in here.sessions:
            session.connection.dismiss("account_gone", text, NO_REASON)


def was_renamed(chat: Chat, user: User, name: Name) -> None:
    """A user has another nick, which was free."""
    for other in chat.users.values():
        if other.ignored is not None:
            other.ignored.follow(user)
    del chat.users[user.name.key]
    chat.nicks_seen.remove(user.name)
    chat.users[name.key] = user
    chat.nicks_seen.add(name)
    # A mute holds for the nick, and goes along with who had it.
    user.muted_as = chat.muted_as(user)
    told: set[Session] = set()
    for session in user.sessions:
        if session.told_nick is not None:
            session.told_nick(Event(Kind.RENAMED, "", user.nick, name.shown, chat.now()))
            told.add(session)
    for room in chat.rooms_with(user):
        room.rename(user, name, told)
    user.name = name
    for session in user.sessions:
        chat.nodes.changed(session)
    moderating.know_whether_operator(chat, user)
    if user.account is not None:
        chat.tell_of(user, Kind.OWNED, "", set())
