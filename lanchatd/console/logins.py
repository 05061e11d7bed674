"""Who may log in to the console, and what they find there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lanchatd.commands.administrators import Daemon
from lanchatd.console.manhole import Manhole
from lanchatd.console.namespace import namespace
from lanchatd.console.prompt import Prompt
from lanchatd.console.session_audit import ADMIN, MANHOLE, SessionAudit
from lanchatd.console.shell import Shell
from lanchatd.doors.connections import Connections
from lanchatd.ssh.application import Application, Identity, Output
from lanchatd.ssh.authorized_keys import AuthorizedKeys
from lanchatd.ssh.server import Account
from lanchatd.state.audit import AuditLog


def accounts(
    reactor: Any,
    connections: Connections,
    daemon: Daemon,
    audit: AuditLog,
    admin_keys: Path,
    manhole_keys: Path | None,
) -> dict[str, Account]:
    """The accounts by their names: `ADMIN`, and `MANHOLE` only where there is a file of keys for it."""
    chat = connections.chat

    def prompt(identity: Identity, output: Output) -> Application:
        session = SessionAudit(audit, chat.now, identity)
        return Prompt(identity, output, Shell(chat, daemon, identity, session))

    def python(identity: Identity, output: Output) -> Application:
        session = SessionAudit(audit, chat.now, identity)
        things = namespace(reactor, connections, daemon, identity.address)
        return Manhole(identity, output, things, session.record, session.history())

    found = {ADMIN: Account(AuthorizedKeys(admin_keys), prompt)}
    if manhole_keys is not None:
        found[MANHOLE] = Account(AuthorizedKeys(manhole_keys), python)
    return found
