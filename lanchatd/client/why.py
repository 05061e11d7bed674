"""Why there is no connection: one line that says what is wrong, and what to try."""

from __future__ import annotations

from twisted.internet.error import (
    ConnectError,
    ConnectionRefusedError,
    DNSLookupError,
    NoRouteError,
    TCPTimedOutError,
    TimeoutError,
)
from twisted.python.failure import Failure

from lanchatd.client.untrusted import clean


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
    if reason.check(ConnectError):
        cause = clean(str(getattr(reason.value, "osError", None) or reason.value)).rstrip(".")
        return f"Can't connect to {host} port {port}: {cause}."
    return f"Can't connect to {host} port {port}: {clean(reason.getErrorMessage())}"
