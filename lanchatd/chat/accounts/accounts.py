"""The accounts there are, in memory, and the one place where they change.

A change is checked when its turn comes, kept, and only then known and answered: so of two who want the same
the first gets it, and what was answered outlives the daemon. One is under way at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from lanchatd.chat.accounts.read_marks import ReadMarks
from lanchatd.chat.accounts.rows import FOR_RETURN, Account, Change, Code, Device, Held, ReadMark, Row
from lanchatd.chat.answers import Answer
from lanchatd.limits import Limits
from lanchatd.text.lookalikes import Looks
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

Keep = Callable[[Change], Answer[None]]
"""Keeps a change, and answers when it is safe; or `Refused`, and then it is not kept; or `Outdated`."""

Makes = Callable[[], Change]
"""Makes a change of what there is now. Raises `Refused` if it can't be any more."""


class Outdated(Exception):
    """A change was not kept, as others changed what it was made of: it is to be made again."""


# Changes that wait for the one before. Each takes a commit: some milliseconds, on a slow disk.
MOST_WAITING = 64


class Accounts:
    """Who owns which nick, what proves it, and the nicks that nobody can take."""

    def __init__(self, limits: Limits, now: Callable[[], float], keep: Keep) -> None:
        """``now`` tells seconds since the epoch."""
        self.by_number: dict[int, Account] = {}
        self.read_marks = ReadMarks()
        self._limits = limits
        self._now = now
        self._keep = keep
        self._by_nick: dict[str, int] = {}
        self._devices: dict[int, tuple[Device, ...]] = {}
        self._by_print: dict[str, Device] = {}
        self._codes: dict[str, Code] = {}
        self._held: dict[str, Held] = {}
        self._looks = Looks()
        self._waiting: deque[tuple[Makes, Answer[Change]]] = deque()
        self._under_way: Change | None = None
        self._last_number = 0

    def __len__(self) -> int:
        return len(self.by_number)

    # -- what there is

    def __iter__(self) -> Iterator[Account]:
        return iter(self.by_number.values())

    def named(self, key: str) -> Account | None:
        """The account of a nick, by its key."""
        number = self._by_nick.get(key)
        return None if number is None else self.by_number[number]

    def devices_of(self, account: Account) -> tuple[Device, ...]:
        """The keys that prove it, the oldest first."""
        return self._devices.get(account.number, ())

    def device(self, print_: str | None) -> Device | None:
        """The one with a key, by its print; None is no key."""
        return None if print_ is None else self._by_print.get(print_)

    def code(self, hash_: str | None) -> Code | None:
        """The code with this hash, if it is good still."""
        code = None if hash_ is None else self._codes.get(hash_)
        return code if code is not None and self._now() < code.until else None

    def codes_of(self, account: Account | None) -> list[Code]:
        """The open ones of an account, or the invitations."""
        number, now = None if account is None else account.number, self._now()
        return [code for code in self._codes.values() if code.account == number and now < code.until]

    def held(self, key: str) -> Held | None:
        """How a nick is held, if it is."""
        return self._held.get(key)

    def all_codes(self) -> Iterable[Code]:
        """Every code, also those that are too late."""
        return self._codes.values()

    def all_held(self) -> Iterable[Held]:
        """Every nick that is held."""
        return self._held.values()

    def is_given(self, name: Name, account: Account | None = None) -> bool:
        """Whether a nick is being given to others than this account, or held for others, at this moment."""
        if self._under_way is None:
            return False
        mine = None if account is None else account.number
        return any(
            row.name.key == name.key and (mine is None or mine != whose)
            for row in self._under_way.put
            if isinstance(row, Account | Held)
            for whose in (row.number if isinstance(row, Account) else row.account,)
        )

    def refuse_nick(self, name: Name, account: Account | None = None) -> None:
        """Raises `Refused` if a nick belongs to others than this account, or looks like one that does."""
        owner = self.named(name.key)
        if owner is not None and (account is None or owner.number != account.number):
            nick = name.shown
            text = f"{nick} belongs to somebody. If that is you: {nick} PASSWORD or {nick} CODE."
            raise Refused("nick_owned", f"{text} Else take another nick.")
        held = self._held.get(name.key)
        if held is not None and (account is None or held.account != account.number):
            raise Refused("nick_owned", f"{name.shown} is held, and nobody can take it. Take another nick.")
        if self.is_given(name, account):
            raise Refused("nick_owned", f"{name.shown} is being given to somebody. Take another nick.")
        other = self._looks.like(name, but=None if account is None else account.name)
        if other is not None:
            raise Refused("nick_taken", f"That nick looks like {other.shown}.")

    def refuse_full(self) -> None:
        """Raises `Refused` if there can't be one more account."""
        if len(self) >= self._limits.max_accounts:
            full = f"There are {len(self):,} accounts, which is the limit."
            raise Refused("too_many_accounts", full)

    def refuse_print(self, print_: str, account: Account) -> None:
        """Raises `Refused` if a key can't become one of the devices of an account."""
        known = self._by_print.get(print_)
        if known is not None:
            whose = self.by_number[known.account].name.shown
            raise Refused("not_yours", f"The key of this device is that of {whose}.")
        most = self._limits.max_devices
        if len(self.devices_of(account)) >= most:
            raise Refused("too_many", f"{account.name.shown} has {most} devices, which is the limit.")

    def refuse_codes(self, account: Account | None) -> None:
        """Raises `Refused` if there can't be one more code for an account, or invitation."""
        most, now = self._limits.max_codes, self._now()
        if sum(now < code.until for code in self._codes.values()) >= most:
            raise Refused("too_many", f"There are {most:,} codes, which is the limit.")
        most = self._limits.max_account_codes
        if account is not None and sum(code.kind != FOR_RETURN for code in self.codes_of(account)) >= most:
            raise Refused("too_many", f"{most} codes of {account.name.shown} are open, which is the limit.")

    # -- what is told of it

    def everything_of(self, account: Account) -> tuple[Row, ...]:
        """All that goes with it, and it."""
        codes = (code for code in self._codes.values() if code.account == account.number)
        return *self.devices_of(account), *codes, *self.read_marks.all_of(account.number), account

    def next_number(self) -> int:
        """What will stand for the next account; none had it before."""
        return self._last_number + 1

    # -- how it changes

    def load(self, rows: Iterable[Row], last_number: int) -> None:
        """Take what was kept, before anybody comes. ``last_number`` is the highest that ever was."""
        self.apply(Change(tuple(rows)))
        self._last_number = max(self._last_number, last_number)

    def propose(self, makes: Makes) -> Answer[Change]:
        """Change what there is, when it is this one's turn; the answer is what was changed.

        `Refused` if it can't be, or can't be kept: nothing is changed then.
        """
        if len(self._waiting) >= MOST_WAITING:
            raise Refused("busy", "Too much is being changed; try again in a moment.")
        answer: Answer[Change] = Answer()
        self._waiting.append((makes, answer))
        self._next()
        return answer

    def _next(self) -> None:
        while self._waiting and self._under_way is None:
            makes, answer = self._waiting.popleft()
            try:
                change = makes()
            except Refused as refused:
                answer.fail(refused)
                continue
            self._under_way = change
            self._keep(change).when_known(partial(self._kept, makes, change, answer))

    def _kept(self, makes: Makes, change: Change, answer: Answer[Change], kept: Answer[None]) -> None:
        self._under_way = None
        try:
            if isinstance(kept.error, Outdated):
                self._waiting.appendleft((makes, answer))
            elif kept.error is None:
                self.apply(change)
                answer.settle(change)
            else:
                answer.fail(kept.error)
        finally:
            self._next()

    def apply(self, change: Change) -> None:
        """What was changed is known from now on: what is gone goes first."""
        for row in change.gone:
            self._forget(row)
        for row in change.put:
            self._know(row)

    def _know(self, row: Row) -> None:
        match row:
            case Account():
                if (old := self.by_number.get(row.number)) is not None:
                    del self._by_nick[old.name.key]
                    self._looks.remove(old.name)
                self.by_number[row.number] = row
                self._by_nick[row.name.key] = row.number
                self._looks.add(row.name)
                self._last_number = max(self._last_number, row.number)
            case Device():
                mine = self._devices.get(row.account, ())
                if row.print in self._by_print:
                    mine = tuple(row if known.print == row.print else known for known in mine)
                    self._devices[row.account] = mine
                else:
                    self._devices[row.account] = (*mine, row)
                self._by_print[row.print] = row
            case Code():
                self._codes[row.hash] = row
            case Held():
                self._held[row.name.key] = row
                self._looks.add(row.name)
            case ReadMark():  # pragma: no branch
                self.read_marks.is_kept(row)

    def _forget(self, row: Row) -> None:
        match row:
            case Account():
                del self.by_number[row.number], self._by_nick[row.name.key]
                self.read_marks.forget(row.number)
                self._looks.remove(row.name)
                for held in self._held.values():  # one that looks like it had left it its looks
                    if held.account == row.number:
                        self._looks.add(held.name)
            case Device():
                del self._by_print[row.print]
                others = tuple(known for known in self._devices.pop(row.account) if known.print != row.print)
                if others:
                    self._devices[row.account] = others
            case Code():
                del self._codes[row.hash]
            case Held():
                del self._held[row.name.key]
                self._looks.remove(row.name)
                if row.account is not None and (account := self.by_number.get(row.account)) is not None:
                    self._looks.add(account.name)
            case ReadMark():  # pragma: no branch
                self.read_marks.is_gone(row)
