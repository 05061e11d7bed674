"""Who is here, in the whole chat: this node says what is so of its own people, and hears of the others'."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from twisted.logger import Logger

from lanchatd.broker import roster
from lanchatd.broker.far_sessions import FarSessions, facts_of, lost_the_nick
from lanchatd.broker.long_messages import LongMessages
from lanchatd.broker.outgoing import Outgoing
from lanchatd.broker.roster import (
    ABOUT,
    CLAIM,
    FREE,
    GONE,
    HERE,
    LEFT,
    SESSION,
    Claimed,
    Freed,
    Left,
    NodeGone,
    Roster,
    Row,
    Seen,
)
from lanchatd.broker.stream import FROM, PEOPLE, ROLLUP, SNAPSHOT, Fate, Message, Published, Stream
from lanchatd.chat.accounts.rows import Proof
from lanchatd.chat.answers import Answer
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Reason
from lanchatd.chat.room import Room
from lanchatd.chat.user import Session, User
from lanchatd.clock import Clock
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

# How long a newcomer waits for the nick, and how long a nick is held for who does not come after all. Who
# has shown that it is theirs may be on the way in for as long as a connection may take for that.
CLAIMED_WITHIN_S, UNUSED_S, OWNED_UNUSED_S = 5, 5, 120

# Messages after which all of it is written as one, which takes their place.
SNAPSHOT_EVERY = 1_000

AWAY = Refused("no_broker", "Nobody can come in or take another nick now: the broker can't be reached.")


class _Asked:
    """A claim that did not come back yet, and who waits for it."""

    __slots__ = ("row", "since", "waiting")

    def __init__(self, since: float) -> None:
        self.since = since
        self.row: Row = []
        self.waiting: list[tuple[int | None, Answer[None]]] = []


class People:
    """This node's part of it."""

    log = Logger("lanchatd")

    def __init__(self, stream: Stream, clock: Clock, about: Mapping[str, Any]) -> None:
        """``about`` is what others are to know of this node."""
        self.roster = Roster()
        self._stream = stream
        self._clock = clock
        self._about = about
        self.chat: Chat
        self._far: FarSessions
        self._look_again: Callable[[], None]
        # The own sessions: by their numbers, and each with its number and the key of its nick.
        self._by_number: dict[int, Session] = {}
        self._mine: dict[Session, tuple[int, str]] = {}
        self._using: Counter[str] = Counter()
        self._numbers = 0
        # The nicks that were claimed and not answered; those that are to be free; those that nobody uses yet.
        self._asked: dict[str, _Asked] = {}
        self._freed: set[str] = set()
        self._unused: dict[str, float] = {}
        # Who waits until a node is gone.
        self._until_gone: list[tuple[str, Answer[None]]] = []
        # Why they left which of their rooms.
        self._left: dict[int, dict[str, tuple[str, str]]] = {}
        self._outgoing = Outgoing(stream, clock, self._session_row)
        self._long = LongMessages(stream, clock, PEOPLE)
        self._ends = False
        # The sequence of the last message, and of the last one of which all is known.
        self._last = self._known = 0
        self._since_snapshot = 0

    def serve(self, chat: Chat, far: FarSessions, look_again: Callable[[], None]) -> None:
        """Begin, before anything has arrived. ``look_again`` is called when more has."""
        self.chat = chat
        self._far = far
        self._look_again = look_again
        self._stream.subscribe(PEOPLE, self._arrived)
        self._stream.watch(self._link_changed)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """The own sessions."""
        return tuple(self._mine)

    @property
    def others(self) -> list[str]:
        """The other nodes."""
        return [node for node in self.roster.nodes if node != self._stream.node]

    def session(self, number: int) -> Session | None:
        """The own session with this number."""
        return self._by_number.get(number)

    # -- who may come in

    async def has_nick(self, nick: str, proof: Proof | None) -> None:
        """Have a nick for who comes in, and has shown this for it."""
        account = None if proof is None else self.chat.accounts.by_number.get(proof.account)
        name = self.chat.name_for(nick, account=account)
        await self.claim(name, None if account is None else account.number)

    def claim(self, name: Name, account: int | None, instead: str | None = None) -> Answer[None]:
        """Have a nick in the whole chat. ``instead``: it may look like the one with this key."""
        answer: Answer[None] = Answer()
        if self.has(name.key) and self.roster.claim_of(self._stream.node, name.key) == (name, account):
            answer.settle(None)
        elif not self._stream.up:
            answer.fail(AWAY)
        else:
            self._ask(name, account, instead).waiting.append((account, answer))
        return answer

    def _ask(self, name: Name, account: int | None, instead: str | None = None) -> _Asked:
        asked = self._asked.setdefault(name.key, _Asked(self._clock.seconds()))
        asked.row = [CLAIM, name.shown, name.key, account, instead]
        self._outgoing.say(CLAIM, name.key, asked.row)
        return asked

    def has(self, key: str) -> bool:
        """Whether this node has a nick, and does not give it up."""
        return key not in self._freed and self.roster.claim_of(self._stream.node, key) is not None

    # -- the own sessions

    def changed(self, session: Session) -> None:
        """It came, or something of it is another."""
        key, account = session.user.name.key, session.user.account
        number, before = self._mine.get(session, (0, ""))
        if not number:
            self._numbers = number = self._numbers + 1
            self._by_number[number] = session
        if key != before:
            self._mine[session] = number, key
            self._unused.pop(key, None)
            self._using[key] += 1
            if before:
                self._uses_no_more(before)
        claim = self.roster.claim_of(self._stream.node, key)
        if (claim is None or key in self._freed or claim[1] != account) and key not in self._asked:
            self._ask(session.user.name, account)
        self._outgoing.say(SESSION, number, None)

    def left(self, session: Session, room: Room, reason: Reason) -> None:
        """It left one of its rooms."""
        number, _ = self._mine[session]
        self._left.setdefault(number, {})[room.key] = reason.words, reason.text
        self._outgoing.say(SESSION, number, None)

    def went(self, session: Session, reason: Reason) -> None:
        """It is gone."""
        number, key = self._mine.pop(session)
        del self._by_number[number]
        self._left.pop(number, None)
        self._outgoing.take_back(SESSION, number)
        self._outgoing.say(LEFT, number, [LEFT, number, reason.words, reason.text])
        self._uses_no_more(key)

    def _uses_no_more(self, key: str) -> None:
        self._using[key] -= 1
        if not self._using[key]:
            del self._using[key]
            self._free(key)

    def _free(self, key: str) -> None:
        if self.has(key):
            self._freed.add(key)
            self._outgoing.say(FREE, key, [FREE, key])

    # -- what is said

    def is_gone(self, node: str) -> Answer[None]:
        """Say that another node is gone; answered when all have heard that, or nobody can now."""
        answer: Answer[None] = Answer()
        if node in self.roster.nodes and self._stream.up:
            self._until_gone.append((node, answer))
            self.goes(node)
        else:
            answer.settle(None)
        return answer

    def _look_who_is_gone(self) -> None:
        waiting, self._until_gone = self._until_gone, []
        for node, answer in waiting:
            if node in self.roster.nodes and self._stream.up:
                self._until_gone.append((node, answer))
            else:
                answer.settle(None)

    def goes(self, node: str) -> None:
        """A node is gone: another one, or this one."""
        self._outgoing.say(GONE, node, [GONE, node])

    def about_changed(self) -> None:
        """What others are to know of this node is another."""
        if self._outgoing.count:  # else it is said when the node comes
            self._outgoing.say(ABOUT, "", [ABOUT, self._about])

    def end(self) -> None:
        """The daemon ends: the others need not wait until they miss it."""
        self._ends = True
        self.goes(self._stream.node)
        self._outgoing.end()

    def _session_row(self, number: int) -> Row:
        facts = facts_of(self.chat, self._by_number[number])
        if number in self._left:
            facts["left"] = self._left.pop(number)
        return [SESSION, number, facts]

    def tick(self) -> None:
        """Once a second: what is late."""
        now = self._clock.seconds()
        self._outgoing.send_again_if_late()
        for asked in self._asked.values():
            if asked.waiting and now - asked.since >= CLAIMED_WITHIN_S:
                waiting, asked.waiting = asked.waiting, []
                for _, answer in waiting:
                    answer.fail(AWAY)
        for key in [key for key, until in self._unused.items() if now >= until]:
            del self._unused[key]
            if key not in self._asked:
                self._free(key)

    def _link_changed(self, why: str | None) -> None:
        self._look_who_is_gone()
        if why is not None:
            return
        said = self._outgoing.count or self._outgoing.has(HERE, "")
        if self._stream.node not in self.roster.nodes and not said:
            self._begin_anew()
        self._outgoing.send_again()
        self._outgoing.go_on()

    def _begin_anew(self) -> None:
        """Under a new name, or for the first time: say that it is here, and all of who is here."""
        self._freed.clear()
        self._outgoing.begin_anew([HERE, self._about])
        waiting, self._asked = self._asked, {}
        for asked in waiting.values():
            for _, answer in asked.waiting:
                answer.fail(AWAY)
        for session in {session.user.name.key: session for session in self._mine}.values():
            self._ask(session.user.name, session.user.account)
        for number in self._by_number:
            self._outgoing.say(SESSION, number, None)

    # -- what arrives

    def _arrived(self, message: Message) -> None:
        self._take(message)
        self._look_who_is_gone()
        self._look_again()

    def _take(self, message: Message) -> None:
        last, self._last = self._last, max(self._last, message.sequence)
        if message.sequence <= last:
            return  # it was read before, and then the broker was lost
        if (body := self._long.read(message)) is None:
            return
        known, self._known = self._known, message.sequence
        if SNAPSHOT in message.headers:
            self._since_snapshot = 0
            if message.headers[SNAPSHOT] != str(known):
                for told in self.roster.load(body):
                    self._follow(told)
                self._settle_what_came()
            return
        said = json.loads(body)
        node, count = said["node"], said["count"]
        for told in self.roster.take(node, count, said["rows"]):
            self._follow(told)
        self._since_snapshot += 1
        if node == self._stream.node:
            if self._since_snapshot >= SNAPSHOT_EVERY:
                self._write_snapshot()
            self._outgoing.came_back(count)

    def _settle_what_came(self) -> None:
        """What was under way may be in what others knew."""
        node = self._stream.node
        self._outgoing.came_back(self.roster.count_of(node))
        if not self._outgoing.is_under_way:
            for key, asked in tuple(self._asked.items()):
                if not self._outgoing.has(CLAIM, key):  # else it would go behind who is to have the nick
                    self._outgoing.say(CLAIM, key, asked.row)  # once more does no harm
        self._freed = {key for key in self._freed if self.roster.claim_of(node, key) is not None}

    def _write_snapshot(self) -> None:
        snapshot = self.roster.snapshot()
        if len(snapshot) > self._stream.largest:
            self._since_snapshot = 0  # if something comes in between, megabytes are not sent again at once
        headers = {**ROLLUP, SNAPSHOT: str(self._last), FROM: self._stream.node}
        self._long.publish(snapshot, headers, self._last, self._snapshot_answered)

    def _snapshot_answered(self, published: Published) -> None:
        # If another message came first, it is tried again after the next one.
        if published.fate is Fate.FAILED:
            text = "the broker did not take all that is known of who is here, and keeps each message: {why}"
            self.log.warn(text, why=published.why)

    def _follow(self, told: roster.Told) -> None:
        try:
            self._heard(told)
        except Exception:  # else all that comes behind it would be missing here
            self.log.failure("what was said of who is at {node} could not be done here", node=told.node)

    def _heard(self, told: roster.Told) -> None:
        mine = told.node == self._stream.node
        match told:
            case Claimed():
                self._is_claimed(told, mine)
            case Freed():
                if mine:
                    self._freed.discard(told.key)
            case Seen():
                if not mine:
                    self._far.seen(told.node, told.number, told.facts)
            case Left():
                if not mine:
                    self._far.left(told.node, told.number, Reason(told.words, told.text))
            case NodeGone() if mine and not self._ends:
                self._stream.renew()
                self._begin_anew()

    def _is_claimed(self, told: Claimed, mine: bool) -> None:
        if mine:
            self._own_claim_is_back(told)
            return
        here = self.chat.users.get(told.name.key)
        if here is not None and not told.why and (told.account is None or told.account != here.account):
            lost_the_nick(here)

    def _own_claim_is_back(self, told: Claimed) -> None:
        key = told.name.key
        settled = []
        if (asked := self._asked.get(key)) is not None:
            if self._outgoing.has(CLAIM, key):  # once more, for others
                settled = [one for one in asked.waiting if one[0] == told.account]
                asked.waiting = [one for one in asked.waiting if one[0] != told.account]
            else:
                settled = asked.waiting
                del self._asked[key]
        self._use_claim(told, self.chat.users.get(key))
        for _, answer in settled:
            if told.why:
                answer.fail(Refused("nick_taken", told.why))
            else:
                answer.settle(None)

    def _use_claim(self, told: Claimed, here: User | None) -> None:
        key = told.name.key
        if not self._using[key]:
            if not told.why:
                unused_s = UNUSED_S if told.account is None else OWNED_UNUSED_S
                self._unused[key] = self._clock.seconds() + unused_s
        elif here is not None and not self.has(key):
            lost_the_nick(here)
        elif here is not None and here.account != told.account and key not in self._asked:
            self._ask(here.name, here.account)
