"""The daemon as one of several: it is linked to the broker before it is ready, and its rooms are there."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.logger import Logger

from lanchatd.broker.connected import Opened
from lanchatd.broker.link import Link
from lanchatd.broker.nodes import SeveralNodes
from lanchatd.broker.store import BrokerStore
from lanchatd.broker.stream import Unfit
from lanchatd.chat import closing_rooms
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Node, Notice
from lanchatd.service.services import restore
from lanchatd.state.files import StateError
from lanchatd.text import names


class BrokerService(Service):
    """Links the chat to the broker."""

    log = Logger("lanchatd")

    def __init__(
        self,
        reactor: Any,
        link: Link,
        store: BrokerStore,
        nodes: SeveralNodes,
        chat: Chat,
        where: str,
        here: Callable[[], Node | None],
        ready: Callable[[], None],
    ) -> None:
        """``where`` the broker is, without secrets; ``here`` gives where others join this daemon, if they do.

        ``ready`` is called when all that was said is here.
        """
        self._reactor = reactor
        self._link = link
        self._store = store
        self._nodes = nodes
        self._chat = chat
        self._where = where
        self._here = here
        self._ready = ready
        self._was_up = self._given_up = False

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        chat = self._chat
        self._store.serve(
            chat.refs,
            lambda nick: chat.users.get(names.key_of(nick)),
            lambda name: chat.registry.there(names.room(name)),
            self._gone,
            self._hang_changed,
        )
        self._link.watch(self._changed)
        self._nodes.serve(chat)
        # When all services have stopped: until then lines may be on their way.
        self._reactor.addSystemEventTrigger("during", "shutdown", self._close)
        try:
            why = self._link.begin(self._opened, self._give_up)
        except Unfit as unfit:
            raise StateError(str(unfit)) from None
        if why is not None:
            text = "the broker at {where} can't be reached: {why}; nobody can come in until it is there"
            self.log.error(text, where=self._where, why=why)

    def _opened(self, opened: Opened) -> int:
        """The stream is there: up to where in it are the rooms known?"""
        self._nodes.advertise(self._here())
        self._store.close()  # it may have been open for the log of another name
        try:
            kept, sequence = self._store.open(opened.log, self._warn, self._trouble_changed)
        except StateError as error:
            self._give_up(str(error))
            return 0
        self._chat.search = self._store.search
        restore(self._chat, kept, self._reactor.seconds())
        self.log.info(
            "the copy of the log goes up to {sequence} of {last}",
            sequence=sequence,
            last=opened.last,
            name=opened.log,
        )
        return sequence

    def _changed(self, why: str | None) -> None:
        if why is None:
            self._store.is_up()
            if not self._was_up:
                self._was_up = True
                self.log.info("the broker at {where} is reached: everybody can come in", where=self._where)
                self._ready()
                return
            self._lines_are_taken("The broker is there again.")
        else:
            was = self._store.trouble
            self._store.is_down(why)
            if was is None:  # else it was said before
                self._lines_are_refused(why)

    def _hang_changed(self, why: str | None) -> None:
        """The broker is there, and takes nothing."""
        if why is None:
            self._lines_are_taken("The broker takes lines again.")
        else:
            self._lines_are_refused(why)

    def _lines_are_taken(self, text: str) -> None:
        self.log.info("lines are taken again")
        self._chat.tell_operators(Notice((text,)))

    def _lines_are_refused(self, why: str) -> None:
        self.log.error("lines are refused: {why}", why=why)
        self._chat.tell_operators(Notice((f"Nobody can say anything: {why}.",)))

    def _gone(self, key: str) -> None:
        """A room was removed at another daemon."""
        room = self._chat.rooms.get(key)
        if room is not None:
            closing_rooms.is_removed(self._chat, room)

    def _trouble_changed(self) -> None:
        if (why := self._store.writes.trouble) is not None:
            self.log.error(
                "the copy of the log can't be written, so what is older is not there: {why}", why=why
            )
        else:
            self.log.info("the copy of the log is written again")

    def _warn(self, text: str) -> None:
        self.log.critical("{text}", text=text)

    def _give_up(self, why: str) -> None:
        if self._given_up:
            return
        self._given_up = True
        self.log.critical("{why}", why=why)
        # twistd has made sys.stderr a part of its log by now.
        print(f"lanchatd: {why}", file=sys.__stderr__, flush=True)
        # A reactor that is stopped ends the process with exit code 0.
        atexit.register(os._exit, 1)
        self._reactor.callWhenRunning(self._reactor.stop)

    def _close(self) -> None:
        self._nodes.end()
        self._link.end()
        self._store.close()
