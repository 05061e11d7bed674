"""The factory: it makes a protocol for each connection, or tells in a line why there is none."""

from __future__ import annotations

from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol, ServerFactory

from lanchatd.doors.connections import Connections
from lanchatd.doors.door import Doors
from lanchatd.doors.first_bytes import FirstBytes
from lanchatd.doors.refusal import LastLine
from lanchatd.doors.turned_away import TurnedAway
from lanchatd.net.bounded_log import RefusalLog
from lanchatd.net.peer_of import peer_of
from lanchatd.text.refused import Refused

# Connections over a limit that are being told so at once; further ones are closed without a word, as a flood
# of them must not hold descriptors.
TOLD_AT_ONCE = 64


class ChatFactory(ServerFactory):
    """Makes the protocols: each begins with its first bytes, which choose one of the ``doors``."""

    noisy = False

    def __init__(self, connections: Connections, doors: Doors) -> None:
        self.connections = connections
        self._doors = doors
        self._telling: set[LastLine] = set()
        self._refusals = RefusalLog(connections.clock)

    def buildProtocol(self, addr: IAddress | None) -> Protocol | None:
        peer = peer_of(addr)
        try:
            return FirstBytes(self.connections, self._doors, peer, self.connections.admit(peer))
        except Refused as refused:
            unheard = len(self._telling) >= TOLD_AT_ONCE
            self.connections.chat.counts.turned_away[refused.code] += 1
            self._refusals.add(peer, refused.code, unheard)
            if unheard:
                return None
            turned_away = TurnedAway(self.connections, self._doors, refused, self._telling.discard)
        self._telling.add(turned_away)
        return turned_away
