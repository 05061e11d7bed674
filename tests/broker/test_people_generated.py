"""Generated stories: whatever happens to nodes and to the way to the broker, all agree about who is here."""

from __future__ import annotations

from collections import Counter
from functools import partial
from hashlib import sha512

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from lanchatd.broker.account_rows import everything
from lanchatd.chat import moderating
from lanchatd.chat.accounts.rows import Account, Change
from lanchatd.chat.bans_and_mutes import Ban, target_from
from lanchatd.text.names import Name
from tests.broker.several import Node, Several
from tests.world import Person

NICKS = ("alice", "aIice", "bob", "carol", "dan")

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.integers(0, 2), st.sampled_from(NICKS)),
        st.tuples(st.just("say"), st.integers(0, 30), st.sampled_from(NICKS).map("/nick {}".format)),
        st.tuples(
            st.just("say"),
            st.integers(0, 30),
            st.sampled_from(["/join #dev", "/part", "/away x", "/back", "/quit", "/msg bob hi"]),
        ),
        st.tuples(
            st.just("say"),
            st.integers(0, 30),
            st.sampled_from(["/register correct horse", "/register correct horse", "/account delete"]),
        ),
        st.tuples(st.just("own"), st.integers(0, 2), st.sampled_from(NICKS)),
        st.tuples(st.sampled_from(["ban", "unban", "mute"]), st.integers(0, 2), st.sampled_from(NICKS)),
        st.tuples(st.just("vanish"), st.integers(0, 30), st.just("")),
        st.tuples(
            st.sampled_from(["cut", "back", "hold", "release", "die", "restart"]),
            st.integers(0, 2),
            st.just(""),
        ),
        st.tuples(st.sampled_from(["lose acks", "keep acks", "settle"]), st.just(0), st.just("")),
        st.tuples(st.just("pass"), st.integers(1, 8), st.just("")),
    ),
    min_size=15,
    max_size=60,
)


class Story:
    """Three daemons, and who has come to them."""

    def __init__(self) -> None:
        self.several = Several(3)
        self.people: list[tuple[Node, Person]] = []

    def does(self, what: str, number: int, text: str) -> None:
        several = self.several
        node = several.nodes[number % len(several.nodes)] if several.nodes else several.add()
        if what in ("join", "own"):
            person = node.connects("127.0.0.1")
            secret = b" correct horse" if what == "own" else b""
            person.wire.incoming.append(text.encode() + secret + b"\n")
            self.people.append((node, person))
        elif what in ("say", "vanish"):
            here = [(node, one) for node, one in self.people if not one.gone and node in several.nodes]
            if here:
                _, person = here[number % len(here)]
                if what == "say":
                    person.wire.incoming.append(text.encode() + b"\n")
                else:
                    person.vanishes()
        elif what == "ban":
            target, shown = target_from(text)
            moderating.ban(node.chat, target, Ban(shown, None, "admin", ""))
        elif what == "unban":
            node.chat.moderation.bans.remove(text.lower(), node.now())
            node.chat.moderation.changed()
        elif what == "mute":
            moderating.mute(node.chat, Name(text, text.lower()), None)
        elif what == "cut" and node.stream.up:
            node.stream.cut()
        elif what == "back" and not node.stream.up:
            node.stream.join()
        elif what == "hold":
            node.stream.held = True
        elif what == "release":
            self.releases(node)
        elif what == "die" and len(several.nodes) > 1:
            self.releases(node)
            node.dies()
        elif what == "restart" and len(several.nodes) < 3:
            several.add()
        elif what in ("lose acks", "keep acks"):
            several.broker.loses_acks = what == "lose acks"
        elif what == "settle":
            several.settle()
        elif what == "pass":
            several.passes(number)

    def releases(self, node: Node) -> None:
        node.stream.held = False
        node.stream.lets_go()

    def ends(self) -> None:
        """Everything is as it should be again."""
        self.several.broker.loses_acks = False
        for node in self.several:
            self.releases(node)
            if not node.stream.up:
                node.stream.join()
        self.several.passes(30)


@settings(max_examples=60)
@given(STEPS)
def test_all_nodes_agree(steps: list[tuple[str, int, str]]) -> None:
    """About who is here; each nick is had once, and who is on a connection is known everywhere."""
    all_agree(Story(), steps)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_all_nodes_agree_though_all_of_it_is_more_than_one_message(
    monkeypatch: pytest.MonkeyPatch, steps: list[tuple[str, int, str]]
) -> None:
    """What is known of people, accounts and moderation goes in parts, again and again."""
    monkeypatch.setattr("lanchatd.broker.people.SNAPSHOT_EVERY", 3)
    monkeypatch.setattr("lanchatd.broker.shared_accounts.SNAPSHOT_EVERY", 2)
    story = Story()
    first, *_ = story.several
    for number in range(20):
        first.chat.moderation.bans.add(f"banned{number}", Ban(f"banned{number}", None, "admin", "x" * 50))
        name = Name(f"owner{number}", f"owner{number}")
        account = Account(number + 1, name, 0, 0, "admin", sha512(name.key.encode()).hexdigest())
        first.accounts.propose(partial(Change, (account,)))
    first.chat.moderation.changed()
    story.several.passes(1)
    story.several.broker.largest = 700
    all_agree(story, steps)


def all_agree(story: Story, steps: list[tuple[str, int, str]]) -> None:
    for what, number, text in steps:
        story.does(what, number, text)
    story.ends()
    several = story.several
    several.add()  # knows what all know
    first, *others = several
    for other in others:
        assert other.known() == first.known()
        assert other.nodes.people.roster.snapshot() == first.nodes.people.roster.snapshot()
        assert set(everything(other.accounts)) == set(everything(first.accounts))
        assert other.chat.moderation.document() == first.chat.moderation.document()
    here = Counter(
        (session.user.name.key, session.user.account)
        for node in several
        for session in node.chat.sessions()
        if not session.far
    )
    assert len({key for key, _ in here}) == len(here)
    assert {(user.name.key, user.account) for user in first.chat.users.values()} == set(here)
    for (key, account), count in here.items():
        owner = first.accounts.named(key)
        assert account == (None if owner is None else owner.number)
        assert account is not None or count == 1
