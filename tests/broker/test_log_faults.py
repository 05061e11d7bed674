"""What breaks while people talk: nothing is lost, said twice or told otherwise to somebody else.

`pytest -m broker -s` shows the figures.
"""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.broker.server import PATIENCE_S, Server, Servers
from tests.broker.talkers import Talking, talking
from tests.broker.test_log_daemons import hello, node
from tests.daemon import Daemon, wait_until

pytestmark = [pytest.mark.broker, pytest.mark.timeout(4 * PATIENCE_S)]

ENDS = ("welcome", "error")
FAST = ("--lines-per-s=100000", "--burst-lines=1000000", "--max-per-address=5000")


class Chat:
    """Some daemons on one broker."""

    def __init__(self, url: str, directory: Path, count: int) -> None:
        self.url = url
        self.directory = directory
        self.stack = ExitStack()
        self.daemons: dict[str, Daemon] = {}
        for number in range(count):
            self.start(f"node{number}")

    def start(self, name: str) -> None:
        running = self.stack.enter_context(node(self.url, self.directory / name, *FAST))
        self.daemons = dict(sorted({**self.daemons, name: running}.items()))

    def kill(self, name: str) -> None:
        self.daemons.pop(name).ends(signal.SIGKILL)

    def ports(self) -> list[int]:
        return [running.port for running in self.daemons.values()]


@contextmanager
def chat(broker: Server | Servers, directory: Path, count: int = 2) -> Iterator[Chat]:
    several = Chat(broker.url, directory, count)
    with several.stack:
        yield several


def figures(what: str, talk: Talking) -> None:
    print(f"{what}: {talk.said:,} lines, longest {talk.longest_s:.1f} s, refused {dict(talk.refused)}")  # noqa: T201


def test_a_daemon_is_killed(broker: Server, tmp_path: Path) -> None:
    """Its people go on at the other one, by what they have; and it comes back with its copy."""
    with chat(broker, tmp_path) as several, talking(several.ports) as talk:
        talk.say(200)
        several.kill("node0")
        talk.say(200)
        several.start("node0")
        several.kill("node1")
        talk.say(200)
        several.start("node1")
        talk.say(100)
        talk.all_is_well()
        figures("daemons killed", talk)


def test_the_broker_is_killed(broker: Server, tmp_path: Path) -> None:
    """Lines are refused at once, and it goes on when it is back."""
    with chat(broker, tmp_path) as several, talking(several.ports) as talk:
        talk.say(200)
        for _ in range(3):
            broker.kill()
            refused = talk.refused.total()
            wait_until("lines are refused", lambda refused=refused: talk.refused.total() > refused)
            broker.start()
            talk.say(100)
        talk.all_is_well()
        figures("broker killed three times", talk)
        assert set(talk.refused) == {"log_failed"}


def test_the_broker_stands_still(broker: Server, tmp_path: Path) -> None:
    """It is noticed by what it does not answer; what it was given before is not lost, and not there twice."""
    with chat(broker, tmp_path) as several, talking(several.ports) as talk:
        talk.say(200)
        broker.pause()
        for running in several.daemons.values():
            running.logged("lines are refused: the broker can't be reached")
        broker.goes_on()
        talk.say(100)
        talk.all_is_well()
        figures("broker stood still", talk)


def test_a_daemon_stands_still_and_goes_on(broker: Server, tmp_path: Path) -> None:
    """Its people have said everything again elsewhere by then."""
    with chat(broker, tmp_path) as several, talking(several.ports) as talk:
        talk.say(200)
        frozen = several.daemons["node0"].process
        frozen.send_signal(signal.SIGSTOP)
        talk.say(400)
        wait_until(
            "everybody is elsewhere", lambda: all(talker.longest_s > 1 for talker in talk.talkers[::2])
        )
        frozen.send_signal(signal.SIGCONT)
        talk.say(200)
        talk.all_is_well()
        figures("daemon stood still", talk)


def test_two_of_three_daemons_are_killed(broker: Server, tmp_path: Path) -> None:
    """All go on at the one that is left."""
    with chat(broker, tmp_path, 3) as several, talking(several.ports, 9) as talk:
        talk.say(200)
        several.kill("node0")
        several.kill("node2")
        talk.say(200)
        several.start("node0")
        several.start("node2")
        talk.say(100)
        talk.all_is_well()
        figures("two of three daemons killed", talk)


def test_two_ask_for_one_nick_at_once(broker: Server, tmp_path: Path) -> None:
    """At two daemons, in the same millisecond: one has it."""
    with chat(broker, tmp_path) as several, ExitStack() as ends:
        here, there = several.daemons.values()
        for first in (hello(here, "before")[0], hello(there, "there")[0]):
            ends.callback(first.close)  # both are ready
        for number in range(20):
            asking = [running.connect() for running in (here, there)]
            for peer in asking:
                ends.callback(peer.close)
                peer.types(json.dumps({"nick": f"nick{number}"}))
            answers = [next(got for got in iter(peer.gets, None) if got["type"] in ENDS) for peer in asking]
            assert sorted(got["type"] for got in answers) == ["error", "welcome"], answers
            assert {got.get("code") for got in answers} == {None, "nick_taken"}


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_breaks_in_whatever_order(broker: Server, tmp_path: Path, seed: int) -> None:
    """Daemons and the broker are killed and stand still, for up to some seconds each."""
    chance = random.Random(seed)  # noqa: S311 - no secret

    def for_a_while(most_s: float) -> None:
        time.sleep(chance.random() * most_s)

    with chat(broker, tmp_path, 3) as several, talking(several.ports, 9) as talk:
        for _ in range(12):
            name = chance.choice(sorted(several.daemons))
            match chance.choice(["kill a daemon", "kill the broker", "stop a daemon", "stop the broker"]):
                case "kill a daemon":
                    several.kill(name)
                    for_a_while(2)
                    several.start(name)
                case "kill the broker":
                    broker.kill()
                    for_a_while(2)
                    broker.start()
                case "stop the broker":
                    broker.pause()
                    for_a_while(8)
                    broker.goes_on()
                case "stop a daemon":
                    frozen = several.daemons[name].process
                    frozen.send_signal(signal.SIGSTOP)
                    for_a_while(6)
                    frozen.send_signal(signal.SIGCONT)
        talk.say(50)
        talk.all_is_well()
        figures(f"twelve faults, seed {seed}", talk)
