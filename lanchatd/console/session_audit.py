"""What one administrator did, as the audit log has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lanchatd.ssh.application import Identity
from lanchatd.state.audit import AuditLog, Record

# Records of the audit log that a prompt's history begins with.
REMEMBERED = 200

ADMIN, MANHOLE = "admin", "manhole"
"""The accounts."""

ENTERED = "entered"
"""The result of a line of Python before it has run."""


class SessionAudit:
    """Records what is typed in one session, and knows what was typed with the same key before."""

    def __init__(self, audit: AuditLog, now: Callable[[], float], identity: Identity) -> None:
        self._audit = audit
        self._now = now
        self._identity = identity

    def record(self, what: str, result: str) -> None:
        """This was typed, and this came of it."""
        who = self._identity
        self._audit.append(
            Record(self._now(), who.account, who.fingerprint, who.comment, who.address, what, result)
        )

    def history(self) -> Sequence[str]:
        """The lines, the oldest first, each once."""
        try:
            records = self._audit.last(REMEMBERED, self._identity.fingerprint)
        except OSError:  # a prompt without a history is one all the same
            return ()
        mine = [record for record in records if record.account == self._identity.account]
        # A line of Python is recorded before it runs, and again with what came of it.
        return [record.what for record in mine if record.account != MANHOLE or record.result == ENTERED]
