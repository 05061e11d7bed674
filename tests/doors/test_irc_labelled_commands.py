"""Each command that has a label is answered once, whatever it is."""

from __future__ import annotations

import re

import pytest

from lanchatd.doors.irc.commands import ROWS
from lanchatd.doors.irc.reading import CONFIRM_S
from tests.irc import Batches, Client
from tests.world import World

CAPS = "labeled-response batch"


ALONE = ("", "x", "x y", "x y z :and more")
"""The parameters that each command is sent with, besides those that make sense."""

ASKED = {
    "CAP": ("LS 302", "LIST", "REQ :echo-message", "REQ :what", "END"),
    "PASS": (),
    "AUTHENTICATE": ("PLAIN", "*"),
    "NICK": ("alice", "alicia", "bob", "!"),
    "USER": ("u 0 * :U",),
    "SETNAME": (":Alice L.", ":"),
    "PING": (),
    "PONG": ("lanchatd-1",),
    "QUIT": (":bye",),
    "PRIVMSG": (
        "#lobby :hi", "#lobby,bob :hi", "bob :hi", "alice :hi", "#lobby :\x01VERSION\x01", "#no :hi",
        "lanchat hi", "lanchat /help", "lanchat /me", ":lanchat :/msg bob hi", "lanchat :/join #lobby",
        "lanchat :/nick bob", "lanchat :/search hi", "lanchat :/history 2", "lanchat /quit", "lanchat /who",
        "lanchat /list", "lanchat :/topic tea", "lanchat /leave",
    ),
    "NOTICE": ("#lobby :hi", "bob :hi", "#no :hi", "lanchat /help"),
    "TAGMSG": ("#lobby",),
    "JOIN": ("0", "#lobby", "#here", "#a,#b", "#!"),
    "PART": ("#here", "#here,#no", "#here :bye"),
    "TOPIC": ("#here", "#here :tea", "#lobby :tea", "#here :"),
    "KICK": ("#here bob", "#lobby bob", "#here no"),
    "INVITE": ("bob #here", "bob #no", "alice #here"),
    "NAMES": ("#here", "#here,#lobby", "#no"),
    "LIST": ("#here", "#no"),
    "MODE": ("#here", "#here b", "#here +i", "#here +o bob", "alice", "alice +i", "bob"),
    "WHO": ("#here", "bob", "bob %na", "#no"),
    "WHOIS": ("bob", "no"),
    "WHOWAS": ("bob",),
    "AWAY": (":lunch",),
    "ISON": ("bob no",),
    "USERHOST": ("bob",),
    "MOTD": (),
    "VERSION": (),
    "TIME": (),
    "LUSERS": (),
    "HELP": (),
    "CHATHISTORY": (
        "LATEST #here * 10", "LATEST bob * 9", "TARGETS timestamp=2026-11-22 timestamp=2026-11-23 10",
    ),
    "MARKREAD": ("#here", "#here timestamp=2026-11-22T14:03:11.000Z", "bob", "#no"),
    "FOO": (),
}  # fmt: skip


def label_and_the_rest(lines: list[str]) -> tuple[list[str], list[str]]:
    """Those that bear the label, and those that neither do nor are in its batch."""
    batches = Batches(lines)
    labelled = [line for line in lines if line.startswith("@label=1 ")]
    return labelled, [line for line in batches.outside if line not in labelled]


@pytest.mark.parametrize("caps", ["", "echo-message draft/read-marker standard-replies setname"])
@pytest.mark.parametrize("command", [*ROWS, "PONG", "FOO"])
def test_each_command_has_one_answer_with_the_label(world: World, command: str, caps: str) -> None:
    """A line, a batch or a word that there is none; and what is answered is within it."""
    for number, parameters in enumerate((*ASKED[command], *ALONE)):
        world.join(f"bob{number}")
        alice = Client.joins(world, f"alice{number}", "#here", caps=f"{CAPS} {caps}")
        asked = re.sub(r"\b(alice|bob)\b", rf"\g<1>{number}", parameters)
        labelled, rest = label_and_the_rest(alice.asks(f"@label=1 {command} {asked}"))
        assert len(labelled) == 1, (parameters, labelled)
        told_as_to_all = " TOPIC #here " if "/topic" in asked else " PRIVMSG #lobby " * ("#lobby," in asked)
        assert [line for line in rest if not (told_as_to_all and told_as_to_all in line)] == [], parameters
        alice.asks("QUIT")


@pytest.mark.parametrize("command", [*ROWS, "PONG", "FOO"])
def test_each_command_has_one_answer_before_there_is_a_nick(world: World, command: str) -> None:
    for parameters in (*ASKED[command], *ALONE):
        client = Client(world).sends("CAP LS 302", f"CAP REQ :{CAPS}")
        labelled, rest = label_and_the_rest(client.asks(f"@label=1 {command} {parameters}"))
        assert len(labelled) == 1, (parameters, labelled)
        assert rest == [], parameters
        client.person.vanishes()


def test_no_command_has_no_answer(world: World) -> None:
    alice = Client.joins(world, "alice", caps=CAPS)
    assert alice.asks("@label=1", "@label=2 :x", "@label=3 :x PING 1") == [
        "@label=3 :irc.lan PONG irc.lan :1"
    ]


def test_a_ping_of_the_server_is_answered_with_a_label(world: World) -> None:
    """And that counts as read what was told before."""
    alice = Client.joins(world, "alice", "#lobby", caps=f"{CAPS} server-time")
    world.join("bob").types("one")
    world.passes(CONFIRM_S)
    (ping,) = (line.split()[-1] for line in alice.sees() if " PING " in line)
    assert alice.asks(f"@label=1 PONG {ping}") == ["@label=1 :irc.lan ACK"]
    alice.person.vanishes()
    again = Client.joins(world, "alice", caps="server-time")
    assert not any("PRIVMSG" in line for line in again.asks("JOIN #lobby"))
