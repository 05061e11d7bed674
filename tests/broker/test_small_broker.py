"""On a real broker that takes little as one message: who comes later knows all accounts and all bans."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from hashlib import sha512
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from lanchatd.broker.account_rows import everything
from lanchatd.broker.long_messages import PART, LongMessages
from lanchatd.broker.shared_accounts import SharedAccounts
from lanchatd.broker.stream import ACCOUNTS, FROM, PEOPLE, ROLLUP
from lanchatd.chat.accounts.rows import Account, Change
from lanchatd.chat.answers import Answer
from lanchatd.state.accounts_file import ACCOUNTS as FILE
from lanchatd.text.names import Name
from tests.broker.links import Linked, linked
from tests.broker.server import PATIENCE_S, Server, one_server, until
from tests.broker.test_people_daemons import comes, nodes, says
from tests.broker.test_people_daemons import until as told
from tests.daemon import Daemon
from tests.state.test_accounts_file import Kept
from tests.world import World

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3 * PATIENCE_S)]


def owned(number: int) -> Account:
    """An account whose row is no shorter when it is packed."""
    nick = f"owner{number}"
    return Account(
        number, Name(nick, nick), time.time(), time.time(), "admin", sha512(nick.encode()).hexdigest()
    )


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Server]:
    with one_server(tmp_path / "broker", payload="9KB") as server:
        yield server


@pytest.fixture
def people() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def messages_in(server: Server) -> int:
    """So many are in the stream."""
    return int(server.asked("jsz")["messages"])


def test_what_is_in_parts_takes_the_place_of_what_was_there(small: Server) -> None:
    """Who comes later reads the parts alone."""
    with linked(small.url) as one:
        for text in ("one", "two"):
            one.publish("people", text)
        one.has(2)
        whole = bytes(number % 251 for number in range(3 * one.link.largest))
        writes = LongMessages(one.link, Clock(), PEOPLE)
        writes.publish(whole, {FROM: "one", **ROLLUP}, one.came[-1].sequence, one.answered.append)
        read: list[bytes | None] = []

        def is_whole() -> bool:
            read.extend(writes.read(message) for message in one.came[2 + len(read) :])
            return len(read) == 3

        one.until("all parts came", is_whole)
        assert read == [None, None, whole]
        assert one.answered == []  # of which nothing is wrong
        until("the others are gone", lambda: messages_in(small) == 3)
        with linked(small.url) as later:
            later.has(3)
            reads = LongMessages(later.link, Clock(), PEOPLE)
            assert [reads.read(message) for message in later.came] == [None, None, whole]


def is_last(part: str) -> bool:
    number, _, count = part.partition("/")
    return number == count


class Owners(World):
    """A chat whose accounts are those of the broker."""

    def __init__(self, one: Linked) -> None:
        self.shared = SharedAccounts(one.link, Clock())
        super().__init__()
        self.shared.serve(self.chat)

    def _keep_change(self, change: Change) -> Answer[None]:
        return self.shared.keep(change)


def test_all_accounts_are_written_anew_in_parts(small: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """After so many changes, which are gone then."""
    monkeypatch.setattr("lanchatd.broker.shared_accounts.SNAPSHOT_EVERY", 200)
    one = Linked(small.url)
    here = Owners(one)
    one.link.subscribe(ACCOUNTS, one.came.append)
    try:
        assert one.begin() is None
        one.is_up()
        answers: list[Answer[Change]] = []
        for number in range(1, 401):
            answers.append(here.accounts.propose(partial(Change, (owned(number),))))
            one.until("it is kept", lambda: answers[-1].known)
            answers[-1].result()
        one.until("all parts came", lambda: is_last(one.came[-1].headers.get(PART, "1/0")))
        count = int(one.came[-1].headers[PART].partition("/")[2])
        assert count > 5
        until("the changes are gone", lambda: messages_in(small) == count)
        later = Linked(small.url)
        there = Owners(later)
        try:
            assert later.begin() is None
            later.is_up()
            assert set(everything(there.accounts)) == set(everything(here.accounts))
            assert len(there.accounts) == 400
            assert there.accounts.next_number() == 401
        finally:
            later.link.end()
    finally:
        one.link.end()


def refused(people: ExitStack, at: Daemon, nick: str) -> str:
    """Why somebody can't come in."""
    peer = people.enter_context(at.connect())
    peer.types(json.dumps({"nick": nick}))
    return str(told(peer, "error")["code"])


def test_a_chat_of_many_begins_on_a_small_broker(small: Server, tmp_path: Path, people: ExitStack) -> None:
    """What one daemon had is known to one that comes when it is gone; and what was banned meanwhile."""
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    kept = Kept(state / FILE)
    assert kept.keeps(Change(tuple(map(owned, range(1, 601))))) == ""
    kept.closes()
    bans = [
        {"on": f"bad{number}", "until": None, "by": "admin", "reason": "x" * 100} for number in range(200)
    ]
    moderation = {"version": 1, "bans": bans, "mutes": [], "operators": ["alice"]}
    (state / "moderation.json").write_text(json.dumps(moderation), "utf-8")
    (state / "moderation.json").chmod(0o600)
    with nodes(1, small.url, tmp_path, f"--state-dir={state}") as (first,):
        with nodes(1, small.url, tmp_path / "more", "--registrations-per-h=100") as (there,):
            assert refused(people, there, "owner600") == "nick_owned"
            assert refused(people, there, "bad199") == "banned"
            alice = comes(people, there, "alice")
            says(alice, "/register correct horse")
            told(alice, "notice", text="alice is yours now, by your password.")
            says(alice, "/ban carol")
            told(alice, "notice", text="carol is banned by alice.")
        first.ends(signal.SIGKILL)
    with nodes(1, small.url, tmp_path / "later") as (later,):
        for nick in ("owner1", "owner600", "alice"):
            assert refused(people, later, nick) == "nick_owned"
        for nick in ("bad0", "bad199", "carol"):
            assert refused(people, later, nick) == "banned"
        comes(people, later, "bob")
