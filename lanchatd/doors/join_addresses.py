"""Where others join: every address, as it is told and passed on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from lanchatd.clock import Clock
from lanchatd.lan.interfaces import Own, own_addresses, told_to_others
from lanchatd.lan.join_address import JoinAddress

# To look what addresses there are takes half of the time of a join (measured).
LOOKS_EVERY_S = 1

_Ip = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Place:
    """Where the daemon listens: at an address of its own, or at all of one kind or both."""

    ip: _Ip
    port: int
    only_tls: bool

    def takes(self, ip: _Ip) -> bool:
        """Whether who connects to this address of the machine comes in here."""
        if not self.ip.is_unspecified:
            return self.ip == ip
        # Twisted's sockets of IPv6 take IPv4 too, where there is any.
        return self.ip.version >= ip.version


class JoinAddresses:
    """The addresses for others, at each place where the daemon listens; they are those that there are now."""

    def __init__(
        self,
        clock: Clock,
        web: bool,
        name: str | None = None,
        own: Callable[[], list[Own]] = own_addresses,
    ) -> None:
        """``web`` says whether there is a page; ``name`` is what others know this machine by, if anything."""
        self.web = web
        self.places: list[Place] = []  # in the order of what is listened on
        self._clock = clock
        self._name = name
        self._own = own
        self._best: JoinAddress | None = None
        self._looked_at: float | None = None

    def listens(self, host: Any, only_tls: bool) -> list[JoinAddress]:
        """A place, as Twisted tells it: where others join there. None do by a UNIX socket."""
        ip = _ip_of(host)
        if ip is None:
            return []
        place = Place(ip, host.port, only_tls)
        self.places.append(place)
        return self._at([place])

    def all(self) -> list[JoinAddress]:
        """For others, the best first; where nobody else can come in, those for this machine."""
        return self._at(self.places)

    def for_peer(self, host: Any, only_tls: bool) -> JoinAddress | None:
        """What who has connected to it can pass on: on this machine the one for the others."""
        ip = _ip_of(host)
        if (ip is None or ip.is_loopback) and (best := self._lately_best()) is not None:
            return best
        return None if ip is None else self._named(Place(ip, host.port, only_tls), self._name or str(ip))

    def asked_at(self, name: str, port: int | None) -> JoinAddress | None:
        """The one under which a browser asked for the page, if others can use it too; else the best."""
        if _is_loopback(name) or "%" in name:
            return next(iter(self.all()), None)
        only_tls = next((place.only_tls for place in self.places if place.port == port), False)
        return JoinAddress(name, port or (443 if only_tls else 80), only_tls, self.web)

    def _lately_best(self) -> JoinAddress | None:
        now = self._clock.seconds()
        if self._looked_at is None or now - self._looked_at >= LOOKS_EVERY_S:
            self._best, self._looked_at = next(iter(self.all()), None), now
        return self._best

    def _at(self, places: Sequence[Place]) -> list[JoinAddress]:
        told = [one.ip.ip for one in told_to_others(self._own())]
        found: list[JoinAddress] = []
        for place in places:
            ips = [ip for ip in told if place.takes(ip)]
            if not ips:
                ips = [IPv4Address("127.0.0.1") if place.ip.is_unspecified else place.ip]
            names = [*([] if self._name is None else [self._name]), *map(str, ips)]
            found += [self._named(place, name) for name in names]
        # Where only this machine comes in is of no use to others.
        return [one for one in found if not _is_loopback(one.host)] or found

    def _named(self, place: Place, name: str) -> JoinAddress:
        return JoinAddress(name, place.port, place.only_tls, self.web)


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name.lower().rstrip(".") == "localhost"


def _ip_of(host: Any) -> _Ip | None:
    """The IP address in one of Twisted's; None in that of a UNIX socket."""
    if not hasattr(host, "host"):
        return None
    return _ip_from(host.host)


@lru_cache(maxsize=256)  # all who come have connected to the same few
def _ip_from(host: str) -> _Ip:
    ip = ip_address(host.partition("%")[0])
    return getattr(ip, "ipv4_mapped", None) or ip
