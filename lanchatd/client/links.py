"""URLs as hyperlinks (OSC 8), so that one that is wrapped is still whole for who clicks it.

Nothing here opens anything. What a URL leads to is what is shown of it, letter by letter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Longer ones are only text: no terminal takes more (VTE's limit).
LONGEST_URL = 2_083  # characters

_STYLE = r"\x1b\[[0-9;]*m"
# ASCII only: of a name in other letters the link would lead to the half before them.
_URL = re.compile(
    rf"https?://(?:(?:{_STYLE})*+[!-~])++(?!(?:{_STYLE})*[^\x00-\x7f])", re.ASCII | re.IGNORECASE
)
_AT_ITS_END = ".,;:!?'\"*>]}"

_BY_PROGRAM = frozenset({"iTerm.app", "WezTerm", "ghostty", "kitty", "vscode"})
_BY_TERM = ("xterm-kitty", "xterm-ghostty", "foot", "alacritty", "wezterm", "contour")


def linked(row: str) -> str:
    """A row that is clean but for styles, with its URLs as hyperlinks."""
    return _URL.sub(_link, row) if "://" in row else row


def _link(found: re.Match[str]) -> str:
    whole = re.sub(_STYLE, "", found[0])
    # What ends the sentence belongs to the text.
    url = whole.rstrip(_AT_ITS_END if "(" in whole else f"{_AT_ITS_END})")
    if len(whole) > LONGEST_URL or url.endswith("://"):
        return found[0]
    shown = "".join(re.findall(rf"(?:{_STYLE})*[!-~]", found[0])[: len(url)])
    return f"\x1b]8;;{url}\x1b\\{shown}\x1b]8;;\x1b\\{found[0][len(shown) :]}"


def has_links(environment: Mapping[str, str]) -> bool:
    """Whether this is a terminal that is known to have hyperlinks."""
    program, terminal = environment.get("TERM_PROGRAM", ""), environment.get("TERM", "")
    if "TMUX" in environment or terminal.startswith(("tmux", "screen")):
        version = re.match(r"(\d+)\.(\d+)", environment.get("TERM_PROGRAM_VERSION", ""))
        return program == "tmux" and version is not None and (int(version[1]), int(version[2])) >= (3, 4)
    return (
        program in _BY_PROGRAM
        or terminal.startswith(_BY_TERM)
        or "WT_SESSION" in environment
        or _number(environment, "VTE_VERSION") >= 5_000  # noqa: PLR2004  0.50, with GNOME 3.26
        or _number(environment, "KONSOLE_VERSION") >= 201_203  # noqa: PLR2004  20.12.3
    )


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment.get(name, "")
    return int(text) if re.fullmatch("[0-9]{1,9}", text) else 0
