"""A clock that is wrong takes nothing out of the log."""

from __future__ import annotations

from pathlib import Path

import pytest
from twisted.internet.task import Clock

from lanchatd.state.trusted_time import JUMP_S, BelievedTime
from tests.disk import DiskWorld

YEARS_S = 10 * 365 * 86_400


class Computer:
    """Its wall clock, which somebody may set, and what is believed of it."""

    def __init__(self, newest_at: float | None = None) -> None:
        self.clock = Clock()
        self.ahead_s = 1_000_000.0
        self.believed = BelievedTime(self.clock, self.wall, newest_at)

    def wall(self) -> float:
        return self.clock.seconds() + self.ahead_s

    def wrong_by(self, seconds: float = 0) -> float:
        """What is believed after so many more seconds, asked every minute, less the wall clock."""
        for _ in range(int(seconds // 60)):
            self.clock.advance(60)
            self.believed.seconds()
        return self.believed.seconds() - self.wall()


def test_a_clock_that_goes_as_it_should_is_believed() -> None:
    """And one that is put right by hours, or slept, or was put back by years."""
    computer = Computer()
    assert computer.wrong_by(3 * JUMP_S) == 0
    for step_s in (3_600, -3_600, JUMP_S, -YEARS_S):
        computer.ahead_s += step_s
        assert computer.wrong_by() == 0


def test_a_jump_ahead_is_believed_when_it_has_lasted_a_day() -> None:
    """Until then, time goes on from before it."""
    computer = Computer()
    computer.ahead_s += YEARS_S
    assert computer.wrong_by() == -YEARS_S
    assert computer.wrong_by(JUMP_S - 60) == -YEARS_S
    assert computer.wrong_by(60) == 0


def test_a_jump_ahead_that_is_taken_back_was_nothing() -> None:
    """The next one has to last for a day again."""
    computer = Computer()
    computer.ahead_s += YEARS_S
    computer.wrong_by(JUMP_S / 2)
    computer.ahead_s -= YEARS_S
    assert computer.wrong_by() == 0
    computer.ahead_s += YEARS_S
    assert computer.wrong_by(JUMP_S * 3 / 4) == -YEARS_S


def test_a_second_jump_begins_the_day_anew() -> None:
    """It is another time that has to last."""
    computer = Computer()
    computer.ahead_s += YEARS_S
    computer.wrong_by(JUMP_S - 60)
    computer.ahead_s += YEARS_S
    assert computer.wrong_by(JUMP_S - 60) == -2 * YEARS_S
    assert computer.wrong_by(120) == 0


@pytest.mark.parametrize("away_s", [0, 3_600, YEARS_S])
def test_after_a_start_time_goes_on_from_the_newest_line(away_s: float) -> None:
    """Whatever the clock shows by then; a day is believed at once."""
    computer = Computer(newest_at=1_000_000.0 - away_s)
    assert computer.wrong_by() == (-away_s if away_s > JUMP_S else 0)
    assert computer.wrong_by(JUMP_S) == 0


def kept(world: DiskWorld) -> list[int]:
    """The ids in the file, of the lobby."""
    rows = world.store._workers[0][1].execute("SELECT id FROM event ORDER BY id").fetchall()
    return [id_ for (id_,) in rows]


def test_a_log_is_not_emptied_by_a_clock_that_jumps(tmp_path: Path) -> None:
    """Nor by one that is wrong at the next start."""
    world = DiskWorld(tmp_path / "history.sqlite", keep_days=30)
    world.join("alice").types("one", "two")
    world.jump_s = YEARS_S
    world.passes(3_600)
    assert kept(world) == [1, 2]
    again = world.restarts(keep_days=30)
    again.passes(3_600)
    assert kept(again) == [1, 2]


def test_lines_of_a_clock_that_was_ahead_are_as_old_as_those_around_them(tmp_path: Path) -> None:
    """They hold nothing back for years, and are not taken for the oldest."""
    world = DiskWorld(tmp_path / "history.sqlite", keep_days=30)
    alice = world.join("alice")
    alice.types("one")
    world.jump_s = YEARS_S
    alice.types("two", "three")
    world.jump_s = 0
    alice.types("four")
    world.passes(20 * 86_400)
    alice.types("five")
    assert kept(world) == [1, 2, 3, 4, 5]
    world.passes(11 * 86_400)
    assert kept(world) == [5]
