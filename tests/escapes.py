"""Strings that attack whoever shows them: what people have sent to terminals, logs and browsers.

Each is what a peer sends, encoded and without a line's end, by a name that says what it is.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

# What moves a cursor, turns a text around, ends a line or is no character. This is what Unicode says, and not
# what the daemon has in its own table.
_TURNS = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})


@cache
def _harmful() -> re.Pattern[str]:
    found = (
        character
        for character in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(character) in _TURNS
        or character == "\ufeff"
    )
    return re.compile(f"[{re.escape(''.join(found))}]")


def harm_in(text: str) -> list[str]:
    """The lines with something in them that must not reach anybody. A tab is: it becomes a space."""
    if not _harmful().search(text.replace("\n", "")):
        return []
    return [line for line in text.split("\n") if _harmful().search(line)]


def texts_in(value: Any) -> Iterator[str]:
    """Every text in what JSON says, names of fields as well."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from texts_in(inner)


# Without what introduces them: CSI, OSC and so on.
_CSI = (
    "A", "5B", "C", "D", "E", "F", "1G", "H", "1;1H", "2J", "3J", "2K", "L", "M", "P", "@", "S", "T", "X",
    "c", ">c", "=c", "5n", "6n", "?6n", "0m", "31m", "8m", "38;2;0;0;0m", "?25l", "?47h", "?1049h", "?1000h",
    "?2004h", "?7l", "4h", "20h", "1;1r", "s", "u", "!p", "8;1;1t", "21t", "18t", "2i", "4i", "5i", "?5i",
    "0q", "2 q", "1000000b", "9999999999C", "?2026h", ">1u", "<u", "$r",
)  # fmt: skip
_OSC = (
    "0;title", "2;title", "4;0;rgb:00/00/00", "4;0;?", "7;file:///etc/passwd", "8;;http://192.0.2.1/", "9;hi",
    "10;?", "11;#000000", "12;?", "50;font", "52;c;bHM7", "52;p;?", "104", "110", "133;A", "633;E;ls",
    "777;notify;a;b", "1337;SetMark", "1337;File=inline=1:AA==", "99;i=1:d=0;x", "5522;type=read",
)  # fmt: skip
_STRINGS = {"DCS": ("$qm", "+q544e", "q#0;2;0;0;0~", "1000p", "=1s"), "APC": ("Ga=T,f=24;AA", "x"),
            "PM": ("x",), "SOS": ("x",)}  # fmt: skip
_INTRODUCERS = {"CSI": ("[", 0x9B), "OSC": ("]", 0x9D), "DCS": ("P", 0x90), "APC": ("_", 0x9F),
                "PM": ("^", 0x9E), "SOS": ("X", 0x98)}  # fmt: skip
_ESC = ("c", "7", "8", "D", "E", "H", "M", "N", "O", "Z", "=", ">", "#8", "(0", ")B", "%G", "%@", " F", " G",
        "n", "o", "|", "}", "~", "l", "m", "\\", "6", "9")  # fmt: skip

# Invisible, or of a direction of their own, and harmless in a text; a nick can't have them.
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u180b\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2064\u206a"
    "\u206f\u2800\u3164\ufe00\ufe0f\uffa0\ufff9\ufffa\ufffb\ufffc\U0001d173\U000e0001\U000e0041\U000e007f"
    "\U000e0100\U000e01ef\xa0\u2003\u2007\u202f\u205f\u3000"
)
_NONCHARACTERS = [0xFDD0, 0xFDEF, *(plane * 0x10000 + low for plane in range(17) for low in (0xFFFE, 0xFFFF))]
_LOOK_ALIKES = (
    "ev3", "Bоb", "b0b", "ВОВ", "воb", "8ob", "BоB", "сarol", "car0l", "caroI", "carо1", "adm1n", "аdmin",
    "Αdmin", "adrnin", "ａdmin", "ᴀdmin", "𝐚𝐝𝐦𝐢𝐧", "admın", "admⅰn", "admi\u0331n", "ad\u200bmin", "#Iobby",
    "#l0bby", "#ⅼobby", "-- bob left", "<bob> hi", "* bob waves", "[bob -> eve] hi", "!! You are banned.",
    "14:03 <bob> hi", "−− bob joined", "﹤bob﹥ hi", "‹bob› hi", "⁎ bob waves", "ǃǃ You are banned.",
)  # fmt: skip


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _sequences() -> Iterator[tuple[str, bytes]]:
    bodies = {"CSI": _CSI, "OSC": _OSC, **_STRINGS}
    for kind, (letter, c1) in _INTRODUCERS.items():
        ends = ("",) if kind == "CSI" else ("\x07", "\x1b\\", "\x9c", "")
        for body in bodies[kind]:
            for end in ends[:2] if kind == "OSC" else ends:
                yield f"{kind} {body} ESC {end!r}", _utf8(f"a\x1b{letter}{body}{end}b")
            yield f"{kind} {body} C1", _utf8(f"{chr(c1)}{body}")
            yield f"{kind} {body} 8 bits", bytes([c1]) + _utf8(body)
    for rest in _ESC:
        yield f"ESC {rest}", _utf8(f"\x1b{rest}")


def _malformed() -> Iterator[tuple[str, bytes]]:
    """Not UTF-8, but read as a control by who is lax."""
    for code in (0x00, 0x0A, 0x1B, 0x7F, 0x9B):
        low, high = 0x80 | code & 0x3F, code >> 6
        for begin in (bytes([0xC0 | high]), bytes([0xE0, 0x80 | high]), bytes([0xF0, 0x80, 0x80 | high])):
            if (len(begin), code) != (1, 0x9B):  # which is how it is written
                yield f"overlong {code:02x} in {len(begin) + 1}", b"a" + begin + bytes([low]) + b"[2J"
    for lead in (0x80, 0x9B, 0xBF, 0xC2, 0xE2, 0xF0, 0xF5, 0xF8, 0xFC, 0xFE, 0xFF):
        yield f"broken {lead:02x}", b"a" + bytes([lead]) + b"\x1b[2J"
        yield f"broken {lead:02x} at the end", b"a" + bytes([lead])
    yield "past the last character", b"\xf4\x90\x80\x80"
    for half in ("\ud800", "\udbff", "\udc00", "\udfff", "\ud83d\ude00", "\udc9b"):
        yield f"half of a pair {half!r}", _utf8(f"a{half}b")


def _all() -> Iterator[tuple[str, bytes]]:
    for code in (*range(0x20), *range(0x7F, 0xA0)):
        if code != 0x0A:  # the end of a line is not in it
            yield f"control {code:02x}", _utf8(f"a{chr(code)}b")
    yield from _sequences()
    for code in (0x2028, 0x2029, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)):
        yield f"turn {code:04x}", _utf8(f"{chr(code)}txt.exe")
        yield f"turn {code:04x} inside", _utf8(f"alice{chr(code)}\u05d0")
    yield from _malformed()
    for character in _UNSEEN:
        yield f"unseen {ord(character):04x}", _utf8(f"bo{character}b")
    for code in _NONCHARACTERS:
        yield f"noncharacter {code:04x}", _utf8(f"b{chr(code)}ob")
    for mark in "\u0300\u0489\u0e49\u20dd\u05b8\U0001d167\u1ab0\ufe20":
        yield f"tower of {ord(mark):04x}", _utf8("a" + mark * 60)
        yield f"tower of {ord(mark):04x} over joiners", _utf8("a" + (mark * 4 + "\u200d") * 9)
    for text in _LOOK_ALIKES:
        yield f"look-alike {text!r}", _utf8(text)


ESCAPES = tuple(_all())
