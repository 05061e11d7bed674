"""The keys that go from window to window; the editor leaves them to us."""

from __future__ import annotations

from lanchatd.client.windows import Window, Windows

_ALT_LEFT, _ALT_RIGHT, _CTRL_P, _CTRL_N, _ALT_A = b"\x1b[1;3D", b"\x1b[1;3C", b"\x10", b"\x0e", b"\x1ba"
_STEPS = {_ALT_LEFT: -1, _CTRL_P: -1, _ALT_RIGHT: 1, _CTRL_N: 1}
_NUMBERS = {b"\x1b%d" % number: number for number in range(1, 10)}
KEYS = frozenset({_ALT_A, *_STEPS, *_NUMBERS})


def window_by(key: bytes, windows: Windows) -> Window | None:
    """Where this one of them goes; None where there is nothing, or one is there already."""
    if key in _STEPS:
        window: Window | None = windows.beside(_STEPS[key])
    elif key in _NUMBERS:
        window = windows.numbered(_NUMBERS[key])
    else:
        window = windows.next_unread()
    return None if window is windows.shown else window
