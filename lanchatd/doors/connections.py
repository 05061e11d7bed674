"""All connections: what their doors share, how many there are, and their end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from lanchatd import __version__
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Node, Notice
from lanchatd.chat.peer import Peer
from lanchatd.clock import Clock
from lanchatd.doors.join_addresses import JoinAddresses
from lanchatd.formats.json_lines import JsonFormat
from lanchatd.formats.text import TextFormat
from lanchatd.limits import Limits
from lanchatd.net.allowances import Addresses, Allowance, FloodSlots
from lanchatd.net.bounded_log import FloodLog, VisitLog
from lanchatd.net.credentials import Credentials
from lanchatd.net.newcomers import Entrance, Newcomer
from lanchatd.net.owners import Owners
from lanchatd.net.turn_time import Budget
from lanchatd.text.refused import Refused

ASK_NICK = "What is your nick?"


class Connection(Newcomer, Protocol):
    """One of them."""

    peer: Peer

    def shut_down(self) -> None:
        """The daemon ends: tell it, and close."""
        ...

    def abort(self) -> None:
        """Close now."""
        ...


class Connections:
    """What the doors share: the chat, the formats, the clock, the limits, the budget and the log.

    With ``require_tls`` others than those on this machine have to speak TLS.
    """

    log = Logger("lanchatd")

    def __init__(
        self,
        chat: Chat,
        clock: Clock,
        limits: Limits,
        credentials: Credentials,
        require_tls: bool = False,
        join: JoinAddresses | None = None,
    ) -> None:
        """``join`` is where others join, if that is known."""
        self.chat = chat
        self.clock = clock
        self.limits = limits
        self.credentials = credentials
        self.require_tls = require_tls
        self.join = join or JoinAddresses(clock, web=False)
        self.text = TextFormat()
        self.json = JsonFormat()
        self.budget = Budget(clock)
        self.flood_slots = FloodSlots()
        self.addresses = Addresses(limits)
        self.owners = Owners(limits)
        self.entrance = Entrance(clock, limits)
        self.open: set[Connection] = set()
        self.made = 0
        self.shutting_down = False
        self.shutdown_reason = ""
        self._per_address: Counter[str] = Counter()
        # The last greeting, and of what it is: a thousand who come back at once are told the same.
        self._greeted: tuple[object, bytes] = None, b""
        self._visits = VisitLog(clock)
        self._floods = FloodLog(clock)
        self._all_closed: Deferred[None] | None = None

    @property
    def welcome(self) -> str:
        """Where one is."""
        return f"Welcome to {self.chat.name} (lanchatd {__version__})."

    def greeting(self, page: str | None, ask: bool) -> bytes:
        """What a person is told first, as text: also the addresses of the page and of other daemons, if any.

        ``ask`` for the nick, if none has come yet.
        """
        of = page, ask, self.credentials.fingerprint, self.chat.motd, self.chat.nodes.advertised()
        if of != self._greeted[0]:
            self._greeted = of, self.text.render(self._greeting(*of))
        return self._greeted[1]

    def _greeting(
        self, page: str | None, ask: bool, fingerprint: str, motd: Sequence[str], others: Sequence[Node]
    ) -> Notice:
        in_browser = () if page is None else (f"In a browser: {page}",)
        nodes = ", ".join(node.address for node in others)
        also = (f"Also at: {nodes}",) if nodes else ()
        question = (ASK_NICK,) if ask else ()
        return Notice((self.welcome, *in_browser, *also, f"TLS key: {fingerprint}", *motd, *question))

    def admit(self, peer: Peer) -> Allowance:
        """How fast one more connection may send. Raises `Refused` if it may not be."""
        address, limits, now = peer.address, self.limits, self.clock.seconds()
        shared = None if address is None else self.addresses.of(address, now)
        if len(self.open) >= limits.max_connections:
            raise Refused("full", f"The limit of {limits.max_connections:,} connections is reached.")
        if address is not None and self._per_address[address] >= limits.max_per_address:
            text = f"The limit of {limits.max_per_address:,} connections from one address is reached."
            raise Refused("address_full", text)
        if self.chat.moderation.bans.on_address(address, self.chat.now()) is not None:
            raise Refused("banned", "Your address is banned.")
        if shared is not None and not shared.may_come(now):
            raise Refused("too_often", "Your address has connected too often; try again in a minute.")
        return Allowance(limits, shared, now)

    def began(self, connection: Connection) -> None:
        """A connection was made."""
        self.open.add(connection)
        self.entrance.enter(connection)
        self.made += 1
        if connection.peer.address is not None:
            self._per_address[connection.peer.address] += 1
        if self._is_recorded(connection.peer, "connected"):
            self.log.info("{peer} connected", peer=connection.peer.shown)

    def flooded(self, peer: Peer, allowance: Allowance) -> None:
        """Something was over its allowance: the log tells when that begins."""
        if what := allowance.new_flood():
            self.chat.counts.floods += 1
            self._floods.add(peer, what)

    def ended(self, peer: Peer, reason: str, detail: str = "", lines: int = 0, **fields: Any) -> None:
        """A connection, or one turned away, has ended: the one line about it, with its fields."""
        self.chat.counts.closed[reason] += 1
        if not self._is_recorded(peer, reason):
            return
        known = {"detail": detail, "lines": lines, **fields}
        text = "{peer} closed: {reason}" + "".join(
            f", {name} {{{name}}}" for name, value in known.items() if value
        )
        self.log.info(text, peer=peer.shown, reason=reason, **known)

    def closed(self, connection: Connection) -> None:
        """A connection that `began` is gone."""
        self.open.discard(connection)
        self.entrance.leave(connection, came_in=False)
        if connection.peer.address is not None:
            self._per_address[connection.peer.address] -= 1
            if not self._per_address[connection.peer.address]:
                del self._per_address[connection.peer.address]
        if self._all_closed is not None and not self.open:
            all_closed, self._all_closed = self._all_closed, None
            all_closed.callback(None)

    def _is_recorded(self, peer: Peer, what: str) -> bool:
        """Whether this is told of one connection; if not, it is told of many."""
        now = self.clock.seconds()
        if peer.address is None or self.addresses.of(peer.address, now).may_record(now):
            return True
        return self._visits.add(peer.address, what)

    def shut_down(self) -> Deferred[None]:
        """Tell everybody, and close. Fires when the last one is gone, after ``shutdown_s`` at the latest."""
        self.shutting_down = True
        done: Deferred[None] = Deferred()
        if not self.open:
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
        for connection in tuple(self.open):
            connection.shut_down()

    def _abort_all(self) -> None:
        for connection in tuple(self.open):
            connection.abort()
