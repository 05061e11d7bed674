"""A daemon is announced: by a thread of its own, with the event loop that the library for mDNS wants."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from ipaddress import ip_address
from threading import Thread
from typing import Any

from lanchatd.lan import mdns
from lanchatd.lan.announcement import TTL_S, TYPE, Announcement
from lanchatd.lan.interfaces import Own


class Announcing:
    """What was asked for last is announced, until the end."""

    def __init__(
        self,
        told: Callable[[str], None],
        failed: Callable[[Exception], None],
        ended: Callable[[], None],
    ) -> None:
        """Called in the thread: by which name it is announced, what went wrong, that it said goodbye."""
        self._told = told
        self._failed = failed
        self._ended = ended
        self._loop = asyncio.new_event_loop()
        self._wake = asyncio.Event()
        self._wanted: tuple[Announcement, list[Own]] | None = None
        self._ending = False
        self._zeroconf: Any = None
        self._info: Any = None
        # A daemon thread: a start that fails half-way has to end.
        self._thread = Thread(target=self._run, name="mdns", daemon=True)
        self._thread.start()

    def announce(self, announcement: Announcement, own: list[Own]) -> None:
        """From now on this; ``own`` are the addresses of this machine that it is to be found at."""
        self._loop.call_soon_threadsafe(self._want, (announcement, own))

    def end(self) -> None:
        """Say goodbye."""
        self._loop.call_soon_threadsafe(self._want, None)

    def _want(self, wanted: tuple[Announcement, list[Own]] | None) -> None:
        self._wanted = wanted
        self._ending = wanted is None
        self._wake.set()

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._follow())
        finally:
            self._loop.close()
            self._ended()

    async def _follow(self) -> None:
        while not self._ending:
            await self._wake.wait()
            self._wake.clear()
            if self._wanted is not None:
                try:
                    await self._become(*self._wanted)
                except Exception as error:
                    # An interface that goes meanwhile, a socket that is refused: with the next change it is
                    # tried anew.
                    self._failed(error)
        with contextlib.suppress(OSError):
            await self._leave()

    async def _become(self, announcement: Announcement, own: list[Own]) -> None:
        if not own:
            await self._leave()
            return
        if self._zeroconf is None:
            self._zeroconf = mdns.open_on(own)
        else:
            await self._zeroconf.zeroconf.async_update_interfaces(**mdns.interfaces(own))
        if self._info is not None:
            self._info = _info(announcement, self._info.name)
            await (await self._zeroconf.async_update_service(self._info))
            return
        info = _info(announcement, f"{announcement.instance}.{TYPE}")
        # Another daemon with the same key may have the name: this one is NAME-2 then.
        await (await self._zeroconf.async_register_service(info, allow_name_change=True))
        self._info = info
        self._told(info.name.removesuffix(f".{TYPE}"))

    async def _leave(self) -> None:
        zeroconf, self._zeroconf = self._zeroconf, None
        self._info = None
        if zeroconf is not None:
            await zeroconf.async_unregister_all_services()
            await zeroconf.async_close()


def _info(announcement: Announcement, name: str) -> Any:
    from zeroconf import ServiceInfo  # noqa: PLC0415

    return ServiceInfo(
        TYPE,
        name,
        port=announcement.port,
        addresses=[ip_address(address).packed for address in announcement.addresses],
        properties=announcement.texts(),
        server=f"{announcement.host}.local.",
        host_ttl=TTL_S,
        other_ttl=TTL_S,
    )
