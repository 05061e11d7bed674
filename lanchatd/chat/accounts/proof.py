"""The way in: what a connection shows for a nick, and what comes of it.

Every door asks here, and hands the answer on to `lanchatd.chat.entering.join`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from lanchatd.chat.accounts import changes, codes, passwords
from lanchatd.chat.accounts.accounts import Accounts
from lanchatd.chat.accounts.passwords import Hashing
from lanchatd.chat.accounts.rows import (
    BY_CODE,
    BY_KEY,
    BY_PASSWORD,
    Account,
    Change,
    Code,
    Device,
    Proof,
    Row,
)
from lanchatd.chat.accounts.tries import Tries
from lanchatd.chat.answers import Answer, begin
from lanchatd.chat.peer import Peer
from lanchatd.clock import Clock
from lanchatd.limits import Limits
from lanchatd.text import names
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused

OPEN, INVITE, OFF = "open", "invite", "off"
"""Who may register a nick: everybody, who was invited, or nobody."""

# How old `seen_at` may be: it is no reason to write more often.
SEEN_EVERY_S = 3_600

MINUTE_S, HOUR_S = 60, 3_600

# Accounts that are registered from all addresses, within so many seconds.
MOST_REGISTERED = 30
REGISTERED_WITHIN_S = 600

# Passwords that one account is given in an hour: each holds up the checks of others.
MOST_PASSWORDS = 5


class WayIn:
    """Who may come in under which nick.

    ``who_registers`` is OPEN, INVITE or OFF; without ``guests`` only owners come in.
    """

    def __init__(
        self,
        accounts: Accounts,
        hashing: Hashing,
        limits: Limits,
        clock: Clock,
        now: Callable[[], float],
        who_registers: str = OPEN,
        guests: bool = True,
    ) -> None:
        """``now`` tells seconds since the epoch."""
        self.accounts = accounts
        self.hashing = hashing
        self.who_registers = who_registers
        self.guests = guests
        self._now = now
        self.secret_tries = Tries(
            clock, lambda: limits.secret_tries, MINUTE_S, lambda: limits.secret_lockout_s
        )
        self.account_tries = Tries(
            clock, lambda: limits.account_tries, HOUR_S, lambda: limits.secret_lockout_s
        )
        self.new_passwords = Tries(clock, lambda: MOST_PASSWORDS, HOUR_S)
        self._registrations = Tries(clock, lambda: limits.registrations_per_h, HOUR_S)
        self._all_registrations = Tries(clock, lambda: MOST_REGISTERED, REGISTERED_WITHIN_S)

    def prove(
        self, nick: str, peer: Peer, secret: str | None, device: str, free: Callable[[str], Name]
    ) -> Answer[Proof | None]:
        """What this connection shows for a nick: its key (``peer.key``), or a password or code (``secret``).

        The answer is None for a guest: the nick is nobody's. `Refused` if it is somebody else's, or the
        secret is wrong. It comes when a thread has looked at the password, or the disk has that a code was
        used. ``device`` is what the key is called, if a code makes it one of the account's. ``free`` gives
        the name for a nick that nobody has, or raises `Refused`.
        """
        return begin(self._prove(nick, peer, secret, device, free))

    async def _prove(
        self, nick: str, peer: Peer, secret: str | None, device: str, free: Callable[[str], Name]
    ) -> Proof | None:
        name = names.nick(nick)
        account = self.accounts.named(name.key)
        known = self.accounts.device(peer.key)
        if account is not None and known is not None and known.account == account.number:
            self._was_seen(account, known)
            return Proof(account.number, BY_KEY, peer.key)
        if secret is not None:
            return await self._prove_by_secret(name, account, peer, secret, device, free)
        self.accounts.refuse_nick(name)
        return None

    def refuse_guest(self, name: Name) -> None:
        """Raises `Refused` if only owners come in."""
        if not self.guests:
            text = f"Only who was invited comes in here: {name.shown} CODE, or {name.shown} PASSWORD."
            raise Refused("members_only", text)

    async def _prove_by_secret(
        self,
        name: Name,
        account: Account | None,
        peer: Peer,
        secret: str,
        device: str,
        free: Callable[[str], Name],
    ) -> Proof:
        who, hash_ = peer.address, codes.hash_of(secret)
        if account is not None and hash_ is None:
            passwords.refuse_plain(peer)
        if who is not None:
            self.secret_tries.count(who, "Too many wrong passwords or codes from your address")
        code = self.accounts.code(hash_)
        if code is not None and code.account == (None if account is None else account.number):
            if who is not None:
                self.secret_tries.take_back(who)
            return await self._use(code, name, peer, device, free)
        if account is None:
            self.accounts.refuse_nick(name)
            text = f"{name.shown} is nobody's, and that is no invitation. As a guest: {name.shown} alone."
            raise Refused("wrong_secret", text)
        right = await self._is_password(account, peer, secret)
        if not right:
            text = f"That is neither the password of {account.name.shown} nor a code that is good now."
            raise Refused("wrong_secret", text)
        if who is not None:
            self.secret_tries.take_back(who)
        return Proof(account.number, BY_PASSWORD)

    async def _is_password(self, account: Account, peer: Peer, secret: str) -> bool:
        hashed, password = account.password, passwords.normal(secret)
        if hashed is None or not (peer.encrypted or peer.local):
            return False  # what is written like a code is no password in the clear either
        shown = account.name.shown
        self.account_tries.count(
            str(account.number), f"Too many wrong passwords for {shown}, keys and codes work still"
        )
        if not await self.hashing.verify(password, hashed):
            return False
        self.account_tries.take_back(str(account.number))
        account = self.accounts.by_number.get(account.number, account)
        if account.password != hashed:
            return False  # it was changed meanwhile
        if self.hashing.is_outdated(hashed):
            await self._rehash(account, await self.hashing.hash(password))
        else:
            self._was_seen(account)
        return True

    async def _rehash(self, account: Account, hashed: str) -> None:
        def change() -> Change:
            now = self.accounts.by_number.get(account.number)
            if now is None or now.password != account.password:
                return Change()
            return Change((replace(now, password=hashed, seen_at=self._now()),))

        await self.accounts.propose(change)

    async def _use(
        self, code: Code, name: Name, peer: Peer, device: str, free: Callable[[str], Name]
    ) -> Proof:
        if code.account is None and self.who_registers == OFF:
            raise Refused("registration_closed", "Nobody can register a nick here.")

        def change() -> Change:
            found = self.accounts.code(code.hash)
            if found is None:
                raise Refused("wrong_secret", "That code was used by somebody else.")
            left = replace(found, uses=found.uses - 1)
            now = self._now()
            if found.account is None:
                row = changes.new_account(self.accounts, free(name.shown), now, found.by)
            else:
                row = replace(changes.account_there(self.accounts, found.account), seen_at=now)
            put: list[Row] = [row, *changes.new_devices(self.accounts, row, peer, device, now)]
            return Change((*put, left)) if left.uses else Change(tuple(put), (found,))

        changed = await self.accounts.propose(change)
        (account,) = (row for row in changed.put if isinstance(row, Account))
        return Proof(account.number, BY_CODE, peer.key)

    # -- who registers

    def registers(self, address: str | None) -> Callable[[], None]:
        """Somebody registers a nick; what is returned is to be called if nothing came of it.

        Raises `Refused` if they may not.
        """
        if self.who_registers != OPEN:
            text = "Here a nick is given to who was invited: come in with the nick and the code."
            closed = "Nobody can register a nick here."
            raise Refused("registration_closed", text if self.who_registers == INVITE else closed)
        self._all_registrations.count("", "Too many nicks were registered just now")
        if address is None:
            return lambda: self._all_registrations.take_back("")
        try:
            self._registrations.count(address, "Too many nicks were registered from your address")
        except Refused:
            self._all_registrations.take_back("")
            raise

        def take_back() -> None:
            self._all_registrations.take_back("")
            self._registrations.take_back(address)

        return take_back

    def _was_seen(self, account: Account, device: Device | None = None) -> None:
        now = self._now()
        if now - account.seen_at < SEEN_EVERY_S and (device is None or now - device.seen_at < SEEN_EVERY_S):
            return

        def change() -> Change:
            here = self.accounts.by_number.get(account.number)
            key = None if device is None else self.accounts.device(device.print)
            put: list[Row] = [] if here is None else [replace(here, seen_at=now)]
            if key is not None and key.account == account.number:
                put.append(replace(key, seen_at=now))
            return Change(tuple(put))

        with suppress(Refused):  # nobody waits for it, and the next login tries again
            self.accounts.propose(change)
