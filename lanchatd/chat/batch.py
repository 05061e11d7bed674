"""What a room tells at once, for who is told something else than others: rendered as seldom as can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Protocol

from lanchatd.chat.events import Event, Item, Moment
from lanchatd.chat.format import Format


class ToldOtherwise(Protocol):
    """A session, as far as it is told something else than others."""

    format: Format

    def own(self, event: Event) -> bytes | None:
        """What it is told of what it did itself; None if it did not, or is told it as everybody is."""
        ...

    @property
    def ignores_somebody(self) -> bool:
        """Whether there is anybody whose lines it is not shown."""
        ...

    def ignores(self, item: Item) -> bool:
        """Whether it is not shown this."""
        ...


class Batch:
    """IRC clients are told the ``events``, each of them, and all others the ``moments``.

    ``rendered`` is what was rendered already, one by one.
    """

    __slots__ = ("_moments", "_pieces", "_whole", "_with_less")

    def __init__(
        self, moments: Sequence[Moment], events: Sequence[Event], rendered: dict[Format, list[bytes]]
    ) -> None:
        self._moments = moments, events
        self._pieces = rendered
        self._whole: dict[Format, tuple[memoryview, int, list[int]]] = {}
        self._with_less: dict[tuple[Format, frozenset[int]], list[bytes]] = {}

    def moments(self, form: Format) -> Sequence[Moment]:
        """What is told in this format."""
        return self._moments[form.like_irc]

    def pieces(self, form: Format) -> list[bytes]:
        """The same, rendered, one by one."""
        pieces = self._pieces.get(form)
        if pieces is None:
            pieces = self._pieces[form] = list(map(form.render, self._moments[form.like_irc]))
        return pieces

    def _make_whole(self, form: Format) -> tuple[memoryview, int, list[int]]:
        """The same, in one piece; how many moments are told in it, where each starts, and the last ends."""
        pieces = self.pieces(form)
        starts = list(accumulate(map(len, pieces), initial=0))
        # What is left of it is copied once, into what is sent: with parts that are bytes it would be twice.
        whole = self._whole[form] = memoryview(b"".join(pieces)), sum(map(bool, pieces)), starts
        return whole

    def pieces_without(self, form: Format, hidden: frozenset[int]) -> list[bytes]:
        """The same, without those at some indexes: they are empty."""
        if (form, hidden) not in self._with_less:
            self._with_less[form, hidden] = less(self.pieces(form), hidden)
        return self._with_less[form, hidden]

    def pieces_for(
        self, reader: ToldOtherwise, hidden: frozenset[int], own: Mapping[int, bytes]
    ) -> list[bytes]:
        """The same for one who ignores somebody, or is told what it did itself, its ``own``, otherwise."""
        form = reader.format
        pieces = self.pieces_without(form, hidden)
        if reader.ignores_somebody:
            return [
                piece and rendered_for(reader, moment, piece)
                for moment, piece in zip(self.moments(form), pieces, strict=True)
            ]
        return [piece and own.get(at, piece) for at, piece in enumerate(pieces)]

    def encoded_with(self, form: Format, own: Mapping[int, bytes]) -> tuple[bytes, int]:
        """In one piece, for one who is told what it did itself otherwise; and how many moments it is told.

        ``own`` is in their order.
        """
        # Of sixty lines it has said one: to look at each, for each who talks, was a fifth of a fan-out.
        whole = self._whole.get(form)
        encoded, told, starts = self._make_whole(form) if whole is None else whole
        parts: list[memoryview | bytes] = []
        end = 0
        for at, piece in own.items():
            start = starts[at]
            parts.append(encoded[end:start])
            end = starts[at + 1]
            if start < end:
                told -= 1
            if piece:
                parts.append(piece)
                told += 1
        parts.append(encoded[end:])
        return b"".join(parts), told


def less(pieces: Sequence[bytes], hidden: frozenset[int]) -> list[bytes]:
    """What was rendered, without the pieces at some indexes: they are empty."""
    return [b"" if at in hidden else piece for at, piece in enumerate(pieces)]


def rendered_for(reader: ToldOtherwise, moment: Moment, piece: bytes) -> bytes:
    """What a session is told of a moment; ``piece`` is what everybody is."""
    if reader.ignores(moment):
        return b""
    own = reader.own(moment) if isinstance(moment, Event) else None
    return piece if own is None else own
