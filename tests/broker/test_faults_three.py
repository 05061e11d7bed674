"""What breaks of a broker of three, while people talk at daemons that are one chat.

`pytest -m broker -s` shows the figures; they are in the report too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.broker.server import PATIENCE_S, Server, Servers
from tests.broker.talkers import Talking, talking
from tests.broker.test_log_daemons import gets_said, hello, node, says
from tests.broker.test_log_faults import FAST, chat
from tests.relay import Relay, relay

pytestmark = [pytest.mark.broker, pytest.mark.timeout(4 * PATIENCE_S)]

Record = Callable[[str, object], None]


def is_well(talk: Talking, record_property: Record) -> None:
    """Nothing is lost, doubled or left out; and how long talk stood still."""
    talk.all_is_well()
    figures = {"lines": talk.said, "longest_s": round(talk.longest_s, 1), "refused": dict(talk.refused)}
    for name, value in figures.items():
        record_property(name, value)
    print(figures)  # noqa: T201


def talk_goes_on(
    three: Servers,
    tmp_path: Path,
    record_property: Record,
    one: Callable[[], Server],
    breaks: Callable[[Server], object],
    mends: Callable[[Server], object],
) -> None:
    """While one of three, asked for when people talk, is broken, and when it is mended."""
    with chat(three, tmp_path) as several, talking(several.ports) as talk:
        talk.say(200)
        server = one()
        breaks(server)
        talk.say(200)
        mends(server)
        talk.say(200)
        is_well(talk, record_property)


def test_the_one_that_leads_is_killed(three: Servers, tmp_path: Path, record_property: Record) -> None:
    """The others elect another one, and it comes back."""
    talk_goes_on(three, tmp_path, record_property, three.leader, Server.kill, Server.start)


def test_one_that_follows_is_killed(three: Servers, tmp_path: Path, record_property: Record) -> None:
    """Two are enough; and it catches up."""

    def follower() -> Server:
        one, _ = three.followers()
        return one

    talk_goes_on(three, tmp_path, record_property, follower, Server.kill, Server.start)


def test_all_three_are_killed(three: Servers, tmp_path: Path, record_property: Record) -> None:
    """And come back."""
    with chat(three, tmp_path) as several, talking(several.ports) as talk:
        talk.say(200)
        for server in three.each:
            server.kill()
        for server in three.each:
            server.start()
        talk.say(200)
        is_well(talk, record_property)


def test_the_one_that_leads_stands_still(three: Servers, tmp_path: Path, record_property: Record) -> None:
    """The others elect another one; what it was given before is not there twice when it goes on."""
    talk_goes_on(three, tmp_path, record_property, three.leader, Server.pause, Server.goes_on)


@pytest.fixture
def cable(broker: Server) -> Iterator[Relay]:
    """Between one daemon and the broker."""
    with relay(broker.port) as way:
        yield way


@pytest.mark.parametrize("seconds", [1, 10, pytest.param(60, marks=pytest.mark.slow)])
def test_a_daemon_is_cut_off(
    seconds: float, broker: Server, cable: Relay, tmp_path: Path, record_property: Record
) -> None:
    """Its people are refused, or go elsewhere; then it is part of the chat again."""
    with (
        node(f"nats://127.0.0.1:{cable.port}", tmp_path / "cut", *FAST) as cut,
        node(broker.url, tmp_path / "other", *FAST) as other,
        talking(lambda: (cut.port, other.port)) as talk,
    ):
        talk.say(200)
        cable.hold()
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            talk.say(1)
        cable.goes_on()
        talk.say(200)
        is_well(talk, record_property)
        back, _ = hello(cut, "back")
        there, _ = hello(other, "there")
        says(there, "hi")
        while gets_said(back, 1)[0][2] != "hi":
            pass  # what was said before
