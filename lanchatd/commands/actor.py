"""Who a command is run for, and what a command is that can be run."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from lanchatd.chat.answers import Answer
from lanchatd.chat.events import Notice
from lanchatd.chat.posted import Posted
from lanchatd.chat.room import Room
from lanchatd.text.quoting import single_spaced

Does = Callable[..., Posted | Coroutine[Answer[Any], None, None] | None]
"""What a row does. It gets the chat, the actor, and the arguments in order, None for a missing one.

It is done when it returns, or when what it posted is told; a coroutine is run.
"""


class Actor(Protocol):
    """Who a command is run for: a member, or an administrator."""

    @property
    def nick(self) -> str:
        """Who did it, as others are told."""
        ...

    @property
    def address(self) -> str | None:
        """From which IP address, None on a UNIX socket."""
        ...

    @property
    def operator(self) -> bool:
        """Whether it may moderate."""
        ...

    @property
    def sign(self) -> str:
        """What its commands begin with when they are typed."""
        ...

    def tell(self, *items: Notice) -> None:
        """Answer."""
        ...


def topic_of(room: Room) -> Notice:
    """What a room is about, for who asks."""
    return Notice(
        (
            f"The topic is: {single_spaced(room.topic.text)}"
            if room.topic.text
            else f"{room.name} has no topic.",
        )
    )
