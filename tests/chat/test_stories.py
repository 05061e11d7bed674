"""Random stories: whatever people do, nobody is a ghost, and everybody gets every line once, in order."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from lanchatd.chat import closing_rooms, moderating, turn
from lanchatd.chat.answers import begin
from lanchatd.chat.user import User
from lanchatd.doors.first_bytes import FirstBytes
from lanchatd.doors.line_protocol import ChatProtocol, State
from lanchatd.history.memory import MemoryLog
from lanchatd.text import names
from lanchatd.text.refused import Refused
from tests.chat.test_late_log import LateLog
from tests.chat.test_several_sessions import comes_as
from tests.followed import Followed
from tests.world import Person, World

ROOMS = ("#lobby", "#dev", "#art", "#ops")
STEPS = 60


class Story:
    """A few people who do anything at all, as the seed has it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.logs: list[LateLog] = []
        self.world = self._new_world()
        self.people: list[Followed] = []
        self.said = 0
        self.watcher = Followed(self.world.connect(), {"nick": "watcher"})
        self.watcher.comes()

    def _new_world(self) -> World:
        self.late = self.random.random() < 0.5
        new_log = self._late_log if self.late else None
        max_rooms = self.random.choice((2, 1_000))
        return World(new_log, chunk_bytes=4_096, bytes_per_s=1_000_000, max_rooms=max_rooms)

    def _late_log(self, room: str) -> MemoryLog:
        self.logs.append(LateLog())
        self.logs[-1].name = f"late{len(self.logs)}"
        return self.logs[-1]

    # -- what may happen

    def joined(self) -> list[Followed]:
        return [one for one in self.people if state(one.person) is State.JOINED]

    def somebody(self) -> Followed:
        while not (joined := self.joined()):
            self.comes()  # who may be refused a room too many
        return self.random.choice(joined)

    def some_rooms(self) -> list[str]:
        return self.random.sample(ROOMS, self.random.choice((1, 1, 2, 4)))

    def comes(self) -> Followed:
        """Into one room or several; or back to where somebody was; or as somebody who is here already."""
        hello: dict[str, Any] = {"nick": f"n{len(self.people)}"}
        gone = [one for one in self.people if one.person.gone and one.log]
        match self.random.choice(("one", "several", "several", "back", "also")):
            case "back" if gone:
                one = self.random.choice(gone)
                hello = {"nick": self.random.choice((hello["nick"], one.nick)), "rooms": one.places()}
            case "several":
                hello["rooms"] = [{"room": room} for room in self.some_rooms()]
            case "also" if here := self.joined():
                hello["rooms"] = [{"room": room} for room in self.some_rooms()]
                return self._comes(hello, partial(self._comes_as, self.random.choice(here).person.user))
            case _:
                hello["room"] = self.random.choice(ROOMS)
        return self._comes(hello)

    def _comes(
        self, hello: dict[str, Any], comes: Callable[[Person, dict[str, Any]], object] = Person.asks
    ) -> Followed:
        person = self.world.connect()
        self.people.append(Followed(person, hello))
        if self.random.random() < 0.3:
            person.stops_reading(self.random.randrange(400))
        comes(person, hello)
        return self.people[-1]

    @staticmethod
    def _comes_as(user: User, person: Person, hello: dict[str, Any]) -> None:
        with suppress(Refused):  # there may be too many rooms
            comes_as(user, person, hello)

    def talks(self) -> None:
        one, many = self.somebody(), self.random.choice((1, 1, 3, 80))
        lines = [f"{self.said + n} " + "x" * self.random.choice((0, 10, 1_500)) for n in range(many)]
        self.said += many
        one.person.asks(*({"line": line, "ref": line[:9], **self.where()} for line in lines))

    def where(self) -> dict[str, str]:
        """A room, in which somebody who says so may not be."""
        return {"room": self.random.choice(ROOMS)} if self.random.random() < 0.3 else {}

    def asks(self) -> None:
        commands = (
            "/who",
            "/rooms",
            "/help",
            "/history 100",
            f"/msg n{self.random.randrange(9)} psst",
            "/away",
            "/nope",
        )
        self.somebody().person.asks(
            *(
                {"line": self.random.choice(commands), **self.where()}
                for _ in range(self.random.choice((1, 12)))
            )
        )

    def moves(self) -> None:
        ways = (
            ["/join {}"], ["/part {}"], ["/part"], ["/part", "/join {}"], ["bye", "/part {} see you"],
            ["bye", "/join {}"], ["/join {}", "hi", "/part"], ["/part {}", "/quit"],
        )  # fmt: skip
        lines = self.random.choice(ways)
        self.somebody().person.asks(*({"line": line.format(self.random.choice(ROOMS))} for line in lines))

    def leaves_for_a_moment(self) -> None:
        """And others in that room ask meanwhile who is there."""
        one = self.somebody().person
        room = self.random.choice(self.world.chat.rooms_of(one.session))
        others = [other.person for other in self.joined() if other.person.user in room.members.values()]
        here = {"room": room.name}
        one.asks({"line": "one moment", **here}, {"line": "/join #aside"}, {"line": "/part", **here})
        for other in self.random.choices(others, k=2):
            other.asks({"line": "/who", **here})
        one.asks({"line": f"/join {room.name}"})

    def takes_another_nick(self) -> None:
        self.said += 1
        self.somebody().person.asks(
            {"line": "as I was"}, {"line": f"/nick m{self.said}"}, {"line": "as I am"}
        )

    def room_goes(self) -> None:
        room = self.world.chat.rooms.get(self.random.choice(ROOMS))
        if room is not None and room.key != names.LOBBY:
            begin(
                self.random.choice((closing_rooms.close, closing_rooms.remove))(
                    self.world.chat, room, "admin", ""
                )
            )
            self.world.settle()

    def stops_reading(self) -> None:
        self.somebody().person.stops_reading(self.random.choice((0, 1, 100, 5_000)))

    def reads(self) -> None:
        one = self.random.choice(self.people or [self.comes()])
        one.person.reads_on(self.random.choice((None, None, 50, 5_000)))

    def goes(self) -> None:
        person = self.somebody().person
        match self.random.choice(("/quit", "hangs up", "vanishes", "kicked")):
            case "/quit":
                person.asks({"line": "last", **self.where()}, {"line": "/quit"})
            case "hangs up":
                person.hangs_up()
            case "vanishes":
                person.vanishes()
            case _:
                moderating.kick(person.user, "op", "")
                self.world.settle()

    def time_passes(self) -> None:
        self.world.passes(self.random.choice((0.05, 0.6, 6)))

    def log_answers(self) -> None:
        for log in self.logs:
            log.answers()
        self.world.settle()

    def step(self) -> None:
        acts: tuple[Callable[[], object], ...] = (
            self.comes, self.comes, self.talks, self.talks, self.talks, self.asks, self.moves, self.moves,
            self.leaves_for_a_moment, self.takes_another_nick, self.room_goes, self.stops_reading, self.reads,
            self.reads, self.goes, self.time_passes, self.log_answers, self.log_answers,
        )  # fmt: skip
        self.random.choice(acts)()
        for one in (self.watcher, *self.people):
            one.follow()

    def comes_to_rest(self) -> None:
        """Everybody reads, and the log has answered everything."""
        for one in self.people:
            one.person.wire.room_bytes = None
        self.world.settle()
        while sum(log.answers() for log in self.logs):
            self.world.settle()
        self.world.passes(0.2)

    # -- what must hold

    def nobody_is_a_ghost(self) -> None:
        chat, connections = self.world.chat, self.world.connections.open
        inners = [connection.inner for connection in connections if isinstance(connection, FirstBytes)]
        here = {
            inner.session
            for inner in inners
            if isinstance(inner, ChatProtocol) and inner.state in (State.JOINED, State.LEAVING)
        }
        assert set(chat.sessions()) == here
        assert {user.name.key: user for user in chat.users.values()} == chat.users
        for room in chat.rooms.values():
            inside = {session.user for session in chat.sessions() if session.cursor_in(room.key)}
            assert {user.name.key: user for user in inside} == room.members
        assert chat.registry._inhabited == {room.key for room in chat.rooms.values() if room.members}
        for session in chat.sessions():
            assert session in session.user.sessions
            assert session.live or session.outbox.waiting or session.reading
            assert not (session.live and session.outbox.waiting)
            assert len({cursor.readers.key for cursor in session.cursors}) == len(session.cursors) > 0
            for cursor in session.cursors:
                assert chat.rooms[cursor.readers.key].readers is cursor.readers
        for room in chat.rooms.values():
            pushed = {cursor for live in room.readers.pushed.values() for cursor in live.values()}
            pushed |= room.readers.pushed_apart
            live = {session.cursor_in(room.key) for session in chat.sessions() if session.live}
            assert pushed == live - {None}

    def everybody_has_it_all(self) -> None:
        """Who is here has been given everything in each of its rooms."""
        for one in (self.watcher, *self.people):
            one.follow()
            if state(one.person) is State.JOINED:
                rooms = self.world.chat.rooms_of(one.person.session)
                assert one.at == {room.name: room.readers.newest for room in rooms}

    def everybody_knows_who_is_there(self) -> None:
        """Who has been given everything knows it of each room in which nothing is on its way."""
        for one in (self.watcher, *self.people):
            if state(one.person) is State.JOINED and (session := one.person.session).live:
                for room in self.world.chat.rooms_of(session):
                    if room._turn.state is turn.State.RESTS:
                        assert one.here[room.name] == {user.nick for user in room.members.values()}


def state(person: Person) -> State | None:
    connection = person.wire.protocol
    inner = connection.inner if isinstance(connection, FirstBytes) else None
    return inner.state if isinstance(inner, ChatProtocol) else None


@pytest.mark.parametrize("seed", range(60))
def test_any_story_ends_well(seed: int) -> None:
    """People come, talk, ask, move, stop to read, go; the log is late or not."""
    story = Story(seed)
    story.watcher.strict = not story.late
    for _ in range(STEPS):
        story.step()
        story.nobody_is_a_ghost()
        story.everybody_knows_who_is_there()
    story.comes_to_rest()
    story.nobody_is_a_ghost()
    story.everybody_has_it_all()
    story.everybody_knows_who_is_there()
    story.world.connections.shut_down()
    story.world.passes(6)
    assert story.world.chat.users == {}
    assert story.world.connections.open == set()
    assert story.world.clock.getDelayedCalls() == []
