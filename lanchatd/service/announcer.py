"""The daemon is announced on its networks, so that `lanchat-client` finds it without an address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from lanchatd import __version__
from lanchatd.chat.chat import Chat
from lanchatd.doors.join_addresses import JoinAddresses, Place
from lanchatd.lan import mdns
from lanchatd.lan.announcement import Announcement, host_name
from lanchatd.lan.announcing import Announcing
from lanchatd.lan.interfaces import Own, own_addresses
from lanchatd.net.credentials import Credentials
from lanchatd.net.shared_port import Spokesman
from lanchatd.service.link_changes import LinkChanges

# How often it is looked at how many are here; each change is told to the whole network.
LOOK_S = 30
# How long the goodbye may take. It is sent three times, in 0.3 s.
GOODBYE_S = 2


class Announcer(Service):
    """Announces the first port that others can reach; nothing if there is none."""

    log = Logger("lanchatd")

    def __init__(
        self,
        reactor: Any,
        join: JoinAddresses,
        credentials: Credentials,
        chat: Chat,
        known_as: Callable[[str], None],
        spokesman: Spokesman | None = None,
    ) -> None:
        """``known_as`` is called with the name that this machine has in mDNS now.

        Of several daemons that share a port, the ``spokesman`` announces it.
        """
        self._reactor = reactor
        self._join = join
        self._credentials = credentials
        self._chat = chat
        self._known_as = known_as
        self._spokesman = spokesman
        self._host = ""
        self._told: tuple[Announcement, list[Own]] | None = None
        self._announcing: Announcing | None = None
        self._looks = LoopingCall(self._look)
        self._looks.clock = reactor
        self._changes = LinkChanges(reactor, self._look)
        self._why_not = ""
        self._goodbye: Deferred[None] = Deferred()

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        if self._place is None:
            return
        if not mdns.is_installed():
            self.log.info("not announced on the network; for that: {command}", command=mdns.MISSING)
            return
        self._host = host_name(self._credentials.fingerprint)
        self._known_as(f"{self._host}.local")
        self._reactor.callWhenRunning(self._begin)

    def stopService(self) -> Deferred[None] | None:
        super().stopService()  # type: ignore[no-untyped-call]
        if self._announcing is None:
            return None
        self._changes.stop()
        if self._looks.running:
            self._looks.stop()
        self._announcing.end()
        self._goodbye.addTimeout(GOODBYE_S, self._reactor, onTimeoutCancel=lambda *_: None)
        return self._goodbye

    @property
    def _place(self) -> Place | None:
        return next((place for place in self._join.places if not place.ip.is_loopback), None)

    def _begin(self) -> None:
        if not self.running:
            return
        in_reactor = self._reactor.callFromThread
        self._announcing = Announcing(
            lambda name: in_reactor(self._announced, name),
            lambda error: in_reactor(self._failed, error),
            lambda: in_reactor(self._ended),
        )
        try:
            self._changes.start()
        except OSError as error:
            # It is looked now and then, in any case.
            self.log.info("the kernel does not tell of new addresses: {why}", why=error.strerror)
        self._looks.start(LOOK_S)

    def _look(self) -> None:
        """Announce what is so now, if that is something else than before."""
        place = self._place
        if place is None or self._announcing is None:
            return
        if self._spokesman is not None and not self._spokesman.is_here(place.port):
            return
        own = [one for one in own_addresses() if not one.inside and place.takes(one.ip.ip)]
        announcement = Announcement(
            name=self._chat.name,
            host=self._host,
            port=place.port,
            addresses=tuple(str(one.ip.ip) for one in own if one.lasting),
            key=self._credentials.fingerprint,
            version=__version__,
            only_tls=place.only_tls,
            page=self._join.web,
            here=len(self._chat.users),
        )
        if (announcement, own) != self._told:
            self._told = announcement, own
            self._announcing.announce(announcement, own)

    def _announced(self, name: str) -> None:
        self.log.info("announced on the network as {name}, at {host}.local", name=name, host=self._host)

    def _failed(self, error: Exception) -> None:
        self._told = None  # it is tried again
        why = str(error) or type(error).__name__
        if why != self._why_not:
            self._why_not = why
            self.log.warn("can't be announced on the network: {why}", why=why)

    def _ended(self) -> None:
        if self._spokesman is not None:
            self._spokesman.close()
        if not self._goodbye.called:
            self._goodbye.callback(None)
