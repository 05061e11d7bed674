"""Lines sent again: a line with a ref that was asked before is answered, not done again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b

from lanchatd.chat.events import Item, Ok
from lanchatd.limits import Limits

Answer = Callable[[Item], None]


def digest(nick_key: str, device: str, ref: str, room: str, line: str) -> str:
    """What a line with a ref is known by. It keeps neither what was said nor its length.

    Two devices that count their refs from 1 don't answer for each other; a device without a name is "".
    ``room`` is as the program named it, "" if it did not.
    """
    parts = (nick_key, device, ref, room, line)
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


@dataclass(slots=True)
class _Asked:
    at: float
    answer: Ok | None = None
    waiting: list[Answer] = field(default_factory=list)
    elsewhere: int = 0


class Refs:
    """The refs of the last minutes, with their answers.

    A line that was refused is tried again: nothing had happened, and the reason may have passed. A ref counts
    for its nick and for the same line in the same room only: a program that starts again and counts its refs
    from 1 anew is heard. Times are seconds of any clock that only goes forward.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._asked: dict[str, _Asked] = {}  # by their digests, in the order of asking

    def __len__(self) -> int:
        return len(self._asked)

    def __contains__(self, key: str) -> bool:
        return key in self._asked

    def ask(self, key: str, ref: str, now: float, answer: Answer) -> Answer | None:
        """Ask by the `digest` of a line: give the first answer again, once there is one, and return None.

        If the line is new, return what is to be called with its answer.
        """
        while (oldest := self._oldest_done()) and now - oldest.at >= self._limits.ref_memory_s:
            self._forget_oldest()
        asked = self._asked.get(key)
        if asked is None:
            while len(self._asked) >= self._limits.max_refs and self._oldest_done():
                self._forget_oldest()
            asked = self._asked[key] = _Asked(now)
            asked.waiting.append(answer)
            return lambda item: self._answered(key, asked, item)
        if asked.answer is None:
            asked.waiting.append(answer)
        else:
            answer(Ok(ref, asked.answer.id))
        return None

    def restore(self, key: str, id_: int, asked_at: float) -> None:
        """A line that was done before the daemon started, or by another daemon of the chat.

        It is known by its ``key``, and has a place in the log, or 0 if it is not talk. The oldest first.
        """
        asked = self._asked.get(key)
        if asked is None:
            while len(self._asked) >= self._limits.max_refs and self._oldest_done():
                self._forget_oldest()
            self._asked[key] = _Asked(asked_at, Ok("", id_))
        else:
            asked.elsewhere = id_

    def elsewhere(self, key: str) -> int:
        """The place of a line that is on its way here, if another daemon has done it meanwhile; else 0."""
        asked = self._asked.get(key)
        return 0 if asked is None else asked.elsewhere

    def _answered(self, key: str, asked: _Asked, item: Item) -> None:
        if isinstance(item, Ok):
            asked.answer = item
        else:
            del self._asked[key]
        waiting, asked.waiting = asked.waiting, []
        for answer in waiting:
            answer(item)

    def _oldest_done(self) -> _Asked | None:
        """The oldest one; None while that is not done: it may take long, and is done once all the same."""
        oldest = next(iter(self._asked.values()), None)
        return None if oldest is None or oldest.answer is None else oldest

    def _forget_oldest(self) -> None:
        del self._asked[next(iter(self._asked))]
