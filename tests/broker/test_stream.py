"""What a stream has to be like, and the stream in memory that other tests build on."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.task import Clock

from lanchatd.broker.stream import (
    Fate,
    Message,
    Published,
    Unfit,
    log_name,
    refuse_broker,
    room_key,
    room_subject,
    settings,
)
from tests.broker.memory_stream import MemoryBroker, MemoryStream

THE_STREAM = "the stream lanchat of the broker"


@pytest.mark.parametrize("key", ["#lobby", "#a b", "#ŝiaĵo", "#.*>", "#" + "x" * 64])
def test_a_room_of_any_name_has_a_subject(key: str) -> None:
    subject = room_subject(key)
    assert subject.isascii()
    assert subject.count(".") == 1
    assert not set("*> =") & set(subject)
    assert room_key(subject) == key


def test_a_stream_that_was_made_here_can_be_used() -> None:
    assert log_name(settings("lanchat", "9f3c", 1)) == "9f3c"
    assert log_name(settings("lanchat", "9f3c", 3)) == "9f3c"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"metadata": {}}, f"{THE_STREAM} is not one of lanchatd: give another name in the URL"),
        (
            {"metadata": {"lanchat.log": "9f3c", "lanchat.version": "2"}},
            f"{THE_STREAM} was written by a newer lanchatd: use that one",
        ),
        ({"max_age": 5}, f"{THE_STREAM} has max_age 5: it has to be 0"),
        ({"allow_direct": False}, f"{THE_STREAM} has allow_direct False: it has to be True"),
        ({"storage": "memory"}, f"{THE_STREAM} has storage memory: it has to be file"),
        (
            {"subjects": ["lanchat.>"]},
            f"{THE_STREAM} has subjects ['lanchat.>']: it has to be "
            "['lanchat.room.*', 'lanchat.people', 'lanchat.moderation', 'lanchat.accounts']",
        ),
    ],
)  # fmt: skip
def test_another_stream_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(Unfit) as unfit:
        log_name(settings("lanchat", "9f3c", 1) | change)
    assert str(unfit.value) == why


def test_a_broker_that_can_not_be_used_is_refused() -> None:
    refuse_broker("2.12.0-beta.1")
    refuse_broker("3.0.0")
    with pytest.raises(Unfit, match=r"^the broker is nats-server 2\.9\.10: it has to be 2\.12 or newer$"):
        refuse_broker("2.9.10")


def _node(broker: MemoryBroker) -> tuple[MemoryStream, list[Message]]:
    node, arrived = broker.node(), list[Message]()
    node.subscribe("room.*", arrived.append)
    node.subscribe("people", arrived.append)
    node.begin()
    return node, arrived


def test_all_nodes_see_one_order_and_the_first_wins() -> None:
    clock = Clock()
    broker = MemoryBroker(clock)
    (one, at_one), (other, at_other) = _node(broker), _node(broker)
    fates: list[Published] = []
    one.publish("room.a", b"first", {}, 0, fates.append)
    other.publish("room.a", b"second", {}, 0, fates.append)
    other.publish("people", b"third", {"x": "y"}, None, fates.append)
    clock.advance(0)
    assert [published.fate for published in fates] == [Fate.CONFLICT]
    assert [message.body for message in at_one] == [b"first", b"third"]
    assert at_one == at_other
    assert (one.applied, other.applied) == (2, 2)


def test_who_comes_later_or_was_away_reads_what_there_is() -> None:
    clock = Clock()
    broker = MemoryBroker(clock)
    (one, _), (away, at_away) = _node(broker), _node(broker)
    why: list[str | None] = []
    away.watch(why.append)
    away.cut()
    one.publish("room.a", b"first", {}, 0, lambda _: None)
    one.publish("room.a", b"all of it", {"Nats-Rollup": "sub"}, 1, lambda _: None)
    clock.advance(0)
    assert at_away == []
    away.join()
    assert [message.body for message in at_away] == [b"all of it"]
    assert why == ["the broker can't be reached", None]
    _, at_new = _node(broker)
    assert at_new == at_away


def test_a_node_can_be_asked_while_it_is_there() -> None:
    clock = Clock()
    broker = MemoryBroker(clock)
    (one, _), (other, _) = _node(broker), _node(broker)
    heard: list[bytes] = []
    other.heard(lambda body, reply: reply(body.upper()) if reply else heard.append(body))
    one.send(None, b"all")
    one.send(other.node, b"you")
    asked = one.ask(other.node, b"there?", 2)
    clock.advance(0)
    clock.advance(0)
    assert (heard, asked.result()) == ([b"all", b"you"], b"THERE?")
    other.dies()
    gone = one.ask(other.node, b"there?", 2)
    clock.advance(0)
    assert isinstance(gone.error, LookupError)
