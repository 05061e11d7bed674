"""Four people in a world who send whatever they are given, and what must hold whatever that is.

What is sent is made up by a `Random`: a seeded one, one of Hypothesis's, or the fuzzer's bytes in its place.
"""

from __future__ import annotations

import json
import re
from itertools import chain
from random import Random
from typing import Any

from lanchatd.chat import moderating
from lanchatd.commands.all_commands import MEMBERS
from lanchatd.doors.line_protocol import ChatProtocol, State
from tests.escapes import ESCAPES, harm_in, texts_in
from tests.irc import any_line
from tests.world import Person, World

NICKS = ("alice", "bob", "carol", "irving")
IRC = NICKS.index("irving")
IRC_SHAPES = re.compile(r"(?:@\S+ )?(?::\S+ |ERROR :)")
SHAPES = re.compile(r"(?:\d\d:\d\d )?(?:<\S+> |\* \S+ |\[\S+ -> \S+\] |--(?: |$)|!! )")

# The one thing in a line of IRC that is no text.
ACTION = re.compile("\x01(ACTION [^\x01]*)\x01$")

Script = list[tuple[int, bytes]]
"""Who sends, from 0 to 3, and a line without its end."""

_WORDS = (
    *NICKS, "ALICE", "b0b", "dave", "山田", "аlice", "#lobby", "#dev", "#Ｄev", "#l0bby", "0", "1", "20",
    "100", "101", "-1", "٣", "1e9", "99999999999999999999", "before", "14:03", "2026-11-22", "9999-12-31",
    "00:00:61", "192.0.2.1", "192.0.2.0/24", "::/0", "hi", "a b", "x" * 33, "é" * 200, "", " ", "/", "//",
    "*", "%s", "{}", "{0}", "\\", '"', "null", "\U0010ffff",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 4_711, 10**40, 1.5, float("inf"), "", "alice", "bob", "#dev", "9f3c", "log1",
    "x" * 65, [], [[]], {}, {"nick": "alice"}, "\ud800", "\x1b[2J", "/me waves", "/quit",
)  # fmt: skip
_MEANT = (
    "/msg {} hi", "/msg {} hi", "/reply hi", "/kick {}", "/kick {} why", "/ban {} 1 why", "/mute {}",
    "/unmute {}", "/ignore {}", "/unignore {}", "/nick {}", "/join #dev", "/join #lobby", "/join #{}",
    "/topic food", "/away out", "/me waves", "/history 5", "/history before 14:03", "/quit bye",
    "/who #dev", "hi {}",
)  # fmt: skip
_BROKEN = (
    b"{", b"{}", b"[]", b"[" * 2_000, b'{"a":' * 900, b'{"line": "x"', b'{"line": NaN}',
    b'{"line": "\\ud800"}', b'{"line": 1e999}', b'{"line": ' + b"9" * 4_000 + b"}",
    b'{"line": "a", "line": "b"}', b'{"nick"}', b"\x16\x03\x01", b"GET / HTTP/1.1", b"\x00", b"\xff\xfe",
    b"", b"\r", b"\r\r", b"x" * 4_096, b"x" * 4_097, b"x" * 9_000,
)  # fmt: skip


def script(random: Random, lines: int) -> Script:
    """So many lines, of all kinds."""
    made: Script = []
    for _ in range(lines):
        who = random.randrange(len(NICKS))
        made.append((who, any_line(random) if who == IRC and random.randrange(4) else _line(random)))
    return made


def _line(random: Random) -> bytes:
    kind = random.randrange(8)
    if kind == 0:
        return random.choice(_BROKEN)
    if kind == 1:
        return random.choice(ESCAPES)[1]
    if kind == 2:
        return bytes(random.choice(range(256)) for _ in range(random.randrange(12))).replace(b"\n", b"")
    if kind <= 5:
        return _typed(random).encode("utf-8", "surrogatepass")
    fields = {
        random.choice(("line", "line", "nick", "room", "after", "log", "ref", "x")): (
            _typed(random) if random.randrange(2) else random.choice(_VALUES)
        )
        for _ in range(random.randrange(1, 4))
    }
    return json.dumps(fields).encode()


def _typed(random: Random) -> str:
    if random.randrange(2):
        return random.choice(_MEANT).format(random.choice((*NICKS, *NICKS, "dave", "b0b")))
    words = [random.choice(_WORDS) for _ in range(random.randrange(4))]
    name = random.choice([command.name for command in MEMBERS])
    return " ".join([f"/{name}", *words] if random.randrange(4) else words)


class Crowd:
    """Alice, who is an operator, Bob, Carol, who is a program, and Irving, who has an IRC client.

    Who loses the connection comes back.
    """

    def __init__(self) -> None:
        self.world = World(max_rooms=20)
        self.people = [self._comes(who) for who in range(len(NICKS))]
        self.seen: list[list[str]] = [[] for _ in NICKS]

    def plays(self, lines: Script, cuts: Random | None = None) -> None:
        """Each line is sent in a turn of its own; with ``cuts`` in pieces, wherever they say."""
        for who, line in lines:
            rest, pieces = line + b"\n", list[bytes]()
            while cuts is not None and len(rest) > 1 and cuts.randrange(4):
                size = cuts.randrange(1, len(rest))
                pieces, rest = [*pieces, rest[:size]], rest[size:]
            self.sends(who, *pieces, rest)

    def sends(self, who: int, *segments: bytes) -> None:
        """Somebody sends bytes, a segment each, and everybody sees what comes of it."""
        self.people[who].sends(*segments)
        self._look()
        self.world.passes(0.5)  # who is being closed is gone
        for other, person in enumerate(self.people):
            if _state(person) is not State.JOINED:
                if not person.gone:
                    person.vanishes()
                self.people[other] = self._comes(other)
        self._look()

    def check(self) -> None:
        """What holds whatever was sent."""
        for line in self.seen[IRC]:
            assert IRC_SHAPES.match(line) and not harm_in(ACTION.sub(r"\1", line)), line
        for line in chain(*self.seen[:IRC]):
            if line.startswith("{"):  # anybody may have begun to speak JSON
                assert [text for text in texts_in(json.loads(line)) if harm_in(text)] == []
            else:
                assert SHAPES.match(line) and not harm_in(line), line
        chat = self.world.chat
        members = [person.user for person in self.people if _state(person) is State.JOINED]
        assert sorted(map(id, chat.users.values())) == sorted(map(id, members)), "a ghost"
        in_rooms = [member for room in chat.rooms.values() for member in room.members.values()]
        assert set(in_rooms) <= set(members), "a ghost in a room"
        irving = self.people[IRC].user if members and _state(self.people[IRC]) is State.JOINED else None
        in_one = [[id(user) for user in users if user is not irving] for users in (in_rooms, members)]
        assert sorted(in_one[0]) == sorted(in_one[1]), "in no room, or in two"
        assert sum(bool(room.members) for room in chat.rooms.values()) <= self.world.limits.max_rooms

    def _comes(self, who: int) -> Person:
        chat = self.world.chat
        # Somebody may have their nick, and be banned or muted with it by now.
        moderating.load(chat, b'{"version": 1, "bans": [], "mutes": [], "operators": ["alice"]}')
        taken = [nick for nick in (NICKS[who], f"p{who}x", f"p{who}y", f"p{who}z") if nick not in chat.users]
        if NICKS[who] == "carol":
            return self.world.connect().asks({"nick": taken[0]})
        if who == IRC:
            return self.world.connect().types(f"NICK {taken[0]}", "USER u 0 * :u", "JOIN #lobby,#dev")
        return self.world.connect().types(taken[0])

    def _look(self) -> None:
        for person, seen in zip(self.people, self.seen, strict=True):
            seen.extend(person.sees())


def _state(person: Person) -> State | None:
    inner = person.wire.protocol.inner
    return inner.state if isinstance(inner, ChatProtocol) else None
