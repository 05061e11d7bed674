"""From a terminal's bytes to keys: typed text, keys by the bytes that they send, and whole pastes.

What was cut in two by the network or the terminal is kept until the rest comes, and nothing that is kept
grows without a bound. ::

    keys = Keys()
    keys.feed(b"hi\\x1b[D")     # [Typed("hi"), Pressed(b"\\x1b[D")]
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

# Bytes of one paste that are kept: pages of text. What is longer is better sent as a file.
LONGEST_PASTE_BYTES = 1_048_576
# A paste that is not ended ends with Ctrl-C, or when no bytes have come for so long, in seconds: a terminal
# sends the whole of it in one go, and whoever sits there would be heard no more.
PASTE_PAUSE_S = 1
# Bytes of one escape sequence that are kept; the longest that a key sends has 8, a mouse report 16.
LONGEST_SEQUENCE_BYTES = 64

_ESC = 0x1B
_PASTE_BEGINS = b"\x1b[200~"
_PASTE_ENDS = b"\x1b[201~"
_PASTE_ENDS_OR_IS_GIVEN_UP = re.compile(rb"\x1b\[201~|\x03")
_TYPED = re.compile(rb"[^\x00-\x1f\x7f]+")
_CONTROL = re.compile(rb"[\x00-\x1f]")
_NEWLINE = re.compile("\r\n|[\r\u2028\u2029]")

# C0, DEL and C1, line and paragraph separators, bidirectional embeddings, overrides and isolates, the byte
# order mark, half surrogate pairs: they would move the cursor or turn the row around, and nobody sees them.
# The server refuses a line that holds one (`lanchatd.text.cleaning`).
_NEVER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Typed:
    """Text without control characters, never empty. Any number of them in a row are one text."""

    text: str


@dataclass(frozen=True, slots=True)
class Pressed:
    """A key that types no text, as the bytes that it sends: ``b"\\x01"``, ``b"\\x1bb"``, ``b"\\x1b[3~"``."""

    sequence: bytes


@dataclass(frozen=True, slots=True)
class Paste:
    """A bracketed paste, its lines separated by ``\\n``; ``cut`` says that there was more.

    It was longer than is kept, or Ctrl-C has ended it: then nothing of it is.
    """

    text: str
    cut: bool


Press = Typed | Pressed | Paste


def printable(text: str) -> str:
    """The text in one line: tabs become spaces, and control characters are dropped."""
    return _NEVER.sub("", text.replace("\t", " "))


def pasted_text(pasted: bytes) -> str:
    """The text with ``\\n`` between its lines, each of them printable."""
    text = _NEWLINE.sub("\n", pasted.decode("utf-8", "replace"))
    return "\n".join(map(printable, text.split("\n")))


class Keys:
    """Takes a terminal's bytes and gives back keys; any segmentation gives the same text and the same keys.

    Bytes that are no UTF-8 become U+FFFD. An escape byte waits for the next byte: with a letter,
    Backspace or Enter it is the Alt key, before another control byte or a character outside ASCII it is the
    Escape key, ``Pressed(b"\\x1b")``.
    """

    def __init__(self) -> None:
        self._state = self._plain
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._sequence = bytearray()
        self._pasted = bytearray()
        self._paste_cut = False
        self._paste_tail = b""  # may be the beginning of the paste's end
        self._mouse_bytes_left = 0
        self._presses: list[Press] = []

    @property
    def pasting(self) -> bool:
        """Whether a paste has begun and not ended: call `end_paste` if nothing comes for `PASTE_PAUSE_S`."""
        return self._state == self._in_paste

    def feed(self, typed: bytes) -> list[Press]:
        """What the bytes complete, in order."""
        at = 0
        while at < len(typed):
            at = self._state(typed, at)
        presses, self._presses = self._presses, []
        return presses

    def end_paste(self) -> list[Press]:
        """Its end is not coming any more: what came of it is all of it."""
        return self.feed(_PASTE_ENDS) if self.pasting else []

    # -- the states: each takes bytes from `at` on, and says how far it came

    def _plain(self, typed: bytes, at: int) -> int:
        if run := _TYPED.match(typed, at):
            self._type(self._decoder.decode(run.group()))
            return run.end()
        self._type(self._decoder.decode(b"", final=True))  # a control byte in the middle of a character
        if typed[at] == _ESC:
            self._state = self._escaped
        else:
            self._presses.append(Pressed(typed[at : at + 1]))
        return at + 1

    def _escaped(self, typed: bytes, at: int) -> int:
        """After an escape byte."""
        byte = typed[at : at + 1]
        self._state = self._plain
        if byte in (b"[", b"O"):
            self._sequence[:] = b"\x1b" + byte
            self._state = self._in_sequence
        elif byte in (b"]", b"P", b"X", b"^", b"_"):
            self._state = self._in_report
        elif b" " <= byte <= b"\x7f" or byte in (b"\b", b"\r", b"\n"):
            self._presses.append(Pressed(b"\x1b" + byte))
        else:
            self._presses.append(Pressed(b"\x1b"))
            return at
        return at + 1

    def _in_sequence(self, typed: bytes, at: int) -> int:
        """In a control sequence (CSI, ``ESC [``) or after a single shift (SS3, ``ESC O``)."""
        byte = typed[at]
        if not ord(" ") <= byte <= ord("~"):  # it was broken off
            self._state = self._plain
            return at
        so_far = bytes(self._sequence)
        if len(so_far) < LONGEST_SEQUENCE_BYTES:
            self._sequence.append(byte)
        begins_linux_key = so_far == b"\x1b[" and byte == ord("[")  # F1 of its console is ESC [ [ A
        ends_rxvt_key = byte == ord("$") and so_far[2:].isdigit()  # its Shift-Delete is ESC [ 3 $
        if (byte >= ord("@") and not begins_linux_key) or ends_rxvt_key:
            self._state = self._plain
            self._end_sequence(bytes(self._sequence))
        return at + 1

    def _end_sequence(self, sequence: bytes) -> None:
        if sequence == _PASTE_BEGINS:
            self._state = self._in_paste
        elif sequence == b"\x1b[M":
            self._mouse_bytes_left = 3
            self._state = self._in_mouse_report
        elif len(sequence) < LONGEST_SEQUENCE_BYTES:
            self._presses.append(Pressed(sequence))

    def _in_mouse_report(self, typed: bytes, at: int) -> int:
        """The oldest kind: button, column and line, a byte each, of any value."""
        taken = min(self._mouse_bytes_left, len(typed) - at)
        self._mouse_bytes_left -= taken
        if not self._mouse_bytes_left:
            self._state = self._plain
        return at + taken

    def _in_report(self, typed: bytes, at: int) -> int:
        """In an answer of the terminal (OSC, DCS and the like), which ends with BEL or ``ESC \\``.

        Any other control byte breaks it off and counts as a key, or who pressed Alt-] would have to press
        Ctrl-G before anything is heard again.
        """
        found = _CONTROL.search(typed, at)
        if not found:
            return len(typed)
        at = found.start()
        if typed[at] == _ESC:
            self._state = self._report_escaped
            return at + 1
        self._state = self._plain
        return at + 1 if typed[at] == ord("\a") else at

    def _report_escaped(self, typed: bytes, at: int) -> int:
        self._state = self._escaped
        if typed[at] == ord("\\"):
            self._state = self._plain
            return at + 1
        return at

    def _in_paste(self, typed: bytes, at: int) -> int:
        fresh = self._paste_tail + typed[at:]
        end = _PASTE_ENDS_OR_IS_GIVEN_UP.search(fresh)
        if end is None:
            whole = max(0, len(fresh) - len(_PASTE_ENDS) + 1)
            self._paste_tail = fresh[whole:]
            self._keep_pasted(fresh[:whole])
            return len(typed)
        self._keep_pasted(fresh[: end.start()])
        if end.group() != _PASTE_ENDS:  # nothing of it is wanted
            self._pasted.clear()
            self._paste_cut = True
        self._presses.append(Paste(pasted_text(bytes(self._pasted)), self._paste_cut))
        self._pasted.clear()
        self._paste_cut = False
        self._paste_tail = b""
        self._state = self._plain
        return len(typed) - (len(fresh) - end.end())

    def _keep_pasted(self, more: bytes) -> None:
        room = LONGEST_PASTE_BYTES - len(self._pasted)
        self._pasted += more[:room]
        self._paste_cut = self._paste_cut or len(more) > room

    def _type(self, text: str) -> None:
        if text := printable(text):
            self._presses.append(Typed(text))
