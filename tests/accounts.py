"""A world in which nicks belong to somebody."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from twisted.internet.error import ConnectionDone

from lanchatd.chat.accounts.rows import Account, Change
from lanchatd.chat.answers import Answer
from lanchatd.chat.peer import Peer
from lanchatd.doors.web.door import WebDoor
from tests.world import Person, World

HOME = "127.0.0.1"
KEY, OTHER_KEY = "sha256:" + "K" * 43, "sha256:" + "O" * 43
PASSWORD = "correct horse"


class Owners(World):
    """With ``held_back`` changes are kept only when the test says so."""

    def __init__(self, web: WebDoor | None = None) -> None:
        super().__init__(web=web)
        self.held_back = False
        self._waiting: list[Callable[[], None]] = []

    def _keep_change(self, change: Change) -> Answer[None]:
        if not self.held_back:
            return super()._keep_change(change)
        answer: Answer[None] = Answer()
        self._waiting.append(partial(self._keep_now, change, answer))
        return answer

    def _keep_now(self, change: Change, answer: Answer[None]) -> None:
        super()._keep_change(change).when_known(lambda kept: kept.hand_on(answer))

    def lets_go(self) -> None:
        """All changes are kept now."""
        self.held_back = False
        for keep in self._waiting:
            keep()
        self._waiting = []
        self.settle()

    def ends(self, person: Person) -> None:
        """Their connection is closed, in the middle of whatever it is."""
        person.wire.lose(ConnectionDone())
        self.settle()

    def lets_hash(self) -> None:
        """All passwords are looked at now."""
        self.hashing.held = False
        self.hashing.lets_go()
        self.settle()

    def peer(
        self, key: str | None = None, address: str | None = "192.0.2.1", encrypted: bool = False
    ) -> Peer:
        """The other end of a connection."""
        return Peer(f"{address}:5000", address, encrypted or key is not None, key)

    def owner(self, nick: str, key: str | None = None) -> Person:
        """Somebody who has registered a nick, by this key or else by the password; and is here."""
        person = self.comes(nick, key=key, peer=HOME)
        person.types("/register" if key else f"/register {PASSWORD}").sees()
        assert person.user.account is not None
        self.passes(4_000)  # that is no reason to register no more
        return person

    def comes(
        self, line: str, key: str | None = None, peer: str | None = "192.0.2.1", encrypted: bool = False
    ) -> Person:
        """Somebody connects, by TLS if there is a key, and types a first line."""
        person = self.connect(peer or HOME)
        person.wire.protocol.peer = self.peer(key, peer, encrypted)
        return person.types(line)

    def comes_json(self, hello: dict[str, Any], key: str | None = None) -> Person:
        """The same for a program."""
        return self.comes(json.dumps(hello), key)

    def change(self, account: Account, **fields: Any) -> None:
        """Something of an account is another."""
        self.accounts.apply(Change((replace(account, **fields),)))
