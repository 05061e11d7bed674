"""The brokers of these tests are what they are said to be."""

from __future__ import annotations

import base64
import ssl

import pytest

from tests.broker.locked import USER, Locked
from tests.broker.plain import Plain
from tests.broker.server import PATIENCE_S, Server, Servers, until
from tests.relay import relay

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3 * PATIENCE_S)]


def keep(client: Plain, replicas: int = 1) -> None:
    """Make a stream, and keep a message in it."""
    client.asks(
        "$JS.API.STREAM.CREATE.lanchat", name="lanchat", subjects=["lanchat.>"], num_replicas=replicas
    )
    assert client.publishes("lanchat.room.a", b"hi")["seq"] == 1


def kept(client: Plain) -> bytes:
    """That message."""
    found = client.asks("$JS.API.STREAM.MSG.GET.lanchat", last_by_subj="lanchat.room.a")
    return base64.b64decode(found["message"]["data"])


def has_it(server: Server) -> bool:
    """Whether it gives that message; a new leader takes a moment until all know where to ask."""
    try:
        with Plain(server.url) as client:
            return kept(client) == b"hi"
    except ConnectionError:
        return False


def test_one_keeps_what_it_has_when_it_is_killed(broker: Server) -> None:
    """It writes to the disk before it answers."""
    assert broker.asked("jsz")["config"]["sync_always"] is True
    with Plain(broker.url) as client:
        keep(client)
    broker.kill()
    broker.start()
    broker.ready()
    with Plain(broker.url) as client:
        assert kept(client) == b"hi"
    broker.stop()
    assert not broker.running


def test_three_go_on_without_the_one_that_leads(three: Servers) -> None:
    """The others elect one, and have what it had."""
    with Plain(three.each[0].url) as client:
        keep(client, replicas=3)
    leader = three.leader()
    assert len(three.followers()) == 2
    leader.kill()
    new = three.leader()
    assert new is not leader
    until("the others have it", lambda: has_it(new))
    leader.start()
    three.ready()
    until("it has it again", lambda: has_it(leader))


def test_a_paused_one_is_silent_and_goes_on(broker: Server) -> None:
    """Its connections stay."""
    with Plain(broker.url, patience_s=0.2) as client:
        keep(client)
        broker.pause()
        with pytest.raises(TimeoutError):
            kept(client)
        broker.goes_on()
    with Plain(broker.url) as client:
        assert kept(client) == b"hi"


def test_a_way_to_it_can_be_held_up_slowed_and_closed(broker: Server) -> None:
    """So that a daemon has to notice by itself."""
    with relay(broker.port) as way:
        url = f"nats://127.0.0.1:{way.port}"
        with Plain(url) as client:
            keep(client)
            way.delay_s = 0.01
            assert kept(client) == b"hi"
            way.refuse()
            with pytest.raises(ConnectionError):
                kept(client)
        with pytest.raises(ConnectionError):
            Plain(url)
        way.let_in()
        with Plain(url, patience_s=0.2) as client:
            way.hold()
            with pytest.raises(TimeoutError):
                kept(client)
            with pytest.raises(TimeoutError):
                Plain(url, patience_s=0.2)
            way.goes_on()
        with Plain(url) as client:
            assert kept(client) == b"hi"


def test_a_locked_one_lets_in_who_has_the_password_and_trusts_it(locked: Locked) -> None:
    """To its own subjects and no others."""
    trusted = ssl.create_default_context(cafile=str(locked.authority))
    with Plain(locked.url, trusted) as client:
        keep(client)
        assert kept(client) == b"hi"
        with pytest.raises(ConnectionError, match="Permissions Violation"):
            client.publishes("other", b"")
    with pytest.raises(ConnectionError, match="Authorization Violation"):
        Plain(locked.url_as(USER, "wrong"), trusted)
    with pytest.raises(ssl.SSLCertVerificationError):
        Plain(locked.url)
