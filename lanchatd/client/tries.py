"""How it is tried to connect: how long, after which pauses, and that it is heard why it failed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.internet import backoffPolicy
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

# How long a connection may take to be made.
CONNECT_S = 10


def growing_pauses(jitter: Callable[[], float]) -> Callable[[int], float]:
    """Seconds before a try, by its number from 1: from 1 s to 30 s; ``jitter`` gives 0 to 1."""
    return backoffPolicy(initialDelay=1 / 1.6, maxDelay=29, factor=1.6, jitter=jitter)


@implementer(IStreamClientEndpoint)
class Watched:
    """An endpoint of which it is heard why it could not connect."""

    def __init__(self, endpoint: IStreamClientEndpoint, failed: Callable[[Failure], None]) -> None:
        self._endpoint = endpoint
        self._failed = failed

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[Any]:  # noqa: N803
        connecting: Deferred[Any] = self._endpoint.connect(protocolFactory)

        def failed(reason: Failure) -> Failure:
            self._failed(reason)
            return reason

        return connecting.addErrback(failed)
