"""The factory: it holds the chat with its rooms, makes a protocol for each connection, and counts them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory
from twisted.logger import Logger

from lanchatd import __version__
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Notice
from lanchatd.chat.peer import Peer
from lanchatd.clock import Clock
from lanchatd.doors.first_bytes import ASK_NICK, FirstBytes
from lanchatd.doors.last_line import LastLine
from lanchatd.formats.json_lines import JsonFormat
from lanchatd.formats.text import TextFormat
from lanchatd.limits import Limits
from lanchatd.net.addresses import Addresses
from lanchatd.net.admission import Entrance
from lanchatd.net.budget import Budget
from lanchatd.net.peer_of import peer_of
from lanchatd.net.rates import Allowance, FloodSlots
from lanchatd.net.refusal_log import TurnedAway
from lanchatd.text.refused import Refusal

if TYPE_CHECKING:
    from lanchatd.doors.web.door import WebDoor
    from lanchatd.net.credentials import Credentials

# Connections over a limit that are being told so at once; further ones are closed without a word, as a flood
# of them must not hold descriptors.
TOLD_AT_ONCE = 64


class ChatFactory(ServerFactory):
    """Makes the protocols. What they share is here: the chat, the formats, the clock, the limits, the log.

    With ``require_tls`` others than those on this machine have to speak TLS.
    """

    noisy = False
    log = Logger("lanchatd")

    def __init__(
        self,
        chat: Chat,
        clock: Clock,
        limits: Limits,
        credentials: Credentials,
        require_tls: bool = False,
        web: WebDoor | None = None,
    ) -> None:
        """Without ``web`` there is no page."""
        self.chat = chat
        self.clock = clock
        self.limits = limits
        self.credentials = credentials
        self.require_tls = require_tls
        self.web = web
        self.text = TextFormat()
        self.json = JsonFormat()
        self.budget = Budget(clock)
        self.flood_slots = FloodSlots()
        self.addresses = Addresses(limits)
        self.shutting_down = False
        self.shutdown_reason = ""
        self.entrance = Entrance(clock, limits)
        self.connections: set[FirstBytes] = set()
        self.telling: set[LastLine] = set()
        self._turned_away = TurnedAway(clock)
        self._per_address: Counter[str] = Counter()
        self._all_closed: Deferred[None] | None = None
        self.connections_made = 0

    def greeting(self, page: str | None) -> Notice:
        """What a person is told first; with the address of the page, if there is one."""
        in_browser = () if page is None else (f"In a browser: {page}",)
        key = f"TLS key: {self.credentials.fingerprint}"
        return Notice((self.welcome, *in_browser, key, *self.chat.motd, ASK_NICK))

    @property
    def welcome(self) -> str:
        """Where one is."""
        return f"Welcome to {self.chat.name} (lanchatd {__version__})."

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        peer = peer_of(addr)
        address = peer.address
        limits = self.limits
        now = self.clock.seconds()
        shared = None if address is None else self.addresses.of(address, now)
        if len(self.connections) >= limits.max_connections:
            refused = "full", f"The limit of {limits.max_connections:,} connections is reached."
        elif address is not None and self._per_address[address] >= limits.max_per_address:
            text = f"The limit of {limits.max_per_address:,} connections from one address is reached."
            refused = "address_full", text
        elif self.chat.moderation.bans.on_address(address, self.chat.now()) is not None:
            refused = "banned", "Your address is banned."
        elif shared is not None and not shared.may_come(now):
            refused = "too_often", "Your address has connected too often; try again in a minute."
        else:
            return FirstBytes(self, peer, Allowance(limits, shared, now))
        unheard = len(self.telling) >= TOLD_AT_ONCE
        self._turned_away.add(peer, refused[0], unheard)
        if unheard:
            return None
        code, text = refused
        last_line = LastLine(self, peer, code, self.text.render(Refusal(code, text)))
        self.telling.add(last_line)
        return last_line

    def began(self, connection: FirstBytes) -> None:
        """A connection was made."""
        self.connections.add(connection)
        self.entrance.enter(connection)
        self.connections_made += 1
        if connection.peer.address is not None:
            self._per_address[connection.peer.address] += 1
        self.log.info("{peer} connected", peer=connection.peer.shown)

    def ended(self, peer: Peer, reason: str, detail: str = "", lines: int = 0, **fields: Any) -> None:
        """A connection, or one turned away, has ended: the one line about it, with its fields."""
        known = {"detail": detail, "lines": lines, **fields}
        text = "{peer} closed: {reason}" + "".join(
            f", {name} {{{name}}}" for name, value in known.items() if value
        )
        self.log.info(text, peer=peer.shown, reason=reason, **known)

    def closed(self, connection: FirstBytes) -> None:
        """A connection that `began` is gone."""
        self.connections.discard(connection)
        self.entrance.leave(connection)
        if connection.peer.address is not None:
            self._per_address[connection.peer.address] -= 1
            if not self._per_address[connection.peer.address]:
                del self._per_address[connection.peer.address]
        if self._all_closed is not None and not self.connections:
            all_closed, self._all_closed = self._all_closed, None
            all_closed.callback(None)

    def shut_down(self) -> Deferred[None]:
        """Tell everybody, and close. Fires when the last one is gone, after ``shutdown_s`` at the latest."""
        self.shutting_down = True
        done: Deferred[None] = Deferred()
        if not self.connections:
            done.callback(None)
            return done
        self._all_closed = done
        self.chat.when_told(self._close_all)
        # Not for longer than half of the time: the log may take long.
        calls = [
            self.clock.callLater(self.limits.shutdown_s / 2, self._close_all),
            self.clock.callLater(self.limits.shutdown_s, self._abort_all),
        ]

        def in_time(result: None) -> None:
            for call in calls:
                if call.active():
                    call.cancel()

        return done.addCallback(in_time)

    def _close_all(self) -> None:
        for connection in tuple(self.connections):
            connection.shut_down()

    def _abort_all(self) -> None:
        for connection in tuple(self.connections):
            connection.abort()
