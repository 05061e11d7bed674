"""Two and three real daemons on a real broker: who is here at one is here at all."""

from __future__ import annotations

import json
import select
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from lanchatd.broker.pulse import GONE_AFTER_S
from tests.broker.server import PATIENCE_S, Server, Servers
from tests.daemon import Daemon, Peer, daemon

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3 * PATIENCE_S)]

PASSWORD = "correct horse"


@contextmanager
def nodes(count: int, url: str, cwd: Path, *options: str) -> Iterator[list[Daemon]]:
    """Daemons of one chat, in which everybody can come in."""
    with ExitStack() as stack:
        running: list[Daemon] = []
        for number in range(count):
            directory = cwd / f"node{number}"
            directory.mkdir(parents=True)
            running.append(
                stack.enter_context(daemon("--port=0", f"--broker={url}", *options, cwd=directory))
            )
        for one in running:
            one.logged("everybody can come in")
        yield running


@pytest.fixture
def two(broker: Server, tmp_path: Path) -> Iterator[list[Daemon]]:
    with nodes(2, broker.url, tmp_path, "--registrations-per-h=100") as running:
        yield running


@pytest.fixture
def people() -> Iterator[ExitStack]:
    """Whose connections are closed at the end."""
    with ExitStack() as stack:
        yield stack


def comes(people: ExitStack, at: Daemon, nick: str, **hello: Any) -> Peer:
    """A program comes in, and was told so."""
    peer = people.enter_context(at.connect())
    peer.types(json.dumps({"nick": nick, **hello}))
    got = until(peer, "welcome")
    assert got["nick"] == nick
    until(peer, "members")
    return peer


def says(peer: Peer, line: str) -> None:
    peer.types(json.dumps({"line": line}))


def until(peer: Peer, kind: str, **fields: Any) -> dict[str, Any]:
    """The next thing that is told of this kind, with these fields."""
    while True:
        got = peer.gets()
        if got["type"] == kind and all(got.get(name) == value for name, value in fields.items()):
            return got


def who(peer: Peer) -> list[str]:
    says(peer, "/who")
    return sorted(member["nick"] for member in until(peer, "members")["members"])


def test_who_comes_goes_and_talks_is_seen_at_the_other(two: list[Daemon], people: ExitStack) -> None:
    """Joined and left, /who, away, another nick, private messages and their answers."""
    here, there = two
    alice = comes(people, here, "alice")
    bob = comes(people, there, "bob")
    until(alice, "joined", nicks=["bob"])
    assert who(alice) == who(bob) == ["alice", "bob"]
    says(bob, "/away lunch")
    assert until(alice, "away")["away"] == "lunch"
    says(alice, "/msg bob hi")
    assert until(bob, "private")["text"] == "hi"
    says(bob, "/reply hello")
    assert until(alice, "private", text="hello")["from"] == "bob"
    says(bob, "/nick robert")
    until(alice, "renamed")
    says(alice, "/nick robert")
    assert until(alice, "error")["code"] == "nick_taken"
    says(bob, "/quit bye")
    until(alice, "left")
    assert who(alice) == ["alice"]
    comes(people, here, "robert")


def test_who_wants_a_nick_that_somebody_has_at_another_node_is_refused(
    two: list[Daemon], people: ExitStack
) -> None:
    """And has it when they went."""
    here, there = two
    alice = comes(people, here, "alice")
    other = people.enter_context(there.connect())
    other.types('{"nick": "alice"}')
    assert until(other, "error")["code"] == "nick_taken"
    says(alice, "/quit")
    while True:
        other.types('{"nick": "alice"}')
        got = other.gets()
        if got["type"] == "welcome":
            break


def test_of_two_that_claim_a_nick_in_the_same_moment_one_has_it(two: list[Daemon], people: ExitStack) -> None:
    """A hundred times."""
    here, there = two
    for number in range(100):
        with here.connect() as one, there.connect() as other:
            hello = json.dumps({"nick": f"n{number}"})
            one.types(hello)
            other.types(hello)
            first = [peer.gets() for peer in (one, other)]
            assert sorted(got["type"] for got in first) == ["error", "welcome"], first


def test_so_it_is_over_three_brokers_also_when_one_of_them_is_lost(
    three: Servers, tmp_path: Path, people: ExitStack
) -> None:
    """The one that leads: nicks are claimed again when there is another."""
    with nodes(2, three.url, tmp_path) as (here, there):
        for number in range(20):
            if number == 10:
                three.leader().kill()
            with here.connect() as one, there.connect() as other:
                hello = json.dumps({"nick": f"n{number}"})
                one.types(hello)
                other.types(hello)
                codes = [_welcomed_or_refused(peer, hello) for peer in (one, other)]
                assert sorted(codes) == ["nick_taken", "welcome"], codes


def _welcomed_or_refused(peer: Peer, hello: str) -> str:
    while True:
        got = peer.gets()
        if got["type"] == "welcome":
            return "welcome"
        if got["code"] != "no_broker":
            return str(got["code"])
        time.sleep(0.5)  # no more often than a client tries
        peer.types(hello)


def test_who_registers_at_one_is_the_owner_at_the_other(two: list[Daemon], people: ExitStack) -> None:
    """On both at once, with one nick; and renamed at both."""
    here, there = two
    one = comes(people, here, "bob")
    says(one, f"/register {PASSWORD}")
    until(one, "notice", text="bob is yours now, by your password.")
    other = comes(people, there, "bob", secret=PASSWORD)
    says(other, "/account")
    assert "here on 2 connections" in until(other, "notice")["text"]
    alice = comes(people, here, "alice")
    says(alice, "/msg bob hi")
    assert until(one, "private")["text"] == until(other, "private")["text"] == "hi"
    says(other, "/nick robert")
    until(one, "renamed")
    assert who(alice) == ["alice", "robert"]
    third = people.enter_context(there.connect())
    third.types('{"nick": "robert"}')
    assert until(third, "error")["code"] == "nick_owned"
    says(one, "/account delete")
    until(other, "error", code="account_gone")


def test_a_chat_of_one_daemon_brings_along_its_owners_and_operators(
    broker: Server, tmp_path: Path, people: ExitStack
) -> None:
    """They moderate at all nodes: a kick, a mute and a ban reach who is at another one."""
    state = tmp_path / "state"
    with daemon("--port=0", f"--state-dir={state}", cwd=tmp_path) as alone:
        alice = comes(people, alone, "alice")
        says(alice, f"/register {PASSWORD}")
        until(alice, "notice", text="alice is yours now, by your password.")
        alone.ends(signal.SIGTERM)
    moderation = {"version": 1, "bans": [], "mutes": [], "operators": ["alice"]}
    (state / "moderation.json").write_text(json.dumps(moderation), "utf-8")
    (state / "moderation.json").chmod(0o600)
    with (
        nodes(1, broker.url, tmp_path, f"--state-dir={state}") as (here,),
        nodes(2, broker.url, tmp_path / "more") as (there, third),
    ):
        alice = comes(people, third, "alice", secret=PASSWORD)
        bob, carol, dan = (comes(people, there, nick) for nick in ("bob", "carol", "dan"))
        until(alice, "joined", nicks=["dan"])
        says(alice, "/kick bob enough")
        assert until(bob, "error")["code"] == "kicked"
        until(alice, "left", nicks=["bob"])
        says(alice, "/mute carol")
        until(alice, "notice", text="carol is muted.")
        says(carol, "hi")
        assert until(carol, "error")["code"] == "muted"
        says(alice, "/ban dan")
        until(alice, "notice", text="dan is banned by alice.")
        assert until(dan, "error")["code"] == "banned"
        for node in (here, there, third):
            peer = people.enter_context(node.connect())
            peer.types('{"nick": "dan"}')
            assert until(peer, "error")["code"] == "banned"


def test_people_of_a_daemon_that_is_killed_are_told_as_left(
    broker: Server, tmp_path: Path, people: ExitStack
) -> None:
    """Within seconds, and their nicks are free."""
    with nodes(3, broker.url, tmp_path) as (here, there, third):
        alice, carol = comes(people, here, "alice"), comes(people, third, "carol")
        comes(people, there, "bob")
        until(alice, "joined", nicks=["bob"])
        until(carol, "joined", nicks=["bob"])
        killed_at = time.monotonic()
        there.ends(signal.SIGKILL)
        until(alice, "left", nicks=["bob"])
        until(carol, "left", nicks=["bob"])
        assert time.monotonic() - killed_at < 10
        comes(people, third, "bob")


def test_who_was_at_a_daemon_that_was_killed_comes_back_to_another_in_a_second(
    two: list[Daemon], people: ExitStack
) -> None:
    """With the same nick: nobody waits until the daemon is missed."""
    here, there = two
    comes(people, there, "bob")
    alice = comes(people, here, "alice")
    there.ends(signal.SIGKILL)
    comes(people, here, "bob")
    until(alice, "left", nicks=["bob"])
    until(alice, "joined", nicks=["bob"])


def test_a_broker_that_starts_again_sends_nobody_away(
    broker: Server, two: list[Daemon], people: ExitStack
) -> None:
    """They wait for it, and go on as they were."""
    here, there = two
    alice, bob = comes(people, here, "alice"), comes(people, there, "bob")
    until(alice, "joined", nicks=["bob"])
    broker.kill()
    for node in two:
        node.logged("lines are refused")
    other = people.enter_context(here.connect())
    other.types('{"nick": "carol"}')
    assert until(other, "error")["code"] == "no_broker"
    broker.start()
    broker.ready()
    for node in two:
        node.logged("lines are taken again")
    told, _, _ = select.select([alice.socket, bob.socket], [], [], GONE_AFTER_S + 1)
    assert told == []
    assert who(alice) == who(bob) == ["alice", "bob"]
    comes(people, there, "carol")
    assert alice.gets()["nicks"] == ["carol"]


def test_a_private_message_that_is_sent_again_elsewhere_is_shown_once(
    two: list[Daemon], people: ExitStack
) -> None:
    """Its sender's daemon was killed; the receiver is told it by the other one."""
    here, there = two
    bob = comes(people, there, "bob")
    program = comes(people, here, "ci", device="laptop")
    sent = json.dumps({"line": "/msg bob hi", "ref": "1"})
    program.types(sent)
    until(bob, "private", text="hi")
    here.process.kill()
    until(bob, "left", nicks=["ci"])
    program = comes(people, there, "ci", device="laptop")
    program.types(sent)
    assert until(program, "ok")["ref"] == "1"
    says(program, "/msg bob and this")
    assert until(bob, "private")["text"] == "and this"
