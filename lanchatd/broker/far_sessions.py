"""People at other nodes, as this one has them: users and sessions like its own, connected elsewhere.

So who is here, what is told of it, kicks and bans are what they always are. What is said in a room they read
at their own node: here they lag for ever.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

from lanchatd.chat import entering, renaming
from lanchatd.chat.accounts.rows import Proof
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import NO_REASON, Item, Notice, Read, Reason
from lanchatd.chat.peer import Peer
from lanchatd.chat.room import Room
from lanchatd.chat.user import Session, User
from lanchatd.text import names
from lanchatd.text.names import Name

Facts = dict[str, Any]
"""What there is to know of a session, as JSON has it."""

SendTo = Callable[[str, list[Any]], None]
"""Tells another node something: a word, and what belongs to it."""

LOST = Reason("connection lost")

TELL, READ, DISMISS = "tell", "read", "dismiss"


def facts_of(chat: Chat, session: Session) -> Facts:
    """What other nodes are to know of a session."""
    user, peer, proof = session.user, session.peer, session.proof
    return {
        "nick": user.name.shown,
        "key": user.name.key,
        "account": user.account,
        "proof": None if proof is None else [proof.by, proof.key],
        "rooms": [room.name for room in chat.rooms_of(session)],
        "away": session.away,
        "real_name": session.real_name,
        "device": session.device,
        "peer": peer.shown,
        "address": peer.address,
        "encrypted": peer.encrypted,
        "print": peer.key,
    }


class FarSession(Session):
    """One connection at another node, which knows it by a number."""

    __slots__ = ("node", "number")
    far: ClassVar[bool] = True
    node: str
    number: int


class FarFormat:
    """What of all that a session is told directly its own node does not know. Implements `Format`."""

    name = "far"
    like_irc = False

    def render(self, item: Item, now: float | None = None) -> bytes:
        if isinstance(item, Notice):
            return json.dumps([TELL, item.lines, item.code]).encode() + b"\n"
        if isinstance(item, Read):
            return json.dumps([READ, item.room, item.id]).encode() + b"\n"
        return b""


FAR = FarFormat()


class _Way:
    """To a session at another node. Implements `lanchatd.chat.connection.Outbox` and `Connection`."""

    __slots__ = ("_node", "_number", "_send_to")

    waiting = True  # so it is never live
    direct_bytes = 0

    def __init__(self, node: str, number: int, send_to: SendTo) -> None:
        self._node = node
        self._number = number
        self._send_to = send_to

    def send(self, encoded: bytes) -> int:
        raise OSError

    def give(self, encoded: bytes) -> bool:
        return False

    def wait(self, rest: bytes) -> None:
        pass

    def tell(self, encoded: bytes) -> None:
        for line in encoded.splitlines():
            word, *more = json.loads(line)
            self._send_to(self._node, [word, self._number, *more])

    def quit(self, reason: Reason) -> None:
        pass

    def refuse_keeping(self, size: int, now: float) -> None:
        pass

    def is_one_of(self, whose: Hashable) -> None:
        pass

    def asking(self) -> AbstractContextManager[None]:
        return nullcontext()

    def dismiss(self, code: str, to_session: str, reason: Reason) -> None:
        self._send_to(self._node, [DISMISS, self._number, code, to_session, reason.words, reason.text])


class FarSessions:
    """All of them."""

    def __init__(self, chat: Chat, send_to: SendTo) -> None:
        self._chat = chat
        self._send_to = send_to
        self._here: dict[tuple[str, int], FarSession] = {}

    def __len__(self) -> int:
        return len(self._here)

    def seen(self, node: str, number: int, facts: Facts) -> None:
        """A session came, or something of it is another."""
        session = self._here.get((node, number))
        name = Name(facts["nick"], facts["key"])
        if session is not None and session.user.name != name:
            self._is_renamed(session, name)
            session = self._here.get((node, number))
        if session is None:
            session = self._comes(node, number, name, facts)
        self._knows(session, facts)
        self._goes_between_rooms(session, facts)

    def left(self, node: str, number: int, reason: Reason) -> None:
        """A session is gone."""
        session = self._here.pop((node, number), None)
        if session is not None:
            self._chat.leave(session, reason)

    def _comes(self, node: str, number: int, name: Name, facts: Facts) -> FarSession:
        way = _Way(node, number, self._send_to)
        peer = Peer(facts["peer"], facts["address"], facts["encrypted"], facts["print"])
        user = self._user(name, facts["account"])
        session = FarSession(user, FAR, way, way, peer, self._chat.clock.seconds(), facts["device"], True)
        session.node, session.number = node, number
        session.needs_room = False
        session.real_name = facts["real_name"]
        session.away = facts["away"]
        session.proof = _proof(facts)
        self._here[node, number] = session
        self._chat.comes(session)
        return session

    def _user(self, name: Name, account: int | None) -> User:
        here = self._chat.users.get(name.key)
        if here is not None and (account is None or here.account not in (None, account)):
            self._send_away(here)
            here = None
        if here is None:
            here = User(name)
            here.account = account
        return here

    def _send_away(self, user: User) -> None:
        lost_the_nick(user)
        for session in user.sessions:
            if isinstance(session, FarSession):
                self.left(session.node, session.number, LOST)

    def _is_renamed(self, session: FarSession, name: Name) -> None:
        user = session.user
        other = self._chat.users.get(name.key)
        if other is not None and other is not user:
            if other.account is not None and other.account == user.account:
                # Its other sessions have gone ahead.
                self.left(session.node, session.number, NO_REASON)
                return
            self._send_away(other)
        renaming.was_renamed(self._chat, user, name)

    def _knows(self, session: FarSession, facts: Facts) -> None:
        chat, user, account = self._chat, session.user, facts["account"]
        session.proof = _proof(facts)
        if account is not None and user.account is None:
            renaming.became_owner(chat, user, Proof(account, *facts["proof"]))
        if session.real_name != facts["real_name"]:
            chat.know_real_name(session, facts["real_name"])
        if session.away != facts["away"]:
            chat.know_away(session, facts["away"])

    def _goes_between_rooms(self, session: FarSession, facts: Facts) -> None:
        chat = self._chat
        wanted = {name.key: name for name in map(names.room, facts["rooms"])}
        for room in chat.rooms_of(session):
            if room.key not in wanted:
                words, text = facts.get("left", {}).get(room.key, ("", ""))
                entering.take_out(chat, session, room, Reason(words, text))
        for key, name in wanted.items():
            if session.cursor_in(key) is None:
                self._enter(session, chat.registry.there(name))

    def _enter(self, session: FarSession, room: Room) -> None:
        room.enter(session)
        self._chat.registry.was_entered(room)


def _proof(facts: Facts) -> Proof | None:
    proof = facts["proof"]
    return None if proof is None else Proof(facts["account"], *proof)


def lost_the_nick(user: User) -> None:
    """A user has lost the nick to somebody at another node."""
    text = f"{user.nick} was taken by somebody else, while this server could not be reached by the others."
    dismiss_here(user, "nick_taken", text, LOST)


def dismiss_here(user: User, code: str, text: str, reason: Reason) -> None:
    """Close a user's connections to this node; the others close theirs, as they hear the same."""
    for session in user.sessions:
        if not session.far:
            session.connection.dismiss(code, text, reason)


def nodes_of(user: User) -> set[str]:
    """The other nodes where a user has sessions."""
    return {session.node for session in user.sessions if isinstance(session, FarSession)}


def is_renamed_by_account(chat: Chat, number: int, name: Name) -> None:
    """An account has another nick: so has who is here with it."""
    for user in tuple(chat.users.values()):
        if user.account == number and user.name != name:
            renaming.was_renamed(chat, user, name)
