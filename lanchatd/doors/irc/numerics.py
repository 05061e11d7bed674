"""The numbers of answers (https://modern.ircdocs.horse/#numerics), and which of them a refusal is."""

from __future__ import annotations

from lanchatd.formats.irc import HOST, ME
from lanchatd.text import cleaning


def numeric(number: int, *parameters: str, text: str | None = None) -> str:
    """An answer with a number, to whoever it goes to."""
    last = () if text is None else (f":{text}",)
    return " ".join((f":{HOST}", f"{number:03d}", ME, *parameters, *last))


def one_word(text: str) -> str:
    """What a client sent, as one word of an answer: a space would make two of it, a colon the rest."""
    word = cleaning.harmless(text).replace(" ", "_")
    return f"_{word[1:]}" if word.startswith(":") else word or "*"


UNKNOWN_ERROR = 400

_NUMBERS = {
    "no_member": 401,
    "no_room": 403,
    "bad_room": 403,
    "muted": 404,
    "control": 404,
    "too_much": 404,
    "too_many_rooms": 405,
    "no_origin": 409,
    "bad_cap": 410,
    "no_recipient": 411,
    "empty": 412,
    "too_long": 417,
    "unknown_command": 421,
    "no_nick": 431,
    "bad_nick": 432,
    "nick_taken": 433,
    "nick_owned": 433,
    "not_in_room": 442,
    "in_room": 443,
    "not_registered": 451,
    "usage": 461,
    "registered": 462,
    "wrong_secret": 464,
    "not_encrypted": 464,
    "too_many_tries": 464,
    "members_only": 464,
    "banned": 465,
    "unknown_mode": 472,
    "not_operator": 482,
    "unknown_user_mode": 501,
    "not_yours": 502,
}

# Those that name the command; and those that name nothing. The others name what they are about.
_OF_COMMANDS = frozenset({UNKNOWN_ERROR, 421, 461})
_OF_NOTHING = frozenset({409, 411, 412, 417, 431, 451, 462, 464, 465, 501, 502})


def number_of(code: str) -> int:
    """The number of a refusal."""
    return _NUMBERS.get(code, UNKNOWN_ERROR)


def error(number: int, text: str, command: str, *about: str) -> str:
    """A refusal of a command; ``about`` are the nick, the room or what else it is of."""
    if number in _OF_COMMANDS:
        about = (command,)
    elif number in _OF_NOTHING:
        return numeric(number, text=text)
    return numeric(number, *(filter(None, about) if any(about) else "*"), text=text)
