"""From bytes to clean text: the one place where what a peer sent becomes a string.

A line is passed on as it was typed or refused with the reason; nothing is quietly changed, but a tab
becomes a space.
"""

from __future__ import annotations

import re
import unicodedata

from precis_i18n.unicode import UnicodeData

from lanchatd.text.refused import Refused

# C0, DEL and C1 (U+009B alone starts an escape sequence), line and paragraph separators, bidirectional
# embeddings, overrides and isolates, the byte order mark, and half surrogate pairs (JSON can write them).
NEVER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")

# Tag characters, which show nothing and can hold a whole text; and the flags of parts of countries, of which
# they are a part (UTS #51, ED-14a; `unicode_subdivision_id` of UTS #35).
_TAG = "[\U000e0000-\U000e007f]"
_FLAG = "\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,7}\U000e007f"
_FLAG_OR_TAG = re.compile(f"{_FLAG}|{_TAG}")

# Shows nothing and is a letter, a sign or a mark all the same; with what Unicode says is not to be shown.
_BLANK = frozenset("\u2800\U0001d159")
_UNICODE = UnicodeData()

# More marks than this on one letter grow into the lines above and below. Vietnamese needs two, Hebrew
# with vowels and cantillation three or four.
_MARKS = 4
_MARK = re.compile("[\u0300-\uffff\U00010000-\U0010ffff]")  # nothing below U+0300 is a combining mark


def decode(encoded: bytes) -> str:
    """The text of a line without its end. Raises `Refused` (``bad_utf8``)."""
    try:
        return encoded.decode()
    except UnicodeDecodeError:
        raise Refused("bad_utf8", "That line is not UTF-8; nothing was said.") from None


def clean(text: str) -> str:
    """The text, safe to show on anybody's terminal. Raises `Refused` (``control``) if it is not."""
    if text.isascii() and text.isprintable():
        return text  # as nearly each line
    text = text.replace("\t", " ")
    if found := NEVER.search(text):
        raise Refused("control", f"That line holds {_named(found.group())}, which is not allowed here.")
    if not text.isascii():
        _refuse_tags(text)
        _refuse_towers(text)
    return text


def refuse_unseen(text: str) -> None:
    """Raises `Refused` (``empty``) if nobody would see anything of a text that is to be read."""
    if all(map(_is_unseen, text)):
        raise Refused("empty", "That text shows nothing.")


def harmless(text: str) -> str:
    """The text with what `clean` refuses replaced: for what is shown or kept whatever is in it."""
    text = NEVER.sub("\ufffd", text.replace("\t", " "))
    text = _FLAG_OR_TAG.sub(lambda found: found[0] if _is_flag(found[0]) else "\ufffd", text)
    try:
        return clean(text)
    except Refused:  # towers of marks
        return text.encode("ascii", "replace").decode()


def _is_unseen(character: str) -> bool:
    return character.isspace() or character in _BLANK or _UNICODE.default_ignorable(ord(character))


def _is_flag(found: str) -> bool:
    return len(found) > 1


def _refuse_tags(text: str) -> None:
    for found in _FLAG_OR_TAG.findall(text):
        if not _is_flag(found):
            raise Refused("control", f"That line holds {_named(found)}, which is allowed in flags only.")


def _refuse_towers(text: str) -> None:
    if not _MARK.search(text):
        return
    marks = 0
    for character in text:
        if character in "\u200c\u200d":  # joiners, of emoji and of Persian: a tower goes on over one
            continue
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks > _MARKS:
            raise Refused("control", f"That line stacks more than {_MARKS} marks on one letter.")


def _named(character: str) -> str:
    kind = "half a character" if "\ud800" <= character <= "\udfff" else "a control character"
    name = unicodedata.name(character, kind)
    return f"U+{ord(character):04X} ({name.lower()})"
