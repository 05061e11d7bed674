"""Bans and mutes: who may not come in, and who may not talk. In memory, with an end if minutes were given.

Times are seconds since the epoch, as people name them ("until 15:00").
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Target = str | Network
"""What a ban is on: the key of a nick, or a network (one address is the smallest)."""


@dataclass(frozen=True, slots=True)
class Ban:
    """One ban. ``until`` is None for good."""

    shown: str
    until: float | None
    by: str
    reason: str


def network_from(text: str) -> Network | None:
    """The address or network that was typed, or None if it is neither.

    One of IPv4 that is written as IPv6 (``::ffff:192.0.2.1``) is of IPv4, as peers are.
    """
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    if network.version == 6 and network.subnet_of(_MAPPED):  # noqa: PLR2004
        return ipaddress.IPv4Network((int(network.network_address) & 0xFFFF_FFFF, network.prefixlen - 96))
    return network


_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")  # RFC 4291, 2.5.5.2


class Bans:
    """The bans of the server, on nicks and on networks."""

    def __init__(self) -> None:
        self._bans: dict[Target, Ban] = {}

    def add(self, target: Target, ban: Ban) -> None:
        """Ban; a ban on the same target gives way to this one."""
        self._bans[target] = ban

    def remove(self, target: Target, now: float) -> bool:
        """Lift the ban on exactly this target. Returns whether there was one."""
        self._end(now)
        return self._bans.pop(target, None) is not None

    def on_nick(self, key: str, now: float) -> Ban | None:
        """The ban that holds for a nick, by its key."""
        self._end(now)
        return self._bans.get(key)

    def on_address(self, address: str | None, now: float) -> Ban | None:
        """The first ban that holds for an address; None is a peer without one, on a UNIX socket."""
        self._end(now)
        if address is None:
            return None
        ip = ipaddress.ip_address(address)
        return next(
            (ban for target, ban in self._bans.items() if not isinstance(target, str) and ip in target), None
        )

    def all(self, now: float) -> Iterator[Ban]:
        """Every ban that holds, the oldest first."""
        self._end(now)
        yield from self._bans.values()

    def _end(self, now: float) -> None:
        over = [target for target, ban in self._bans.items() if ban.until is not None and ban.until <= now]
        for target in over:
            del self._bans[target]


class Mutes:
    """Who may not talk, by the key of the nick."""

    def __init__(self) -> None:
        self._until: dict[str, float | None] = {}

    def add(self, key: str, until: float | None) -> None:
        """Mute, for good with None."""
        self._until[key] = until

    def remove(self, key: str, now: float) -> bool:
        """Let somebody talk again. Returns whether there was a mute."""
        held = self.holds(key, now)
        self._until.pop(key, None)
        return held

    def holds(self, key: str, now: float) -> bool:
        """Whether somebody is muted."""
        until = self._until.get(key, 0)
        if until is None or until > now:
            return True
        self._until.pop(key, None)
        return False

    def until(self, key: str) -> float | None:
        """Until when, or None for good; only where it `holds`."""
        return self._until[key]
