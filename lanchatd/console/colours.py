"""Python as it is typed, in colours: also what is not finished yet, which no tokenizer takes."""

from __future__ import annotations

import keyword
import re

from wcwidth import wcswidth

from lanchatd.terminal.screen import in_colour

# Characters of what has been typed, with the block that it belongs to: it is looked through with every key.
LONGEST = 2_000

# From the colours that can be read on black and on white (`lanchatd.client.colours.NICK_COLOURS`).
COLOURS = {"comment": 100, "string": 64, "number": 31, "keyword": 134}

_TOKEN = re.compile(
    r"""
      (?P<comment> \#[^\n]* )
    | (?P<string> (?: [rR][bBfF]? | [bBfF][rR]? | [uU] )?
        (?: '{3} (?: \\. | [^\\] )*? (?: '{3} | \\?\Z ) | "{3} (?: \\. | [^\\] )*? (?: "{3} | \\?\Z )
          | ' (?: \\. | [^\\\n'] )* '? | " (?: \\. | [^\\\n"] )* "? ) )
    | (?P<number> \d\w* )
    | (?P<word> \w+ )
    """,
    re.VERBOSE | re.DOTALL,
)


def coloured(source: str) -> str:
    """The last line of the source; as it is if it is too long, or if colours would move its columns."""
    begin = source.rfind("\n") + 1
    plain = source[begin:]
    if len(source) > LONGEST:
        return plain
    pieces: list[str] = []
    parts: list[str] = []
    at = begin
    for token in _TOKEN.finditer(source):
        kind = "keyword" if keyword.iskeyword(token.group()) else str(token.lastgroup)
        if kind in COLOURS and token.end() > at:
            start = max(begin, token.start())
            before, piece = source[at:start], source[start : token.end()]
            pieces += [before, in_colour(piece, COLOURS[kind])]
            parts += [before, piece]
            at = token.end()
    parts.append(source[at:])
    # A character may be one with what stands before it, and must not be cut from it.
    if sum(map(wcswidth, parts)) != wcswidth(plain):
        return plain
    return "".join(pieces) + source[at:]
