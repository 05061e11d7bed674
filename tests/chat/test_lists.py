"""A list that many ask for at once is made once, and is never another than if it were made anew."""

from __future__ import annotations

import pytest

from lanchatd.chat.events import Notice
from lanchatd.chat.lists import Lists
from lanchatd.formats.json_lines import JsonFormat
from lanchatd.formats.text import TextFormat
from tests.world import World


def test_a_list_is_made_once_a_turn_and_format(world: World) -> None:
    """For whoever asks; in the next turn it is made anew, as somebody may have left."""
    lists = Lists(world.clock)
    made: list[str] = []

    def make(room: str) -> Notice:
        made.append(room)
        return Notice((f"{room} {len(made)}",))

    text, json = TextFormat(), JsonFormat()
    assert {lists.encoded(text, make, "#a") for _ in range(100)} == {b"-- #a 1\n"}
    lists.encoded(json, make, "#a")
    lists.encoded(text, make, "#b")
    assert made == ["#a", "#a", "#b"]
    world.settle()
    assert lists.encoded(text, make, "#a") == b"-- #a 4\n"
    lists.changed()
    assert lists.encoded(text, make, "#a") == b"-- #a 5\n"


@pytest.mark.parametrize(
    ("between", "shown"),
    [
        ("/away tea", '-- 1 in #lobby: alice (plain, away: "tea")'),
        ("/nick carol", "-- 1 in #lobby: carol (plain)"),
        ("/join #den", "-- 1 in #den: alice (plain)"),
    ],
)
def test_who_changes_something_sees_it_in_the_list_at_once(world: World, between: str, shown: str) -> None:
    """Also when it is pasted together."""
    alice = world.join("alice")
    alice.types("/who", between, "/who")
    lists = [line for line in alice.sees() if " in #" in line and line.startswith("-- 1 ")]
    assert lists[0] == "-- 1 in #lobby: alice (plain)"
    assert lists[-1] == shown


def test_a_topic_is_in_the_list_of_rooms_as_soon_as_it_is_told(world: World) -> None:
    """As is who moderates in that of members."""
    alice = world.join("alice")
    alice.types("/rooms", "/topic tea", "/rooms")
    alice.sees()
    world.make_operator(alice)
    alice.types("/rooms", "/who")
    assert alice.sees() == ["-- #lobby (1 here) tea", "-- 1 in #lobby: @alice (plain)"]


def test_who_comes_back_is_away_no_more_in_the_list(world: World) -> None:
    """In the same paste."""
    alice = world.join("alice")
    alice.types("/away tea", "/who", "/back", "/who")
    assert alice.sees()[-1] == "-- 1 in #lobby: alice (plain)"
