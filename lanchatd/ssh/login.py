"""Logging in with a key: the ``ssh-userauth`` service of RFC 4252, and nothing of it but ``publickey``."""

# Conch is untyped for the most part, and has names of its own.
# mypy: allow-untyped-calls
# ruff: noqa: N802, N815, RUF012

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from twisted.conch.ssh.common import NS, getNS
from twisted.conch.ssh.keys import Key
from twisted.conch.ssh.service import SSHService
from twisted.conch.ssh.transport import DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE
from twisted.conch.ssh.userauth import MSG_USERAUTH_FAILURE, MSG_USERAUTH_PK_OK, MSG_USERAUTH_REQUEST
from twisted.logger import Logger

from lanchatd.limits import Limits
from lanchatd.ssh.application import Application, Identity, Output
from lanchatd.ssh.authorized_keys import AuthorizedKeys, harmless
from lanchatd.ssh.connection import Connection
from lanchatd.ssh.host_key import blob_fingerprint
from lanchatd.ssh.login_limits import Guard
from lanchatd.ssh.quiet_log import QUIET

# How a key may sign, by its type. Not ``ssh-rsa`` as such, which means SHA-1.
ALGORITHMS: dict[bytes, tuple[bytes, ...]] = {
    b"ssh-ed25519": (b"ssh-ed25519",),
    b"sk-ssh-ed25519@openssh.com": (b"sk-ssh-ed25519@openssh.com",),
    b"ecdsa-sha2-nistp256": (b"ecdsa-sha2-nistp256",),
    b"ecdsa-sha2-nistp384": (b"ecdsa-sha2-nistp384",),
    b"ecdsa-sha2-nistp521": (b"ecdsa-sha2-nistp521",),
    b"sk-ecdsa-sha2-nistp256@openssh.com": (b"sk-ecdsa-sha2-nistp256@openssh.com",),
    b"ssh-rsa": (b"rsa-sha2-512", b"rsa-sha2-256"),
}

_TOUCHED = 0x01  # a flag of a security key's signature: somebody was there (PROTOCOL.u2f of OpenSSH)


@dataclass(frozen=True, slots=True)
class Account:
    """What one user name is good for: whose keys let them in, and what runs in each of their sessions."""

    keys: AuthorizedKeys
    application: Callable[[Identity, Output], Application]


class Owner(Connection, Protocol):
    """The connection that somebody logs in on."""

    sessionID: bytes | None
    """Which a signature has to be for; made by the key exchange."""

    def let_in(self, identity: Identity, application: Callable[[Identity, Output], Application]) -> None:
        """The login has succeeded."""
        ...


class Login(SSHService):
    """Answers the tries of one connection, until one lets it in or it may not try any more."""

    name = b"ssh-userauth"
    protocolMessages = {MSG_USERAUTH_REQUEST: "MSG_USERAUTH_REQUEST"}
    log = Logger("lanchatd")
    _log = QUIET

    def __init__(
        self, connection: Owner, accounts: Mapping[str, Account], guard: Guard, limits: Limits
    ) -> None:
        self._connection = connection
        self._accounts = accounts
        self._guard = guard
        self._limits = limits
        self._failures = 0

    def ssh_USERAUTH_REQUEST(self, packet: bytes) -> None:
        """Called with the user, the service that is wanted then, the method, and what it needs."""
        connection = self._connection
        # Another connection of this address may have used up its tries meanwhile.
        if (why := self._guard.refusal(connection.address)) is not None:
            self._end(why)
            return
        user, service, method, rest = getNS(packet, 3)
        name = user.decode(errors="replace")
        if method == b"none":  # how a client asks for the methods that there are
            self._try_another()
        elif method == b"publickey" and service == b"ssh-connection":
            self._try_key(name, packet, rest)
        else:
            self._failed(name, f"{harmless(method.decode(errors='replace'))} is no way in, only publickey is")

    def _try_key(self, name: str, packet: bytes, rest: bytes) -> None:
        """``rest`` of the packet says whether it is signed, the algorithm, the key, and the signature."""
        signed = rest[0]
        algorithm, blob, rest = getNS(rest[1:], 2)
        fingerprint = blob_fingerprint(blob)
        account = self._accounts.get(name)
        if account is None or (known := account.keys.find(blob)) is None:
            self._failed(name, f"the key {fingerprint} is not one of this account", fingerprint)
        elif algorithm not in ALGORITHMS[known.key.sshType()]:
            self._failed(name, f"the key {fingerprint} would sign in a way that is too weak", fingerprint)
        elif not signed:  # "would you take this key?"
            self._connection.sendPacket(MSG_USERAUTH_PK_OK, NS(algorithm) + NS(blob))
        elif not is_signed(
            known.key,
            algorithm,
            getNS(rest)[0],
            NS(self._connection.sessionID or b"") + bytes([MSG_USERAUTH_REQUEST]) + packet.removesuffix(rest),
        ):
            self._failed(name, f"the signature with the key {fingerprint} is wrong", fingerprint)
        else:
            connection = self._connection
            self._guard.succeeded(connection.address)
            identity = Identity(name, known.fingerprint, known.comment, connection.address)
            connection.let_in(identity, account.application)

    def _failed(self, name: str, why: str, fingerprint: str = "") -> None:
        connection = self._connection
        self.log.info(
            "{peer} can't log in as {account}: {reason}",
            peer=connection.peer,
            account=harmless(name),
            fingerprint=fingerprint,
            reason=why,
        )
        self._failures += 1
        self._guard.failed(connection.address)
        if (refused := self._guard.refusal(connection.address)) is not None:
            self._end(refused)
        elif self._failures >= self._limits.admin_tries:
            self._end("Too many failed tries.")
        else:
            self._try_another()

    def _try_another(self) -> None:
        self._connection.sendPacket(MSG_USERAUTH_FAILURE, NS(b"publickey") + b"\0")

    def _end(self, why: str) -> None:
        self._connection.end(DISCONNECT_NO_MORE_AUTH_METHODS_AVAILABLE, why)


def is_signed(key: Key, algorithm: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the key has signed the message in this way. The signature is as RFC 4253, 6.6 has it."""
    try:
        kind, rest = getNS(signature)
        if kind != algorithm:
            return False
        if key.isSecurityKey():
            _, trailing = getNS(rest)
            flags, counter = trailing[:1], trailing[1:]
            if not flags[0] & _TOUCHED or len(counter) != 4:  # noqa: PLR2004
                return False
            application = hashlib.sha256(key.application).digest()
            message = application + flags + counter + hashlib.sha256(message).digest()
        return bool(key.verify(signature, message))
    except Exception:  # a broken signature, which Conch and cryptography tell in many ways
        return False
