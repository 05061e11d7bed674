"""Who is in the whole chat, as the stream says: every node makes the same of it.

Each node says which nicks it claims for its people, and what there is to know of each of their sessions. Of
two claims of a nick the first in the stream counts, and so for nicks that look alike. When a node is gone,
its claims and its sessions are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lanchatd.broker.packing import as_json, packed, unpacked
from lanchatd.text.lookalikes import looks_of
from lanchatd.text.names import Name

Row = list[Any]
"""One thing that is said in a message of the stream: a word, and what belongs to it. In JSON."""

HERE, ABOUT, CLAIM, FREE = "here", "about", "claim", "free"
SESSION, LEFT, GONE = "session", "left", "gone"

# Nodes that are gone, by their names, which none has again: the last ones. What such a one has sent twice may
# arrive yet.
MOST_GONE = 100


@dataclass(frozen=True, slots=True)
class Claimed:
    """A node has claimed a nick, for an account or a guest; ``why`` it does not have it, or empty."""

    node: str
    name: Name
    account: int | None
    why: str


@dataclass(frozen=True, slots=True)
class Freed:
    """A node has a nick no more."""

    node: str
    key: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A session came, or something of it is another."""

    node: str
    number: int
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Left:
    """A session is gone; the reason as words and text."""

    node: str
    number: int
    words: str
    text: str


@dataclass(frozen=True, slots=True)
class NodeGone:
    """A node is none any more; its sessions were told before as left."""

    node: str


Told = Claimed | Freed | Seen | Left | NodeGone


@dataclass(slots=True)
class _Node:
    about: dict[str, Any]
    count: int = 0  # of its messages
    claims: dict[str, tuple[Name, int | None]] = field(default_factory=dict)
    sessions: dict[int, dict[str, Any]] = field(default_factory=dict)


class Roster:
    """What the messages up to now say."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._gone: list[str] = []
        # Who claims a nick, by its key; and the nicks that are claimed, by their looks, with who claims them.
        self._holders: dict[str, dict[str, int | None]] = {}
        self._looks: dict[str, dict[tuple[str, str], Name]] = {}

    # -- what there is

    @property
    def nodes(self) -> Sequence[str]:
        """All of them, the oldest first."""
        return tuple(self._nodes)

    def about(self, node: str) -> dict[str, Any]:
        """What a node has said of itself."""
        return self._nodes[node].about

    def count_of(self, node: str) -> int:
        """How many messages of a node were taken."""
        found = self._nodes.get(node)
        return 0 if found is None else found.count

    def claim_of(self, node: str, key: str) -> tuple[Name, int | None] | None:
        """The nick with this key as a node has it, and for which account; None if it does not."""
        found = self._nodes.get(node)
        return None if found is None else found.claims.get(key)

    # -- what is said

    def take(self, node: str, count: int, rows: Sequence[Row]) -> Iterator[Told]:
        """The message of a node, the so-manieth; nothing if it was taken before, or the node is none.

        What is told has happened then, and nothing of what comes behind it.
        """
        if node not in self._nodes:
            if node in self._gone or not rows or rows[0][0] != HERE:
                return
            self._nodes[node] = _Node(rows[0][1])
        if count <= self._nodes[node].count:
            return
        self._nodes[node].count = count
        for word, *more in rows:
            yield from self._take(node, word, more)
            if node not in self._nodes:
                return  # it has said goodbye

    def _take(self, node: str, word: str, more: Sequence[Any]) -> Iterator[Told]:
        mine = self._nodes[node]
        if word == CLAIM:
            shown, key, account, instead = more
            yield self._claim(node, Name(shown, key), account, instead)
        elif word == ABOUT:
            mine.about = more[0]
        elif word == FREE:
            if more[0] in mine.claims:
                self._free(node, more[0])
                yield Freed(node, more[0])
        elif word == SESSION:
            number, facts = more
            if facts["key"] in mine.claims:
                # What it has left, and why, is told once.
                mine.sessions[number] = {key: fact for key, fact in facts.items() if key != "left"}
                yield Seen(node, number, facts)
        elif word == LEFT:
            number, words, text = more
            if mine.sessions.pop(number, None) is not None:
                yield Left(node, number, words, text)
        elif word == GONE and more[0] in self._nodes:
            yield from self._goes(more[0])

    def _claim(self, node: str, name: Name, account: int | None, instead: str | None) -> Claimed:
        """Owners may be at several nodes; and who has registered a nick while being under it is one."""
        for other, whose in self._holders.get(name.key, {}).items():
            if other != node and (account is None or whose not in (None, account)):
                return Claimed(node, name, account, "That nick is taken.")
        if (like := self._like(name, instead)) is not None:
            return Claimed(node, name, account, f"That nick looks like {like.shown}.")
        if name.key in self._nodes[node].claims:
            self._free(node, name.key)
        self._hold(node, name, account)
        return Claimed(node, name, account, "")

    def _hold(self, node: str, name: Name, account: int | None) -> None:
        self._nodes[node].claims[name.key] = name, account
        self._holders.setdefault(name.key, {})[node] = account
        for look in looks_of(name):
            self._looks.setdefault(look, {})[name.key, node] = name

    def _free(self, node: str, key: str) -> None:
        name, _ = self._nodes[node].claims.pop(key)
        del self._holders[key][node]
        if not self._holders[key]:
            del self._holders[key]
        for look in set(looks_of(name)):
            del self._looks[look][key, node]
            if not self._looks[look]:
                del self._looks[look]

    def _like(self, name: Name, instead: str | None) -> Name | None:
        for look in looks_of(name):
            for (key, _), other in self._looks.get(look, {}).items():
                if key not in (name.key, instead):
                    return other
        return None

    def _goes(self, node: str) -> Iterator[Told]:
        gone = self._nodes[node]
        for number in tuple(gone.sessions):
            del gone.sessions[number]
            yield Left(node, number, "connection lost", "")
        for key in tuple(gone.claims):
            self._free(node, key)
            yield Freed(node, key)
        del self._nodes[node]
        self._gone = [*self._gone[1 - MOST_GONE :], node]
        yield NodeGone(node)

    # -- all of it at once

    def snapshot(self) -> bytes:
        """What a node that comes later begins with, packed."""
        nodes = [
            [name, node.about, node.count, [[*_row(*claim)] for claim in node.claims.values()],
             [[number, facts] for number, facts in node.sessions.items()]]
            for name, node in self._nodes.items()
        ]  # fmt: skip
        return packed(as_json({"nodes": nodes, "gone": self._gone}))

    def load(self, snapshot: bytes) -> Iterator[Told]:
        """Go on with what others know, whatever was known here. Raises ValueError if it is no snapshot."""
        whole = unpacked(snapshot)
        nodes = whole["nodes"]
        there = {name: {number for number, _ in sessions} for name, *_, sessions in nodes}
        for name in self.nodes:
            if name not in there:
                yield from self._goes(name)
                continue
            for number in self._nodes[name].sessions.keys() - there[name]:
                yield Left(name, number, "connection lost", "")
        self._nodes, self._holders, self._looks = {}, {}, {}
        self._gone = whole["gone"]
        for name, about, count, claims, _ in nodes:
            self._nodes[name] = _Node(about, count)
            for shown, key, account in claims:
                self._hold(name, Name(shown, key), account)
        for name, *_, sessions in nodes:
            for number, facts in sessions:
                self._nodes[name].sessions[number] = facts
                yield Seen(name, number, facts)


def _row(name: Name, account: int | None) -> tuple[str, str, int | None]:
    return name.shown, name.key, account
