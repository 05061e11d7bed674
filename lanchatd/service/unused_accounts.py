"""Looks every minute for codes, held nicks and accounts that are to go."""

from __future__ import annotations

from typing import Any

from twisted.application.service import Service
from twisted.logger import Logger

from lanchatd.chat.accounts import unused
from lanchatd.chat.accounts.rows import Account, Change
from lanchatd.chat.answers import Answer
from lanchatd.chat.chat import Chat
from lanchatd.clock import Call
from lanchatd.state.trusted_time import BelievedTime

EVERY_S = 60


class UnusedAccounts(Service):
    """Begins when the accounts are loaded."""

    log = Logger("lanchatd")

    def __init__(self, reactor: Any, chat: Chat) -> None:
        self._reactor = reactor
        self._chat = chat
        self._believed: BelievedTime
        self._next: Call

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        newest = max((account.seen_at for account in self._chat.accounts), default=None)
        self._believed = BelievedTime(self._reactor, self._chat.now, newest)
        self._next = self._reactor.callLater(EVERY_S, self._look)

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]
        self._next.cancel()

    def _look(self) -> None:
        self._next = self._reactor.callLater(EVERY_S, self._look)
        self._believed.seconds()  # it is to be asked often
        if self._due() != Change():
            self._chat.accounts.propose(self._due).when_known(self._gone)

    def _due(self) -> Change:
        chat = self._chat
        here = {user.account for user in chat.users.values() if user.account is not None}
        operators = chat.moderation.operators
        return unused.due(chat.accounts, here, operators, chat.limits, chat.now(), self._believed.seconds())

    def _gone(self, done: Answer[Change]) -> None:
        if done.error is not None:
            self.log.warn("what is not used any more stays: {why}", why=str(done.error))
            return
        for account in (row for row in done.result().gone if isinstance(row, Account)):
            self.log.info(
                "nobody has used {nick} for long: it is held, and then free", nick=account.name.shown
            )
