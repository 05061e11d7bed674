"""Moderating: who is sent away, kept out or silenced, who may do that, and what was kept of it."""

from __future__ import annotations

import ipaddress
from functools import partial

from lanchatd.chat.accounts import changes
from lanchatd.chat.answers import Answer
from lanchatd.chat.bans_and_mutes import Ban, Target
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Kind, Reason
from lanchatd.chat.user import Session, User
from lanchatd.text.names import Name
from lanchatd.text.quoting import with_quote


def kick(user: User, by: str, reason: str) -> None:
    """Close all connections of a user; the nick is free at once, whatever the sockets do."""
    for session in user.sessions:
        _dismiss(session, "kicked", by, reason)


def ban(chat: Chat, target: Target, ban: Ban) -> Answer[None]:
    """Keep a nick, an address or a network out, and close whom it holds for."""
    chat.moderation.refuse_full(chat.moderation.bans, "bans")
    chat.moderation.bans.add(target, ban)
    for session in chat.sessions():
        if _is_on(target, session):
            _dismiss(session, "banned", ban.by, ban.reason)
    return chat.moderation.changed()


def mute(chat: Chat, name: Name, until: float | None) -> Answer[None]:
    """Let a nick only read; None is for good."""
    chat.moderation.refuse_full(chat.moderation.mutes, "mutes")
    chat.moderation.mutes.add(name, until)
    return chat.moderation.changed()


def make_operator(chat: Chat, name: Name) -> Answer[None]:
    """Let whoever has this nick moderate."""
    chat.moderation.refuse_full(chat.moderation.operators, "operators")
    chat.moderation.operators[name.key] = name.shown
    know_the_operators(chat)
    return chat.moderation.changed()


def unmake_operator(chat: Chat, name: Name) -> Answer[None]:
    """Let whoever has this nick not moderate any more."""
    del chat.moderation.operators[name.key]
    know_the_operators(chat)
    return chat.moderation.changed()


def load(chat: Chat, document: bytes) -> None:
    """Take bans, mutes and operators from what was kept. Raises ValueError, and changes nothing then."""
    chat.moderation.load(document)
    accounts_known(chat)
    _close_the_banned(chat)


def accounts_known(chat: Chat) -> None:
    """The accounts were loaded, or what was moderated: one goes by the other.

    What is on a nick that an account had before is on the one that it has now, and an operator's nick
    that is nobody's is held.
    """
    for held in chat.accounts.all_held():
        account = None if held.account is None else chat.accounts.by_number.get(held.account)
        if account is not None:
            chat.moderation.follow(held.name.key, account.name)
    operators = [Name(shown, key) for key, shown in chat.moderation.operators.items()]
    if changes.held(chat.accounts, operators).put:
        chat.accounts.propose(partial(changes.held, chat.accounts, operators))
    know_the_operators(chat)


def _close_the_banned(chat: Chat) -> None:
    bans, now = chat.moderation.bans, chat.now()
    for session in chat.sessions():
        ban = bans.on_nick(session.user.name.key, now) or bans.on_address(session.address, now)
        if ban is not None:
            _dismiss(session, "banned", ban.by, ban.reason)


def know_the_operators(chat: Chat) -> None:
    """Who may moderate is another, or others are here."""
    for user in chat.users.values():
        know_whether_operator(chat, user)
    chat.lists.changed()


def know_whether_operator(chat: Chat, user: User) -> None:
    """A user may moderate, or no more; IRC clients in its rooms are told."""
    was, user.operator = user.operator, chat.is_operator(user)
    if user.operator != was:
        for room in chat.rooms_with(user):
            room.presence(user, Kind.OPERATOR if user.operator else Kind.NO_OPERATOR)


def _is_on(target: Target, session: Session) -> bool:
    if isinstance(target, str):
        return target == session.user.name.key
    return session.address is not None and ipaddress.ip_address(session.address) in target


def _dismiss(session: Session, code: str, by: str, reason: str) -> None:
    why = Reason(f"{code} by {by}", reason)
    session.connection.dismiss(code, f"You were {with_quote(why.words, why.text)}.", why)
