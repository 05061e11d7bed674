"""What an IRC client has had is known after a restart, from a document."""

from __future__ import annotations

import json

import pytest
from twisted.internet.task import Clock

from lanchatd.chat.format import Place
from lanchatd.doors.irc.returning import MOST_ROOMS, REMEMBERED_S, Returning
from tests.irc import Client
from tests.world import World

NOW = 1_795_356_191.123
ALICE, BOB = ("alice", "a"), ("Жук", 'b"\\')
HAD = {"#lobby": Place(None, 4_711, "9f3c"), "#чай": Place(None, 0, "77aa")}
GONE = {"version": 1, "clients": [["alice", "a", 1, {"#lobby": [4_711, "9f3c"]}]]}


def restarted(document: bytes, now: float) -> Returning:
    """What the next run knows, whose own clock begins anew."""
    returning = Returning(Clock().seconds)
    returning.load(document, now)
    return returning


def test_the_next_run_knows_what_the_last_one_did() -> None:
    """Each once, and in both rooms; who had nothing is not in it."""
    clock = Clock()
    clock.advance(1_000_000)
    last = Returning(clock.seconds)
    last.went(ALICE, dict(HAD))
    last.went(BOB, dict(HAD))
    last.went(("eve", "e"), {})
    returning = restarted(last.document(NOW), NOW + 60)
    assert [returning.came(who) for who in (ALICE, BOB, BOB)] == [HAD, HAD, {}]
    assert returning.document(NOW) == b""


@pytest.mark.parametrize(
    ("later_s", "knows"), [(0, True), (REMEMBERED_S - 10, True), (REMEMBERED_S, False), (-REMEMBERED_S, True)]
)
def test_it_is_known_for_a_day_over_both_runs(later_s: float, knows: bool) -> None:
    """Also if the clock was set back meanwhile."""
    clock = Clock()
    last = Returning(clock.seconds)
    last.went(ALICE, dict(HAD))
    clock.advance(5)
    assert restarted(last.document(NOW), NOW + later_s).came(ALICE) == (HAD if knows else {})


def test_what_is_too_old_is_not_written() -> None:
    clock = Clock()
    last = Returning(clock.seconds)
    last.went(ALICE, dict(HAD))
    clock.advance(REMEMBERED_S)
    assert last.document(NOW) == b""


def test_those_who_went_last_are_in_it() -> None:
    """However many there were."""
    last = Returning(Clock().seconds)
    for number in range(MOST_ROOMS + 1):
        last.went((f"n{number}", "u"), {"#lobby": Place(None, number, "9f3c")})
    returning = restarted(last.document(NOW), NOW)
    assert returning.came(("n0", "u")) == {}
    for number in (1, MOST_ROOMS):
        assert returning.came((f"n{number}", "u"))["#lobby"].after == number


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        "[]",
        "{}",
        "[" * 100_000,
        json.dumps(GONE | {"version": 2}),
        json.dumps(GONE | {"clients": 5}),
        json.dumps(GONE | {"clients": [*GONE["clients"], ["bob"]]}),  # type: ignore[misc]
        *(
            json.dumps(GONE | {"clients": [*GONE["clients"], row]})  # type: ignore[misc]
            for row in (
                [["bob"], "b", 1, {}],
                ["bob", "b", "1", {}],
                ["bob", "b", -(10**400), {}],
                ["bob", "b", 1, []],
                ["bob", "b", 1, {"#lobby": ["1", "9f3c"]}],
                ["bob", "b", 1, {"#lobby": [-1, "9f3c"]}],
                ["bob", "b", 1, {"#lobby": [1, None]}],
                ["bob", "b", 1, {"#lobby": 1}],
            )
        ),
    ],
)
def test_what_is_not_such_a_document_is_refused(document: str) -> None:
    """And nothing of it is known."""
    returning = Returning(Clock().seconds)
    with pytest.raises(ValueError, match=r"."):
        returning.load(document.encode(), 1)
    assert returning.document(1) == b""


def test_a_log_that_was_put_back_shows_its_last_lines(world: World) -> None:
    """A copy of it that is older than what the client has read, and not all that was ever said."""
    bob = world.join("bob")
    bob.types(*(str(number) for number in range(1, 31)))
    log = world.chat.rooms["#lobby"].log
    world.returning.went(("alice", "u"), {"#lobby": Place(None, log.newest + 1, log.name)})
    seen = Client.joins(world, "alice", caps="server-time").asks("JOIN #lobby")
    assert [line.rpartition(":")[2] for line in seen if " PRIVMSG " in line] == [
        str(number) for number in range(11, 31)
    ]
