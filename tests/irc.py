"""IRC clients, as the daemon sees them: lines over a wire in memory."""

from __future__ import annotations

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
