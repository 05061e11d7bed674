"""A client of the IRC door, as the commands know it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from lanchatd.chat.accounts.rows import Proof
from lanchatd.chat.answers import Answer
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Item, Reason
from lanchatd.chat.format import Format, Place
from lanchatd.chat.peer import Peer
from lanchatd.chat.posted import Posted
from lanchatd.chat.user import Session
from lanchatd.doors.irc.capabilities import Capabilities
from lanchatd.limits import Limits
from lanchatd.text.refused import Refused


@dataclass(slots=True)
class Sasl:
    """How far one connection has come: which mechanism it has chosen, and what it has sent for that."""

    mechanism: str = ""
    encoded: str = ""


class Client(Protocol):
    """One connection. ``session`` is None, and ``nick`` and ``user_name`` may be empty, until it is in."""

    chat: Chat
    limits: Limits
    format: Format
    session: Session | None
    capabilities: Capabilities
    peer: Peer
    nick: str
    user_name: str
    real_name: str
    password: str
    """What PASS gave, empty if it was not there."""
    sasl: Sasl
    read_here: dict[str, float]
    """How far it has read what is not kept: by the keys of rooms ids, and by those of nicks times."""
    proof: Proof | None
    """What SASL has proved."""
    renames: AbstractContextManager[None]
    """Within this it is told the nick that it has asked for, or why it can't have it."""

    def send(self, *lines: str) -> None:
        """Lines for this client alone, in which a NUL stands for its nick."""
        ...

    def answer(self, pieces: Iterable[str]) -> None:
        """Answer with a list that may be long, in pieces: lines, each with its end (`lines.in_pieces`).

        A piece in a turn, as the client takes them, and it is asked nothing more until it has all.
        """
        ...

    def later(self, posted: Posted | None = None) -> AbstractContextManager[None]:
        """What is answered within this belongs to the message that is being done, though it comes later.

        If something was ``posted``, it is when that was told, and its echo is the answer.
        """
        ...

    def refuse(self, refused: Refused, command: str, *about: str, number: int | None = None) -> None:
        """Answer that it was refused: a number, and for who has asked for them a standard reply as well.

        ``about`` are the nick, the room or what else it is of; ``number`` is for where the code has another.
        """
        ...

    def fail(self, command: str, code: str, text: str, *about: str) -> None:
        """Answer with a standard reply, or in words for who did not ask for them."""
        ...

    def tell(self, item: Item) -> None:
        """What a command that was typed to the server answers."""
        ...

    def costs(self, lines: int) -> None:
        """What it asks is as much work as so many lines more."""
        ...

    def next_batch(self) -> str:
        """What the next batch is called, as long as it is being told."""
        ...

    def prove(
        self, nick: str, secret: str | None, device: str, proved: Callable[[Answer[Proof | None]], None]
    ) -> None:
        """Ask whether this connection proves to own a nick (`Chat.prove`); nothing is read meanwhile."""
        ...

    def register(self) -> None:
        """It has a nick if NICK, USER and the choice of capabilities are complete, and the nick is free."""
        ...

    def capabilities_changed(self) -> None:
        """It has asked for others."""
        ...

    def place_in(self, room_text: str) -> Place:
        """Where it begins in a room."""
        ...

    def asking(self) -> AbstractContextManager[None]:
        """Within this it asks something that may take a while: it is asked nothing more meanwhile."""
        ...

    def say_goodbye(self) -> None:
        """It quits without having come in."""
        ...

    def quit(self, reason: Reason) -> None:
        """It quits: its rooms are told why."""
        ...


def device_of(irc: Client) -> str:
    """What its device is called, until its owner names it; and by what it is known when it comes again."""
    return f"IRC of {irc.user_name}" if irc.user_name else "IRC"


def session_of(irc: Client) -> Session:
    """Whose messages these are; the rows that call it come after registration."""
    if irc.session is None:
        raise RuntimeError("it is not registered")
    return irc.session
