"""The services: what the daemon keeps, the port it listens on, and all of them together with the signals."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from operator import itemgetter
from typing import Any, NoReturn, cast

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.error import ReactorNotRunning
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.logger import ILogObserver, Logger
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from twisted.python.usage import UsageError

from lanchatd.chat import moderating
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Notice
from lanchatd.doors.factory import ChatFactory
from lanchatd.history.disk.reading import Restored
from lanchatd.history.disk.store import DiskStore
from lanchatd.net.newcomers import Gate
from lanchatd.net.socket_options import set_socket_options
from lanchatd.service.log_file import MovableLog
from lanchatd.service.systemd import Notifier
from lanchatd.state.accounts_file import AccountsFile
from lanchatd.state.audit import AuditLog
from lanchatd.state.directory import Keeper, StateDir, read_own
from lanchatd.state.files import StateError

# The files of the state directory.
MODERATION, AUDIT, HOST_KEY, CERTIFICATE = "moderation.json", "audit.log", "host_key", "tls.pem"
HISTORY, REPLICA, IRC_CLIENTS = "history.sqlite", "replica.sqlite", "irc-clients.json"

# Three times 10,000 of the longest entries, as they are in `lanchatd.chat.bans_and_mutes`, are half of it.
LARGEST_MODERATION_BYTES = 33_554_432


class NotRead(Exception):
    """It is not to be read again; the text says why, as it ends a sentence."""


class StateService(Service):
    """Opens what the daemon keeps, and gives the chat its accounts, bans, mutes and operators."""

    log = Logger("lanchatd")

    def __init__(
        self,
        reactor: Any,
        state: StateDir,
        keeper: Keeper,
        audit: AuditLog,
        accounts: AccountsFile,
        chat: Chat,
    ) -> None:
        self._reactor = reactor
        self._accounts = accounts
        self._state = state
        self._keeper = keeper
        self._audit = audit
        self._chat = chat

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        self._state.open()
        self._audit.open()
        self._chat.accounts.load(*self._accounts.open())
        # When all services have stopped: until then somebody may register.
        self._reactor.addSystemEventTrigger("during", "shutdown", self._accounts.close)
        self.load()

    def load(self) -> None:
        """Take bans, mutes and operators as the file has them.

        Raises `StateError`, and changes nothing then.
        """
        path = self._state.file(MODERATION)
        if not self._keeper.kept:
            # What holds is newer than the file, on a slow disk or a full one: it is not to be lost.
            self._chat.moderation.changed()
            raise StateError(f"{path} is being written")
        try:
            moderating.load(self._chat, read_own(path, LARGEST_MODERATION_BYTES)[0])
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            raise StateError(f"{path}: {_plain(error)}") from None
        for key, nick in self._chat.moderation.operators.items():
            if self._chat.accounts.named(key) is None:
                text = "operator {nick} has no account: the nick is held until `account code {nick}` gives it"
                self.log.warn(text, nick=nick)

    def is_in_the_broker(self) -> None:
        """The file with bans, mutes and operators is not read again: it began the chat, at most."""
        raise NotRead(
            f"with --broker it is in the broker; {self._state.file(MODERATION)} began the chat at most"
        )

    def stopService(self) -> Deferred[None]:
        super().stopService()  # type: ignore[no-untyped-call]
        return self._keeper.finish()


def restore(chat: Chat, kept: Sequence[Restored], seconds: float) -> None:
    """Give the chat its rooms, with their newest lines and the refs of the last minutes."""
    now = chat.now()
    chat.registry.restore((each.room.name, each.room.topic, each.used_at) for each in kept)
    refs = sorted((ref for restored in kept for ref in restored.refs), key=itemgetter(0))
    for at, digest, id_ in refs[-chat.limits.max_refs :]:
        chat.refs.restore(digest, id_, seconds - max(0, now - at))


class HistoryService(Service):
    """Opens the log on disk, and gives the chat its rooms as they were."""

    log = Logger("lanchatd")

    def __init__(self, reactor: Any, store: DiskStore, chat: Chat) -> None:
        self._reactor = reactor
        self._store = store
        self._chat = chat

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        chat = self._chat
        kept = self._store.open(self._warn, self._trouble_changed)
        # When all services have stopped: until then lines may be on their way into it.
        self._reactor.addSystemEventTrigger("during", "shutdown", self._close)
        chat.search = self._store.searches.search
        restore(chat, kept, self._reactor.seconds())
        self.log.info("the log holds {rooms} rooms", rooms=len(kept), name=self._store.name)

    def _close(self) -> None:
        if not self._store.close():
            self.log.critical("the disk does not answer: what was not told to anybody may not be in the log")

    def _trouble_changed(self) -> None:
        if (why := self._store.commits.trouble) is not None:
            self.log.error("lines are refused: the log can't be written: {why}", why=why)
            text = f"Nobody can say anything: the log can't be written: {why}."
        else:
            self.log.info("lines are taken again")
            text = "The log can be written again."
        self._chat.tell_operators(Notice((text,)))

    def _warn(self, text: str) -> None:
        self.log.critical("{text}", text=text)


class ChatService(Service):
    """Listens, and says goodbye."""

    log = Logger("lanchatd")

    def __init__(
        self,
        reactor: Any,
        factory: ChatFactory,
        endpoints: Sequence[tuple[str, IStreamServerEndpoint]],
    ) -> None:
        """``endpoints`` are each with the name that its user knows it by."""
        self._factory = factory
        self._connections = factory.connections
        self._reactor = reactor
        self._endpoints = endpoints
        self._ports: list[IListeningPort] = []

    def privilegedStartService(self) -> None:
        for name, endpoint in self._endpoints:
            # An endpoint answers at once, and an exception raised in the Deferred would be lost in it.
            failures: list[Failure] = []
            endpoint.listen(self._factory).addCallback(self._listening).addErrback(failures.append)
            if failures:
                raise StateError(f"can't listen on {name}: {_plain(failures[0].value)}")

    def stopService(self) -> Deferred[Any]:
        super().stopService()  # type: ignore[no-untyped-call]
        self.log.info("shutting down, with {members} members", members=len(self._connections.chat.users))
        stopped = [maybeDeferred(port.stopListening) for port in self._ports]
        return DeferredList([*stopped, self._connections.shut_down()])

    def limits_changed(self) -> None:
        """Tell the kernel those limits that it keeps; they hold for new connections."""
        for port in self._ports:
            set_socket_options(port, self._connections.limits)

    def _listening(self, port: IListeningPort) -> None:
        self._ports.append(port)
        self._connections.entrance.watch(cast(Gate, port))
        set_socket_options(port, self._connections.limits)
        where = port.getHost()
        self.log.info("listening on {where}", where=getattr(where, "port", None) or where, address=str(where))
        in_tls = isinstance(getattr(port, "factory", None), TLSMemoryBIOFactory)
        addresses = self._connections.join.listens(where, in_tls or self._connections.require_tls)
        for address in addresses:
            if address.page is not None:
                self.log.info("the page is at {page}", page=address.page)
        for address in addresses[:1]:
            self.log.info("join also with: {programs}", programs=" or ".join(address.programs))


class Lanchat(MultiService):
    """The whole daemon: its services in their order, and what the signals mean.

    What can't be started ends it with one line on standard error and exit code 1. SIGTERM ends it with exit
    code 0; SIGHUP reads its files again.
    """

    log = Logger("lanchatd")

    def __init__(
        self,
        reactor: Any,
        services: Sequence[Service],
        notifier: Notifier,
        reloads: Mapping[str, Callable[[], None]],
        log_file: MovableLog | None = None,
    ) -> None:
        """``reloads`` each read again what they are called, or raise, with a sentence."""
        super().__init__()  # type: ignore[no-untyped-call]
        self._reactor = reactor
        self._notifier = notifier
        self._reloads = reloads if log_file is None else {"the log": log_file.reopen, **reloads}
        self._log_file = log_file
        for service in (*services, notifier):
            service.setServiceParent(self)

    def setServiceParent(self, parent: Any) -> None:
        super().setServiceParent(parent)  # type: ignore[no-untyped-call]
        if self._log_file is not None:
            # Where twistd looks for an observer before it makes its own.
            parent.setComponent(ILogObserver, self._log_file.observer)

    def privilegedStartService(self) -> None:
        self._start(super().privilegedStartService)

    def startService(self) -> None:
        # Before the notifier says that all is ready: from then on signals may come.
        self._reactor.callWhenRunning(self._take_signals)
        self._start(super().startService)

    def reload(self) -> None:
        """Read again what may have changed; what is wrong stays as it was."""
        self._notifier.reloading()
        try:
            for what, reload in self._reloads.items():
                try:
                    reload()
                except NotRead as error:
                    self.log.info("{what} is not read again: {why}", what=what, why=str(error))
                except (StateError, UsageError) as error:
                    why = str(error).rstrip(".")
                    self.log.error("{what} stays as it was: {why}", what=what, why=why)  # noqa: TRY400
                except Exception:
                    self.log.failure("{what} could not be read again", what=what)
                else:
                    self.log.info("read again: {what}", what=what)
        finally:
            self._notifier.reloaded()

    def _start(self, start: Callable[[], None]) -> None:
        try:
            start()
        except StateError as error:
            self._give_up(str(error))

    def _give_up(self, why: str) -> NoReturn:
        self.log.error("{why}", why=why)
        # twistd has made sys.stderr a part of its log by now.
        print(f"lanchatd: {why}", file=sys.__stderr__)
        # Not a SystemExit: twistd would leave its pid file behind, and in the background whoever started it
        # would wait for ever. The line says it all, so there is no traceback below it.
        sys.excepthook = lambda *_: None
        raise RuntimeError(why)

    def _take_signals(self) -> None:
        # After SIGTERM Twisted stops as it should, and then ends itself with the signal once more, which is
        # no exit code 0. SIGHUP would end it without a word.
        acts = {signal.SIGTERM: self._stop, signal.SIGHUP: self.reload}
        if self._log_file is not None:
            acts[signal.SIGUSR1] = self._log_file.rotate
        for number, act in acts.items():
            signal.signal(number, lambda *_, act=act: self._reactor.callFromThread(act))

    def _stop(self) -> None:
        with suppress(ReactorNotRunning):  # the second signal while it says goodbye
            self._reactor.stop()


def _plain(why: BaseException | None) -> str:
    """What went wrong, without the address, which the line names already."""
    cause = getattr(why, "socketError", why)
    return getattr(cause, "strerror", None) or str(cause)
