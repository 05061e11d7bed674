"""The parts of the client put together as the options ask for, the same for a terminal and for a pipe."""

from __future__ import annotations

import platform
import random
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.endpoints import HostnameEndpoint, TCP6ClientEndpoint
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.ssl import PrivateCertificate

from lanchatd.chat.events import Node
from lanchatd.client import device_key, known_servers
from lanchatd.client.connection import ServerConnection
from lanchatd.client.observer import Observer
from lanchatd.client.options import Options
from lanchatd.client.outgoing import counted_refs
from lanchatd.client.reasons import why_not_plain, why_other_given
from lanchatd.client.remembered import Remembered
from lanchatd.client.room import Room
from lanchatd.client.sanitize import clean
from lanchatd.client.session import ClientSession
from lanchatd.client.tls import TlsEndpoint
from lanchatd.client.tries import CONNECT_S, growing_pauses
from lanchatd.client.trust import Trust, is_this_machine
from lanchatd.client.ways import Way, Ways
from lanchatd.text import names

EXIT_FAILED = 1


def trust_for(options: Options, complain: Callable[[str], None]) -> Trust | None:
    """What is trusted; None is without TLS. What can't be right ends with exit code 1 and a line."""
    file = known_servers.path()
    try:
        known = known_servers.read(file)
    except OSError as error:
        complain(f"Can't read {file}: {error.strerror}.")
        raise SystemExit(EXIT_FAILED) from None
    if known.unreadable:
        lines = ", ".join(map(str, known.unreadable))
        complain(f"{file} has lines that can't be read, and they are ignored: {lines}.")
    key = known.servers.get(known_servers.server_name(options.host, options.port), "")
    if options.plain:
        if key:
            complain(why_not_plain(options.host, options.port))
            raise SystemExit(EXIT_FAILED)
        return None
    trust = Trust(options.host, options.port, options.authorities, file, _own_certificate(complain))
    if key:
        if options.fingerprint not in ("", key):
            complain(why_other_given(key, options.fingerprint, options.host, options.port))
            raise SystemExit(EXIT_FAILED)
        trust.know(key)
    elif options.fingerprint:
        trust.accept(options.fingerprint)
    return trust


def _own_certificate(complain: Callable[[str], None]) -> PrivateCertificate | None:
    file = device_key.path()
    if file is None:
        return None
    try:
        return device_key.certificate_of_device(file)
    except OSError as error:
        why = error.strerror
    except device_key.Unusable as error:
        why = str(error)
    complain(f"The key of this device, {file}, can't be used, and proves nothing now: {why}.")
    return None


def connection_for(
    reactor: Any, options: Options, trust: Trust | None, session: ClientSession, observer: Observer
) -> ServerConnection:
    """The connection that the options ask for; for a terminal and for a pipe."""
    given = _way(reactor, Node(options.host, options.port, ""), trust)
    ways = Ways(given, partial(other_way, reactor, options, trust))
    return ServerConnection(reactor, ways, session, observer, growing_pauses(random.random))


def _way(reactor: Any, node: Node, trust: Trust | None) -> Way:
    # A link-local address with its interface, fe80::1%eth0: the other one loses the interface on the way.
    kind: type[Any] = TCP6ClientEndpoint if "%" in node.host else HostnameEndpoint
    endpoint: IStreamClientEndpoint = kind(reactor, node.host, node.port, timeout=CONNECT_S)
    return Way(node, trust, endpoint if trust is None else TlsEndpoint(reactor, endpoint, trust))


def other_way(reactor: Any, options: Options, trust: Trust | None, node: Node) -> Way | None:
    """To another daemon, which the server of ``options`` names; None if we don't go there.

    It is trusted by the authorities that were given, if there are any. Else by the key that is known of it,
    or by the one that the server has named, which is not written down: nobody was asked about it.
    """
    if is_this_machine(node.host) and not is_this_machine(options.host):
        return None  # whatever listens there, it is not what the server means
    try:
        known = known_servers.read(known_servers.path()).servers
    except OSError:
        return None
    key = known.get(known_servers.server_name(node.host, node.port), "")
    if trust is None:
        return None if key else _way(reactor, node, None)
    other = Trust(node.host, node.port, options.authorities, None, trust.own)
    if key:
        other.know(key)
    elif not options.authorities:
        other.accept(node.key)
    return _way(reactor, node, other)


def session_for(options: Options, known: Remembered | None = None) -> ClientSession:
    """A new session, of one room at a time; or of several, with those that are remembered."""
    refs = counted_refs(secrets.token_hex(6))
    device = clean(platform.node().partition(".")[0])[: names.LONGEST_DEVICE_NAME]
    if known is None:
        return ClientSession(options.nick, options.room, refs, device=device)
    rooms = {room.key: room for room in (*known.rooms, *map(Room, options.settings.rooms))}
    rooms |= {room.key: room for room in known.rooms}  # of which is known how far they were read
    first = options.room or known.shown or "".join(options.settings.rooms[:1])
    return ClientSession(options.nick, first, refs, several=rooms.values(), device=device)
