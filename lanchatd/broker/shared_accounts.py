"""The accounts of the whole chat: changes in the stream, one after the other, and each node makes them.

A change is made of what is known here, and stored on the condition that nothing else came behind that. If
another node was faster it is made again, of what there is then, or refused: so of two who want the same nick
one gets it. What is in the stream is what counts; the file beside a daemon is not written.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from lanchatd.broker.account_rows import (
    change_as_bytes,
    change_from,
    everything,
    everything_as_bytes,
    everything_from,
)
from lanchatd.broker.far_sessions import dismiss_here, is_renamed_by_account, lost_the_nick
from lanchatd.broker.long_messages import LongMessages
from lanchatd.broker.stream import (
    ACCOUNTS,
    AGAIN_S,
    FROM,
    ROLLUP,
    SNAPSHOT,
    Fate,
    Message,
    Published,
    Stream,
)
from lanchatd.chat import moderating, renaming
from lanchatd.chat.accounts.accounts import Outdated
from lanchatd.chat.accounts.rows import Account, Change, Proof, ReadMark, Row
from lanchatd.chat.answers import Answer
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import NO_REASON
from lanchatd.clock import Clock
from lanchatd.text.refused import Refused

KEPT_WITHIN_S = 10

# Changes after which all of it is written as one, which takes their place.
SNAPSHOT_EVERY = 1_000

AFTER = "Lanchat-After"  # a header: the last message that counted, as the sender knew


class _Proposal:
    """A change on its way into the stream, behind what this node knew."""

    __slots__ = ("after", "answer", "body", "id")

    def __init__(self, id_: str, change: Change, after: int) -> None:
        self.id = id_
        self.body = change_as_bytes(change)
        self.after = after
        self.answer: Answer[None] = Answer()


class SharedAccounts:
    """This node's end of it; `keep` is what `lanchatd.chat.accounts.accounts` asks."""

    log = Logger("lanchatd")

    def __init__(self, stream: Stream, clock: Clock) -> None:
        self._stream = stream
        self._clock = clock
        self._chat: Chat
        self._me = stream.node
        self._long = LongMessages(stream, clock, ACCOUNTS)
        self._proposed = 0
        self._proposal: _Proposal | None = None
        self._imports = False
        # The last message, and the last that counted.
        self._last = 0
        self._counted = 0
        self._since_snapshot = 0

    def serve(self, chat: Chat) -> None:
        """Begin, before anything arrives."""
        self._chat = chat
        self._stream.subscribe(ACCOUNTS, self._arrived)
        self._stream.watch(self.link_changed)

    def keep(self, change: Change) -> Answer[None]:
        """Store a change: `Outdated` if it was made of what is not so any more, or `Refused`."""
        if change == Change():
            return Answer.of(None)
        answer: Answer[None] = Answer()
        if not self._stream.up or self._imports:
            answer.fail(
                Refused("not_kept", "That can't be kept: the broker can't be reached. Nothing was changed.")
            )
            return answer
        self._proposed += 1
        proposal = _Proposal(f"{self._me} {self._proposed}", change, self._counted)
        self._proposal = proposal
        self._clock.callLater(KEPT_WITHIN_S, self._too_late, proposal)
        self._publish(proposal)
        return proposal.answer

    def _publish(self, proposal: _Proposal) -> None:
        if self._proposal is not proposal or not self._stream.up:
            return
        if self._long.is_busy:
            self._clock.callLater(AGAIN_S, self._publish, proposal)
            return

        def answered(_: Published) -> None:
            # Also if something came first: it may not count, as a part.
            self._clock.callLater(AGAIN_S, self._publish, proposal)

        headers = {FROM: proposal.id, AFTER: str(proposal.after)}
        self._long.publish(proposal.body, headers, self._last, answered)

    def _too_late(self, proposal: _Proposal) -> None:
        if self._proposal is proposal:
            self._proposal = None
            text = "Nobody knows yet whether that is kept: the broker can't be reached."
            proposal.answer.fail(Refused("not_kept", text))

    def link_changed(self, why: str | None) -> None:
        if why is None:
            self._go_on()

    def _go_on(self) -> None:
        if not self._counted and everything(self._chat.accounts):
            self._bring_along()
        elif self._proposal is not None:
            self._publish(self._proposal)

    def _bring_along(self) -> None:
        """The first node of a new chat brings along what its own file has."""
        if not self._stream.up:
            return
        self._imports = True

        def answered(_: Published) -> None:
            if self._imports:
                self._clock.callLater(AGAIN_S, self._go_on)

        if self._long.is_busy:
            self._clock.callLater(AGAIN_S, self._go_on)
        else:
            self._write_snapshot(answered)

    def _write_snapshot(self, answered: Callable[[Published], None]) -> None:
        headers = {**ROLLUP, SNAPSHOT: str(self._counted), FROM: self._me}
        snapshot = everything_as_bytes(self._chat.accounts)
        if len(snapshot) > self._stream.largest:
            self._since_snapshot = 0  # if something comes in between, megabytes are not sent again at once
        self._long.publish(snapshot, headers, self._last, answered)

    def _snapshot_answered(self, published: Published) -> None:
        # If another message came first, it is tried again after the next one.
        if published.fate is Fate.FAILED:
            text = "the broker did not take all that is known of accounts, and keeps each change: {why}"
            self.log.warn(text, why=published.why)

    # -- what arrives

    def _arrived(self, message: Message) -> None:
        if message.sequence <= self._last:
            return  # it was read before, and then the broker was lost
        counted = self._counted
        self._last = message.sequence
        if (body := self._long.read(message)) is None:
            return
        if SNAPSHOT in message.headers:
            if message.headers[FROM] != self._me and (
                message.headers[SNAPSHOT] != str(counted) or not counted
            ):
                self._gives_way()
                self._load(*everything_from(body))
            self._imports = False
            self._counted = message.sequence
            self._since_snapshot = 0
            self._is_outdated()
            return
        if message.headers[AFTER] != str(counted):
            return  # whatever the broker let in: all nodes leave it out
        if self._imports:
            self._gives_way()
            self._load([], 0)
        self._counted = message.sequence
        self._since_snapshot += 1
        id_, proposal = message.headers[FROM], self._proposal
        mine = id_.startswith(f"{self._me} ")
        if proposal is not None and proposal.id == id_:
            self._proposal = None
            proposal.answer.settle(None)
        else:
            self._follow(change_from(body), mine)
            self._is_outdated()
        if mine and self._since_snapshot >= SNAPSHOT_EVERY and self._proposal is None:
            self._write_snapshot(self._snapshot_answered)

    def _is_outdated(self) -> None:
        """Something came behind what the change on its way was made of: that can't be stored any more."""
        proposal, self._proposal = self._proposal, None
        if proposal is not None:
            proposal.answer.fail(Outdated())

    def _gives_way(self) -> None:
        """Another node has begun the chat, and not with what this one brings along."""
        if self._imports:
            self._imports = False
            self.log.error("another server was first: its accounts are those of the chat")

    def _load(self, rows: list[Row], last: int) -> None:
        here, there = everything(self._chat.accounts), set(rows)
        known = set(here)
        # An account goes after what belongs to it, and comes before.
        gone = [row for row in here if row not in there][::-1]
        self._follow(Change(tuple(row for row in rows if row not in known), tuple(gone)))
        self._chat.accounts.load((), last)

    def _follow(self, change: Change, mine: bool = False) -> None:
        """This was changed, and nobody here waits for it; and what follows for who is here."""
        chat, accounts = self._chat, self._chat.accounts
        before = {row.number: accounts.by_number.get(row.number) for row in _accounts_in(change.put)}
        put = {row.number for row in _accounts_in(change.put)}
        accounts.apply(Change(change.put, tuple(map(self._as_it_is_here, change.gone))))
        for row in _accounts_in(change.gone):
            if row.number not in put:
                self._is_gone(row)
        for row in _accounts_in(change.put):
            old = before[row.number]
            if old is None:
                self._is_new(row, mine)
            elif old.name != row.name:
                if chat.moderation.follow(old.name.key, row.name):
                    chat.moderation.changed()  # as at all nodes, which comes to the same
                is_renamed_by_account(chat, row.number, row.name)

    def _as_it_is_here(self, row: Row) -> Row:
        """Of how far a room was read, each node knows by itself; the others are known by their keys."""
        if isinstance(row, ReadMark):
            marks = self._chat.accounts.read_marks.all_of(row.account)
            return next((mark for mark in marks if mark.room == row.room), row)
        return row

    def _is_new(self, account: Account, mine: bool) -> None:
        here = self._chat.users.get(account.name.key)
        if here is None or here.account is not None:
            return
        if mine or all(session.far for session in here.sessions):  # they have registered it
            renaming.became_owner(self._chat, here, Proof(account.number, ""))
        else:
            lost_the_nick(here)

    def _is_gone(self, account: Account) -> None:
        here = self._chat.users.get(account.name.key)
        if here is not None and here.account == account.number:
            dismiss_here(here, "account_gone", f"{account.name.shown} is not yours any more.", NO_REASON)
        moderating.know_the_operators(self._chat)


def _accounts_in(rows: tuple[Row, ...]) -> list[Account]:
    return [row for row in rows if isinstance(row, Account)]
