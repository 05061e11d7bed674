"""Lines sent again: a line with a ref that was asked before is answered, not done again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

from lanchatd.events import Item, Refusal
from lanchatd.limits import Limits

Answer = Callable[[Item], None]


@dataclass(slots=True)
class _Asked:
    at: float
    answer: Item | None = None
    waiting: list[Answer] = field(default_factory=list)


class Refs:
    """The refs of the last minutes, with their answers.

    A line that was refused is tried again: nothing had happened, and the reason may have passed. A ref counts
    for its nick and for the same line only: a program that starts again and counts its refs from 1 anew is
    heard. Times are seconds of any clock that only goes forward.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        # In the order of asking. By a digest, so that what people said is not kept here, nor its length.
        self._asked: dict[bytes, _Asked] = {}

    def __len__(self) -> int:
        return len(self._asked)

    def ask(self, nick_key: str, ref: str, line: str, now: float, answer: Answer) -> Answer | None:
        """Give the first answer again, as soon as there is one, and return None.

        If the line is new, return what is to be called with its answer.
        """
        while self._asked and now - self._oldest().at >= self._limits.ref_memory_s:
            self._forget_oldest()
        key = blake2b("\0".join((nick_key, ref, line)).encode(), digest_size=16).digest()
        asked = self._asked.get(key)
        if asked is None:
            while len(self._asked) >= self._limits.max_refs:
                self._forget_oldest()
            asked = self._asked[key] = _Asked(now)
            asked.waiting.append(answer)
            return lambda item: self._answered(key, asked, item)
        if asked.answer is None:
            asked.waiting.append(answer)
        else:
            answer(asked.answer)
        return None

    def _answered(self, key: bytes, asked: _Asked, item: Item) -> None:
        asked.answer = item
        if isinstance(item, Refusal) and self._asked.get(key) is asked:
            del self._asked[key]
        waiting, asked.waiting = asked.waiting, []
        for answer in waiting:
            answer(item)

    def _oldest(self) -> _Asked:
        return self._asked[next(iter(self._asked))]

    def _forget_oldest(self) -> None:
        del self._asked[next(iter(self._asked))]
