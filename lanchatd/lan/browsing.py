"""Who is announced on the networks of this machine: asked by mDNS, for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from typing import Any

from lanchatd.lan import mdns
from lanchatd.lan.announcement import LONGEST_TEXT, TYPE, Announcement, read
from lanchatd.lan.interfaces import Own, own_addresses

# How long it is looked: others answer in 0.1 s, and a question that was lost is asked again after 1 s.
LOOK_S = 1.5
# The same while nobody has answered.
NONE_S = 3.5
# What else somebody has to be asked for, when not all came at once.
_DETAILS_MS = 700
# Whoever announces more than these has them counted: they are shown to a person.
MOST_FOUND = 100


@dataclass(frozen=True, slots=True)
class Found:
    """Who was found, in the order of their names, and how many more there were."""

    servers: tuple[Announcement, ...] = ()
    more: int = 0


@dataclass(slots=True)
class _Names:
    """The instances that were told, of which some are looked at."""

    kept: dict[str, None] = field(default_factory=dict)
    more: int = 0

    def changed(self, *, name: str, state_change: Any, **_: Any) -> None:
        """The library has heard of one."""
        if state_change.name == "Removed":
            self.kept.pop(name, None)
        elif len(self.kept) < MOST_FOUND or name in self.kept:
            self.kept[name] = None
        else:
            self.more += 1


def found(look_s: float = LOOK_S, none_s: float = NONE_S) -> Found:
    """Look, and come back when the time is over. Nobody, where there is no network. Needs the library."""
    own = [one for one in own_addresses() if not one.ip.is_loopback]
    try:
        return asyncio.run(_found(own, look_s, none_s))
    except (OSError, RuntimeError):
        # No interface, or none that may be listened on.
        return Found()


async def _found(own: list[Own], look_s: float, none_s: float) -> Found:
    from zeroconf.asyncio import AsyncServiceBrowser  # noqa: PLC0415

    zeroconf = mdns.open_on(own)
    names = _Names()
    try:
        browser = AsyncServiceBrowser(zeroconf.zeroconf, TYPE, handlers=[names.changed])
        await asyncio.sleep(look_s)
        waited_s = look_s
        while not names.kept and waited_s < none_s:
            await asyncio.sleep(0.1)
            waited_s += 0.1
        servers = await asyncio.gather(*(_details(zeroconf, name, own) for name in names.kept))
        await browser.async_cancel()
    finally:
        await zeroconf.async_close()
    told = [server for server in servers if server is not None]
    return Found(tuple(sorted(told, key=lambda server: (server.name.casefold(), server.host))), names.more)


async def _details(zeroconf: Any, name: str, own: list[Own]) -> Announcement | None:
    from zeroconf import IPVersion, ServiceInfo  # noqa: PLC0415

    with suppress(Exception):  # whatever somebody sent, the others are shown
        info = ServiceInfo(TYPE, name)
        if await info.async_request(zeroconf.zeroconf, _DETAILS_MS):
            addresses = info.parsed_scoped_addresses(IPVersion.All)
            instance = name.removesuffix(f".{TYPE}")[:LONGEST_TEXT]
            host = (info.server or "").removesuffix(".").removesuffix(".local")
            announced = read(instance, host, info.port, addresses, info.properties)
            return announced and replace(announced, addresses=nearest_first(announced.addresses, own))
    return None


def nearest_first(addresses: Sequence[str], own: list[Own]) -> tuple[str, ...]:
    """Those in networks of this machine first: a server tells the addresses of all its networks in each."""

    def distance(address: str) -> tuple[bool, bool, int]:
        ip = ip_address(address.partition("%")[0])
        near = any(ip in one.ip.network for one in own)
        return not near, ip.is_link_local, ip.version

    return tuple(sorted(addresses, key=distance))
