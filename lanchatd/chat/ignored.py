"""Whom a user ignores: nicks, and whoever has one of these, for as long as they are connected."""

from __future__ import annotations

from typing import Protocol
from weakref import ReferenceType, ref

from lanchatd.chat.events import Event, Item, Kind
from lanchatd.text import names
from lanchatd.text.names import Name


class Person(Protocol):
    """What is asked of a user."""

    name: Name

    @property
    def is_here(self) -> bool:
        """Whether it has not left."""
        ...


class Ignored:
    """Whom one user ignores.

    A nick is ignored whoever comes with it, and goes along with who had it, as a mute does. So an event is
    looked at for who said it; one that was read from the disk tells only the nick.
    """

    __slots__ = ("_nicks", "_people")

    def __init__(self) -> None:
        self._nicks: set[str] = set()
        # Who is ignored, and by which nick.
        self._people: dict[ReferenceType[Person], str] = {}

    def __len__(self) -> int:
        """How many nicks."""
        return len(self._nicks)

    def add(self, key: str, member: Person | None) -> None:
        """Ignore a nick, and the user who has it now."""
        self._nicks.add(key)
        if member is not None:
            self._people.setdefault(ref(member), key)

    def remove(self, key: str, member: Person | None) -> bool:
        """Ignore a nick no more, nor the user who has it now. Returns whether either was ignored."""
        keys = {key} & self._nicks
        if member is not None and (known_as := self._people.get(ref(member))) is not None:
            keys.add(known_as)
        self._nicks -= keys
        self._people = {person: nick for person, nick in self._people.items() if nick not in keys}
        return bool(keys)

    def follow(self, member: Person) -> None:
        """A user is about to take another nick."""
        self._people = {person: nick for person, nick in self._people.items() if _here(person)}
        if member.name.key in self._nicks:
            self._people.setdefault(ref(member), member.name.key)

    def holds(self, member: Person) -> bool:
        """Whether a user is ignored."""
        return member.name.key in self._nicks or ref(member) in self._people

    def hides(self, item: Item) -> bool:
        """Whether this was said or done by somebody who is ignored."""
        if not isinstance(item, Event) or item.kind not in (Kind.SAID, Kind.NOTICED, Kind.ACTED):
            return False
        key = names.key_of(item.nick)
        if key in self._nicks or self._is_among_people(item.by):
            return True
        return item.by is None and any(
            person.name.key == key for person in map(_here, self._people) if person is not None
        )

    def _is_among_people(self, by: ReferenceType[Person] | None) -> bool:
        # Not looked up as a key: a reference to who is gone has no hash, unless it was asked for it before.
        # All references to one user are the same object.
        return by is not None and any(by is person for person in self._people)


def _here(reference: ReferenceType[Person]) -> Person | None:
    """The user, if it has not left: Python may keep it for longer than that."""
    person = reference()
    return None if person is None or not person.is_here else person
