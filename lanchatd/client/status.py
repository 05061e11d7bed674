"""The row of status: who one is, the windows with what is unread in them, and how the connection is.

It shortens sensibly: what is wrong is never cut, then come the window that is shown and those with something
unread; the server's name goes first.
"""

from __future__ import annotations

from dataclasses import dataclass

from wcwidth import wcswidth

from lanchatd.client.windows import Window, Windows
from lanchatd.terminal.screen import BOLD, Part

_LEFT_OUT = (
    frozenset[str](),
    frozenset({"server"}),
    frozenset({"server", "state"}),
    frozenset({"server", "state", "here"}),
    frozenset({"server", "state", "here", "read"}),
    frozenset({"server", "state", "here", "read", "nick"}),
    frozenset({"server", "state", "here", "read", "nick", "unread"}),
)


@dataclass(frozen=True, slots=True)
class Status:
    """What the row says. ``trouble`` is how the connection is, if it is not well; ``here`` is 0 then."""

    nick: str
    away: bool
    operator: bool
    here: int
    waiting: int
    trouble: str
    encrypted: bool
    server: str


def status_row(status: Status, windows: Windows, columns: int) -> list[Part]:
    """The row in parts, in so many columns if that is possible at all."""
    for left_out in _LEFT_OUT:
        row = _row(status, windows, left_out)
        # The server's name only where much is free: a terminal made narrower wraps what does not fit.
        most = columns if "server" in left_out else columns * 2 // 3
        if sum(wcswidth(text) for text, _ in row) <= most:
            break
    return row


def _row(status: Status, windows: Windows, left_out: frozenset[str]) -> list[Part]:
    groups: list[list[Part]] = []
    if status.waiting:
        groups.append([(f"{status.waiting:,} waiting", BOLD)])
    if status.trouble:
        groups.append([(status.trouble, "")])
    if "nick" not in left_out:
        groups.append([(_nick(status), "")])
    if rooms := _windows(windows, left_out):
        groups.append(rooms)
    if not status.encrypted:
        groups.append([("not encrypted", "")])
    if status.here and not (status.trouble or status.waiting) and "here" not in left_out:
        groups.append([(f"{status.here:,} here", "")])
    if not (status.trouble or status.waiting) and "state" not in left_out:
        groups.append([("connected", "")])
    if "server" not in left_out:
        groups.append([(status.server, "")])
    row: list[Part] = [(" ", "")]
    for group in groups:
        row += [*([(" · ", "")] if len(row) > 1 else []), *group]
    return row


def _nick(status: Status) -> str:
    notes = ["operator"] * status.operator + ["away"] * status.away
    return f"{status.nick} ({', '.join(notes)})" if notes else status.nick


def _windows(windows: Windows, left_out: frozenset[str]) -> list[Part]:
    parts: list[Part] = []
    hidden = 0
    for window in windows.all:
        shown = window is windows.shown
        if not window.name:
            continue  # the server has not said yet what its first room is called
        if not shown and ("unread" in left_out or ("read" in left_out and not window.unread)):
            hidden += 1
            continue
        parts += [(" ", "")] if parts else []
        parts.append(_window(window, shown))
    return [*parts, (f" +{hidden}", "")] if hidden else parts


def _window(window: Window, shown: bool) -> Part:
    if shown:
        return f"[{window.title}]", BOLD
    if not window.unread:
        return window.title, ""
    urgent = bool(window.mentions) or window.private
    return f"{window.title} {window.unread:,}{'!' if window.mentions else ''}", BOLD if urgent else ""
