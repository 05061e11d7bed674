"""The parts of the client put together as the options ask for, the same for a terminal and for a pipe."""

from __future__ import annotations

import platform
import random
import secrets
from collections.abc import Callable
from typing import Any

from twisted.internet.endpoints import HostnameEndpoint, TCP6ClientEndpoint
from twisted.internet.ssl import PrivateCertificate

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
from lanchatd.client.tries import CONNECT_S, growing_pauses
from lanchatd.client.trust import Trust
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
    """The connection that the options ask for; for both ways."""
    # A link-local address with its interface, fe80::1%eth0: the other one loses the interface on the way.
    endpoint: type[Any] = TCP6ClientEndpoint if "%" in options.host else HostnameEndpoint
    return ServerConnection(
        reactor,
        endpoint(reactor, options.host, options.port, timeout=CONNECT_S),
        options.host,
        options.port,
        trust,
        session,
        observer,
        growing_pauses(random.random),
    )


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
