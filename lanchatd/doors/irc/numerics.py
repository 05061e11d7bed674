"""The numbers of answers (https://modern.ircdocs.horse/#numerics), and which of them a refusal is."""

from __future__ import annotations

from lanchatd.formats.irc import HOST, ME


def numeric(number: int, *parameters: str, text: str | None = None) -> str:
    """An answer with a number, to whoever it goes to."""
    last = () if text is None else (f":{text}",)
    return " ".join((f":{HOST}", f"{number:03d}", ME, *parameters, *last))


UNKNOWN_ERROR = 400

# Refusals that name what they are about, a nick or a room; those that name the command; and those of neither.
_ABOUT = {
    "no_member": 401,
    "no_room": 403,
    "bad_room": 403,
    "muted": 404,
    "control": 404,
    "too_much": 404,
    "too_many_rooms": 405,
    "bad_nick": 432,
    "nick_taken": 433,
    "not_in_room": 442,
}
_OF_COMMANDS = {"unknown_command": 421, "usage": 461}
_OTHERS = {"empty": 412, "too_long": 417, "banned": 465, "not_operator": 481}


def error(code: str, text: str, command: str, about: str) -> str:
    """A refusal, with its number; ``about`` is the nick or the room that it is of, or empty."""
    if code in _ABOUT:
        return numeric(_ABOUT[code], about or "*", text=text)
    if code in _OTHERS:
        return numeric(_OTHERS[code], text=text)
    return numeric(_OF_COMMANDS.get(code, UNKNOWN_ERROR), command or "*", text=text)
