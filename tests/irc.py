"""IRC clients, as the daemon sees them: lines over a wire in memory."""

from __future__ import annotations

from random import Random

from lanchatd.doors.irc.capabilities import OFFERED
from lanchatd.doors.irc.commands import ROWS
from tests.escapes import ESCAPES
from tests.world import Person, World

IRSSI = "multi-prefix extended-join setname invite-notify away-notify chghost account-notify server-time"

BAD_ROOM = (
    "A room is # and 1 to 32 letters, digits, '_', '-' and '.', and begins with a letter, a digit or '_'."
)


class Client:
    """An IRC client in a world."""

    def __init__(self, world: World, peer: str = "192.0.2.1") -> None:
        self.person: Person = world.connect(peer)

    @classmethod
    def joins(cls, world: World, nick: str, *rooms: str, caps: str = "", user: str = "u") -> Client:
        """One that is registered, has asked for capabilities, and is in rooms; what it saw is forgotten."""
        client = cls(world)
        if caps:
            client.sends("CAP LS 302", f"CAP REQ :{caps}", "CAP END")
        client.sends(f"NICK {nick}", f"USER {user} 0 * :{nick}")
        for room in rooms:
            client.sends(f"JOIN {room}")
        client.sees()
        return client

    def sends(self, *lines: str) -> Client:
        """Send lines, in one segment."""
        self.person.sends("".join(line + "\r\n" for line in lines).encode())
        return self

    def sees(self) -> list[str]:
        """The whole lines that came since it looked last."""
        return self.person.sees()

    def asks(self, *lines: str) -> list[str]:
        """What lines are answered with."""
        self.sees()
        return self.sends(*lines).sees()


class Batches:
    """The lines of a client, taken apart: what is in each batch, by its label, and what is in none."""

    def __init__(self, lines: list[str]) -> None:
        self.inside: dict[str, list[str]] = {}
        self.outside: list[str] = []
        self.open: dict[str, str] = {}
        for line in lines:
            tags, _, rest = line.partition(" ")
            begins, _, began = rest.partition(" BATCH +")
            within = self.open.get(tags.removeprefix("@batch="), "")  # or in one that is in it
            if began:
                label = within or tags.removeprefix("@label=")
                assert begins == ":irc.lan"
                assert began.split()[0] not in self.open
                self.open[began.split()[0]] = label
                self.inside.setdefault(label, [])
            elif ":irc.lan BATCH -" in line:
                del self.open[line.rpartition("-")[2]]
            elif tags.startswith("@batch="):
                self.inside[within].append(rest)
            else:
                self.outside.append(line)


_WORDS = (
    "#lobby", "#dev", "#lobby,#dev", "#!!", "alice", "bob", "eve", "lanchat", "0", "*", "", ":", "LS", "REQ",
    "END", "LIST", "LATEST", "BEFORE", "AROUND", "BETWEEN", "TARGETS", "msgid=1-1795356191123000", "10", "hi",
    "timestamp=2026-11-22", ":hello there", ":/help", ":/history 3", "+b", "%tcuihsnfdlaor,1", "Zoë", "日本",
    "%tn,\x1b[A", "::x", "\x01VERSION\x01", ":\x01ACTION waves\x01", "\x02b\x02", "x" * 500,
)  # fmt: skip


def any_line(random: Random) -> bytes:
    """Something like a line of IRC."""
    kind = random.randrange(10)
    if kind == 0:
        return bytes(random.randrange(256) for _ in range(random.randrange(30))).replace(b"\n", b"")
    if kind == 1:
        return random.choice(ESCAPES)[1]
    if kind == 2:
        return b"CAP REQ :" + random.choice(OFFERED).encode()
    tags = random.choice(("", "", "@a=b;c ", "@label=1 "))
    words = (random.choice(_WORDS) for _ in range(random.randrange(5)))
    return f"{tags}{random.choice(tuple(ROWS))} {' '.join(words)}".encode()
