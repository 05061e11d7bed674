"""Capabilities: what a client may ask for, and what it has asked for (https://ircv3.net/specs/extensions/)."""

from __future__ import annotations

from collections.abc import Sequence

# Their names together stay well below what HexChat has room for, which is 480 bytes.
OFFERED = (
    "account-notify", "account-tag", "away-notify", "batch", "cap-notify", "draft/chathistory",
    "draft/read-marker", "echo-message", "extended-join", "labeled-response", "message-tags", "multi-prefix",
    "sasl", "server-time", "setname", "standard-replies", "userhost-in-names",
)  # fmt: skip


def offered(mechanisms: Sequence[str], with_values: bool) -> list[str]:
    """What is listed where SASL knows these ways; with them, for who understands values."""
    sasl = f"sasl={','.join(mechanisms)}" if with_values else "sasl"
    return [sasl if name == "sasl" else name for name in OFFERED if name != "sasl" or mechanisms]


class Capabilities:
    """Those of one connection; ``open`` while it is still choosing, and is not registered yet."""

    def __init__(self) -> None:
        self.held: frozenset[str] = frozenset()
        self.open = False

    def __contains__(self, name: str) -> bool:
        return name in self.held

    def ask(self, wanted: str) -> bool:
        """Take on what a client wants, "-" before those that it wants no more: all or nothing."""
        words = wanted.split()
        if any(word.removeprefix("-") not in OFFERED for word in words):
            return False
        given_up = {word[1:] for word in words if word.startswith("-")}
        self.held = (self.held | {word for word in words if not word.startswith("-")}) - given_up
        return True
