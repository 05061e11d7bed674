"""A handshake that does not come about: in memory, with a clock that the test moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor as the_reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd.client.tls import HANDSHAKE_S, HandshakeFailed, RefusedByServer, TlsEndpoint
from lanchatd.client.trust import NotTls, Trust
from tests.certificates import self_made
from tests.daemon import PATIENCE_S
from tests.impostors import impostor, server_context

reactor: Any = the_reactor


class Wire(StringTransport):
    """A transport that tells its protocol when it is closed."""

    aborted = False

    def getHandle(self) -> None:
        """No socket."""

    def abortConnection(self) -> None:
        self.aborted = True
        self.connected = False


@implementer(IStreamClientEndpoint)
class Listening:
    """Somebody who takes the connection; the test plays the rest."""

    def __init__(self) -> None:
        self.wire = Wire()  # type: ignore[no-untyped-call]
        self.protocol: Any = None

    def connect(self, protocolFactory: Any) -> Deferred[Any]:  # noqa: N803
        self.protocol = protocolFactory.buildProtocol(None)
        self.protocol.makeConnection(self.wire)
        done: Deferred[Any] = Deferred()
        done.callback(self.protocol)
        return done


class Attempt:
    """A client that has begun."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.listening = Listening()
        self.built = 0
        self.trust = Trust("chat.local", 8000, (), None)
        self.failed: list[Failure] = []
        self.connecting = TlsEndpoint(self.clock, self.listening, self.trust).connect(
            Factory.forProtocol(self._build)
        )
        self.connecting.addErrback(self.failed.append)

    def _build(self) -> Protocol:
        self.built += 1
        return Protocol()

    def hears(self, begin: bytes) -> None:
        self.listening.protocol.dataReceived(begin)

    def loses(self, why: Exception) -> None:
        self.listening.protocol.connectionLost(Failure(why))
        self.clock.advance(0)

    @property
    def why(self) -> BaseException | None:
        """Why it failed; nobody above was told of a connection."""
        assert self.built == 0
        return self.failed[0].value if self.failed else None


def test_it_begins_with_tls_and_nothing_else() -> None:
    """The name is in it, for a server that has several."""
    attempt = Attempt()
    sent: bytes = attempt.listening.wire.value()  # type: ignore[no-untyped-call]
    assert sent.startswith(b"\x16\x03")
    assert b"chat.local" in sent
    assert attempt.why is None


def test_a_server_that_does_not_answer_is_given_up() -> None:
    """After ten seconds."""
    attempt = Attempt()
    attempt.clock.advance(HANDSHAKE_S - 0.1)
    assert attempt.why is None
    attempt.clock.advance(0.1)
    assert isinstance(attempt.why, HandshakeFailed)
    assert str(attempt.why) == "no answer within 10 s"
    assert attempt.listening.wire.aborted
    attempt.loses(ConnectionDone())
    assert not attempt.clock.getDelayedCalls()


def test_a_server_that_greets_and_then_is_silent_speaks_no_tls() -> None:
    """Or somebody on the way keeps it from us: for a known server that is an alarm and not a wrong port."""
    attempt = Attempt()
    attempt.hears(b"-- Welcome to chat.\n-- What is your nick?\n")
    attempt.clock.advance(HANDSHAKE_S)
    assert isinstance(attempt.why, NotTls)
    assert attempt.listening.wire.aborted
    attempt.loses(ConnectionDone())
    assert not attempt.clock.getDelayedCalls()


def test_who_stops_while_it_goes_on_closes_it() -> None:
    """The client was left, or told to connect anew."""
    attempt = Attempt()
    attempt.connecting.cancel()
    assert isinstance(attempt.why, CancelledError)
    assert attempt.listening.wire.aborted
    attempt.loses(ConnectionDone())
    assert not attempt.clock.getDelayedCalls()


@pytest.mark.parametrize(
    ("begin", "why"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", NotTls),
        (b"!! Your address is banned.\n", RefusedByServer),
        (b"\x16\x03\x03\x00\x05hello", HandshakeFailed),
        (b"\x15\x03\x03\x00\x02\x02\x46", HandshakeFailed),
    ],
)
@pytest.mark.parametrize("step", [1, 100])
def test_an_answer_that_is_no_handshake(begin: bytes, why: type[Exception], step: int) -> None:
    """In one piece, or byte by byte."""
    attempt = Attempt()
    for place in range(0, len(begin), step):
        if not attempt.listening.wire.disconnecting and not attempt.listening.wire.aborted:
            attempt.hears(begin[place : place + step])
    attempt.loses(ConnectionDone())
    assert type(attempt.why) is why
    assert not attempt.clock.getDelayedCalls()


@pytest.mark.parametrize("begin", [b"", b"-- Welcome", b"\x16\x03"])
def test_a_connection_that_is_lost_is_just_that(begin: bytes) -> None:
    """It is tried again; nobody is accused."""
    attempt = Attempt()
    attempt.hears(begin)
    attempt.loses(ConnectionLost())
    assert isinstance(attempt.why, ConnectionLost | ConnectionDone)


class Faulty(Trust):
    """There is a fault in it, or in what it is based on."""

    def judge(self, certificate: object, flaw: object) -> None:
        raise ValueError("it has no key")


def test_a_certificate_that_cannot_be_judged_is_refused(tmp_path: Path) -> Deferred[None]:
    """Whatever goes wrong meanwhile; and it is not taken for something wrong with the name of the host."""

    async def story() -> None:
        identity = self_made(tmp_path / "server.pem")
        with impostor(server_context(identity.pem)) as server:
            below = TCP4ClientEndpoint(reactor, "127.0.0.1", server.port)
            endpoint = TlsEndpoint(reactor, below, Faulty("127.0.0.1", server.port, (), None))
            connecting = endpoint.connect(Factory.forProtocol(Protocol))
            with pytest.raises(HandshakeFailed, match="its certificate is odd: it has no key"):
                await connecting.addTimeout(PATIENCE_S, reactor)
            server.was_tried()
            assert server.heard == b""

    return Deferred.fromCoroutine(story())  # pytest-twisted waits for it
