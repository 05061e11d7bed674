"""What nodes tell each other beside the stream, and nobody keeps: private messages, kicks, being there.

Each is a word, and what belongs to it, in JSON.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from lanchatd.broker.far_sessions import DISMISS, READ, TELL, nodes_of
from lanchatd.broker.packing import as_json
from lanchatd.broker.people import People
from lanchatd.broker.stream import Stream
from lanchatd.chat import closing_rooms
from lanchatd.chat.answers import Answer
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Notice, Private, Read, Reason
from lanchatd.chat.room import Room
from lanchatd.chat.user import Session, User
from lanchatd.clock import Clock
from lanchatd.text import names
from lanchatd.text.refused import Refused

BEAT, THERE, PRIVATE, DONE = "beat", "there", "private", "done"
CLOSED, APPLIED = "closed", "applied"

# How long another node may take to answer.
ANSWERS_WITHIN_S = 2

# Between two questions, to be sure that a node is not there.
SURE_AFTER_S = 1

Reply = Callable[[bytes], None]

YES = b"yes"


class Direct:
    """This node's end of it."""

    def __init__(self, stream: Stream, clock: Clock, people: People, heard: Callable[[str], None]) -> None:
        """``heard`` is called with each node that says something of itself."""
        self._stream = stream
        self._clock = clock
        self._people = people
        self._node_heard = heard
        self._chat: Chat
        # What is asked and not so yet, until when it is looked for, and what answers it.
        self._waiting: list[tuple[Callable[[], bool], float, Reply]] = []

    def serve(self, chat: Chat) -> None:
        """Begin."""
        self._chat = chat
        self._stream.heard(self._heard)

    # -- to others

    def beat(self) -> None:
        """This node is there."""
        self._stream.send(None, as_json([BEAT, self._stream.node]))

    def tell(self, node: str | None, row: list[Any]) -> None:
        """Tell a node something, or all others."""
        self._stream.send(node, as_json(row))

    def ask_whether_there(self, node: str) -> Answer[bytes]:
        """Whether a node is there. LookupError if nobody is, `Refused` if it does not answer in time."""
        return self._stream.ask(node, as_json([THERE]), ANSWERS_WITHIN_S)

    async def is_there(self, node: str) -> bool:
        """Whether a node is there; if the broker says twice that nobody is, it is not.

        Once may be a moment in which it only comes back to the broker.
        """
        try:
            await self.ask_whether_there(node)
        except LookupError:
            await self._after(SURE_AFTER_S)
        except Refused:
            return True  # it is slow, or frozen
        else:
            return True
        try:
            await self.ask_whether_there(node)
        except LookupError:
            return False
        except Refused:
            pass
        return True

    def _after(self, wait_s: float) -> Answer[None]:
        answer: Answer[None] = Answer()
        self._clock.callLater(wait_s, answer.settle, None)
        return answer

    def applied_everywhere(self, sequence: int) -> Answer[None]:
        """Answered when all other nodes have the stream up to here, or are not there to say so."""
        answer: Answer[None] = Answer()
        missing = 1

        def answered(_: object = None) -> None:
            nonlocal missing
            missing -= 1
            if not missing:
                answer.settle(None)

        for node in self._people.others:
            missing += 1
            self._stream.ask(node, as_json([APPLIED, sequence]), ANSWERS_WITHIN_S).when_known(answered)
        answered()
        return answer

    def whispered(self, private: Private, session: Session, to: User, key: str) -> None:
        """Show a private message to who is at other nodes, also its sender.

        If its line has a ref, by which ``key`` is known, the others are told that it is done: it may be sent
        again there, when this node has died.
        """
        user = session.user
        row = as_json([PRIVATE, asdict(private), user.name.key, to.name.key, key])
        shown_at = nodes_of(user) | nodes_of(to)
        for node in shown_at:
            asked = self._stream.ask(node, row, ANSWERS_WITHIN_S)
            asked.when_known(partial(self._was_shown, session, to.nick))
        for node in self._people.others:
            if key and node not in shown_at:  # else it would seem to have been shown before it is
                self.tell(node, [DONE, key])

    def _was_shown(self, session: Session, nick: str, answer: Answer[bytes]) -> None:
        if answer.error is not None and session.user.is_here:
            session.tell(Notice((f"{nick} may not have been shown that: their server does not answer.",)))

    def closed(self, room: Room, how: str, reason: Reason) -> None:
        """Everybody is to leave a room, wherever they are."""
        self.tell(None, [CLOSED, room.key, how, reason.words, reason.text])

    # -- from others

    def look_again(self) -> None:
        """More has arrived from the stream: what was asked and not so may be so now."""
        now = self._clock.seconds()
        waiting, self._waiting = self._waiting, []
        for is_so, until, reply in waiting:
            if is_so():
                reply(YES)
            elif now < until:
                self._waiting.append((is_so, until, reply))

    def _heard(self, body: bytes, reply: Reply | None) -> None:
        word, *more = json.loads(body)
        if word == BEAT:
            self._node_heard(more[0])
        elif word == CLOSED:
            self._close(*more)
        elif word == DONE:
            self._chat.refs.restore(more[0], 0, self._clock.seconds())
        elif word in (TELL, READ, DISMISS):
            session = self._people.session(more[0])
            if session is not None:
                _tell(session, word, more[1:])
        elif reply is not None:
            self._asked(word, more, reply)

    def _asked(self, word: str, more: list[Any], reply: Reply) -> None:
        if word == THERE:
            reply(YES)
        elif word in (PRIVATE, APPLIED):
            # What goes beside the stream may overtake it: that somebody is here, for one.
            is_so = partial(self._show if word == PRIVATE else self._has_applied, *more)
            self._waiting.append((is_so, self._clock.seconds() + ANSWERS_WITHIN_S, reply))
            self.look_again()

    def _has_applied(self, sequence: int) -> bool:
        return sequence <= self._stream.applied

    def _show(self, private: dict[str, Any], by: str, to: str, key: str = "") -> bool:
        users, refs = self._chat.users, self._chat.refs
        if key in refs:
            return True  # it was sent before, at another node
        user, shown = users.get(by), users.get(to)
        if user is None or shown is None:
            return False
        if key:
            refs.restore(key, 0, self._clock.seconds())
        whole = Private(**private)
        self._chat.show(whole, user, shown)
        for own in user.sessions:
            own.tell(whole)
        return True

    def _close(self, key: str, how: str, words: str, text: str) -> None:
        room = self._chat.rooms.get(key)
        if room is not None and key != names.LOBBY:
            closing_rooms.send_out(self._chat, room, how, Reason(words, text))


def _tell(session: Session, word: str, more: list[Any]) -> None:
    if word == TELL:
        lines, code = more
        session.tell(Notice(tuple(lines), code))
    elif word == READ:
        session.tell_read(Read(*more))
    else:
        code, text, *reason = more
        session.connection.dismiss(code, text, Reason(*reason))
