"""Those who are told a long list take turns."""

from __future__ import annotations

from lanchatd.chat.list_turns import PIECES_A_TURN, ListTurns
from tests.chat.test_catching_up_turns import Turns


def test_so_many_pieces_are_told_in_a_turn() -> None:
    """However many ask, and whoever asks again waits behind the others."""
    clock = Turns()
    turns, told = ListTurns(clock), list[int]()

    def ask(who: int) -> None:
        def tell() -> None:
            told.append(who)
            ask(who)

        turns.ask(tell)

    for who in range(PIECES_A_TURN + 3):
        ask(who)
    assert told == []
    clock.turn()
    assert told == list(range(PIECES_A_TURN))
    clock.turn()
    assert told[PIECES_A_TURN:][:4] == [*range(PIECES_A_TURN, PIECES_A_TURN + 3), 0]
    assert len(told) == 2 * PIECES_A_TURN


def test_one_that_fails_does_not_stop_the_others() -> None:
    clock = Turns()
    turns, told = ListTurns(clock), list[str]()

    def fails() -> None:
        raise RuntimeError

    turns.ask(fails)
    turns.ask(lambda: told.append("told"))
    try:
        clock.turn()
    except RuntimeError:
        clock.turn()
    assert told == ["told"]
    turns.ask(lambda: told.append("again"))
    clock.turn()
    assert told == ["told", "again"]
