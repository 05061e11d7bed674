"""What can be typed next, by the arguments of a command."""

from __future__ import annotations

import pytest

from lanchatd.commands.expected import expected


@pytest.mark.parametrize(
    ("arguments", "given", "kinds"),
    [
        ("", 0, ()),
        ("NICK", 0, ("NICK",)),
        ("NICK", 1, ()),
        ("NICK|ADDRESS|NETWORK [MINUTES] [REASON]", 0, ("NICK", "ADDRESS", "NETWORK")),
        ("NICK [REASON]", 1, ("REASON",)),
        ("NICK [REASON]", 5, ("REASON",)),
        ("close|remove ROOM [--yes] [REASON]", 0, ("close", "remove")),
        ("close|remove ROOM [--yes] [REASON]", 1, ("ROOM",)),
        ("close|remove ROOM [--yes] [REASON]", 2, ("--yes", "REASON")),
    ],
)
def test_the_next_argument(arguments: str, given: int, kinds: tuple[str, ...]) -> None:
    """Of those in brackets too; free text goes on to the end of the line."""
    assert expected(arguments, given) == kinds
