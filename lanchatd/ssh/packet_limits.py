"""How much of what one connection sends is taken: in a turn of the reactor, and before the login in all."""

from __future__ import annotations

# A login needs some thirty packets, and one or two for each key that is tried.
MOST_BEFORE_LOGIN_PACKETS = 128
MOST_BEFORE_LOGIN_BYTES = 65_536

# Some 0.1 ms each, as Python takes them apart.
PACKETS_A_TURN = 8


class Intake:
    """Counts the bytes and packets of one connection."""

    def __init__(self) -> None:
        self._bytes = 0
        self._packets = 0
        self._left_in_turn = 0

    @property
    def turn_is_over(self) -> bool:
        """Whether the packets that are still there have to wait for the next turn."""
        return not self._left_in_turn

    @property
    def too_many_packets(self) -> bool:
        """Whether there were more of them than any login needs."""
        return self._packets > MOST_BEFORE_LOGIN_PACKETS

    @property
    def too_much(self) -> str:
        """What there was more of than any login needs; empty if it was not."""
        if self.too_many_packets:
            return "packets"
        return "bytes" if self._bytes > MOST_BEFORE_LOGIN_BYTES else ""

    def bytes_came(self, amount: int) -> None:
        """In a turn of the reactor; there are none if what came before is gone on with."""
        self._bytes += amount
        self._left_in_turn = PACKETS_A_TURN

    def packet_came(self) -> None:
        """One that is whole."""
        self._packets += 1
        self._left_in_turn -= 1
