"""What makes no difference to who searches: accents, vowel marks, width, and letters that many can't type.

Only what people leave out or type otherwise: ``ё`` is an ``е``, but ``й`` is no ``и``, and the vowels of
Hindi and the voicing marks of kana count.
"""

from __future__ import annotations

import re
import unicodedata

# Latin letters that are not taken apart by Unicode, in both cases; where one stands for two, so it is typed.
_LATIN = {
    "ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D",
    "ð": "d", "Ð": "D", "ł": "l", "Ł": "L", "ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "þ": "th", "Þ": "TH",
    "ı": "i", "ŋ": "n", "Ŋ": "N",
}  # fmt: skip

# Arabic: the forms of one letter that keyboards and habits differ in, Persian and Urdu ones with it.
_ARABIC = {"ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ہ": "ه"}

# The points of Hebrew and Arabic, with the hamza above and below, and the stroke that makes words wider.
_POINTS = (
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u08d3-\u08e1\u08e3-\u08ff"
)

_TYPED_SO = str.maketrans(_LATIN | _ARABIC | {"\u00ad": None})

# Accents, on Latin and Greek letters; on Cyrillic vowels the stress, and the dots of ``ё``.
_ACCENTS = "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]"
_LEFT_OUT = re.compile(
    f"[{_POINTS}]"
    f"|(?<=[A-Za-z\u0180-\u024f\u0250-\u02af\u0370-\u03ff\u1d00-\u1dbf\u2c60-\u2c7f\ua720-\ua7ff]){_ACCENTS}+"
    "|(?<=[аеиоуыэюяіАЕИОУЫЭЮЯІ])[\u0300\u0301]+|(?<=[еЕ])\u0308[\u0300\u0301]*"
)


def folded(text: str) -> str:
    """A text without what makes no difference; but for case, which is left as it is."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text).translate(_TYPED_SO)
    return unicodedata.normalize("NFC", _LEFT_OUT.sub("", apart))
