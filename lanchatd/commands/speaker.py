"""Who typed a line, and where: what a command of members is run for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lanchatd.chat.events import Item
from lanchatd.chat.room import Room
from lanchatd.chat.user import Session, User
from lanchatd.commands.rows import MEMBERS


@dataclass(frozen=True, slots=True)
class Speaker:
    """A session, and the room that the line is for. Implements `lanchatd.commands.actor.Actor`."""

    sign: ClassVar[str] = MEMBERS.sign

    session: Session
    room: Room

    @property
    def user(self) -> User:
        """Whose session it is."""
        return self.session.user

    @property
    def nick(self) -> str:
        return self.session.user.nick

    @property
    def address(self) -> str | None:
        return self.session.address

    @property
    def operator(self) -> bool:
        return self.session.user.operator

    def tell(self, *items: Item) -> None:
        self.session.tell(*items)
