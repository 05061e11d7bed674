"""A room's turn, and where a connection is: every step of their tables happens, and no other can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product

import pytest

from lanchatd.chat.events import Event, Kind
from lanchatd.chat.posted import Posted
from lanchatd.chat.presence_turns import SMALL_ROOM
from lanchatd.chat.turn import NEXT, State, Turn
from lanchatd.text.refused import Refused
from tests.chat.test_late_log import LateWorld

Steps = list[State]
LONG_S = 0.05  # to tell a room, so that what is in the log is held


def turn_of(world: LateWorld, steps: Steps) -> Turn:
    """The turn of the lobby; where it goes is kept from here on."""
    turn = world.chat.rooms["#lobby"]._turn
    go = turn._go

    def goes(state: State) -> None:
        go(state)
        if steps[-1] is not state:
            steps.append(state)

    turn._go = goes  # type: ignore[method-assign]
    steps += [turn.state]
    return turn


def is_at(turn: Turn, state: State) -> bool:
    return turn.state is state


def post(world: LateWorld, kind: Kind) -> None:
    world.chat.rooms["#lobby"].post(Event(kind, "#lobby", "alice", "hi", world.chat.now()))


def hangs(world: LateWorld) -> None:
    """The log refuses from now on, and answers nothing."""
    world.log.refuses = lambda: Refused("log_failed", "It hangs.")  # type: ignore[method-assign]
    world.log._listener.hangs()


def a_crowd() -> LateWorld:
    """A large room, at rest."""
    world = LateWorld()
    for number in range(SMALL_ROOM + 1):
        world.join(f"p{number}")
    world.passes(1)
    return world


def lines_in_a_small_room(steps: Steps) -> None:
    """One, and one behind it while that is on its way."""
    world = LateWorld()
    turn_of(world, steps)
    alice = world.join("alice").types("one").types("two")
    world.log_answers()
    world.log_answers()
    assert [line for line in alice.sees() if line.startswith("<")] == ["<alice> one", "<alice> two"]


def joins_in_a_large_room(steps: Steps) -> None:
    """They wait for their turn, and a line takes them along."""
    world = a_crowd()
    turn_of(world, steps)
    world.join("late")
    world.join("later")
    post(world, Kind.SAID)
    world.settle()
    world.log_answers()
    world.join("last")
    world.passes(1)


def lines_that_are_held(steps: Steps) -> None:
    """Where telling takes long, what is in the log waits for what reaches it next, and not for ever."""
    for answered_in_time, somebody_comes in product((True, False), repeat=2):
        world = LateWorld()
        alice = world.join("alice")
        turn = turn_of(world, steps)
        turn._tell_s = LONG_S
        alice.types("one").types("two")
        world.log.answers()
        assert is_at(turn, State.HOLDS)
        if somebody_comes:
            post(world, Kind.JOINED)
        if not answered_in_time:
            world.passes(2 * LONG_S)
            assert is_at(turn, State.LOGS)
        world.log_answers()
        assert [line for line in alice.sees() if line.startswith("<")] == ["<alice> one", "<alice> two"]


def a_log_that_hangs(steps: Steps) -> None:
    """Whatever it is at; what gathers is refused, and who comes is told all the same."""
    for held, somebody_comes in product((True, False), repeat=2):
        world = LateWorld()
        alice = world.join("alice")
        turn = turn_of(world, steps)
        turn._tell_s = LONG_S
        alice.types("one").types("two")
        if held:
            world.log.answers()
        if somebody_comes:
            post(world, Kind.JOINED)
        hangs(world)
        world.settle()
        assert is_at(turn, State.RESTS)
        world.log_answers()  # it was kept after all
        assert alice.sees().count("<alice> one") == 1
    for somebody_comes in (True, False):
        world = a_crowd()
        turn = turn_of(world, steps)
        if somebody_comes:
            post(world, Kind.JOINED)
        post(world, Kind.SAID)
        turn._ended()
        assert is_at(turn, State.GATHERS_ON)
        hangs(world)
        world.passes(1)
        assert is_at(turn, State.RESTS)


def test_what_hung_is_not_waited_for_when_the_log_is_well_again() -> None:
    """Who waits for what was said is called, though nothing else is said."""
    world = LateWorld()
    alice = world.join("alice").types("one")
    well = world.log.refuses
    hangs(world)
    world.log.refuses = well  # type: ignore[method-assign]
    called: list[str] = []
    world.chat.rooms["#lobby"].when_told(lambda: called.append("told"))
    world.log_answers()
    assert called == ["told"]
    assert alice.sees().count("<alice> one") == 1


def test_what_somebody_said_elsewhere_is_told_in_its_place() -> None:
    """A log may have other writers: what comes from them is after all that was in it before."""
    world = LateWorld()
    alice = world.join("alice")
    lobby = world.chat.rooms["#lobby"]
    turn = lobby._turn

    def says_elsewhere(text: str, id_: int) -> None:
        turn.arrived([Posted(Event(Kind.SAID, "#lobby", "bob", text, 0, id_))])

    says_elsewhere("one", 1)
    world.settle()
    assert alice.sees() == ["<bob> one"]
    turn._tell_s = LONG_S
    alice.types("mine").types("and mine")
    world.log.answers()
    assert is_at(turn, State.HOLDS)
    says_elsewhere("two", 2)
    assert alice.sees() == []
    world.passes(LONG_S)
    assert alice.sees() == ["<alice> mine", "<bob> two"]
    assert is_at(turn, State.LOGS)
    world.log_answers()
    assert alice.sees() == ["<alice> and mine"]


def test_what_is_said_elsewhere_is_told_with_what_comes_in_the_same_turn() -> None:
    """Several daemons that talk in one room would make as many fan-outs of what one makes one of."""
    world = LateWorld()
    alice = world.join("alice")
    lobby = world.chat.rooms["#lobby"]
    turn = lobby._turn
    told = counted(turn)

    def says_elsewhere(text: str) -> None:
        turn.arrived([Posted(Event(Kind.SAID, "#lobby", "bob", text, 0, lobby.log.newest))])

    post(world, Kind.JOINED)
    says_elsewhere("one")
    says_elsewhere("two")
    assert told == []
    world.settle()
    assert alice.sees() == ["<bob> one", "<bob> two", "-- alice joined"]
    assert told == [2, 1]
    turn._tell_s = LONG_S
    alice.types("mine")
    assert is_at(turn, State.LOGS)
    says_elsewhere("three")
    says_elsewhere("four")
    world.log_answers()
    assert alice.sees() == ["<bob> three", "<bob> four", "<alice> mine"]
    assert told == [2, 1, 3]
    turn._tell_s = LONG_S
    alice.types("mine")
    says_elsewhere("five")
    hangs(world)
    assert alice.sees() == ["<bob> five"]
    says_elsewhere("six")
    world.log_answers()
    assert alice.sees() == ["<bob> six", "<alice> mine"]


def counted(turn: Turn) -> list[int]:
    """How many events are told at once, from now on."""
    told: list[int] = []
    fan_out = turn._fan_out

    def fans_out(events: Sequence[Event]) -> None:
        if events:
            told.append(len(events))
        fan_out(events)

    turn._fan_out = fans_out
    return told


STORIES: tuple[Callable[[Steps], None], ...] = (
    lines_in_a_small_room,
    joins_in_a_large_room,
    lines_that_are_held,
    a_log_that_hangs,
)


def test_every_step_of_the_table_happens() -> None:
    """And the table forbids every other one, see below."""
    taken: set[tuple[State, State]] = set()
    for story in STORIES:
        steps: Steps = []
        story(steps)
        taken |= {pair for pair in pairwise(steps) if State.RESTS not in pair or pair[1] is not pair[0]}
    allowed = {(here, there) for here, nexts in NEXT.items() for there in nexts}
    assert taken >= allowed


@pytest.mark.parametrize(
    ("here", "there"),
    [(here, there) for here, there in product(State, State) if here is not there and there not in NEXT[here]],
)
def test_no_other_step_can_be_taken(here: State, there: State) -> None:
    """It is a fault of the daemon, and not passed over."""
    turn = LateWorld().chat.rooms["#lobby"]._turn
    turn.state = here
    with pytest.raises(RuntimeError):
        turn._go(there)
    assert turn.state is here
