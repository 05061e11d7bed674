"""The other nodes, as the rules know them. Implements `lanchatd.chat.nodes.Nodes`."""

from __future__ import annotations

from typing import Any

from lanchatd.broker.direct import Direct
from lanchatd.broker.far_sessions import FarSessions, nodes_of
from lanchatd.broker.people import People
from lanchatd.broker.pulse import Pulse
from lanchatd.broker.shared_accounts import SharedAccounts
from lanchatd.broker.shared_moderation import SharedModeration
from lanchatd.broker.stream import Stream
from lanchatd.chat.accounts.rows import Proof
from lanchatd.chat.answers import Answer, begin
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Node, Nodes, Private, Reason
from lanchatd.chat.format import Format
from lanchatd.chat.room import Room
from lanchatd.chat.user import Session, User
from lanchatd.clock import Clock
from lanchatd.text import names
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused


class SeveralNodes:
    """This node among the others, and what they all keep together."""

    def __init__(self, stream: Stream, clock: Clock) -> None:
        self._about: dict[str, Any] = {}
        self._told: tuple[Node, ...] = ()
        self.people = People(stream, clock, self._about)
        self.direct = Direct(stream, clock, self.people, self._heard)
        self.pulse = Pulse(stream, clock, self.people, self.direct)
        self.moderation = SharedModeration(stream, clock, self.direct)
        self.accounts = SharedAccounts(stream, clock)

    def serve(self, chat: Chat) -> None:
        """Begin with the chat whose people they are, before anything arrives from the stream."""
        self.people.serve(chat, FarSessions(chat, self.direct.tell), self._more_is_known)
        self.direct.serve(chat)
        self.moderation.serve(chat)
        self.accounts.serve(chat)
        self.pulse.begin()

    def advertise(self, here: Node | None) -> None:
        """From now on this is where others join this node, if they do."""
        about = {} if here is None else {"host": here.host, "port": here.port, "key": here.key}
        if about != self._about:
            self._about.clear()
            self._about.update(about)
            self.people.about_changed()

    def end(self) -> None:
        """The daemon ends: its people have left."""
        self.pulse.end()
        self.people.end()

    def _heard(self, node: str) -> None:
        self.pulse.heard(node)

    def _more_is_known(self) -> None:
        self.direct.look_again()
        if (nodes := self.advertised()) == self._told:
            return
        self._told, told = nodes, Nodes(nodes)
        rendered: dict[Format, bytes] = {}
        for session in self.people.sessions:
            if (form := session.format) not in rendered:
                rendered[form] = form.render(told)
            if rendered[form]:
                session.tell_encoded(rendered[form])

    # -- the rules ask

    def advertised(self) -> tuple[Node, ...]:
        every = [self.people.roster.about(node) for node in self.people.others]
        return tuple(Node(about["host"], about["port"], about["key"]) for about in every if about)

    def proved(self, nick: str, proof: Answer[Proof | None]) -> Answer[Proof | None]:
        return begin(self._proved(nick, proof))

    async def _proved(self, nick: str, proves: Answer[Proof | None]) -> Proof | None:
        proof = await proves
        if proof is None:
            await self._wait_for_the_dead(names.nick(nick))
        await self.people.has_nick(nick, proof)
        return proof

    async def _wait_for_the_dead(self, name: Name) -> None:
        """Who comes back, as their node has died, need not wait until it is missed."""
        here = self.people.chat.users.get(name.key)
        for node in () if here is None else nodes_of(here):
            if not await self.direct.is_there(node):
                await self.people.is_gone(node)

    def claim(self, name: Name, user: User) -> Answer[None]:
        return self.people.claim(name, user.account, user.name.key)

    def refuse_unclaimed(self, name: Name) -> None:
        if not self.people.has(name.key):
            raise Refused("busy", f"Too late: {name.shown} is not kept for you any more. Try again.")

    def changed(self, session: Session) -> None:
        if not session.far:
            self.people.changed(session)

    def left(self, session: Session, room: Room, reason: Reason) -> None:
        if not session.far:
            self.people.left(session, room, reason)

    def went(self, session: Session, reason: Reason) -> None:
        if not session.far:
            self.people.went(session, reason)

    def whispered(self, private: Private, session: Session, to: User, key: str) -> None:
        self.direct.whispered(private, session, to, key)

    def closed(self, room: Room, how: str, reason: Reason) -> None:
        self.direct.closed(room, how, reason)
