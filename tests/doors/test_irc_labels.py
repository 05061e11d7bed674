"""Labels: a client knows by them what its message was answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanchatd.doors.irc import labels
from tests.disk import DiskWorld
from tests.irc import Client
from tests.world import Person, World

CAPS = "labeled-response batch"


@pytest.fixture
def bob(world: World) -> Person:
    return world.join("bob")


@pytest.fixture
def alice(world: World, bob: Person) -> Client:
    client = Client.joins(world, "alice", "#lobby", caps=CAPS)
    bob.sees()
    return client


def test_no_answer_is_told_in_a_word(alice: Client, bob: Person) -> None:
    """When what was said is in the log."""
    assert alice.asks("@label=7 PRIVMSG #lobby :hi", "@label=8 NOTICE nobody :x", "@label=9 MODE alice") == [
        "@label=8 :irc.lan ACK",
        "@label=9 :irc.lan 221 alice +",
        "@label=7 :irc.lan ACK",
    ]
    assert bob.sees() == ["<alice> hi"]


def test_one_line_has_the_label(alice: Client) -> None:
    assert alice.asks("@label=a\\sb PING 1", "@x=y;label=\\: PRIVMSG nobody :x", "@label=c FOO") == [
        "@label=a\\sb :irc.lan PONG irc.lan :1",
        "@label=\\: :irc.lan 401 alice nobody :There is no nobody here.",
        "@label=c :irc.lan 421 alice FOO :Unknown command; /quote HELP lists what there is",
    ]


def test_several_lines_are_a_batch(alice: Client, bob: Person) -> None:
    """Also what the rules tell: the topic of a room, and a private message that comes back."""
    bob.types("/away lunch", "/topic tea")
    alice.sees()
    assert alice.asks("@label=1 JOIN #dev,#!") == [
        "@label=1 :irc.lan BATCH +b1 labeled-response",
        "@batch=b1 :alice!u@lan JOIN #dev",
        "@batch=b1 :irc.lan 403 alice #! :A room is # and 1 to 32 letters, digits, '_', '-' and '.', and "
        "begins with a letter, a digit or '_'.",
        "@batch=b1 :irc.lan 353 alice = #dev :alice",
        "@batch=b1 :irc.lan 366 alice #dev :End of /NAMES list",
        ":irc.lan BATCH -b1",
    ]
    alice.asks("CAP REQ echo-message")
    assert alice.asks("@label=2 PRIVMSG bob :hi") == [
        "@label=2 :irc.lan BATCH +b2 labeled-response",
        "@batch=b2 :alice!u@lan PRIVMSG bob :hi",
        "@batch=b2 :irc.lan 301 alice bob :lunch",
        ":irc.lan BATCH -b2",
    ]


def test_long_lists_are_a_batch_too(alice: Client) -> None:
    assert alice.asks("@label=1 NAMES #lobby") == [
        "@label=1 :irc.lan BATCH +b1 labeled-response",
        "@batch=b1 :irc.lan 353 alice = #lobby :bob alice",
        "@batch=b1 :irc.lan 366 alice #lobby :End of /NAMES list",
        ":irc.lan BATCH -b1",
    ]


def test_a_batch_in_a_batch(alice: Client, bob: Person) -> None:
    """Each line is in the inner one, and that in the outer one."""
    bob.types("one")
    alice.sees()
    assert alice.asks("@label=1 CHATHISTORY LATEST #lobby * 10") == [
        "@label=1 :irc.lan BATCH +b2 labeled-response",
        "@batch=b2 :irc.lan BATCH +b1 chathistory #lobby",
        "@batch=b1 :bob!u@lan PRIVMSG #lobby :one",
        "@batch=b2 :irc.lan BATCH -b1",
        ":irc.lan BATCH -b2",
    ]
    assert alice.asks("@label=1 CHATHISTORY LATEST #dev * 10") == [
        "@label=1 :irc.lan NOTICE alice :You are not in #dev."
    ]


def test_an_echo_has_the_label(world: World, bob: Person) -> None:
    """In its place among what others say; nobody else is told the label. A topic comes back to everybody."""
    alice = Client.joins(world, "alice", "#lobby", caps=f"{CAPS} echo-message server-time")
    carol = Client.joins(world, "carol", "#lobby", caps="echo-message")
    alice.sees()
    alice.person.wire.incoming.append(b"@label=1 PRIVMSG #lobby :hi\r\n")
    bob.types("hello")
    time = "time=2026-11-22T14:03:11.123Z"
    assert alice.sees() == [
        f"@{time} :bob!u@lan PRIVMSG #lobby :hello",
        f"@label=1;{time} :alice!u@lan PRIVMSG #lobby :hi",
    ]
    assert carol.sees()[1] == ":alice!u@lan PRIVMSG #lobby :hi"
    assert alice.asks("@label=1 PRIVMSG #lobby :again") == [
        f"@label=1;{time} :alice!u@lan PRIVMSG #lobby :again"
    ]


def test_a_topic_comes_back_with_the_label(alice: Client) -> None:
    assert alice.asks("@label=1 TOPIC #lobby :tea", "TOPIC #lobby :more") == [
        "@label=1 :alice!u@lan TOPIC #lobby :tea",
        ":alice!u@lan TOPIC #lobby :more",
    ]


def test_what_goes_to_several_is_acknowledged(world: World, bob: Person) -> None:
    """Its echoes come without the label: one answer has it."""
    alice = Client.joins(world, "alice", "#a", "#b", caps=f"{CAPS} echo-message")
    assert alice.asks("@label=1 PRIVMSG #a,#b :hi") == [
        ":alice!u@lan PRIVMSG #a :hi",
        ":alice!u@lan PRIVMSG #b :hi",
        "@label=1 :irc.lan ACK",
    ]


def test_a_refusal_that_comes_later(tmp_path: Path, logged_errors: list[str]) -> None:
    """The disk is full."""
    world = DiskWorld(tmp_path / "history.sqlite")
    alice = Client.joins(world, "alice", "#lobby", caps=CAPS)
    world.limits.min_free_bytes = 1_000_000_000_000
    full = "That line can't be kept: the disk is nearly full."
    assert sorted(alice.asks("@label=1 PRIVMSG #lobby :hi", "@label=2 TOPIC #lobby :x")) == [
        f"@label=1 :irc.lan 400 alice PRIVMSG :{full}",
        f"@label=2 :irc.lan 400 alice TOPIC :{full}",
    ]
    assert alice.asks("@label=3 NOTICE #lobby :hi") == ["@label=3 :irc.lan ACK"]
    logged_errors.clear()


def test_one_that_reads_slowly(world: World, bob: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its echo comes with the label when it reads on; of many, some without it, and acknowledged before."""
    monkeypatch.setattr(labels, "MOST_ECHOES", 1)
    alice = Client.joins(world, "alice", "#lobby", caps=f"{CAPS} echo-message")
    alice.person.stops_reading()
    bob.types("one")
    alice.sends("@label=1 PRIVMSG #lobby :two", "@label=2 PRIVMSG #lobby :three")
    alice.person.reads_on()
    assert sorted(alice.sees()) == [
        ":alice!u@lan PRIVMSG #lobby :three",
        ":bob!u@lan PRIVMSG #lobby :one",
        "@label=1 :alice!u@lan PRIVMSG #lobby :two",
        "@label=2 :irc.lan ACK",
    ]
    assert alice.asks("@label=3 PRIVMSG #lobby :four") == ["@label=3 :alice!u@lan PRIVMSG #lobby :four"]


def test_commands_typed_to_the_server(alice: Client) -> None:
    assert alice.asks("@label=1 PRIVMSG lanchat :/ignore bob", "@label=2 PRIVMSG lanchat :/me waves") == [
        "@label=1 :lanchat!u@lan NOTICE alice :You ignore bob now.",
        "@label=2 :irc.lan ACK",
    ]


@pytest.mark.parametrize(
    ("caps", "label"), [("labeled-response", "1"), ("batch", "1"), (CAPS, ""), (CAPS, "x" * 65)]
)
def test_without_a_label_an_answer_has_none(world: World, caps: str, label: str) -> None:
    alice = Client.joins(world, "alice", caps=caps)
    assert alice.asks(f"@label={label} PING 1") == [":irc.lan PONG irc.lan :1"]


def test_who_leaves_with_a_label(alice: Client) -> None:
    """Is told goodbye with it, also where it has no nick."""
    world = alice.person.world
    assert alice.asks("@label=1 QUIT") == ["@label=1 ERROR :Closing link: Goodbye."]
    nobody = Client(world).sends("CAP LS 302", f"CAP REQ :{CAPS}")
    assert nobody.asks("@label=2 QUIT") == ["@label=2 ERROR :Closing link: Goodbye."]


@pytest.mark.parametrize("quits", ["QUIT", "PRIVMSG lanchat :/quit"])
def test_who_says_something_and_leaves(tmp_path: Path, quits: str) -> None:
    """Is told that it was said, when the disk has it, and then goodbye."""
    alice = Client.joins(DiskWorld(tmp_path / "history.sqlite"), "alice", "#lobby", caps=CAPS)
    assert alice.asks("@label=1 PRIVMSG #lobby :hi", f"@label=2 {quits}", "@label=3 PING x") == [
        "@label=1 :irc.lan ACK",
        "@label=2 ERROR :Closing link: Goodbye.",
    ]


def test_before_there_is_a_nick(world: World) -> None:
    client = Client(world).sends("CAP LS 302", f"CAP REQ :{CAPS}")
    client.sees()
    assert client.asks("@label=1 CAP END", "@label=2 JOIN #lobby", "@label=3 NICK alice") == [
        "@label=1 :irc.lan ACK",
        "@label=2 :irc.lan 451 * :You have not registered",
        "@label=3 :irc.lan ACK",
    ]
    assert client.asks("@label=4 USER u 0 * :U")[0] == "@label=4 :irc.lan BATCH +b4 labeled-response"


LONG = "x" * 5_000
TOO_LONG = ":irc.lan 417 alice :A line has at most 4,096 bytes; that one was thrown away."


@pytest.mark.parametrize("line", [f"PRIVMSG #lobby :{LONG}", LONG, f"PRIVMSG #lobby :{LONG * 4}"])
@pytest.mark.parametrize("pieces", [1, 3])
def test_a_line_too_long_is_answered_with_its_label(alice: Client, line: str, pieces: int) -> None:
    """However long it is, and whether or not its end has come."""
    sent = f"@label=1 {line}\r\n".encode()
    size = len(sent) // pieces + 1
    alice.person.sends(*(sent[at : at + size] for at in range(0, len(sent), size)))
    assert alice.sees() == [f"@label=1 {TOO_LONG}"]


@pytest.mark.parametrize("tags", [f"label=1;x={LONG * 2}", f"label={LONG * 2}", f"x={'y' * 8_170};label=123"])
def test_of_tags_too_long_none_is_read(alice: Client, tags: str) -> None:
    """Half of a label is none."""
    assert alice.asks(f"@{tags}{'4' * 20} PING x", "@label=3 PING x") == [
        TOO_LONG,
        "@label=3 :irc.lan PONG irc.lan :x",
    ]


def test_the_last_line_too_long_has_its_label(alice: Client) -> None:
    for _ in range(9):
        alice.sends(LONG)
    assert alice.asks(f"@label=1 {LONG}") == [
        "@label=1 ERROR :Closing link: 10 lines too long in a minute; closed."
    ]


def test_what_is_not_utf_8_is_answered_with_its_label(alice: Client) -> None:
    """Unless it is the label that is not."""
    alice.asks("CAP REQ standard-replies")
    fail = ":irc.lan FAIL PRIVMSG INVALID_UTF8 :That line is not UTF-8."
    lines = (
        b"@label=1 PRIVMSG #lobby :\xff",
        b"@x=\xff;label=2 PRIVMSG x",
        b"@label=\xff PRIVMSG x",
        b"\xff",
    )
    alice.person.sends(b"".join(line + b"\r\n" for line in lines))
    assert alice.sees() == [f"@label=1 {fail}", f"@label=2 {fail}", fail, fail.replace("PRIVMSG", "*")]


def test_a_label_of_no_text_is_none(alice: Client) -> None:
    """It would come back as another one."""
    assert alice.asks("@label=a\0b PING 1") == [":irc.lan PONG irc.lan :1"]


@pytest.mark.parametrize("leaves", ["PART #lobby", "@label=2 JOIN 0", "PRIVMSG lanchat :/part #lobby"])
@pytest.mark.parametrize("when", ["before it is kept", "before it is read"])
def test_who_leaves_before_an_echo_has_come(tmp_path: Path, leaves: str, when: str) -> None:
    """Is told that it was said."""
    world = DiskWorld(tmp_path / "history.sqlite")
    bob = world.join("bob")
    alice = Client.joins(world, "alice", "#lobby", caps=f"{CAPS} echo-message")
    if when == "before it is kept":
        alice.sends("@label=1 PRIVMSG #lobby :one", leaves)
        world.settle()
    else:
        alice.person.stops_reading()
        bob.types("zero")
        alice.sends("@label=1 PRIVMSG #lobby :one")
        world.settle()
        alice.sends(leaves)
        alice.person.reads_on()
    lines = alice.sees()
    assert [line for line in lines if line.startswith("@label=1")] == ["@label=1 :irc.lan ACK"]
    assert not any(":one" in line for line in lines)
    assert "<alice> one" in bob.sees()
    assert alice.asks("JOIN #dev", "@label=3 PRIVMSG #dev :two")[-1] == (
        "@label=3 :alice!u@lan PRIVMSG #dev :two"
    )


def test_what_was_refused_later_has_no_echo(tmp_path: Path, logged_errors: list[str]) -> None:
    """The next line has its place in the log, and not its label."""
    world = DiskWorld(tmp_path / "history.sqlite")
    alice = Client.joins(world, "alice", "#lobby", caps=f"{CAPS} echo-message")
    for word in ("NOTICE", "PRIVMSG"):
        world.limits.min_free_bytes = 1_000_000_000_000
        (answer,) = alice.asks(f"@label=1 {word} #lobby :hi")
        assert answer.startswith("@label=1 :irc.lan " + ("400 alice", "ACK")[word == "NOTICE"])
        world.limits.min_free_bytes = 1
        world.passes(10)
        assert alice.asks("@label=2 PRIVMSG #lobby :hi", "PRIVMSG #lobby :ho") == [
            "@label=2 :alice!u@lan PRIVMSG #lobby :hi",
            ":alice!u@lan PRIVMSG #lobby :ho",
        ], word
    assert alice.asks("PART #lobby") == [":alice!u@lan PART #lobby"]
    logged_errors.clear()
