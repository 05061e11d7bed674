"""Where somebody is: into the chat, into rooms, out of them, and from one to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lanchatd import __version__
from lanchatd.chat.accounts.rows import Proof
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Item, Missed, Notice, Parted, Read, Reason, Welcome
from lanchatd.chat.format import Hello, Place
from lanchatd.chat.peer import Peer
from lanchatd.chat.room import Room
from lanchatd.chat.user import Session, User
from lanchatd.text import names
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

LOBBY = Place()


def join(
    chat: Chat,
    hello: Hello,
    peer: Peer,
    make_session: Callable[[User], Session],
    proof: Proof | None = None,
) -> None:
    """Somebody comes in; or an owner who is here, on one more connection.

    ``proof`` is what `Chat.prove` has just answered. ``make_session`` is called when nothing can be refused
    any more.
    """
    if chat.moderation.bans.on_address(peer.address, chat.now()) is not None:
        raise Refused("banned", "Your address is banned.")
    user = _user_for(chat, hello.nick, proof)
    rooms = _rooms_for(chat, hello.places, peer.address or user.name.key)
    chat.nodes.refuse_unclaimed(user.name)
    session = make_session(user)
    session.proof = proof
    chat.comes(session)
    told: list[Item] = []
    for place, room in zip(hello.places, rooms, strict=True):
        told += _enter(chat, session, room, place, motd=() if told else chat.motd)
    session.tell(*told)


def _user_for(chat: Chat, nick: str, proof: Proof | None) -> User:
    """Who comes in: an owner on one more connection is who is here."""
    if proof is None:
        name = chat.name_for(nick)
        chat.way_in.refuse_guest(name)
        return User(name)
    account = chat.accounts.by_number.get(proof.account)
    if account is None:
        raise Refused("not_yours", "That account is gone.")
    name = chat.name_for(nick, account=account)
    if name.key != account.name.key:
        raise Refused("not_yours", f"You have proved to be {account.name.shown}, and not {name.shown}.")
    here = chat.users.get(name.key)
    if here is not None and len(here.sessions) >= (most := chat.limits.max_account_sessions):
        raise Refused("too_many", f"{here.nick} is here on {most:,} connections, which is the limit.")
    if here is None:
        here = User(account.name)
        here.account = account.number
    return here


def enter(chat: Chat, session: Session, room_text: str, place: Place = LOBBY) -> None:
    """A session goes into one more room, or into another one; it is made if there is none.

    ``place`` says where it begins in one more; which room is said before.
    """
    name = names.room(room_text)
    if session.cursor_in(name.key) is not None:
        raise Refused("same_room", f"You are in {chat.rooms[name.key].name} already.")
    if session.several:
        most = chat.limits.max_rooms_per_session
        if len(session.cursors) >= most:
            raise Refused("too_many_rooms", f"You are in {most} rooms, which is the limit.")
        session.tell(*_enter(chat, session, _room_for(chat, name, session), place))
        return
    old = chat.room_of(session)
    old.tell_now()  # who says a line and goes sees it come back, from a log that is in memory
    if not session.cursors:
        return
    new = _room_for(chat, name, session)
    move(chat, session, old, new, Reason(f"went to {new.name}"))


def part(chat: Chat, session: Session, room: Room, reason: Reason) -> None:
    """A session leaves one of its rooms; who is in one at a time goes back to the lobby."""
    if not session.several:
        if room.key == names.LOBBY:
            text = "You are in the lobby, where everybody begins. /quit leaves the chat."
            raise Refused("same_room", text)
        enter(chat, session, names.LOBBY)
        return
    if len(session.cursors) == 1 and session.needs_room:
        raise Refused("last_room", f"{room.name} is the only room that you are in. /quit leaves the chat.")
    room.tell_now()
    if session.cursors:
        take_out(chat, session, room, reason)


def move(chat: Chat, session: Session, old: Room, new: Room, reason: Reason, *first: Item) -> None:
    """A session goes from its only room to another one; the old one is told the reason.

    The session is told what comes ``first``, and then where it is.
    """
    unread = session.cursor.left
    old.leave(session, reason)
    chat.nodes.left(session, old, reason)
    unsent = Notice((f"{unread:,} lines of {old.name} had not been sent to you yet.",))
    session.tell(*first, *((unsent,) if unread else ()), *_enter(chat, session, new))
    chat.registry.was_left(old)


def take_out(chat: Chat, session: Session, room: Room, reason: Reason, *first: Item) -> None:
    """A session goes from one of its rooms, and stays in the others."""
    room.leave(session, reason)
    chat.nodes.left(session, room, reason)
    chat.registry.was_left(room)
    session.tell(*first, Parted(room.name))
    session.catch_up()


def _enter(
    chat: Chat,
    session: Session,
    room: Room,
    place: Place = LOBBY,
    motd: tuple[str, ...] = (),
) -> list[Item]:
    """Put a session into a room. Returns what to tell it when it is in all that it enters.

    Not before: that may find that it reads nothing, and close it.
    """
    known = room.enter(session, place.after, place.log)
    chat.registry.was_entered(room)
    chat.nodes.changed(session)
    where = (session.user.nick, room.name, room.log.name, room.readers.newest, room.topic)
    by = "" if session.proof is None else session.proof.by
    nodes = chat.nodes.advertised()
    welcome = Welcome(*where, server=chat.name, version=__version__, motd=motd, by=by, nodes=nodes)
    told: list[Item] = [welcome]
    if until := chat.read_until(session.user, room):
        told.append(Read(room.name, until))
    if not known:
        told.append(Missed(room.name, room.log.name, None))
    return told


def _rooms_for(chat: Chat, places: Sequence[Place], maker: str) -> list[Room]:
    most = chat.limits.max_rooms_per_session
    if len(places) > most:
        raise Refused("too_many_rooms", f"You may be in {most} rooms, which is the limit.")
    wanted = [names.room(names.LOBBY if place.room is None else place.room) for place in places]
    if len({name.key for name in wanted}) < len(wanted):
        raise Refused("bad_field", '"rooms" names a room twice.')
    return chat.registry.to_enter(wanted, maker)


def _room_for(chat: Chat, name: Name, session: Session) -> Room:
    (room,) = chat.registry.to_enter((name,), session.address or session.user.name.key)
    return room
