"""Who may log in to the console, and what they find there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lanchatd.commands.administering import Daemon
from lanchatd.console.manhole import Manhole
from lanchatd.console.namespace import namespace
from lanchatd.console.prompt import Prompt
from lanchatd.console.shell import Shell
from lanchatd.console.trail import ADMIN, MANHOLE, Trail
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
        trail = Trail(audit, chat.now, identity)
        return Prompt(identity, output, Shell(chat, daemon, identity, trail))

    def python(identity: Identity, output: Output) -> Application:
        trail = Trail(audit, chat.now, identity)
        names = namespace(reactor, connections, daemon, identity.address)
        return Manhole(identity, output, names, trail.record, trail.history())

    found = {ADMIN: Account(AuthorizedKeys(admin_keys), prompt)}
    if manhole_keys is not None:
        found[MANHOLE] = Account(AuthorizedKeys(manhole_keys), python)
    return found
