"""Who typed a line, and where: what a command of members is run for."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, ClassVar

from lanchatd.chat.answers import Answer
from lanchatd.chat.events import Item
from lanchatd.chat.room import Room, in_no_room
from lanchatd.chat.user import Session, User
from lanchatd.commands.all_commands import MEMBERS


async def wait_for(speaker: Speaker, work: Coroutine[Answer[Any], None, None]) -> None:
    """Do something that may take a while; the session is asked nothing more until it is done."""
    with speaker.session.connection.asking():
        await work


@dataclass(frozen=True, slots=True)
class Speaker:
    """A session, and the room that the line is for. Implements `lanchatd.commands.actor.Actor`.

    ``in_room`` is None for who is in none.
    ``key`` is what `lanchatd.chat.refs` knows the line by, if it was sent with a ref.
    """

    sign: ClassVar[str] = MEMBERS.sign

    session: Session
    in_room: Room | None
    key: str = ""

    @property
    def room(self) -> Room:
        """The room that the line is for. Raises `Refused` if it is in none."""
        if self.in_room is None:
            raise in_no_room()
        return self.in_room

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
