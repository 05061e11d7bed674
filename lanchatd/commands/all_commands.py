"""The rows of all commands: of members, and of administrators at the console. What each does is elsewhere."""

from __future__ import annotations

from lanchatd.commands.parsing import Commands, Row
from lanchatd.text.names import SERVER

TALKING = (
    Row("nick", "NICK", "take another nick"),
    Row("me", "TEXT", "say what you do", once=True),
    Row("msg", "NICK TEXT", "say something to one member only", once=True,
            aliases=("m", "dm", "pm", "query", "w"), private=True),
    Row("reply", "TEXT", "answer the last private message", once=True, private=True),
    Row("who", "[ROOM]", "who is in this room, or in another", aliases=("names",)),
    Row("rooms", "", "the fullest rooms, and those used last", aliases=("list",)),
    Row("join", "ROOM", "go to another room; made if there is none", aliases=("j",)),
    Row("part", "[ROOM] [TEXT]", "leave a room, or go back to #lobby", aliases=("leave",)),
    Row("topic", "[TEXT]", "what this room is about; with a text, set it; - clears it", once=True),
    Row("history", "[N] [before TIME]", "the last 20, or N, lines of this room"),
    Row("search", "[TEXT]", "the lines with these words, in all rooms; alone, the next 50"),
    Row("ignore", "NICK", "hide what somebody says and sends to you, under any nick"),
    Row("unignore", "NICK", "show it again"),
    Row("away", "[TEXT]", "tell who writes to you that you are away"),
    Row("back", "", "you are here again"),
    Row("quit", "[TEXT]", "leave", aliases=("q", "exit")),
)  # fmt: skip

OWNING = (
    Row("register", "[PASSWORD]", "make your nick yours, by this device's key or a password", private=True),
    Row("code", "", "a code by which you come in on another device"),
    Row("devices", "[remove|name] [N|others] [TEXT]", "the devices that are yours; remove some, or name one"),
    Row("password", "[PASSWORD]", "another password for your nick; alone, none", private=True),
    Row("account", "[delete]", "what is known of your nick; with delete, it is yours no more"),
)

MODERATING = (
    Row("kick", "NICK [REASON]", "close a member's connection", operator=True, once=True),
    Row(
        "ban", "NICK|ADDRESS|NETWORK [MINUTES] [REASON]", "keep somebody out",
        operator=True, once=True,
    ),
    Row("unban", "NICK|ADDRESS|NETWORK", "let somebody in again", operator=True, once=True),
    Row("mute", "NICK [MINUTES]", "let somebody only read", operator=True, once=True),
    Row("unmute", "NICK", "let somebody talk again", operator=True, once=True),
)  # fmt: skip

BANS = Row("bans", "", "who is kept out, and who is muted", operator=True)
"""Of members: administrators are shown all of them, as a table."""

ADMINISTERING = (
    Row("who", "[NICK|ROOM]", "who is here, from where, and whether they keep up"),
    Row("rooms", "", "the rooms there are"),
    Row(
        "room",
        "close|remove ROOM [--yes] [REASON]",
        "send everybody in a room back to the lobby; with remove, what was said in it goes for good",
    ),
    Row("say", "ROOM TEXT", "say something in a room, as admin"),
    Row("announce", "TEXT", "say something in every room with somebody in it"),
    Row("topic", "ROOM [TEXT]", "what a room is about; with a text, set it"),
    Row("bans", "", "who is kept out, and who is muted"),
    Row("op", "[NICK]", "let whoever has this nick moderate; without one, list who may"),
    Row("deop", "NICK", "let a nick not moderate any more"),
    Row("stats", "", "how the server is doing"),
    Row("address", "", "what others open or type to join"),
    Row("limits", "[NAME] [VALUE]", "the limits; with a value, change one until the daemon ends"),
    Row("log", "[N]", "the last 20, or N, records of the audit log"),
    Row("shutdown", "[--yes] [SECONDS] [REASON]", "tell everybody, and end the daemon"),
)

GIVING = (
    Row("accounts", "[NICK]", "the nicks that belong to somebody, or are held; or the devices of one"),
    Row(
        "account",
        "add|code|reset|hold|free|remove NICK",
        "give a nick, or a code for it; with reset nothing else is good any more; or let nobody have it",
    ),
    Row("invite", "[USES] [DAYS]", "a code by which somebody gets a nick"),
)

_OF_MEMBERS = (*TALKING, *OWNING, *MODERATING, BANS)

MEMBERS = Commands("/", "Anything else is said to the room; //x says /x.", *_OF_MEMBERS, talk=True)
TO_SERVER = Commands(
    "/",
    f"Type these to {SERVER}, as in /msg {SERVER} /who; what you say goes to a room.",
    *_OF_MEMBERS,
)
"""The same, for who types them in private messages to the server: IRC clients."""

CONSOLE = Commands(
    "", "With --json behind its name, a command answers for programs.", *ADMINISTERING, *GIVING, *MODERATING
)


def command_in(line: str) -> str:
    """The name of the command that a line of a member is, by whatever alias; empty if it is none."""
    command = MEMBERS.find(line[1:].partition(" ")[0]) if line.startswith("/") else None
    return "" if command is None else command.name
