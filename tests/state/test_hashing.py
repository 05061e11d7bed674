"""Passwords as they are kept."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from lanchatd.chat.answers import Answer
from lanchatd.state import hashing
from lanchatd.state.hashing import MOST_WAITING, Argon2
from lanchatd.text.refused import Refused
from tests.disk import HeldWorker


class Work:
    """A thread that does at once what it is asked, and answers when the clock goes on."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.started: list[str] = []
        self.argon2 = Argon2(self._new_worker)

    def _new_worker(self, name: str) -> HeldWorker:
        self.started.append(name)
        return HeldWorker(self.clock)

    def done(self, answer: Answer[Any]) -> Any:
        """What came of it."""
        self.clock.advance(0)
        return answer.result()


@pytest.fixture
def work() -> Work:
    return Work()


def test_a_password_is_known_again_and_another_is_not(work: Work) -> None:
    """What is kept of it says how it was made, and is another one each time."""
    kept, again = work.done(work.argon2.hash("correct horse")), work.done(work.argon2.hash("correct horse"))
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert kept != again
    assert work.done(work.argon2.verify("correct horse", kept)) is True
    assert work.done(work.argon2.verify("correct hors\u00e9", kept)) is False
    assert work.done(work.argon2.verify("correct horse", "rubbish")) is False
    assert work.started == ["passwords"]


def test_one_that_was_made_otherwise_is_outdated(work: Work) -> None:
    """It is known, and hashed anew."""
    assert not work.argon2.is_outdated(work.done(work.argon2.hash("correct horse")))
    assert work.argon2.is_outdated("$argon2id$v=19$m=19456,t=1,p=1$c2FsdHNhbHQ$aGFzaA")


def test_so_many_wait(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is refused, until one is done."""
    monkeypatch.setattr(hashing, "_verify", lambda password, hashed: True)
    waiting = [work.argon2.verify("x", "y") for _ in range(MOST_WAITING)]
    with pytest.raises(Refused, match="Too many passwords") as refused:
        work.argon2.hash("x")
    assert refused.value.code == "busy"
    assert work.done(waiting[0])
    assert work.done(work.argon2.verify("x", "y"))


def test_without_memory_nobody_is_let_in(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told so; a mistake of ours is raised."""

    def fails(password: str, hashed: str) -> bool:
        raise MemoryError if password == "x" else ZeroDivisionError

    monkeypatch.setattr(hashing, "_verify", fails)
    with pytest.raises(Refused, match="There is no memory"):
        work.done(work.argon2.verify("x", "y"))
    answer = work.argon2.verify("z", "y")
    with pytest.raises(ZeroDivisionError):
        work.done(answer)
