"""What Tab offers in the client."""

from __future__ import annotations

import pytest

from lanchatd.client.completion import Completion
from lanchatd.client.speaking import LOCAL
from tests.client.test_session import said
from tests.client.test_windows import Desk, private


def desk() -> Completion:
    """Of alice, in three rooms: carol and then bob have talked, dave wrote to her, and Anna is silent."""
    alice = Desk()
    members = [{"nick": nick} for nick in ("alice", "Anna", "bob", "carol", "eve")]
    alice.hears({"type": "members", "room": "#lobby", "here": 5, "members": members})
    alice.hears(said(1, sender="carol"), said(2, sender="bob"), private("dave"))
    return Completion(alice.session, alice.windows, LOCAL, {"j": "/join", "ms": "/msg bob", "x": "/log"})


@pytest.mark.parametrize(
    ("before", "word", "offered"),
    [
        ("", "", "bob: carol: Anna: dave: eve: "),
        ("", "a", "Anna: "),
        ("hi ", "A", "Anna "),
        ("", "@ca", "@carol "),
        ("hi ", "@", "@bob @carol @Anna @dave @eve "),
        ("", "#d", "#dev "),
        ("see ", "#", "#dev #lobby #ops "),
        ("", "/J", "/j /join "),
        ("", "/pas", "/password /paste "),
        ("/join ", "", "#dev #lobby #ops "),
        ("/join ", "DE", "#dev "),
        ("/j ", "#o", "#ops "),
        ("/kick ", "", "bob carol Anna dave eve "),
        ("/kick ", "@ca", "carol "),
        ("/kick ", "#", ""),
        ("/kick bob ", "#o", "#ops "),
        ("/query ", "d", "dave "),
        ("/query bob is ", "c", "carol "),
        ("/ms ", "c", "carol "),
        ("/x ", "", "on off "),
        ("/help ", "his", "history "),
        ("/help ", "pas", "password paste "),
        ("/clear ", "", ""),
        ("/history ", "", ""),
        ("/nosuch ", "c", "carol "),
        ("//kick ", "#d", "#dev "),
        ("/ ", "c", "carol "),
    ],
)
def test_tab_offers_what_can_stand_there(before: str, word: str, offered: str) -> None:
    """Those who talked last come first; an argument is what its command takes, in whatever case."""
    assert [name.rstrip() for name in desk()(word, before)] == offered.split()


def test_a_nick_is_followed_by_what_fits() -> None:
    """A colon at the beginning, where one speaks to somebody; a space elsewhere."""
    complete = desk()
    assert complete("bo", "") == ["bob: "]
    assert complete("@bo", "") == ["@bob "]
    assert complete("bo", "hi ") == complete("bo", "/msg ") == ["bob "]
