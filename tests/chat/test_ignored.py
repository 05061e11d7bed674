"""Whom a user ignores, where no story of a room gets to."""

from weakref import ref

from lanchatd.chat.events import Event, Kind
from lanchatd.chat.ignored import Ignored
from lanchatd.text import names


class Somebody:
    """A user, as far as it matters here."""

    is_here = True

    def __init__(self, nick: str) -> None:
        self.name = names.nick(nick)


def test_what_somebody_said_who_is_gone_is_looked_at_too() -> None:
    """Also when nothing but the event remembers them."""
    alice, eve = Somebody("alice"), Somebody("eve")
    ignored = Ignored()
    ignored.add("eve", eve)
    talk = Event(Kind.SAID, "#lobby", "alice", "hi", 0.0, by=ref(alice))
    renamed = Event(Kind.SAID, "#lobby", "mallory", "hi", 0.0, by=ref(eve))
    del alice, eve
    assert talk.by is not None and talk.by() is None
    assert not ignored.hides(talk)
    assert ignored.hides(renamed)
