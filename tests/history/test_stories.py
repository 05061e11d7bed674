"""Random stories with the log on disk, and a restart at the end of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chat.test_stories import STEPS, Story
from tests.disk import DiskWorld
from tests.world import World


class DiskStory(Story):
    """People who do anything at all, while memory holds little, and the disk is slow at times, or hangs."""

    def __init__(self, seed: int, path: Path) -> None:
        self.disk_world = DiskWorld(path, log_events=20, chunk_bytes=4_096, bytes_per_s=1_000_000)
        super().__init__(seed)

    def _new_world(self) -> World:
        self.late = True
        return self.disk_world

    def log_answers(self) -> None:
        for worker in self.disk_world.workers.values():
            worker.lets_go()
        self.disk_world.settle()

    def time_passes(self) -> None:
        super().time_passes()
        for worker in self.disk_world.workers.values():
            worker.held = self.random.random() < 0.5

    def comes_to_rest(self) -> None:
        for worker in self.disk_world.workers.values():
            worker.held = False
            worker.lets_go()
        super().comes_to_rest()


def everything(world: DiskWorld) -> dict[str, list[tuple[int, str, str]]]:
    """What is in the log, by room, as somebody new reads it."""
    found = {}
    for number, room in enumerate(room.name for room in list(world.chat.rooms.values())):
        reader = world.join_json(f"reader{number}", room=room, after=0)
        found[room] = [
            (got["id"], got["from"], got["text"]) for got in reader.gets() if got["type"] == "said"
        ]
        reader.vanishes()
    return found


@pytest.mark.parametrize("seed", range(20))
def test_any_story_ends_well_on_disk(seed: int, tmp_path: Path, logged_errors: list[str]) -> None:
    """Nobody is a ghost, everybody gets every line once, and all is there again after a restart."""
    story = DiskStory(seed, tmp_path / "history.sqlite")
    for _ in range(STEPS):
        story.step()
        story.nobody_is_a_ghost()
    story.comes_to_rest()
    story.nobody_is_a_ghost()
    story.everybody_has_it_all()
    for one in (story.watcher, *story.people):
        if not one.person.gone:
            one.person.vanishes()
    before = everything(story.disk_world)
    for lines in before.values():
        assert [id_ for id_, _, _ in lines] == list(range(1, len(lines) + 1))
    after = everything(story.disk_world.restarts(lines_per_s=1_000))
    assert after == {room: lines for room, lines in before.items() if lines or room == "#lobby"}
    hangs = "lines are refused: the log can't be written: the disk does not answer"
    logged_errors[:] = [error for error in logged_errors if error != hangs]
