"""What a command takes next: for whoever completes a line that is being typed."""

from __future__ import annotations

# They take the rest of the line, whatever it is.
FREE = frozenset({"TEXT", "REASON"})


def expected(arguments: str, given: int) -> tuple[str, ...]:
    """What can be typed behind so many words of a command with these ``arguments`` (`parsing.Row`).

    Kinds are as the row has them: NICK, ROOM. In small letters it is the word itself.
    """
    wanted = [spec.strip("[]") for spec in arguments.split()]
    if given >= len(wanted):
        return tuple(kind for kind in wanted[-1:] if kind in FREE)
    kinds = tuple(wanted[given].split("|"))
    # A switch may be left out.
    return kinds + expected(arguments, given + 1) if wanted[given].startswith("--") else kinds
