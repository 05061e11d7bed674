"""A line of IRC, apart (https://modern.ircdocs.horse/#message-format, and message-tags of IRCv3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# Tags of a client, with the "@" and the space behind them; the rest of the line is counted without them.
TAGS_BYTES = 8_191

MOST_PARAMETERS = 15

_ESCAPES = {":": ";", "s": " ", "r": "\r", "n": "\n"}
_ESCAPED = str.maketrans({"\\": "\\\\"} | {shown: f"\\{escape}" for escape, shown in _ESCAPES.items()})

# Bold, colours, and the rest of how a text is to look: here it is text, and nothing else.
_LOOKS = re.compile(r"\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6})?|[\x02\x0f\x11\x16\x1d-\x1f]")


class Message(NamedTuple):
    """The parts of a line. The command is in capitals, and empty if there was none.

    Tags are as they stand there: two thousand fit in a line, and they are taken apart when one is looked for
    that may be among them. A tuple, as one is made of each line: a frozen dataclass takes three times as long
    (measured).
    """

    command: str
    parameters: tuple[str, ...] = ()
    source: str = ""
    tags: str = ""

    def tag(self, name: str) -> str | None:
        """The value of a tag, the last one of that name."""
        return dict(map(_tag, self.tags.split(";"))).get(name) if name in self.tags else None


def message_from(line: str) -> Message:
    """A line, without its end, as its parts. Any text is one."""
    tags = source = ""
    if line[:1] in " @:":  # nearly no client sends more than the command
        line = line.lstrip(" ")
        if line.startswith("@"):
            tags, _, line = line[1:].partition(" ")
            line = line.lstrip(" ")
        if line.startswith(":"):
            source, _, line = line[1:].partition(" ")
            line = line.lstrip(" ")
        if line.startswith(":"):
            return Message("", (), source, tags)  # it is no command
    line, colon, last = line.partition(" :")
    words = line.split(" ")
    if "" in words:
        words[1:] = filter(None, words[1:])
    if colon:
        words.append(last)
    if len(words) > 1 + MOST_PARAMETERS:
        words[MOST_PARAMETERS:] = [" ".join(words[MOST_PARAMETERS:])]
    # By `Message` itself it would take half as long again (measured), for each line.
    return tuple.__new__(Message, (words[0].upper(), tuple(words[1:]), source, tags))


def _tag(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    if "\\" not in value:
        return name, value
    return name, re.sub(r"\\(.?)", lambda found: _ESCAPES.get(found[1], found[1]), value)


def escaped(value: str) -> str:
    """The value of a tag, as it stands in a line."""
    return value.translate(_ESCAPED)


def is_too_long(line: bytes, most_bytes: int) -> bool:
    """Whether a line, or its tags, are longer than a client may send."""
    if not line.startswith(b"@"):
        return len(line) > most_bytes
    tags, space, rest = line.partition(b" ")
    return len(tags) + len(space) > TAGS_BYTES or len(rest) > most_bytes


def tags_of(line: bytes) -> Message:
    """What can be read of a line that is too long: its tags, if they are not what is."""
    tags, space, _ = line[:TAGS_BYTES].partition(b" ")
    return message_from(tags.decode(errors="replace")) if space else Message("")


def in_pieces(lines: Iterable[str], most_bytes: int) -> Iterator[str]:
    """Lines as pieces of a list, each of about so many bytes, with the ends of lines."""
    piece: list[str] = []
    size = 0
    for line in lines:
        piece.append(line + "\r\n")
        size += len(line.encode())
        if size >= most_bytes:
            yield "".join(piece)
            piece, size = [], 0
    yield "".join(piece)


def plain(text: str) -> str:
    """A text without colours, bold and the like."""
    return _LOOKS.sub("", text)


def action_in(text: str) -> str | None:
    """What somebody does, if the text says so (CTCP ACTION); None for anything else."""
    if not text.startswith("\x01ACTION "):
        return None
    return text.removeprefix("\x01ACTION ").removesuffix("\x01")
