"""Codes as people read and type them, and as they are kept.

They have 50 random bits, live for minutes or days, and who tries too many is refused: so a plain hash keeps
them well.
"""

from __future__ import annotations

import hashlib
import re
import secrets

LENGTH = 10  # characters, of 5 bits each

# Crockford's: nothing in it is taken for something else, and what people type instead is understood.
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"
_TYPED_FOR = str.maketrans("oil", "011", "-")
_CODE = re.compile(f"[{_LETTERS}]{{{LENGTH}}}")


def new_code() -> str:
    """One that there was never before, as it is shown: ``k7m2q-x4p9d``."""
    code = "".join(secrets.choice(_LETTERS) for _ in range(LENGTH))
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def hash_of(typed: str) -> str | None:
    """What the code that was typed is known by; None if it is not written like one."""
    code = typed.strip().lower().translate(_TYPED_FOR)
    return hashlib.sha256(code.encode()).hexdigest() if _CODE.fullmatch(code) else None
