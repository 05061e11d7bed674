"""Who names no host is shown who is there, and asked; without a network."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_interface
from pathlib import Path

import pytest

from lanchatd.client import finding, known_servers
from lanchatd.client.options import Options, parse
from lanchatd.lan.announcement import Announcement
from lanchatd.lan.browsing import Found
from lanchatd.lan.interfaces import Own

KEY, OTHER = "sha256:" + "A" * 43, "sha256:" + "B" * 43
OFFICE = Announcement("office", "lanchat-a", 8000, ("192.0.2.7", "192.0.2.8"), KEY, "0.1.0", False, True, 3)
SHOP = Announcement("木工", "lanchat-b", 9000, ("192.0.2.9",), OTHER, "0.1.0", False, True, None)


class Somebody:
    """At a terminal, on a network where these are announced and these addresses answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
        self.monkeypatch = monkeypatch
        self.asked: list[str] = []
        self.shown = ""
        self.complaints: list[str] = []
        self.answers = "192.0.2.8"
        monkeypatch.setenv("XDG_CONFIG_HOME", str(home))

    def hears(self, *servers: Announcement, more: int = 0) -> None:
        self.monkeypatch.setattr(finding, "found", lambda *_: Found(servers, more))
        self.monkeypatch.setattr(
            finding,
            "first_to_answer",
            lambda addresses, _: self.answers if self.answers in addresses else None,
        )

    def knows(self, key: str) -> None:
        known_servers.remember(known_servers.path(), "198.51.100.1:8000", key)

    def goes(self, *typed: str, options: Options | None = None) -> Options | None:
        answers = iter(typed)

        def ask(question: str) -> str:
            self.asked.append(question)
            try:
                return next(answers)
            except StopIteration:
                raise EOFError from None

        return finding.choose(options or parse([]), ask, self._tell, self.complaints.append)

    def _tell(self, text: str) -> None:
        self.shown += text


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Somebody:
    return Somebody(monkeypatch, tmp_path)


def where(options: Options | None) -> tuple[str, int, str] | None:
    return None if options is None else (options.host, options.port, options.fingerprint)


def test_the_only_one_is_joined_after_a_yes(somebody: Somebody) -> None:
    """At the address that answers; what it says of its key proves nothing, so that is asked as ever."""
    somebody.hears(OFFICE)
    assert where(somebody.goes("yes")) == ("192.0.2.8", 8000, "")
    assert somebody.asked == ["Join office? (yes/no) "]
    assert "1  office  192.0.2.7 8000  3 here  not known" in somebody.shown


@pytest.mark.parametrize("typed", [("no",), ("",), ()])
def test_without_a_yes_nobody_is_joined(somebody: Somebody, typed: tuple[str, ...]) -> None:
    """Nor at the end of input."""
    somebody.hears(OFFICE)
    assert somebody.goes(*typed) is None
    assert somebody.complaints == []


def test_who_is_known_is_joined_by_the_key(somebody: Somebody) -> None:
    """Without a question: whoever only says to have that key is refused then."""
    somebody.knows(KEY)
    somebody.hears(OFFICE)
    assert where(somebody.goes()) == ("192.0.2.8", 8000, KEY)
    assert somebody.asked == []


def test_one_of_several_is_asked_for(somebody: Somebody) -> None:
    """Until there is a number of one, or nothing."""
    somebody.answers = "192.0.2.9"
    somebody.hears(OFFICE, SHOP, more=7)
    assert where(somebody.goes("3", "x", "0", "2")) == ("192.0.2.9", 9000, "")
    assert somebody.shown.splitlines()[1:] == [
        "1  office  192.0.2.7 8000  3 here  not known",
        "2  木工    192.0.2.9 9000          not known",
        "And 7 more.",
    ]
    assert somebody.goes("") is None


def test_a_key_that_was_given_says_which_one(somebody: Somebody) -> None:
    """The others are not shown."""
    somebody.answers = "192.0.2.9"
    somebody.hears(OFFICE, SHOP)
    given = replace(parse([]), fingerprint=OTHER)
    assert where(somebody.goes("yes", options=given)) == ("192.0.2.9", 9000, OTHER)


def test_one_on_this_machine_is_joined_without_leaving_it(
    somebody: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is in between there, so its key is not asked about."""
    monkeypatch.setattr(finding, "own_addresses", lambda: [Own("eth0", ip_interface("192.0.2.7/24"))])
    somebody.answers = "127.0.0.1"
    somebody.hears(OFFICE)
    assert where(somebody.goes("yes")) == ("127.0.0.1", 8000, "")


def test_with_nobody_it_says_what_to_try(somebody: Somebody) -> None:
    """Unless there is one for this machine alone."""
    somebody.hears()
    assert somebody.goes() is None
    assert somebody.complaints[0] == "Nobody announces a chat on this network."
    somebody.answers = "127.0.0.1"
    assert where(somebody.goes()) == ("127.0.0.1", 8000, "")


def test_one_that_does_not_answer_is_said(somebody: Somebody) -> None:
    """With its address."""
    somebody.answers = ""
    somebody.hears(OFFICE)
    assert somebody.goes("yes") is None
    assert somebody.complaints == [
        "office is announced, but does not answer. lanchat-doctor 192.0.2.7 8000 says why."
    ]


def test_programs_are_told_all_of_it(somebody: Somebody) -> None:
    """A line of JSON for each."""
    somebody.knows(KEY)
    somebody.hears(OFFICE, SHOP)
    lines: list[str] = []
    assert finding.print_found(parse(["--find", "--json"]), lines.append, somebody.complaints.append) == 0
    assert [(one["name"], one["known"], one["here"]) for one in map(json.loads, lines)] == [
        ("office", True, 3), ("木工", False, None),
    ]  # fmt: skip
    somebody.hears()
    assert finding.print_found(parse(["--find"]), lines.append, somebody.complaints.append) == 1
    assert somebody.complaints
