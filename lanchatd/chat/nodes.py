"""What the rules tell and ask the other daemons, where several are one chat (`lanchatd.broker`).

One daemon that is alone has nobody to ask: `ALONE`.
"""

from __future__ import annotations

from typing import Protocol

from lanchatd.chat.accounts.rows import Proof
from lanchatd.chat.answers import Answer
from lanchatd.chat.events import Node, Private, Reason
from lanchatd.chat.room import Room
from lanchatd.chat.user import Session, User
from lanchatd.text.names import Name


class Nodes(Protocol):
    """The other daemons of the chat. What is told of sessions at other nodes is not for them."""

    def advertised(self) -> tuple[Node, ...]:
        """Where one joins those that are there now."""
        ...

    def proved(self, nick: str, proof: Answer[Proof | None]) -> Answer[Proof | None]:
        """``proof`` is what somebody has shown for a nick; it is answered when they have that everywhere."""
        ...

    def claim(self, name: Name, user: User) -> Answer[None]:
        """Have a nick everywhere that a user is about to take; `Refused` if somebody else has it."""
        ...

    def refuse_unclaimed(self, name: Name) -> None:
        """Raises `Refused` if who comes in does not have the nick everywhere."""
        ...

    def changed(self, session: Session) -> None:
        """It came, or is in one more room, or something of it or its user is another."""
        ...

    def left(self, session: Session, room: Room, reason: Reason) -> None:
        """It left one of its rooms, and is here still."""
        ...

    def went(self, session: Session, reason: Reason) -> None:
        """It is gone."""
        ...

    def whispered(self, private: Private, session: Session, to: User, key: str) -> None:
        """A session has sent a private message; to those who are at other nodes nobody has shown it yet.

        ``key`` is what its line is known by if it was sent with a ref: it is shown once, wherever it is sent
        again.
        """
        ...

    def closed(self, room: Room, how: str, reason: Reason) -> None:
        """An administrator has sent everybody out of a room who is at this node."""
        ...


class Alone:
    """There are no others. Implements `Nodes`."""

    def advertised(self) -> tuple[Node, ...]:
        return ()

    def proved(self, nick: str, proof: Answer[Proof | None]) -> Answer[Proof | None]:
        return proof

    def claim(self, name: Name, user: User) -> Answer[None]:
        return _DONE

    def refuse_unclaimed(self, name: Name) -> None:
        pass

    def changed(self, session: Session) -> None:
        pass

    def left(self, session: Session, room: Room, reason: Reason) -> None:
        pass

    def went(self, session: Session, reason: Reason) -> None:
        pass

    def whispered(self, private: Private, session: Session, to: User, key: str) -> None:
        pass

    def closed(self, room: Room, how: str, reason: Reason) -> None:
        pass


_DONE = Answer.of(None)
ALONE = Alone()
