"""Random stories: whatever people do, nobody is a ghost, and everybody gets every line once, in order."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from lanchatd.doors.first_bytes import FirstBytes
from lanchatd.doors.protocol import ChatProtocol, State
from lanchatd.history.memory import MemoryLog
from tests.test_late_log import LateLog
from tests.world import Person, World

ROOMS = ("#lobby", "#dev", "#art")
STEPS = 60


class Story:
    """A few people who do anything at all, as the seed has it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.logs: list[LateLog] = []
        self.world = self._new_world()
        self.people: list[Person] = []
        self.said = 0

    def _new_world(self) -> World:
        late = self.random.random() < 0.5
        return World(new_log=self._late_log if late else None, chunk_bytes=4_096, bytes_per_s=1_000_000)

    def _late_log(self, room: str) -> MemoryLog:
        self.logs.append(LateLog())
        self.logs[-1].name = f"late{len(self.logs)}"
        return self.logs[-1]

    # -- what may happen

    def joined(self) -> list[Person]:
        return [person for person in self.people if state(person) is State.JOINED]

    def somebody(self) -> Person:
        return self.random.choice(self.joined() or [self.comes()])

    def comes(self) -> Person:
        person = self.world.connect()
        if self.random.random() < 0.3:
            person.stops_reading(self.random.randrange(400))
        self.people.append(person.asks({"nick": f"n{len(self.people)}", "room": self.random.choice(ROOMS)}))
        return person

    def talks(self) -> None:
        person, many = self.somebody(), self.random.choice((1, 1, 3, 80))
        lines = [f"{self.said + n} " + "x" * self.random.choice((0, 10, 1_500)) for n in range(many)]
        self.said += many
        person.asks(*({"line": line} for line in lines))

    def asks(self) -> None:
        commands = (
            "/who",
            "/rooms",
            "/help",
            "/history 100",
            f"/msg n{self.random.randrange(9)} psst",
            "/nope",
        )
        self.somebody().asks(
            *({"line": self.random.choice(commands)} for _ in range(self.random.choice((1, 12))))
        )

    def moves(self) -> None:
        line = {"line": f"/join {self.random.choice(ROOMS)}"}
        self.somebody().asks(*([{"line": "bye"}, line] if self.random.random() < 0.5 else [line]))

    def stops_reading(self) -> None:
        self.somebody().stops_reading(self.random.choice((0, 1, 100, 5_000)))

    def reads(self) -> None:
        person = self.random.choice(self.people or [self.comes()])
        person.reads_on(self.random.choice((None, None, 50, 5_000)))

    def goes(self) -> None:
        person = self.somebody()
        way = self.random.choice(("/quit", "hangs up", "vanishes", "kicked"))
        match way:
            case "/quit":
                person.asks({"line": "last"}, {"line": "/quit"})
            case "hangs up":
                person.hangs_up()
            case "vanishes":
                person.vanishes()
            case _:
                self.world.chat.kick(person.user, "op", "")
                self.world.settle()

    def time_passes(self) -> None:
        self.world.passes(self.random.choice((0.05, 0.6, 6)))

    def log_answers(self) -> None:
        for log in self.logs:
            log.answers()
        self.world.settle()

    def step(self) -> None:
        acts: tuple[Callable[[], object], ...] = (
            self.comes, self.talks, self.talks, self.talks, self.asks, self.moves, self.stops_reading,
            self.reads, self.reads, self.goes, self.time_passes, self.log_answers, self.log_answers,
        )  # fmt: skip
        self.random.choice(acts)()

    def comes_to_rest(self) -> None:
        """Everybody reads, and the log has answered everything."""
        for person in self.people:
            person.wire.room_bytes = None
        self.world.settle()
        while sum(log.answers() for log in self.logs):
            self.world.settle()
        self.world.passes(0.2)

    # -- what must hold

    def nobody_is_a_ghost(self) -> None:
        chat, connections = self.world.chat, self.world.connections.open
        inners = [connection.inner for connection in connections if isinstance(connection, FirstBytes)]
        here = [
            inner.session
            for inner in inners
            if isinstance(inner, ChatProtocol) and inner.state in (State.JOINED, State.LEAVING)
        ]
        in_rooms = [user for room in chat.rooms.values() for user in room.members.values()]
        assert set(chat.users.values()) == {session.user for session in here if session} == set(in_rooms)
        assert len(chat.users) == len(here) == len(in_rooms)
        assert set(chat.sessions()) == set(here)
        for session in chat.sessions():
            assert session.live or session.outbox.waiting or session.reading
            assert not (session.live and session.outbox.waiting)


def state(person: Person) -> State | None:
    connection = person.wire.protocol
    inner = connection.inner if isinstance(connection, FirstBytes) else None
    return inner.state if isinstance(inner, ChatProtocol) else None


def got_every_line_once(person: Person) -> dict[str, int]:
    """Ids without a gap or a double in each stay in a room; the last id of the last stay, by its room."""
    room, last = "", 0
    for got in person.gets():
        if got["type"] == "welcome":
            room, last = got["room"], got["last"]
        elif got["type"] == "said" and "past" not in got:
            assert (got["room"], got["id"]) == (room, last + 1)
            last = got["id"]
    return {room: last}


@pytest.mark.parametrize("seed", range(60))
def test_any_story_ends_well(seed: int) -> None:
    """People come, talk, ask, move, stop to read, go; the log is late or not."""
    story = Story(seed)
    for _ in range(STEPS):
        story.step()
        story.nobody_is_a_ghost()
    story.comes_to_rest()
    story.nobody_is_a_ghost()
    for person in story.people:
        here = state(person) is State.JOINED
        for room, last in got_every_line_once(person).items():
            assert not here or last == story.world.chat.room_named(room).readers.newest
    story.world.connections.shut_down()
    story.world.passes(6)
    assert story.world.chat.users == {}
    assert story.world.connections.open == set()
    assert story.world.clock.getDelayedCalls() == []
