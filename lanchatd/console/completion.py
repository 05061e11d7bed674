"""What Tab offers at the Python prompt, and what ``help`` says where there is no other."""

from __future__ import annotations

import re
import rlcompleter
from collections.abc import Mapping, Sequence

_INDENT = "    "
_NAME = re.compile(r"[\w.]*\Z")


def candidates(namespace: dict[str, object], word: str, before: str) -> Sequence[str]:
    """What fits the name that ends at the cursor, as `lanchatd.terminal.editor.Editor` wants it.

    Where nothing has been typed it is an indent. Attributes are looked at as Python's own prompt does it:
    no property of the last object is called.
    """
    if not (before + word).strip():
        return [_INDENT]
    name = _NAME.search(word)
    if not name or not name.group():
        return []
    completer = rlcompleter.Completer(namespace)
    match = completer.attr_matches if "." in name.group() else completer.global_matches
    try:
        found = match(name.group())
    except Exception:  # whatever an attribute raises
        return []
    return sorted(word[: name.start()] + candidate for candidate in found)


class Help:
    """``help`` for a namespace without one. The one of Python reads standard input, which is the daemon's."""

    def __init__(self, namespace: Mapping[str, object]) -> None:
        self._namespace = namespace

    def __repr__(self) -> str:
        names = sorted(name for name in self._namespace if not name.startswith("_"))
        return f"There is {', '.join(names)}. dir(x) says what x has."

    def __call__(self) -> None:
        print(self)  # noqa: T201
