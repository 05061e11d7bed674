"""An event on its way: into the log if it is talk, and then to the readers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lanchatd.chat.answers import Answer
from lanchatd.chat.events import Event
from lanchatd.text.refused import Refused


@dataclass(slots=True, eq=False)
class Posted:
    """``ref`` is what `lanchatd.chat.refs` knows its line by, if it was sent with a ref.

    ``told`` is called once: with None after the event was fanned out, or with the refusal if the log could
    not keep it. ``if_refused`` is called in the second case only, for who sees the line itself come back.
    They are no `Answer`, as every line passes here. ``before``: it is in the log already, under the id that
    it has, as it was sent to another daemon of the chat before; it is not told again.
    """

    event: Event
    ref: str | None = None
    told: Callable[[Refused | None], None] | None = None
    if_refused: Callable[[Refused], None] | None = None
    before: bool = False

    def answer(self) -> Answer[None]:
        """When it was told, for who awaits it."""
        answer: Answer[None] = Answer()

        def told(refused: Refused | None) -> None:
            if refused is None:
                answer.settle(None)
            else:
                answer.fail(refused)

        self.told = told
        return answer
