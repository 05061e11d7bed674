"""``twistd lanchat``: the parts put together."""

from __future__ import annotations

import secrets
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.application.service import IService, Service

# From here on it takes half a second until signals are handled. Whoever changed a file says so meanwhile, and
# it is read in any case.
signal.signal(signal.SIGHUP, signal.SIG_IGN)

from lanchatd.chat.accounts.accounts import Accounts
from lanchatd.chat.accounts.proof import WayIn
from lanchatd.chat.chat import Chat
from lanchatd.chat.events import Node
from lanchatd.chat.log import Log
from lanchatd.chat.nodes import ALONE
from lanchatd.doors.all_doors import all_doors
from lanchatd.doors.connections import Connections
from lanchatd.doors.factory import ChatFactory
from lanchatd.doors.irc.returning import Returning
from lanchatd.doors.join_addresses import JoinAddresses
from lanchatd.doors.web.door import WebDoor
from lanchatd.doors.web.files import PAGE, files_in
from lanchatd.doors.web.site import Metrics as MetricsPage
from lanchatd.doors.web.site import Site
from lanchatd.history.disk.store import DiskStore
from lanchatd.history.memory import MemoryLog, Tails
from lanchatd.net.credentials import Credentials
from lanchatd.net.shared_port import Spokesman
from lanchatd.net.socket_options import why_taken, within_open_files
from lanchatd.options import Options, motd_from
from lanchatd.service.announcer import Announcer
from lanchatd.service.collecting import Collecting
from lanchatd.service.daemon import Running
from lanchatd.service.figures import Collector
from lanchatd.service.invitation import Invitation
from lanchatd.service.log_file import log_of
from lanchatd.service.read_marks import WrittenReadMarks
from lanchatd.service.returning_clients import ReturningClients
from lanchatd.service.services import (
    AUDIT,
    CERTIFICATE,
    HISTORY,
    HOST_KEY,
    IRC_CLIENTS,
    MODERATION,
    REPLICA,
    ChatService,
    HistoryService,
    Lanchat,
    StateService,
)
from lanchatd.service.slow_turns import SlowTurns
from lanchatd.service.systemd import Notifier
from lanchatd.service.unused_accounts import UnusedAccounts
from lanchatd.state.accounts_file import ACCOUNTS, AccountsFile
from lanchatd.state.audit import AuditLog
from lanchatd.state.certificate import Certificate, certificate_from, host_names, own_certificate
from lanchatd.state.directory import Keeper, StateDir
from lanchatd.state.hashing import PasswordHashing
from lanchatd.state.worker import ThreadWorker, Worker

if TYPE_CHECKING:
    from lanchatd.broker.nodes import SeveralNodes
    from lanchatd.broker.store import BrokerStore

__all__ = ["Options", "makeService"]


def makeService(options: Options) -> IService:
    """Put the daemon together; called by twistd. A port that is taken ends that with one line."""
    from twisted.internet import reactor as installed

    reactor: Any = installed
    _refuse_taken(options)
    # Nothing is scheduled yet. Twisted's timers run on the wall clock by default: when it is set back an hour
    # they all stop, and when it is set forward every time-out fires.
    reactor.seconds = time.monotonic
    limits = options.limits
    allowed = within_open_files(limits)
    state = StateDir(options.state_dir)
    keeper = Keeper(reactor, state.file(MODERATION))
    audit = AuditLog(state.file(AUDIT))

    def new_worker(name: str) -> Worker:
        return ThreadWorker(name, reactor.callFromThread)

    tails = Tails(limits)
    log = _kept_log(options, reactor, state, new_worker)

    def new_log(room: str) -> Log:
        return MemoryLog(secrets.token_hex(4), limits, tails) if log.store is None else log.store.log_of(room)

    def read_motd() -> None:
        chat.motd = motd_from(options["motd"])

    accounts_file = AccountsFile(state.file(ACCOUNTS), new_worker)
    accounts = Accounts(
        limits, time.time, accounts_file.keep if log.nodes is None else log.nodes.accounts.keep
    )
    hashing, guests = PasswordHashing(new_worker), options["guests"] == "yes"
    way_in = WayIn(accounts, hashing, limits, reactor, time.time, options["accounts"], guests)
    keep = keeper.keep if log.nodes is None else log.nodes.moderation.keep
    chat = Chat(
        options["name"], options.motd, limits, reactor, time.time, new_log, keep, way_in, log.nodes or ALONE
    )
    credentials = Credentials(partial(_certificate, options, state), reactor)
    names = *host_names(socket.gethostname()), *options.web_hosts
    join = JoinAddresses(reactor, not options["no-web"], next(iter(options.web_hosts), None))
    connections = Connections(chat, reactor, limits, credentials, bool(options["require-tls"]), join)
    collector = Collector(connections, log.store)
    notifier = Notifier(reactor, collector.status, is_ready=options.broker is None)
    metrics, watches = _watched(options, reactor, collector, chat)
    site = Site(names, files_in(PAGE), join.asked_at, metrics)
    web = None if options["no-web"] else WebDoor(site)
    kept = StateService(reactor, state, keeper, audit, accounts_file, chat)
    returning = Returning(reactor.seconds)
    door = ChatService(reactor, ChatFactory(connections, all_doors(web, returning)), options.endpoints)
    services: list[Service] = [
        kept, credentials, UnusedAccounts(reactor, chat), WrittenReadMarks(reactor, accounts), door, *watches,
        Collecting(reactor, lambda: not connections.open), *_remembering(log, reactor, state, returning),
    ]  # fmt: skip
    if not options["no-announce"]:
        services.append(Announcer(reactor, join, credentials, chat, site.known_as, _spokesman(options)))
    if web is not None and not options["no-qr"]:
        services.append(Invitation(join))
    reloads = {
        "the motd": read_motd,
        "the audit log": audit.reopen,
        "the certificate": credentials.load,
        **_reloads_of(log.nodes, kept, partial(_node_here, options, credentials)),
    }
    if log.new_service is not None:
        services.insert(1, log.new_service(chat, notifier, partial(_node_here, options, credentials)))
    if options["admin-port"] is not None:
        from lanchatd.console.logins import accounts as logins
        from lanchatd.ssh.server import SshConsole

        running = Running(reactor, connections, audit, allowed, door.limits_changed, collector)
        known = logins(reactor, connections, running, audit, options["admin-keys"], options["manhole-keys"])
        place = options["admin-interface"], options["admin-port"]
        services.append(
            SshConsole(reactor, limits, *place, state.file(HOST_KEY), known, chat.counts.locked_out)
        )
        reloads |= {f"the keys of {name}": account.keys.reload for name, account in known.items()}
    return Lanchat(reactor, services, notifier, reloads, log_of(options.parent))


def _certificate(options: Options, state: StateDir) -> Certificate:
    """As it is now."""
    if options.tls_cert is not None:
        return certificate_from(options.tls_cert, datetime.now(UTC))
    return own_certificate(state.file(CERTIFICATE), datetime.now(UTC))


def _spokesman(options: Options) -> Spokesman | None:
    """Who announces a port that several daemons share; None if this one has it alone."""
    return Spokesman() if options["reuse-port"] else None


def _refuse_taken(options: Options) -> None:
    """While there is still somebody to read it: twistd opens its log next, and goes into the background."""
    for where, interface, port, shared in options.places:
        if why := why_taken(interface, port, shared):
            raise SystemExit(f"lanchatd: can't listen {where}: {why}")


def _node_here(options: Options, credentials: Credentials) -> Node | None:
    """Where those who are at other daemons may go on at this one."""
    return None if options.advertise is None else Node(*options.advertise, credentials.fingerprint)


_Here = Callable[[], Node | None]


@dataclass(frozen=True)
class _Kept:
    """Where the log is kept, the service that opens it, and the other daemons; nothing of it in memory."""

    store: DiskStore | BrokerStore | None = None
    new_service: Callable[[Chat, Notifier, _Here], Service] | None = None
    nodes: SeveralNodes | None = None


def _kept_log(options: Options, reactor: Any, state: StateDir, new_worker: Callable[[str], Worker]) -> _Kept:
    about = options.limits, reactor, time.time, new_worker
    if options.broker is not None:
        from lanchatd.broker.link import Link
        from lanchatd.broker.nodes import SeveralNodes
        from lanchatd.broker.store import BrokerStore
        from lanchatd.service.broker import BrokerService

        link = Link(options.broker, reactor, reactor.callFromThread)
        several = BrokerStore(state.file(REPLICA), link, *about)
        nodes, where = SeveralNodes(link, reactor), str(options.broker)

        def new_service(chat: Chat, notifier: Notifier, here: _Here) -> Service:
            return BrokerService(reactor, link, several, nodes, chat, where, here, notifier.ready)

        return _Kept(several, new_service, nodes)
    if options["no-history"]:
        return _Kept()
    alone = DiskStore(state.file(HISTORY), *about)
    return _Kept(alone, lambda chat, *_: HistoryService(reactor, alone, chat))


def _reloads_of(nodes: SeveralNodes | None, kept: StateService, here: _Here) -> dict[str, Callable[[], None]]:
    """What else is read again, of one daemon alone or of several; behind the certificate."""
    if nodes is None:
        return {"what was moderated": kept.load}
    return {"what was moderated": kept.is_in_the_broker, "where others join": lambda: nodes.advertise(here())}


def _remembering(log: _Kept, reactor: Any, state: StateDir, returning: Returning) -> list[Service]:
    """For the next run, if that has the ids of this one."""
    if log.store is None:
        return []
    return [ReturningClients(reactor, state.file(IRC_CLIENTS), returning, time.time)]


def _watched(
    options: Options, reactor: Any, collector: Collector, chat: Chat
) -> tuple[MetricsPage | None, list[Service]]:
    """The metrics, and what they need to run; nothing if nobody asked for them."""
    if not options["metrics"]:
        return None, []
    from lanchatd.service.metrics import Metrics

    return Metrics(collector, options.metrics_from), [SlowTurns(reactor, chat.counts)]
