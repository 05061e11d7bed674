"""The link to a real broker: one order for all, whatever happens to the broker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lanchatd.broker import loop
from lanchatd.broker.address import address_from
from lanchatd.broker.stream import Fate, Unfit
from tests.broker.links import Linked, linked
from tests.broker.locked import PASSWORD, USER, Locked
from tests.broker.plain import Plain
from tests.broker.server import PATIENCE_S, Server, Servers, one_server
from tests.relay import relay

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3 * PATIENCE_S)]


def fates(one: Linked, count: int) -> list[Fate]:
    one.until("all are answered", lambda: len(one.answered) >= count)
    return [published.fate for published in one.answered]


def test_all_see_what_is_said_in_one_order(broker: Server) -> None:
    """Also who says it; of two that count on the same place, the first one wins."""
    with linked(broker.url) as one, linked(broker.url) as other:
        assert one.opened[0].log == other.opened[0].log
        one.publish("room.a", "first", 0, Lanchat="x")
        one.has(1)
        other.publish("room.a", "too late", 0)
        assert fates(other, 1) == [Fate.CONFLICT]
        other.publish("people", "second")
        one.publish("room.b", "third", 0)
        for each in (one, other):
            each.has(3)
        assert one.came == other.came
        assert sorted(one.bodies) == ["first", "second", "third"]
        assert one.came[0].headers["Lanchat"] == "x"
        assert [message.sequence for message in one.came] == [1, 2, 3]
        assert one.link.applied == 3
        assert abs(one.came[2].at - one.came[0].at) < PATIENCE_S


def test_who_comes_back_reads_the_rooms_from_there_and_the_rest_whole(broker: Server) -> None:
    with linked(broker.url) as one:
        for number in range(300):
            one.publish("people" if number % 2 else "room.a", str(number))
        one.has(300)
    with linked(broker.url, after=200) as back:
        assert back.bodies == [*map(str, range(1, 300, 2)), *map(str, range(200, 300, 2))]
        assert back.link.applied == 300
        back.publish("room.b", "more", 0)
        back.until("it came", lambda: back.bodies[-1] == "more")


def test_a_broker_that_is_killed_is_gone_on_with(broker: Server) -> None:
    """Each message arrives once, and what was asked while it was away is answered."""
    with linked(broker.url) as one, linked(broker.url) as other:
        one.publish("room.a", "before", 0)
        for each in (one, other):
            each.has(1)
        broker.kill()
        for each in (one, other):
            each.is_down()
        assert one.said[-1] is not None
        assert one.said[-1].startswith("the broker can't be reached: ")
        broker.start()
        one.is_up()
        one.publish("room.a", "after", 1)
        other.is_up()
        for each in (one, other):
            each.has(2)
            assert each.bodies == ["before", "after"]


def test_what_is_stored_is_told_by_what_comes_back_alone(broker: Server) -> None:
    """It would wake the reactor once more, in the midst of a fan-out."""
    with linked(broker.url) as one:
        for number in range(20):
            one.publish("room.a", str(number), number)
            one.has(number + 1)
        one.publish("room.a", "too late", 0)
        assert fates(one, 1) == [Fate.CONFLICT]


def test_a_reactor_that_is_busy_is_waited_for(broker: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "MOST_AHEAD", 10)
    with linked(broker.url) as busy, linked(broker.url) as other:
        for number in range(100):
            other.publish("room.a", str(number))
        other.has(100)
        assert busy.on_their_way <= 11
        busy.has(100)


def test_a_silent_broker_is_noticed(broker: Server) -> None:
    with linked(broker.url) as one:
        one.publish("room.a", "before", 0)
        one.has(1)
        broker.pause()
        one.publish("room.a", "meanwhile", 1)
        assert fates(one, 1) == [Fate.FAILED]
        one.is_down()
        broker.goes_on()
        one.is_up()
        # Whether it got that is known by saying it once more, under the same condition.
        one.publish("room.a", "meanwhile", 1)
        one.has(2)
        assert one.bodies == ["before", "meanwhile"]


def test_others_can_be_told_and_asked(broker: Server) -> None:
    with linked(broker.url) as one, linked(broker.url) as other:

        def hears(body: bytes, reply: Callable[[bytes], None] | None) -> None:
            other.heard.append(body)
            if reply is not None:
                reply(body.upper())

        other.link.heard(hears)
        one.link.send(None, b"all")
        one.link.send(other.link.node, b"you")
        asked = one.link.ask(other.link.node, b"there?", 5)
        other.until("all came", lambda: len(other.heard) == 3)
        assert other.heard == [b"all", b"you", b"there?"]
        one.until("it answers", lambda: asked.known)
        assert asked.result() == b"THERE?"
        gone = one.link.ask("nobody", b"there?", 5)
        one.until("nobody is there", lambda: gone.known)
        assert isinstance(gone.error, LookupError)


def test_what_is_old_can_be_taken_out(broker: Server) -> None:
    with linked(broker.url) as one:
        for text in ("first", "second", "third"):
            one.publish("room.a", text)
        one.has(3)
        since = one.link.sequence_since("room.a", one.came[1].at)
        one.until("it is known", lambda: since.known)
        assert since.result() in (1, 2)
        none = one.link.sequence_since("room.a", one.came[2].at + 60)
        one.until("it is known", lambda: none.known)
        assert none.result() == 0
        purged = one.link.purge("room.a", 3)
        one.until("it is done", lambda: purged.known)
        purged.result()
    with linked(broker.url) as new:
        assert new.bodies == ["third"]


def test_three_lose_the_one_that_leads(three: Servers) -> None:
    with linked(three.url) as one:
        one.publish("room.a", "before", 0)
        one.has(1)
        three.leader().kill()
        three.leader()
        one.is_up()

        def said() -> bool:
            if len(one.came) == 1 and len(one.answered) == asked[0]:
                asked[0] += 1
                one.publish("room.a", "after", 1)
            return len(one.came) == 2

        asked = [0]
        one.until("it is said", said)
        assert one.bodies == ["before", "after"]


# -- what can't be used


def why_not(url: str) -> str:
    one = Linked(url)
    try:
        with pytest.raises(Unfit) as unfit:
            one.begin()
        return str(unfit.value)
    finally:
        one.link.end()


def test_a_broker_without_jetstream(tmp_path: Path) -> None:
    with one_server(tmp_path, "jetstream: disabled") as server:
        assert why_not(server.url).startswith("the broker has no JetStream")


def test_a_stream_of_somebody_else(broker: Server) -> None:
    with Plain(broker.url) as client:
        client.asks("$JS.API.STREAM.CREATE.lanchat", name="lanchat", subjects=["lanchat.>"])
    assert why_not(broker.url) == (
        "the stream lanchat of the broker is not one of lanchatd: give another name in the URL"
    )
    with linked(f"{broker.url}/other") as one:
        one.publish("room.a", "hi", 0)
        one.has(1)


def test_a_stream_with_other_settings_or_of_a_newer_lanchatd(broker: Server) -> None:
    with linked(broker.url):
        pass
    with Plain(broker.url) as client:
        config = client.asks("$JS.API.STREAM.INFO.lanchat")["config"]
        client.asks("$JS.API.STREAM.UPDATE.lanchat", **(config | {"max_age": 3_600_000_000_000}))
        assert why_not(broker.url) == (
            "the stream lanchat of the broker has max_age 3600000000000: it has to be 0"
        )
        newer = {"lanchat.log": "9f3c", "lanchat.version": "2"}
        client.asks("$JS.API.STREAM.UPDATE.lanchat", **(config | {"metadata": newer}))
        assert why_not(broker.url) == (
            "the stream lanchat of the broker was written by a newer lanchatd: use that one"
        )


def test_a_locked_broker_wants_the_password_and_to_be_trusted(locked: Locked, tmp_path: Path) -> None:
    assert why_not(locked.url).startswith("the broker's certificate is not trusted: ")
    login = tmp_path / "login"
    login.write_text(f'user = "{USER}"\npassword = "{PASSWORD}"\nca = "{locked.authority}"\n', "utf-8")
    login.chmod(0o600)
    bare = f"tls://localhost:{locked.server.port}"
    one = Linked(bare, address=address_from(bare, login))
    try:
        assert one.begin() is None
        one.is_up()
        one.publish("room.a", "hi", 0)
        one.until("it came", lambda: one.bodies == ["hi"])
    finally:
        one.link.end()
    address = address_from(bare, login)
    wrong = Linked(bare, address=replace(address, login=address.login | {"password": "wrong"}))
    with pytest.raises(Unfit, match=r"^the broker does not know this user and password$"):
        wrong.begin()


def test_a_broker_that_is_not_there_is_waited_for(broker: Server) -> None:
    broker.stop()
    one = Linked(broker.url)
    try:
        assert one.begin() == "Connection refused"
        broker.start()
        one.is_up()
    finally:
        one.link.end()


def test_a_broker_that_was_set_back_gives_its_log_another_name(broker: Server) -> None:
    """What was said after the copy was made is known to who saw it alone: its ids will be other lines."""
    with linked(broker.url) as one:
        one.publish("room.a", "hi", 0)
        one.has(1)
    with linked(broker.url, after=5) as ahead, linked(broker.url) as other:
        assert [opened.log for opened in ahead.opened] == [one.opened[0].log, other.opened[0].log]
        assert ahead.opened[0].log != ahead.opened[1].log
        assert ahead.bodies == ["hi"]


def test_a_way_that_holds_is_noticed(broker: Server) -> None:
    with (
        relay(broker.port) as way,
        linked(f"nats://127.0.0.1:{way.port}") as one,
        linked(broker.url) as other,
    ):
        way.hold()
        one.is_down()
        other.publish("room.a", "meanwhile", 0)
        other.has(1)
        way.goes_on()
        one.is_up()
        one.until("it came", lambda: one.bodies == ["meanwhile"])
