"""A text in the editor of whoever sits there: the program in ``$EDITOR``, on this terminal, until it ends."""

from __future__ import annotations

import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lanchatd.terminal.keys import LONGEST_PASTE_BYTES, pasted_text

# Where $EDITOR says nothing: it is on every Unix.
_USUAL = "vi"


class NotEdited(Exception):
    """There is no text; the sentence says why."""


def edited(text: str, environment: Mapping[str, str]) -> str:
    """The text as the editor left it, cleaned as a paste is. Raises `NotEdited`.

    It blocks, as if we were stopped. The file is in a directory of its own, for nobody else to read, and both
    are gone afterwards, with whatever the editor wrote beside it.
    """
    command = environment.get("EDITOR", "").strip() or _USUAL
    try:
        program = shlex.split(command)  # it may have options; no shell sees it
        with TemporaryDirectory(prefix="lanchat-") as folder:
            file = Path(folder) / "paste.txt"
            file.touch(0o600)
            file.write_text(text, "utf-8", errors="replace")
            with _signals_for_another():
                code = subprocess.run([*program, str(file)], check=False).returncode  # noqa: S603
            if code:
                raise NotEdited(f"{command} ended with {code}: nothing is said.")
            with file.open("rb") as written:
                raw = written.read(LONGEST_PASTE_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NotEdited(f"Can't run EDITOR, {command}: {why}.") from None
    if len(raw) > LONGEST_PASTE_BYTES:
        raise NotEdited(f"That is more than {LONGEST_PASTE_BYTES:,} bytes: nothing is said.")
    return pasted_text(raw)


@contextmanager
def _signals_for_another() -> Iterator[None]:
    """Keys that send signals are for the program in front, and Ctrl-Z there stops both of us.

    Not ignored: the program would inherit that.
    """
    ours = {
        signal.SIGINT: signal.signal(signal.SIGINT, lambda *_: None),
        signal.SIGQUIT: signal.signal(signal.SIGQUIT, lambda *_: None),
        signal.SIGTSTP: signal.signal(signal.SIGTSTP, signal.SIG_DFL),
    }
    try:
        yield
    finally:
        for number, act in ours.items():
            signal.signal(number, act)
