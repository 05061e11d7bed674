"""What is told together: the joins and leaves of one turn."""

from __future__ import annotations

import pytest

from lanchatd.chat.events import Event, Kind, Moment, Presence, Reason, told_together

HERE = 7


def event(kind: Kind, nick: str, text: str = "", at: float = 0) -> Event:
    return Event(kind, "#lobby", nick, text, at)


def joined(nick: str, at: float = 0) -> Event:
    return event(Kind.JOINED, nick, at=at)


def left(nick: str, reason: str = "", at: float = 0) -> Event:
    return Event(Kind.LEFT, "#lobby", nick, "", at, reason=Reason(reason))


def said(nick: str, text: str) -> Event:
    return event(Kind.SAID, nick, text)


def presence(kind: Kind, *nicks: str, others: int = 0, reason: str = "", at: float = 0) -> Presence:
    return Presence(kind, "#lobby", nicks, others, Reason(reason), HERE, at)


def test_nothing_is_told_of_nothing() -> None:
    """An empty batch tells nobody anything."""
    assert told_together([], HERE) == []


def test_joins_are_told_together() -> None:
    """Three that come at once are one line, with the time of the last."""
    told = told_together([joined("alice", 1), joined("bob", 2), joined("carol", 3)], HERE)
    assert told == [presence(Kind.JOINED, "alice", "bob", "carol", at=3)]


def test_leaves_for_the_same_reason_are_told_together() -> None:
    """A network that goes down is one line; who went for another reason has one of their own."""
    events = [left("alice", "lost", 1), left("bob", "bye", 2), left("carol", "lost", 3), left("dave", "", 4)]
    assert told_together(events, HERE) == [
        presence(Kind.LEFT, "alice", "carol", reason="lost", at=3),
        presence(Kind.LEFT, "bob", reason="bye", at=2),
        presence(Kind.LEFT, "dave", at=4),
    ]


def test_who_left_is_told_before_who_joined() -> None:
    """As with a train: first they get off."""
    assert told_together([joined("alice"), left("bob")], HERE) == [
        presence(Kind.LEFT, "bob"),
        presence(Kind.JOINED, "alice"),
    ]


@pytest.mark.parametrize(
    "events",
    [
        pytest.param([left("alice", "lost"), joined("alice")], id="went and came"),
        pytest.param([left("alice"), joined("alice"), left("alice"), joined("alice")], id="twice"),
    ],
)
def test_who_is_where_they_were_is_not_mentioned(events: list[Event]) -> None:
    """Nothing changed for anybody."""
    assert told_together(events, HERE) == []


def test_who_went_and_came_is_mentioned_if_a_list_was_told_meanwhile() -> None:
    """In which they are not."""
    events = [
        left("bob"),
        left("alice", "lost"),
        Event(Kind.JOINED, "#lobby", "alice", "", 0, lists=1),
        Event(Kind.JOINED, "#lobby", "carol", "", 0, lists=1),
    ]
    assert told_together(events, HERE) == [
        presence(Kind.LEFT, "bob"),
        presence(Kind.LEFT, "alice", reason="lost"),
        presence(Kind.JOINED, "alice", "carol"),
    ]


@pytest.mark.parametrize(
    ("events", "moments"),
    [
        pytest.param(
            [joined("alice"), left("alice"), joined("alice", at=3)],
            [presence(Kind.JOINED, "alice")],
            id="came, went and came",
        ),
        pytest.param(
            [left("alice", "lost"), joined("alice"), left("alice", "bye", 3)],
            [presence(Kind.LEFT, "alice", reason="bye", at=3)],
            id="went, came and went",
        ),
        pytest.param(
            [joined("alice"), left("alice"), joined("alice"), left("alice", "bye", 3)],
            [presence(Kind.JOINED, "alice"), presence(Kind.LEFT, "alice", reason="bye", at=3)],
            id="came and went twice",
        ),
    ],
)
def test_only_the_end_of_a_coming_and_going_is_told(events: list[Event], moments: list[Moment]) -> None:
    """Once, with the last reason."""
    assert told_together(events, HERE) == moments


def test_who_came_and_went_is_told_both() -> None:
    """Somebody who came in between was told that they are here."""
    events = [joined("alice"), joined("bob"), left("alice"), left("carol")]
    assert told_together(events, HERE) == [
        presence(Kind.LEFT, "carol"),
        presence(Kind.JOINED, "alice", "bob"),
        presence(Kind.LEFT, "alice"),
    ]


@pytest.mark.parametrize("kind", [Kind.SAID, Kind.ACTED, Kind.TOPIC, Kind.RENAMED])
def test_what_happens_between_joins_keeps_its_place(kind: Kind) -> None:
    """Who was there when a line was said, and who was not, stays right."""
    between = event(kind, "bob", "hi")
    assert told_together([joined("alice"), between, joined("carol")], HERE) == [
        presence(Kind.JOINED, "alice"),
        between,
        presence(Kind.JOINED, "carol"),
    ]


def test_who_said_something_and_went_was_here() -> None:
    """A join and a leave with a line between them are both told."""
    hi = said("alice", "hi")
    assert told_together([joined("alice"), hi, left("alice")], HERE) == [
        presence(Kind.JOINED, "alice"),
        hi,
        presence(Kind.LEFT, "alice"),
    ]


def test_who_came_and_went_under_another_nick_was_here() -> None:
    """A rename parts the join from the leave, as each is told of another nick."""
    renamed = event(Kind.RENAMED, "alice", "carol")
    assert told_together([joined("alice"), renamed, left("carol")], HERE) == [
        presence(Kind.JOINED, "alice"),
        renamed,
        presence(Kind.LEFT, "carol"),
    ]


def test_talk_alone_is_told_as_it_is() -> None:
    """In order, each line by itself."""
    events = [said("alice", "hi"), said("alice", "hi"), said("bob", "hi")]
    assert told_together(iter(events), HERE) == events


def test_a_crowd_is_told_whole() -> None:
    """A format cuts what is too long for its lines."""
    crowd = [f"n{number}" for number in range(1_000)]
    assert told_together(map(joined, crowd), HERE) == [presence(Kind.JOINED, *crowd)]


def test_up_to_five_reasons_are_told() -> None:
    """Everybody's goodbye is a line."""
    events = [left(f"n{number}", f"bye {number}", number) for number in range(5)]
    assert told_together(events, HERE) == [
        presence(Kind.LEFT, f"n{number}", reason=f"bye {number}", at=number) for number in range(5)
    ]


def test_who_says_nothing_on_leaving_is_no_reason_more() -> None:
    """Five goodbyes are told, whoever else comes and goes."""
    events = [left(f"n{number}", f"bye {number}", number) for number in range(5)]
    told = told_together([joined("bob"), *events, left("carol")], HERE)
    assert [moment.reason.words for moment in told if isinstance(moment, Presence)] == [
        *(f"bye {number}" for number in range(5)), "", "",
    ]  # fmt: skip


def test_more_than_five_reasons_are_one_line_without_them() -> None:
    """A thousand that say goodbye at once are not a thousand lines."""
    events = [left(f"n{number}", f"bye {number}", number) for number in range(6)]
    told = told_together(events, HERE)
    assert told == [presence(Kind.LEFT, *(f"n{number}" for number in range(6)), at=5)]
    assert [event.reason for event in events] == [Reason(f"bye {number}") for number in range(6)]


@pytest.mark.parametrize(
    ("nick", "text", "size"), [("bob", "", 3), ("bob", "hi", 5), ("Ünal", "山田", 11), ("bob", "🙂", 7)]
)
def test_the_size_of_an_event_is_the_bytes_of_its_text_and_nick(nick: str, text: str, size: int) -> None:
    """In UTF-8, as it is sent."""
    assert said(nick, text).size == size


def test_two_events_are_the_same_if_they_tell_the_same() -> None:
    """Whoever else knows of them, and however many lists were told before."""
    one, same = said("bob", "hi"), said("bob", "hi")._replace(lists=3, came=1, told=set())
    assert one == same
    assert {one, same} == {one}
    assert one != same.numbered(7)
    assert one != said("bob", "hi there")
