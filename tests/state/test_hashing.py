"""Passwords as they are kept."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from lanchatd.chat.answers import Answer
from lanchatd.state import hashing
from lanchatd.state.hashing import MOST_WAITING, PasswordHashing
from lanchatd.text.refused import Refused
from tests.disk import HeldWorker


class Work:
    """A thread that does at once what it is asked, and answers when the clock goes on."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.started: list[str] = []
        self.passwords = PasswordHashing(self._new_worker)

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
    kept, again = (
        work.done(work.passwords.hash("correct horse")),
        work.done(work.passwords.hash("correct horse")),
    )
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert kept != again
    assert work.done(work.passwords.verify("correct horse", kept)) is True
    assert work.done(work.passwords.verify("correct hors\u00e9", kept)) is False
    assert work.done(work.passwords.verify("correct horse", "rubbish")) is False
    assert work.started == ["passwords"]


def test_one_that_was_made_otherwise_is_outdated(work: Work) -> None:
    """It is known, and hashed anew."""
    assert not work.passwords.is_outdated(work.done(work.passwords.hash("correct horse")))
    assert work.passwords.is_outdated("$argon2id$v=19$m=19456,t=1,p=1$c2FsdHNhbHQ$aGFzaA")


def test_so_many_wait(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next one is refused, until one is done."""
    monkeypatch.setattr(hashing, "_verify", lambda password, hashed: True)
    waiting = [work.passwords.verify("x", "y") for _ in range(MOST_WAITING)]
    with pytest.raises(Refused, match="Too many passwords") as refused:
        work.passwords.hash("x")
    assert refused.value.code == "busy"
    assert work.done(waiting[0])
    assert work.done(work.passwords.verify("x", "y"))


def test_without_memory_nobody_is_let_in(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are told so; a mistake of ours is raised."""

    def fails(password: str, hashed: str) -> bool:
        raise MemoryError if password == "x" else ZeroDivisionError

    monkeypatch.setattr(hashing, "_verify", fails)
    with pytest.raises(Refused, match="There is no memory"):
        work.done(work.passwords.verify("x", "y"))
    answer = work.passwords.verify("z", "y")
    with pytest.raises(ZeroDivisionError):
        work.done(answer)


class Nothing:
    """OpenSSL without Argon2id."""

    def __init__(self, **parameters: Any) -> None:
        raise UnsupportedAlgorithm("")

    @staticmethod
    def verify_phc_encoded(password: bytes, hashed: str) -> None:
        raise UnsupportedAlgorithm("")


def test_without_argon2id_it_is_scrypt_and_hashed_anew_when_there_is(
    work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old OpenSSL is no reason to have no passwords; what is kept says which it is."""
    by_argon2 = work.done(work.passwords.hash("correct horse"))
    with monkeypatch.context() as older, capturedLogs() as logged:
        older.setattr(hashing, "Argon2id", Nothing)
        old = Work()
        kept = old.done(old.passwords.hash("correct horse"))
        assert re.fullmatch(r"\$scrypt\$ln=14,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}", kept)
        assert old.done(old.passwords.verify("correct horse", kept)) is True
        assert old.done(old.passwords.verify("correct hors\u00e9", kept)) is False
        assert not old.passwords.is_outdated(kept)
        with pytest.raises(Refused, match="a key or a code lets you in"):
            old.done(old.passwords.verify("correct horse", by_argon2))
        assert old.started == ["passwords"]
    assert [event["log_format"] for event in logged] == [
        "OpenSSL has no Argon2id here: passwords are hashed by scrypt, and more slowly"
    ]
    assert work.done(work.passwords.verify("correct horse", kept)) is True
    assert work.passwords.is_outdated(kept)


def test_what_scrypt_makes_is_what_others_make(work: Work) -> None:
    """By another implementation of it, in the form of PHC."""
    kept = "$scrypt$ln=14,r=8,p=5$c2FsdHNhbHRzYWx0c2FsdA$"
    salt = b"saltsaltsaltsalt"
    made = Scrypt(salt=salt, length=32, n=2**14, r=8, p=5).derive(b"correct horse")
    kept += base64.b64encode(made).decode().rstrip("=")
    assert work.done(work.passwords.verify("correct horse", kept)) is True
