"""No, and why: a code for programs, and a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """The line with this ref, or the last line, was refused and nothing else happened."""

    code: str
    text: str
    ref: str | None = None


class Refused(Exception):
    """Raised by the rules before any effect: a code for programs and a sentence for people."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    def answering(self, ref: str | None) -> Refusal:
        """What the member is told."""
        return Refusal(self.code, self.text, ref)
