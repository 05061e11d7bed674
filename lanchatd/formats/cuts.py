"""How much of a list one line shows; the rest is counted. The rules make them whole."""

from __future__ import annotations

from itertools import islice

from lanchatd.chat.events import Here, Members, Presence, RoomLine, Rooms

# A line with that many of the longest nicks stays under 13 KiB, and with the longest away texts under 64 KiB.
NAMED = 100
AWAY_SHOWN = 80  # characters
# The longest names and topics, cut, stay under 32 KiB.
ROOMS_SHOWN = 100
TOPIC_SHOWN = 80  # characters


def members_shown(members: Members) -> list[Here]:
    """Those who came first, by nick."""
    return sorted(islice(members.members, NAMED), key=lambda here: here.nick.lower())


def away_shown(away: str) -> str:
    """The beginning of an away text."""
    return away[:AWAY_SHOWN]


def nicks_shown(presence: Presence) -> tuple[tuple[str, ...], int]:
    """The first nicks, and how many others."""
    shown = presence.nicks[:NAMED]
    return shown, len(presence.nicks) - len(shown) + presence.others


def rooms_shown(rooms: Rooms) -> tuple[RoomLine, ...]:
    """The first ones."""
    return rooms.rooms[:ROOMS_SHOWN]


def topic_shown(topic: str) -> str:
    """The beginning of a topic in a list."""
    return topic[:TOPIC_SHOWN]
