"""The console's SSH server: a port, a host key, and everybody who is connected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.conch.ssh.factory import SSHFactory
from twisted.conch.ssh.keys import Key
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IAddress, IListeningPort
from twisted.logger import Logger

from lanchatd.clock import Clock
from lanchatd.limits import Limits
from lanchatd.net.socket_options import set_socket_options
from lanchatd.ssh.channels import Channels
from lanchatd.ssh.host_key import fingerprint, host_key
from lanchatd.ssh.login import Account
from lanchatd.ssh.login_limits import Guard
from lanchatd.ssh.quiet_log import QUIET
from lanchatd.ssh.refused_connection import RefusedConnection
from lanchatd.ssh.transport import Transport, address_of
from lanchatd.state.files import StateError

__all__ = ["Account", "ConsoleFactory", "SshConsole"]

# Sessions of all connections together.
MOST_SESSIONS = 16

# Connections at once, logged in or not; what comes then is closed without a word.
MOST_CONNECTIONS = 64

# Who can't log in now is told why, so many at a time; the others are closed without a word.
MOST_REFUSED = 16


class ConsoleFactory(SSHFactory):
    """Makes the connections, and knows them. ``accounts`` are by their user names.

    Implements `lanchatd.ssh.transport.Owner`.
    """

    noisy = False
    protocol = Transport
    log = Logger("lanchatd")
    _log = QUIET

    def __init__(
        self,
        clock: Clock,
        limits: Limits,
        host_key: Key,
        accounts: Mapping[str, Account],
        locked_out: Callable[[], None] = lambda: None,
    ) -> None:
        self.clock = clock
        self.limits = limits
        self.accounts = accounts
        self.guard = Guard(clock, limits, locked_out)
        self.connections: dict[Transport, None] = {}  # in the order in which they came
        self._refused: set[RefusedConnection] = set()
        self._refused_count = 0  # of this second
        self.privateKeys = {host_key.sshType(): host_key}
        self.publicKeys = {host_key.sshType(): host_key.public()}
        self.primes = None
        self._emptied: Deferred[None] | None = None
        for account in accounts.values():
            # Who was locked out because their key was missing can come in when it is there.
            account.keys.changed = self.guard.forget

    @property
    def may_open_session(self) -> bool:
        services = (connection.service for connection in self.connections)
        open_ = sum(len(service.channels) for service in services if isinstance(service, Channels))
        return open_ < MOST_SESSIONS

    def buildProtocol(self, addr: IAddress | None) -> Any:
        if self._emptied is not None:
            return None
        for account in self.accounts.values():
            account.keys.refresh()
        if (why := self.guard.admit(address_of(addr))) is not None:
            return self._refuse(why)
        if len(self.connections) >= MOST_CONNECTIONS and not self._hurry_one():
            return None
        return super().buildProtocol(addr)

    def came(self, connection: Transport) -> None:
        """A connection is there."""
        self.connections[connection] = None
        self.guard.waits(connection)

    def gone(self, connection: Transport) -> None:
        """A connection is no more."""
        self.connections.pop(connection, None)
        if self._emptied is not None and not self.connections:
            self._emptied.callback(None)

    def shut_down(self) -> Deferred[None]:
        """Tell everybody that it ends; fires when they are gone, which takes at most ``shutdown_s``."""
        if not self.connections:
            return succeed(None)
        self._emptied = Deferred()
        for connection in tuple(self.connections):
            connection.shut_down()
        force = self.clock.callLater(self.limits.shutdown_s, self._abort_all)
        return self._emptied.addCallback(lambda _: force.cancel() if force.active() else None)

    def _hurry_one(self) -> bool:
        """Close who was told to go and has not gone yet, so that nobody holds a place by that."""
        for connection in self.connections:
            if connection.ending:
                connection.abort()
                del self.connections[connection]
                return True
        return False

    def _refuse(self, why: str) -> RefusedConnection | None:
        if not self._refused_count:  # a line a second at most, however many come
            self.clock.callLater(1, self._tell_refused)
        self._refused_count += 1
        if len(self._refused) >= MOST_REFUSED:
            return None
        refused = RefusedConnection(self.clock, why, self._refused.discard)
        self._refused.add(refused)
        return refused

    def _tell_refused(self) -> None:
        self.log.info("the console turned {count} connections away", count=self._refused_count)
        self._refused_count = 0

    def _abort_all(self) -> None:
        for connection in tuple(self.connections):
            connection.abort()


class SshConsole(Service):
    """Listens for administrators, and says goodbye."""

    log = Logger("lanchatd")

    def __init__(
        self,
        reactor: Any,
        limits: Limits,
        interface: str,
        port: int,
        host_key_path: Path,
        accounts: Mapping[str, Account],
        locked_out: Callable[[], None] = lambda: None,
    ) -> None:
        """``interface`` is an IP address. The host key is made in its file if there is none.

        ``locked_out`` is called when an address has tried too often.
        """
        self._locked_out = locked_out
        self.factory: ConsoleFactory | None = None
        self._reactor = reactor
        self._limits = limits
        self._interface = interface
        self._port = port
        self._host_key_path = host_key_path
        self._accounts = accounts
        self._listening: IListeningPort | None = None
        self._listened_on = 0  # nothing yet

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._listened_on

    def startService(self) -> None:
        """Raises `StateError` with a sentence if the host key, a file of keys or the port is no good."""
        for account in self._accounts.values():
            account.keys.check()
            account.keys.refresh()
        key = host_key(self._host_key_path)
        factory = ConsoleFactory(self._reactor, self._limits, key, self._accounts, self._locked_out)
        try:
            listening = self._reactor.listenTCP(self._port, factory, interface=self._interface)
        except CannotListenError as error:
            why = error.socketError.strerror or str(error.socketError)
            raise StateError(
                f"can't listen for administrators on {self._interface} port {self._port}: {why}"
            ) from None
        self.factory, self._listening = factory, listening
        self._listened_on = listening.getHost().port
        set_socket_options(listening, self._limits)
        super().startService()  # type: ignore[no-untyped-call]
        self.log.info(
            "administrators' console on {address} port {port}, host key {fingerprint}",
            address=self._interface,
            port=self.port,
            fingerprint=fingerprint(key),
        )

    def stopService(self) -> Deferred[Any]:
        """Fires when everybody has gone."""
        super().stopService()  # type: ignore[no-untyped-call]
        if self.factory is None or self._listening is None:  # it could not be started
            return succeed(None)
        return DeferredList([maybeDeferred(self._listening.stopListening), self.factory.shut_down()])
