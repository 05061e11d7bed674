"""Why there is no connection: one line that says what is wrong, and what to try."""

from __future__ import annotations

import os
import shlex
from datetime import datetime

from twisted.internet.error import (
    ConnectError,
    ConnectionDone,
    ConnectionLost,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
    TimeoutError,
)
from twisted.python.failure import Failure

from lanchatd.client.sanitize import clean
from lanchatd.client.tls import HandshakeFailed, RefusedByServer
from lanchatd.client.trust import (
    Invalid,
    NotTls,
    OtherKey,
    UnknownKey,
    Untrusted,
    WrongAuthority,
    WrongName,
    WrongTime,
)

# How many of its names a certificate is told by, at most.
_NAMES = 5

_ASK_PORT = "Ask whoever runs the server for its port."


def why_not_made(reason: Failure, host: str, port: int) -> str:
    """One line: what is wrong, and what to try."""
    if reason.check(DNSLookupError, ValueError, UnicodeError):
        return f"There is no host called {host}. Check the name, or give its IP address."
    if reason.check(ConnectionRefusedError):
        return f"Nothing listens on {host} port {port}. Is the server running, and is that its port?"
    if reason.check(TimeoutError, TCPTimedOutError):
        return f"{host} port {port} does not answer. Is it on this network, and does its firewall let you in?"
    if reason.check(NoRouteError):
        return f"There is no way to {host}. Is this machine on the network?"
    if reason.check(ConnectionDone, ConnectionLost):
        return f"{host} port {port} closed the connection before it said anything."
    if reason.check(RefusedByServer):
        return f"{host} port {port} turned us away: {reason.getErrorMessage()}"
    if reason.check(HandshakeFailed):
        why = clean(reason.getErrorMessage())
        return f"{host} port {port} does not agree on TLS: {why}. {_ASK_PORT}"
    if reason.check(ConnectError):
        cause = clean(_cause(reason.value)).rstrip(".")
        return f"Can't connect to {host} port {port}: {cause}."
    return f"Can't connect to {host} port {port}: {clean(reason.getErrorMessage())}"


def why_gone(reason: Failure, host: str, port: int, greeting: bool) -> str:
    """One line: how a connection ended that the server said nothing about; while we were ``greeting`` it."""
    if greeting:
        return f"{host} port {port} closed the connection before it said anything."
    if reason.check(ConnectionDone):
        return "The server closed the connection."
    return "The connection was lost."


def why_stranger(host: str, port: int) -> str:
    """What answered is something else."""
    return f"What listens on {host} port {port} is no lanchat. {_ASK_PORT}"


def why_not_welcomed(host: str, port: int, seconds: int) -> str:
    """Nothing answered within so many seconds."""
    return f"{host} port {port} does not answer within {seconds} s. Is it a lanchat? {_ASK_PORT}"


def _cause(error: BaseException | None) -> str:
    number = getattr(error, "osError", None)
    return os.strerror(number) if isinstance(number, int) else str(number or error)


def why_not_trusted(error: Untrusted, host: str, port: int, speaks_tls: bool) -> str:
    """One line: why this is not taken for the server. ``speaks_tls``: that is known of the right one."""
    match error:
        case NotTls() if speaks_tls:
            return (
                f"{host} port {port} is known to speak TLS, and this does not: somebody may be listening in. "
                "Nothing was sent. Ask whoever runs the server."
            )
        case NotTls():
            return (
                f"{host} port {port} does not speak TLS. If it is a lanchat without it, --plain joins it: "
                "then everybody on the way can read what you say."
            )
        case OtherKey(known=True):
            return (
                f"The key of {host} port {port} is not the known one. Known: {error.expected}. "
                f"Now: {error.found}. Somebody may be listening in, or the server has a new key: ask whoever "
                f"runs it. {_if_expected(host, port)}"
            )
        case OtherKey():
            return (
                f"The key of {host} port {port} is not the one that you gave. Given: {error.expected}. "
                f"Now: {error.found}. Somebody may be listening in: ask whoever runs the server."
            )
        case UnknownKey():
            return (
                f"{host} port {port} is not known here. The fingerprint of its key is {error.fingerprint}. "
                f"If whoever runs it says the same, give --fingerprint {error.fingerprint}; "
                "or give --ca FILE with the certificate of its authority."
            )
        case WrongName():
            return f"The certificate of {host} port {port} is {_for(error.names)}, and not for {host}."
        case WrongTime():
            of = f"{clean(error.of)}, which vouches for {host} port {port}," if error.of else ""
            when = "expired on" if error.expired else "is not valid before"
            hint = "Ask whoever runs the server." if error.expired else "Is the clock of this machine right?"
            whose = f"The certificate of {of or f'{host} port {port}'}"
            return f"{whose} {when} {_utc(error.when)}. {hint}"
        case WrongAuthority():
            who = clean(error.issuer) or "nobody but itself"
            return f"The certificate of {host} port {port} is signed by {who}, which is not trusted."
        case Invalid():
            return f"The certificate of {host} port {port} is not valid (OpenSSL's error {error.number})."
    return f"{host} port {port} is not trusted."


def why_other_given(known: str, given: str, host: str, port: int) -> str:
    """The known server was to be joined by another fingerprint."""
    return (
        f"{host} port {port} is known by another key than you gave. Known: {known}. Given: {given}. "
        f"Ask whoever runs the server. {_if_expected(host, port)}"
    )


def why_not_plain(host: str, port: int) -> str:
    """The known server was to be joined without TLS."""
    return f"{host} port {port} is known to speak TLS: it is not joined without. {_if_expected(host, port)}"


def _if_expected(host: str, port: int) -> str:
    return f"If the change is expected: lanchat-client --forget {shlex.quote(host)} {port}"


def _for(names: list[str]) -> str:
    if not names:
        return "for nobody"
    more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    return f"for {', '.join(map(clean, names[:_NAMES]))}{more}"


def _utc(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
