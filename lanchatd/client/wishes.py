"""What somebody wishes of what others say: whose lines are hidden, and what calls beside one's own nick."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lanchatd.client.sanitize import text_of
from lanchatd.text import names
from lanchatd.text.mentions import is_named
from lanchatd.text.refused import Refused

_SAID = frozenset({"said", "acted", "private"})


class Wishes:
    """By the settings: ``highlights`` are words, and ``@NICK``; ``ignore`` are nicks."""

    def __init__(self, highlights: Iterable[str] = (), ignore: Iterable[str] = ()) -> None:
        self._words = [word for word in highlights if not word.startswith("@")]
        self._nicks = {nick_key(word[1:]) for word in highlights if word.startswith("@")}
        self._ignored = set(map(nick_key, ignore))

    def hides(self, event: dict[str, Any]) -> bool:
        """Whether this is not shown, nor counted."""
        return self._is_said_by(self._ignored, event)

    def calls(self, event: dict[str, Any]) -> bool:
        """Whether this calls, though it does not name one."""
        if self._is_said_by(self._nicks, event):
            return True
        said = text_of(event, "text") if text_of(event, "type") in _SAID else ""
        return any(is_named(said, word) for word in self._words)

    def _is_said_by(self, keys: set[str], event: dict[str, Any]) -> bool:
        return bool(keys) and text_of(event, "type") in _SAID and nick_key(text_of(event, "from")) in keys


def nick_key(nick: str) -> str:
    """By what a nick is compared, of whatever server."""
    try:
        return names.nick(nick).key
    except Refused:
        return nick.casefold()
