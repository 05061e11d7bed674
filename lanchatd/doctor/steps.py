"""What the doctor finds, a step a line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Verdict(Enum):
    """Of a step. With what is wrong it ends: the steps behind it would only say the same."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Step:
    """What was looked at, what was found, and what to do about it."""

    name: str
    verdict: Verdict
    text: str
    cure: str = ""

    def as_line(self) -> str:
        """For people."""
        mark = {Verdict.OK: "ok   ", Verdict.NOTE: "--   ", Verdict.WRONG: "WRONG"}[self.verdict]
        cure = f"\n                  What to do: {self.cure}" if self.cure else ""
        return f"{mark} {self.name:<11} {self.text}{cure}"

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {"step": self.name, "verdict": self.verdict.value, "text": self.text, "cure": self.cure}


def ok(name: str, text: str) -> Step:
    """All is well."""
    return Step(name, Verdict.OK, text)


def note(name: str, text: str, cure: str = "") -> Step:
    """It could not be looked at, or may be meant so."""
    return Step(name, Verdict.NOTE, text, cure)


def wrong(name: str, text: str, cure: str) -> Step:
    """Somebody can't join for this."""
    return Step(name, Verdict.WRONG, text, cure)
