"""Who is announced on the networks of this machine: asked by mDNS, for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
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


class _Heard:
    """The instances that were told, with what they are, of which some are looked at."""

    def __init__(self, own: list[Own]) -> None:
        self.kept: dict[str, Announcement | None] = {}
        self.more = 0
        self._own = own

    def changed(self, *, zeroconf: Any, name: str, state_change: Any, **_: Any) -> None:
        """The library has heard of one."""
        if state_change.name == "Removed":
            self.kept.pop(name, None)
        elif len(self.kept) < MOST_FOUND or name in self.kept:
            # What came with it is looked at now: who sends enough has the library throw it away. What is no
            # name to the library, as it has a control character, takes nobody's place.
            with suppress(Exception):
                info = _info(name)
                self.kept[name] = self._read(info) if info.load_from_cache(zeroconf) else None
        else:
            self.more += 1

    async def ask(self, zeroconf: Any) -> None:
        """For what did not come with the names."""

        async def one(name: str) -> None:
            info = _info(name)
            if await info.async_request(zeroconf, _DETAILS_MS):
                self.kept[name] = self._read(info)

        unread = [name for name, announcement in self.kept.items() if announcement is None]
        await asyncio.gather(*map(one, unread), return_exceptions=True)  # whatever one of them sent

    def _read(self, info: Any) -> Announcement | None:
        from zeroconf import IPVersion  # noqa: PLC0415

        addresses = info.parsed_scoped_addresses(IPVersion.All)
        instance = info.name.removesuffix(f".{TYPE}")[:LONGEST_TEXT]
        host = (info.server or "").removesuffix(".").removesuffix(".local")
        announced = read(instance, host, info.port, addresses, info.properties)
        return announced and replace(announced, addresses=nearest_first(announced.addresses, self._own))


def _info(name: str) -> Any:
    from zeroconf import ServiceInfo  # noqa: PLC0415

    return ServiceInfo(TYPE, name)


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
    heard = _Heard(own)
    try:
        browser = AsyncServiceBrowser(zeroconf.zeroconf, TYPE, handlers=[heard.changed])
        await asyncio.sleep(look_s)
        waited_s = look_s
        while not heard.kept and waited_s < none_s:
            await asyncio.sleep(0.1)
            waited_s += 0.1
        await browser.async_cancel()
        await heard.ask(zeroconf.zeroconf)
    finally:
        await zeroconf.async_close()
    servers = [server for server in heard.kept.values() if server is not None]
    return Found(tuple(sorted(servers, key=lambda server: (server.name.casefold(), server.host))), heard.more)


def nearest_first(addresses: Sequence[str], own: list[Own]) -> tuple[str, ...]:
    """Those in networks of this machine first: a server tells the addresses of all its networks in each."""

    def distance(address: str) -> tuple[bool, bool, int]:
        ip = ip_address(address.partition("%")[0])
        near = any(ip in one.ip.network for one in own)
        return not near, ip.is_link_local, ip.version

    return tuple(sorted(addresses, key=distance))
