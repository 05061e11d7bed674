"""Scripts that are written without spaces between words."""

from __future__ import annotations

# Thai and Lao, Burmese, Khmer, Kana, and Han, as a set of a regular expression holds them.
WITHOUT_SPACES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff"
)
