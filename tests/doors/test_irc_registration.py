"""An IRC client comes: capabilities, its nick, and what it is told then; and it goes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import lanchatd
from lanchatd.doors.irc.capabilities import OFFERED
from lanchatd.doors.irc.connection import REGISTERS_WITHIN
from tests.escapes import harm_in
from tests.irc import IRSSI, Client
from tests.world import World

LS = (
    "account-notify account-tag away-notify batch cap-notify draft/chathistory draft/read-marker "
    "echo-message extended-join labeled-response message-tags multi-prefix server-time setname "
    "standard-replies userhost-in-names"
)


@pytest.fixture
def world() -> World:
    return World(motd=("tea at four",))


def numbers(lines: list[str]) -> list[str]:
    return [line.split(" ")[1] for line in lines]


def test_irssi_comes_in_as_it_does(world: World) -> None:
    """It joins before it is registered, which is no harm, and gives its nick last."""
    client = Client(world)
    assert client.asks("CAP LS 302", "JOIN :") == [
        f":irc.lan CAP * LS :{LS}",
        ":irc.lan 451 * :You have not registered",
    ]
    assert client.asks(f"CAP REQ :{IRSSI}") == [f":irc.lan CAP * NAK :{IRSSI}"]
    wanted = "multi-prefix extended-join setname away-notify server-time"
    assert client.asks(f"CAP REQ :{wanted}") == [f":irc.lan CAP * ACK :{wanted}"]
    assert client.asks("CAP END") == []
    seen = client.asks("NICK alice", "USER alice alice 127.0.0.1 :Alice")
    assert seen[0] == ":irc.lan 001 alice :Welcome to test, alice!u@lan"
    assert numbers(seen) == ["001", "002", "003", "004", "005", "005", "375", "372", "376"]
    assert seen[7] == ":irc.lan 372 alice :- tea at four"
    assert client.asks("PING irc.lan") == [":irc.lan PONG irc.lan :irc.lan"]


@pytest.mark.parametrize(
    ("version", "values"),
    [("302", True), ("0302", True), ("307", True), ("1000", True), ("301", False), ("99", False), ("", False),
     ("3x", False), ("-302", False), ("³⁰³", False), ("9" * 4_000, False)],
)  # fmt: skip
def test_the_values_of_capabilities_are_for_who_knows_of_them(
    world: World, version: str, values: bool
) -> None:
    """A version is a number, and no text: 1000 is later than 302."""
    (listed,) = Client(world, "127.0.0.1").asks(f"CAP LS {version}")
    assert ("sasl=PLAIN" in listed.split()) is values
    assert ("sasl" in listed.split()) is not values


def test_the_nick_and_the_user_come_in_any_order(world: World) -> None:
    client = Client(world)
    assert client.asks("USER u 0 * :U") == []
    assert numbers(client.asks("NICK alice"))[0] == "001"


@pytest.mark.parametrize("first", ["CAP LS", "nick alice", "USER a 0 * :a", "PASS x", "PING x", "QUIT :x"])
def test_any_of_its_first_words_is_irc(world: World, first: str) -> None:
    """In small letters too, and nothing of the text door is told."""
    client = Client(world)
    client.sends(first)
    assert not any(line.startswith(("--", "!!")) for line in client.sees())


def test_somebody_who_was_greeted_may_speak_irc(world: World) -> None:
    client = Client(world)
    world.ask()
    client.sees()
    assert numbers(client.asks("NICK alice", "USER a 0 * :a"))[0] == "001"


def test_what_it_is_told_of_the_server(world: World) -> None:
    """So that clients keep to it."""
    client = Client(world)
    seen = client.asks("NICK alice", "USER a 0 * :a")
    tokens = {word for line in seen if " 005 " in line for word in line.partition(" :are")[0].split()[3:]}
    assert {
        "NETWORK=test", "CASEMAPPING=ascii", "UTF8ONLY", "CHANTYPES=#", "PREFIX=(o)@", "NICKLEN=32",
        "CHANLIMIT=#:50", "CHATHISTORY=100", "MSGREFTYPES=msgid,timestamp", "WHOX",
    } <= tokens  # fmt: skip


TESTS = "".join(path.read_text("utf-8") for path in sorted(Path(__file__).parent.glob("test_irc*.py")))


def test_every_number_is_tested_on_the_wire() -> None:
    package = Path(lanchatd.__file__).parent
    sources = (*sorted((package / "doors" / "irc").glob("*.py")), package / "formats" / "irc.py")
    source = "".join(path.read_text("utf-8") for path in sources)
    found = re.findall(r"numeric\((\d+)|\{HOST\} (\d{3}) |number = (\d+)|number=(\d+)|\": (\d{3}),", source)
    numbers = {f"{int(''.join(groups)):03}" for groups in found}
    assert len(numbers) > 50
    assert {number for number in numbers if not re.search(rf"\b{number}\b", TESTS)} == set()


@pytest.mark.parametrize("capability", sorted(set(OFFERED) - {"cap-notify", "multi-prefix"}))
def test_every_capability_is_tested(capability: str) -> None:
    """But those that change nothing here: none comes or goes later, and nobody has two prefixes."""
    assert TESTS.count(capability) > 1


def test_all_names_of_capabilities_fit_into_what_clients_have_room_for() -> None:
    """HexChat asks for all that it knows in 500 bytes, and cuts the rest off."""
    assert len(" ".join(OFFERED)) < 480


@pytest.mark.parametrize(
    ("nick", "answer"),
    [
        ("bob", "433 * bob :That nick is taken."),
        ("BOB", "433 * BOB :That nick is taken."),
        ("b0b", "433 * b0b :That nick looks like bob."),
        ("lanchat", "433 * lanchat :That nick is taken."),
        ("NickServ", "433 * NickServ :That nick is taken."),
        ("ChanServ", "433 * ChanServ :That nick is taken."),
        ("N1ckServ", "433 * N1ckServ :That nick looks like nickserv."),
        ("a!b", "432 * a!b :A nick has 1 to 32 letters, digits, '_', '-' and '.', and begins with a letter, "
         "a digit or '_'."),
        (":", "431 * :No nickname given"),
    ],
)  # fmt: skip
def test_a_nick_that_it_can_not_have(world: World, nick: str, answer: str) -> None:
    """It is told so at once, and comes in with another one."""
    world.join("bob")
    client = Client(world)
    assert client.asks("USER u 0 * :U", f"NICK {nick}") == [f":irc.lan {answer}"]
    assert numbers(client.asks("NICK alice"))[0] == "001"


def test_a_nick_that_was_taken_meanwhile(world: World) -> None:
    client = Client(world)
    client.sends("NICK alice")
    world.join("alice")
    assert client.asks("USER u 0 * :U") == [":irc.lan 433 * alice :That nick is taken."]
    assert numbers(client.asks("NICK al"))[0] == "001"


def test_a_banned_nick_is_told_so(world: World) -> None:
    operator = world.join("bob")
    world.make_operator(operator)
    operator.types("/ban eve")
    client = Client(world)
    assert client.asks("USER u 0 * :U", "NICK eve") == [
        ":irc.lan 465 * :That nick is banned.",
        "ERROR :Closing link: That nick is banned.",
    ]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("CAP FOO", "410 alice FOO :Invalid CAP command"),
        ("CAP", "461 alice CAP :Not enough parameters"),
        ("USER a 0 * :a", "462 alice :You may not reregister"),
        ("USER a", "461 alice USER :Not enough parameters"),
        ("NICK", "431 alice :No nickname given"),
        ("PING", "409 alice :No origin specified"),
        ("FOO x", "421 alice FOO :Unknown command; /quote HELP lists what there is"),
        ("CAP LIST", "CAP alice LIST :"),
        ("CAP REQ :chghost", "CAP alice NAK :chghost"),
    ],
)
def test_what_is_wrong_is_answered(world: World, line: str, answer: str) -> None:
    """With one number."""
    assert Client.joins(world, "alice").asks(line) == [f":irc.lan {answer}"]


@pytest.mark.parametrize("line", ["TAGMSG #lobby", "CAP END", "", ":x", "NICK alice"])
def test_what_means_nothing_is_not_answered(world: World, line: str) -> None:
    assert Client.joins(world, "alice").asks(line) == []


def test_capabilities_can_be_given_up(world: World) -> None:
    """And take effect in the middle of talk."""
    bob = world.join("bob")
    alice = Client.joins(world, "alice", "#lobby", caps="server-time")
    bob.types("one")
    assert alice.sees() == ["@time=2026-11-22T14:03:11.123Z :bob!u@lan PRIVMSG #lobby :one"]
    assert alice.asks("CAP REQ :-server-time message-tags", "CAP LIST") == [
        ":irc.lan CAP alice ACK :-server-time message-tags",
        ":irc.lan CAP alice LIST :message-tags",
    ]
    bob.types("two")
    assert alice.sees() == ["@msgid=2-1795356191123000 :bob!u@lan PRIVMSG #lobby :two"]


def test_it_goes_with_a_text(world: World) -> None:
    bob = world.join("bob")
    alice = Client.joins(world, "alice", "#lobby")
    bob.sees()
    assert alice.asks("QUIT :see \x02you") == ["ERROR :Closing link: Goodbye."]
    assert bob.sees() == ['-- alice left ("see you")']
    world.passes(1)
    assert alice.person.gone


def test_it_goes_before_it_has_a_nick_and_from_no_room(world: World) -> None:
    client = Client(world)
    assert client.asks("PASS x", "QUIT") == ["ERROR :Closing link: Goodbye."]
    assert Client.joins(world, "alice").asks("QUIT") == ["ERROR :Closing link: Goodbye."]
    assert list(world.chat.users) == []


def test_it_is_told_why_it_is_closed(world: World) -> None:
    """By an ERROR, whatever the reason."""
    operator = world.join("bob")
    world.make_operator(operator)
    alice = Client.joins(world, "alice", "#lobby")
    operator.types("/kick alice spam")
    assert alice.sees() == ['ERROR :Closing link: You were kicked by bob: "spam".']
    slow = Client(world)
    slow.sends("USER u 0 * :U")
    world.passes(60)
    assert slow.sees() == ["ERROR :Closing link: You gave no nick within 60 s."]


def test_a_muted_one_says_nothing_on_the_way_out(world: World) -> None:
    operator = world.join("bob")
    world.make_operator(operator)
    alice = Client.joins(world, "alice", "#lobby")
    operator.types("/mute alice")
    operator.sees()
    assert alice.asks("PRIVMSG #lobby :hi")[-1] == ":irc.lan 404 alice #lobby :You are muted."
    alice.sends("QUIT :buy this")
    assert operator.sees() == ["-- alice left"]


def test_every_end_is_told_with_its_reason(world: World) -> None:
    """As that lines are too long, or a ban."""
    alice, carol = Client.joins(world, "alice"), Client.joins(world, "carol")
    for _ in range(11):
        alice.sends("x" * 5_000)
    assert alice.sees()[-1] == "ERROR :Closing link: 10 lines too long in a minute; closed."
    operator = world.join("bob")
    world.make_operator(operator)
    operator.types("/ban carol spam")
    assert carol.sees() == ['ERROR :Closing link: You were banned by bob: "spam".']


def test_a_line_too_long_is_thrown_away_and_nothing_else(world: World) -> None:
    alice = Client.joins(world, "alice")
    assert alice.asks("PRIVMSG alice :" + "x" * 4_096, "PING 1") == [
        ":irc.lan 417 alice :A line has at most 4,096 bytes; that one was thrown away.",
        ":irc.lan PONG irc.lan :1",
    ]
    assert alice.asks(f"@a={'x' * 8_000} PING 2") == [":irc.lan PONG irc.lan :2"]


def test_what_is_not_utf_8_is_refused(world: World) -> None:
    alice = Client.joins(world, "alice", caps="standard-replies")
    alice.person.sends(b"PRIVMSG #lobby :\xff\r\n", b"\xff\r\n")
    assert alice.sees() == [
        ":irc.lan FAIL PRIVMSG INVALID_UTF8 :That line is not UTF-8.",
        ":irc.lan FAIL * INVALID_UTF8 :That line is not UTF-8.",
    ]
    bob = Client.joins(world, "bob")
    bob.person.sends(b"PRIVMSG #lobby :\xff\r\n")
    assert bob.sees() == [":irc.lan NOTICE bob :That line is not UTF-8."]


def test_over_the_rate_nothing_is_dropped() -> None:
    """It is read from later: a client that joins ten rooms sends thirty lines at once."""
    world = World(lines_per_s=5, burst_lines=20)
    alice = Client.joins(world, "alice")
    world.passes(10)
    lines = [f"PING {number}" for number in range(30)]
    seen = alice.asks(*lines)
    assert len(seen) == 21
    world.passes(3)
    assert seen + alice.sees() == [f":irc.lan PONG irc.lan :{number}" for number in range(30)]


def test_it_has_to_encrypt_where_everybody_has(world: World) -> None:
    world.connections.require_tls = True
    client = Client(world)
    assert client.asks("NICK alice") == [
        "ERROR :Closing link: Only encrypted connections come in here. Join with: lanchat-client HOST 8000"
    ]


def test_who_registers_gives_way_to_nobody_while_it_waits_for_its_turn() -> None:
    """It needs two lines at least, and a thousand come at the same moment; some were taken for silent."""
    world = World(lines_per_s=1, burst_lines=1)
    client = Client(world).sends("NICK alice", "CAP LS 302", *["PING x"] * 20)
    chat = client.person.wire.protocol.inner
    while chat.lines < REGISTERS_WITHIN:
        assert chat.awaits_turn
        world.passes(1)
    assert not chat.awaits_turn  # nobody registers for ever


def test_a_command_is_named_harmlessly_in_the_answer(world: World) -> None:
    alice = Client.joins(world, "alice", caps="standard-replies")
    (number, reply) = alice.asks("\x1b[1;1Hx\x85y z")
    assert not harm_in(number) and not harm_in(reply), (number, reply)


def test_a_nick_that_belongs_to_somebody_is_in_use(world: World) -> None:
    """For who has no proof. A client takes another one then and shows no reason, so a notice tells it."""
    alice = world.join("alice")
    world.make_owner(alice)
    alice.hangs_up()
    client = Client(world)
    text = "alice belongs to somebody. If that is you, prove it by SASL or a server password."
    assert client.asks("NICK alice", "USER u 0 * :r") == [
        f":irc.lan NOTICE * :{text}",
        f":irc.lan 433 * alice :{text}",
    ]
    client.asks("NICK alice_")
    assert "alice_" in world.chat.users
    assert client.asks("NICK alice") == [
        f":irc.lan NOTICE alice_ :{text}",
        f":irc.lan 433 alice_ alice :{text}",
    ]
    client.sends("CAP REQ standard-replies")
    assert client.asks("NICK alice") == [
        f":irc.lan 433 alice_ alice :{text}",
        f":irc.lan FAIL NICK NICK_OWNED alice :{text}",
    ]
    assert client.asks("NICK alice_") == []
