"""Bans, mutes and operators: who may not come in, who may not talk, and who may moderate.

They are kept: a change holds at once, and is answered when it is kept. Times are seconds since the epoch, as
people name them ("until 15:00").
"""

from __future__ import annotations

import ipaddress
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from lanchatd.chat.answers import Answer, begin
from lanchatd.text import cleaning, names
from lanchatd.text.names import Name
from lanchatd.text.refused import Refused
from lanchatd.text.times import from_iso, iso_time

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Target = str | Network
"""What a ban is on: the key of a nick, or a network (one address is the smallest)."""

Keep = Callable[[bytes], Answer[None]]
"""Keeps the newest version of a document, and answers when it is safe, or why it is not."""


# Of each kind: bans, mutes, operators. All of them are written anew with every change, about 1 MiB then.
MOST_KEPT = 10_000
LONGEST_REASON = 1_024  # characters, of a ban

VERSION = 1  # of the document

_LATEST = 221_845_392_000  # the year 9000, in seconds since the epoch: dates end in 9999 (datetime.MAXYEAR)


@dataclass(frozen=True, slots=True)
class Ban:
    """One ban. ``until`` is None for good."""

    shown: str
    until: float | None
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mute:
    """One mute. ``until`` is None for good."""

    shown: str
    until: float | None


def network_from(text: str) -> Network | None:
    """The address or network that was typed, or None if it is neither.

    One of IPv4 that is written as IPv6 (``::ffff:192.0.2.1``) is of IPv4, as peers are. The interface that
    a link-local address of IPv6 is shown with (``fe80::1%eth0``) is this machine's and no part of it.
    """
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if network.version == 4:  # noqa: PLR2004
        return network
    network = ipaddress.IPv6Network((int(network.network_address), network.prefixlen))
    if network.subnet_of(_MAPPED):
        return ipaddress.IPv4Network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - 96))
    return network


_EXAMPLES = "An address is like 192.0.2.7 or 2001:db8::7, a network like 192.0.2.0/24 or 2001:db8::/64."
_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # RFC 4291, 2.5.5.2


def target_from(text: str) -> tuple[Target, str]:
    """What a ban is on, and how that is shown: an address or network if it reads like one, else a nick."""
    if (network := network_from(text)) is not None:
        shown = network.network_address if network.num_addresses == 1 else network
        return network, str(shown)
    try:
        name = names.nick(text)
    except Refused:  # a nick never looks like an address, so a mistyped one is no nick
        why = f"{text} is no nick, no address and no network. {_EXAMPLES}"
        raise Refused("bad_target", why) from None
    return name.key, name.shown


class Bans:
    """The bans of the server, on nicks and on networks."""

    def __init__(self) -> None:
        self._bans: dict[Target, Ban] = {}
        # How many networks there are of each version and length: an address is looked up once for each.
        self._lengths: Counter[tuple[int, int]] = Counter()

    def __len__(self) -> int:
        return len(self._bans)

    def add(self, target: Target, ban: Ban) -> None:
        """Ban; a ban on the same target gives way to this one."""
        self._forget(target)
        self._bans[target] = ban
        if not isinstance(target, str):
            self._lengths[target.version, target.prefixlen] += 1

    def follow(self, key: str, name: Name) -> bool:
        """Who had a nick, by its key, has another. Returns whether there was a ban on it."""
        ban = self._forget(key)
        if ban is not None:
            self.add(name.key, replace(ban, shown=name.shown))
        return ban is not None

    def remove(self, target: Target, now: float) -> bool:
        """Lift the ban on exactly this target. Returns whether there was one."""
        self.end(now)
        return self._forget(target) is not None

    def on_nick(self, key: str, now: float) -> Ban | None:
        """The ban that holds for a nick, by its key."""
        return self._held(key, now)

    def on_address(self, address: str | None, now: float) -> Ban | None:
        """The narrowest ban that holds for an address; None is a peer without one, on a UNIX socket."""
        if address is None or not self._lengths:
            return None
        ip = ipaddress.ip_address(address)
        for version, length in sorted(self._lengths, reverse=True):
            if version == ip.version:
                network = ipaddress.ip_network((int(ip), length), strict=False)
                if (ban := self._held(network, now)) is not None:
                    return ban
        return None

    def all(self, now: float) -> Iterator[Ban]:
        """Every ban that holds, the oldest first."""
        self.end(now)
        yield from self._bans.values()

    def end(self, now: float) -> None:
        """Forget those that are over."""
        for target in [target for target, ban in self._bans.items() if _over(ban, now)]:
            self._forget(target)

    def _held(self, target: Target, now: float) -> Ban | None:
        ban = self._bans.get(target)
        return None if ban is None or _over(ban, now) else ban

    def _forget(self, target: Target) -> Ban | None:
        ban = self._bans.pop(target, None)
        if ban is not None and not isinstance(target, str):
            self._lengths[target.version, target.prefixlen] -= 1
            self._lengths += Counter()  # without those that are 0 now
        return ban


class Mutes:
    """Who may not talk, ``by_key`` of the nick; of those it may be over, see `holds`."""

    def __init__(self) -> None:
        self.by_key: dict[str, Mute] = {}

    def __len__(self) -> int:
        return len(self.by_key)

    def add(self, name: Name, until: float | None) -> None:
        """Mute, for good with None."""
        self.by_key[name.key] = Mute(name.shown, until)

    def follow(self, key: str, name: Name) -> bool:
        """Who had a nick, by its key, has another. Returns whether it was muted."""
        mute = self.by_key.pop(key, None)
        if mute is not None:
            self.add(name, mute.until)
        return mute is not None

    def remove(self, key: str, now: float) -> bool:
        """Let somebody talk again. Returns whether there was a mute."""
        held = self.holds(key, now)
        self.by_key.pop(key, None)
        return held

    def holds(self, key: str, now: float) -> bool:
        """Whether somebody is muted."""
        mute = self.by_key.get(key)
        return mute is not None and not _over(mute, now)

    def until(self, key: str) -> float | None:
        """Until when, or None for good; only where it `holds`."""
        return self.by_key[key].until

    def all(self, now: float) -> Iterator[Mute]:
        """Every mute that holds, the oldest first."""
        self.end(now)
        yield from self.by_key.values()

    def end(self, now: float) -> None:
        """Forget those that are over."""
        self.by_key = {key: mute for key, mute in self.by_key.items() if not _over(mute, now)}


class Moderation:
    """All three, and how they are kept: as one document, which is written whole with every change."""

    def __init__(self, now: Callable[[], float], keep: Keep) -> None:
        self.bans = Bans()
        self.mutes = Mutes()
        self.operators: dict[str, str] = {}
        """The nicks of operators, by their keys."""
        self._now = now
        self._keep = keep

    def follow(self, key: str, name: Name) -> bool:
        """An owner, whose nick had this key, has another nick. Returns whether that changes anything."""
        shown = self.operators.pop(key, None)
        if shown is not None:
            self.operators[name.key] = name.shown
        followed = [shown is not None, self.bans.follow(key, name), self.mutes.follow(key, name)]
        return any(followed)

    def refuse_full(self, kind: Bans | Mutes | dict[str, str], what: str) -> None:
        """Raises `Refused` if there can't be one more of a kind."""
        if not isinstance(kind, dict):
            kind.end(self._now())
        if len(kind) >= MOST_KEPT:
            raise Refused("too_many", f"There are {MOST_KEPT:,} {what}, which is the limit.")

    def changed(self) -> Answer[None]:
        """Keep what there is now. It holds at once; `Refused` if it could not be written."""
        return begin(self._is_kept(self._keep(self.document())))

    async def _is_kept(self, written: Answer[None]) -> None:
        try:
            await written
        except OSError as error:
            why = f"That holds only until the daemon ends, as it could not be written: {error.strerror}."
            raise Refused("not_kept", why) from None

    def document(self) -> bytes:
        """Everything that holds, as JSON that a person can read and change."""
        now = self._now()
        bans = [
            {"on": ban.shown, "until": _iso(ban.until), "by": ban.by, "reason": ban.reason}
            for ban in self.bans.all(now)
        ]
        mutes = [{"nick": mute.shown, "until": _iso(mute.until)} for mute in self.mutes.all(now)]
        operators = list(self.operators.values())
        document = {"version": VERSION, "bans": bans, "mutes": mutes, "operators": operators}
        return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()

    def load(self, document: bytes) -> None:
        """Take what a document says in place of what there is.

        Raises ValueError with what is wrong with it, and leaves everything as it is then.
        """
        bans, mutes, operators = Bans(), Mutes(), dict[str, str]()
        try:
            loaded = json.loads(document)
            if loaded["version"] != VERSION:
                raise ValueError(f"its version is {loaded['version']}, and not {VERSION}")
            for row in _list(loaded["bans"]):
                target, shown = target_from(_text(row["on"]))
                # Whatever is in these two, it is no reason to let everybody in.
                by, reason = cleaning.harmless(row["by"]), cleaning.harmless(row["reason"])[:LONGEST_REASON]
                bans.add(target, Ban(shown, self._moment(row["until"]), by, reason))
            for row in _list(loaded["mutes"]):
                mutes.add(names.nick(row["nick"]), self._moment(row["until"]))
            for nick in _list(loaded["operators"]):
                name = names.nick(nick)
                operators[name.key] = name.shown
        except KeyError as error:
            raise ValueError(f"{error} is missing") from None
        except (TypeError, AttributeError, RecursionError):
            raise ValueError("it is not the JSON that was written there") from None
        except Refused as refused:
            raise ValueError(refused.text) from None
        self.bans, self.mutes, self.operators = bans, mutes, operators

    def _moment(self, until: object) -> float | None:
        if until is None:
            return None
        moment = from_iso(_text(until))
        # Not by how far away it is: a computer that starts with its clock years behind shall start.
        if moment > _LATEST:
            raise ValueError(f"{until} is too far away; null is for good")
        return moment


def _over(held: Ban | Mute, now: float) -> bool:
    return held.until is not None and held.until <= now


def _iso(until: float | None) -> str | None:
    return None if until is None else iso_time(until)


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
