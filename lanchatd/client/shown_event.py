"""What a line of the server means for whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lanchatd.chat.events import Node
from lanchatd.client.outgoing import TypedLine


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """Something to show.

    ``event`` is what the server sent, cleaned; ``raw`` as it came, for programs only. ``past`` says that
    it happened before this connection. ``answers`` is the line of ours that it is the answer to. ``greets``:
    it is a welcome, and who the server is and what it has to say is not known yet. ``entering``: it tells of
    a room because we came in. ``again``: it was shown before, and asked for. ``new``: so many lines of a room
    were not read yet, of those before we came in.
    """

    event: dict[str, Any]
    raw: dict[str, Any]
    past: bool = False
    answers: TypedLine | None = None
    greets: bool = False
    entering: bool = False
    again: bool = False
    new: int = 0


@dataclass(slots=True)
class Received:
    """What one line of the server means.

    ``refused`` is the code and the sentence if our hello was refused. ``stranger``: this is no lanchat.
    ``nodes`` are the other daemons of the chat, where a line names them. ``not_kept``: a line of ours is to
    be sent again, as nothing can be kept there now; ``warning`` is what is said of that, once.
    """

    items: list[ShownEvent] = field(default_factory=list)
    welcomed: bool = False
    refused: tuple[str, str] | None = None
    stranger: bool = False
    nodes: list[Node] | None = None
    not_kept: bool = False
    warning: str = ""
