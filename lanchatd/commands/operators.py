"""What operators type in a room, and administrators at the console: who may come in, and who may talk."""

from __future__ import annotations

import ipaddress

from lanchatd.chat import moderating
from lanchatd.chat.bans_and_mutes import LONGEST_REASON, Ban, Target, target_from
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Notice
from lanchatd.commands.actor import Actor, Does
from lanchatd.commands.parsing import LONGEST_HISTORY
from lanchatd.text import names
from lanchatd.text.quoting import with_quote
from lanchatd.text.refused import Refused

REASON_SHOWN = 80  # characters, of the reason of a ban in a list


def _kick(chat: Chat, actor: Actor, nick: str, reason: str | None) -> None:
    kicked = chat.user_named(nick)
    moderating.kick(kicked, actor.nick, reason or "")
    actor.tell(Notice((f"{kicked.nick} was kicked.",)))


async def _ban(chat: Chat, actor: Actor, target: str, minutes: int | None, reason: str | None) -> None:
    found, shown = target_from(target)
    _refuse_oneself(chat, actor, found, shown)
    ban = Ban(shown, _end(chat, minutes), actor.nick, (reason or "")[:LONGEST_REASON])
    await moderating.ban(chat, found, ban)
    actor.tell(Notice((f"{_ban_shown(chat, ban)}.",)))


async def _unban(chat: Chat, actor: Actor, target: str) -> None:
    found, shown = target_from(target)
    if not chat.moderation.bans.remove(found, chat.now()):
        raise Refused("not_banned", f"There is no ban on {shown}. {actor.sign}bans lists what there is.")
    await chat.moderation.changed()
    actor.tell(Notice((f"{shown} is not banned any more.",)))


def _bans(chat: Chat, actor: Actor) -> None:
    now = chat.now()
    lines = [_ban_shown(chat, ban) for ban in chat.moderation.bans.all(now)]
    mutes = chat.moderation.mutes.all(now)
    lines += [f"{mute.shown} is muted{chat.until_shown(mute.until)}" for mute in mutes]
    shown = lines[:LONGEST_HISTORY]
    if len(lines) > len(shown):
        shown.append(f"and {len(lines) - len(shown):,} others")
    actor.tell(Notice(tuple(shown) or ("Nobody is banned or muted.",)))


async def _mute(chat: Chat, actor: Actor, nick: str, minutes: int | None) -> None:
    muted, until = chat.user_named(nick), _end(chat, minutes)
    text = chat.until_shown(until)
    kept = moderating.mute(chat, muted.name, until)
    muted.tell(Notice((f"You are muted{text}.",)))
    await kept
    actor.tell(Notice((f"{muted.nick} is muted{text}.",)))


async def _unmute(chat: Chat, actor: Actor, nick: str) -> None:
    name = names.nick(nick)
    muted = chat.users.get(name.key)
    key = name.key if muted is None else chat.muted_as(muted)
    if key is None or not chat.moderation.mutes.remove(key, chat.now()):
        raise Refused("not_muted", f"{name.shown} is not muted.")
    if muted is not None:
        muted.tell(Notice(("You may talk again.",)))
    await chat.moderation.changed()
    actor.tell(Notice((f"{name.shown} may talk again.",)))


def _refuse_oneself(chat: Chat, actor: Actor, target: Target, shown: str) -> None:
    """A slip of the network's length must not close the door behind the one who can open it again."""
    if isinstance(target, str):
        if target == names.key_of(actor.nick):
            raise Refused("yourself", "You can't ban yourself.")
    elif actor.address is not None and ipaddress.ip_address(actor.address) in target:
        raise Refused("yourself", f"Your own address, {actor.address}, is in {shown}.")


def _end(chat: Chat, minutes: int | None) -> float | None:
    return None if minutes is None else chat.now() + 60 * minutes


def _ban_shown(chat: Chat, ban: Ban) -> str:
    banned = f"{ban.shown} is banned{chat.until_shown(ban.until)} by {ban.by}"
    return with_quote(banned, ban.reason[:REASON_SHOWN])


DOES: dict[str, Does] = {
    "kick": _kick,
    "ban": _ban,
    "unban": _unban,
    "mute": _mute,
    "unmute": _unmute,
    "bans": _bans,
}
"""What each row of `rows.MODERATING` and `rows.BANS` do, by their names."""
