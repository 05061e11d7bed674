"""Who is here, as IRC clients ask, and what they ask about the server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.irc import Client
from tests.world import Person, World


@pytest.fixture
def bob(world: World) -> Person:
    return world.join("bob")


@pytest.fixture
def alice(world: World, bob: Person) -> Client:
    return Client.joins(world, "alice", "#lobby")


def answers(client: Client, line: str) -> list[str]:
    """What it is answered, without who answers."""
    return [each.removeprefix(":irc.lan ") for each in client.asks(line)]


def test_who_is_in_a_room(world: World, alice: Client, bob: Person) -> None:
    """Not where they come from; whether they are away, and operators."""
    world.make_operator(bob)
    bob.types("/away lunch")
    end = "315 alice #lobby :End of /WHO list"
    assert answers(alice, "WHO #lobby") == [
        "352 alice #lobby u lan irc.lan bob G@ :0 bob",
        "352 alice #lobby u lan irc.lan alice H :0 alice",
        end,
    ]
    assert answers(alice, "WHO bob") == [
        "352 alice * u lan irc.lan bob G@ :0 bob",
        "315 alice bob :End of /WHO list",
    ]
    assert answers(alice, "WHO #lobby %tcuihsnfdlaor,152")[0] == (
        "354 alice 152 #lobby u 255.255.255.255 lan irc.lan bob G@ 0 0 bob n/a :bob"
    )
    assert answers(alice, "WHO #lobby %na") == ["354 alice bob bob", "354 alice alice 0", end]


@pytest.mark.parametrize("mask", ["", "*", "nobody", "#nowhere", "#!!"])
def test_who_of_nobody(alice: Client, mask: str) -> None:
    assert answers(alice, f"WHO {mask}") == [f"315 alice {mask or '*'} :End of /WHO list"]


def test_what_is_known_of_somebody(world: World, alice: Client, bob: Person) -> None:
    world.make_operator(bob)
    bob.types("/away")
    world.passes(70)
    alice.sees()
    assert answers(alice, "WHOIS bob bob") == [
        "311 alice bob u lan * :bob",
        "319 alice bob :#lobby",
        "312 alice bob irc.lan :test",
        "301 alice bob :away",
        "313 alice bob :is an operator",
        "330 alice bob bob :is logged in as",
        "317 alice bob 70 1795356191 :seconds idle, signon time",
        "318 alice bob :End of /WHOIS list",
    ]
    assert answers(alice, "WHOIS nobody") == [
        "401 alice nobody :There is no nobody here.",
        "318 alice nobody :End of /WHOIS list",
    ]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("WHOIS", ["431 alice :No nickname given"]),
        ("WHOIS :", ["431 alice :No nickname given"]),
        ("WHOWAS", ["431 alice :No nickname given"]),
        ("WHOWAS eve 1", ["406 alice eve :There was no such nickname", "369 alice eve :End of WHOWAS"]),
        ("ISON bob nobody :alice a!b", ["303 alice :bob alice"]),
        ("ISON", ["461 alice ISON :Not enough parameters"]),
        ("USERHOST bob nobody", ["302 alice :bob=+u@lan"]),
        ("USERHOST", ["461 alice USERHOST :Not enough parameters"]),
        ("MOTD", ["422 alice :There is no message of the day"]),
        ("VERSION", ["351 alice lanchatd-0.1.0 irc.lan :one list of rooms, one log, several ways in"]),
        ("LUSERS", [
            "251 alice :There are 2 users and 0 invisible on 1 servers",
            "252 alice 0 :operator(s) online",
            "254 alice 1 :channels formed",
            "255 alice :I have 2 clients and 0 servers",
            "265 alice 2 10000 :Current local users 2",
            "266 alice 2 10000 :Current global users 2",
        ]),
    ],
)  # fmt: skip
def test_what_is_asked(alice: Client, line: str, told: list[str]) -> None:
    assert answers(alice, line) == told


def test_the_time_and_help(alice: Client) -> None:
    (time,) = answers(alice, "TIME")
    assert time.startswith("391 alice irc.lan :2026-11-2")
    assert [line.split()[0] for line in answers(alice, "HELP")] == ["704", "705", "705", "706"]


def test_away_and_back(alice: Client, bob: Person) -> None:
    assert answers(alice, "AWAY :\x02lunch") == ["306 alice :You have been marked as being away"]
    bob.sees()
    bob.types("/who", "/msg alice hi")
    assert bob.sees() == [
        '-- 2 in #lobby: alice (plain, away: "lunch") and bob (plain)',
        "[bob -> alice] hi",
        '-- alice is away: "lunch".',
    ]
    assert answers(alice, "USERHOST alice")[-1] == "302 alice :alice=-u@lan"
    assert answers(alice, "AWAY") == ["305 alice :You are no longer marked as being away"]
    assert answers(alice, "AWAY :") == ["305 alice :You are no longer marked as being away"]


def test_who_is_encrypted_is_said_to_be(alice: Client, bob: Person) -> None:
    bob.session.peer = replace(bob.session.peer, encrypted=True)
    assert "671 alice bob :is using a secure connection" in answers(alice, "WHOIS bob")


def test_a_real_name(world: World, alice: Client) -> None:
    """It is shown to who asks, and to who is told of joins with it; and so is another one."""
    carol = Client(world).sends("CAP REQ setname", "NICK carol", "USER c 0 * :\x02Carol C.", "CAP END")
    dave = Client.joins(world, "dave", "#lobby", "#dev", caps="setname extended-join")
    alice.sees(), carol.sends("JOIN #lobby", "JOIN #dev").sees()
    assert dave.sees() == [
        ":carol!u@lan JOIN #lobby * :Carol C.",
        ":carol!u@lan JOIN #dev * :Carol C.",
    ]
    assert carol.asks("SETNAME :Carol Chen") == [":carol!u@lan SETNAME :Carol Chen"]
    assert (dave.sees(), alice.sees()[1:]) == ([":carol!u@lan SETNAME :Carol Chen"], [])
    assert answers(alice, "WHOIS carol")[0] == "311 alice carol u lan * :Carol Chen"
    assert answers(alice, "WHO carol")[0] == "352 alice * u lan irc.lan carol H :0 Carol Chen"
    assert answers(alice, "WHO carol %r")[0] == "354 alice :Carol Chen"
    for name in ("", "\x02", "x" * 101):
        assert carol.asks(f"SETNAME :{name}") == [
            ":irc.lan NOTICE carol :A real name has 1 to 100 characters."
        ]


def test_a_muted_one_says_nothing_by_its_real_name(world: World, alice: Client, bob: Person) -> None:
    world.make_operator(bob)
    carol = Client.joins(world, "carol")
    bob.types("/mute carol")
    assert carol.asks("SETNAME :buy this")[-1].startswith(":irc.lan 404 carol ")
    carol.person.vanishes()
    Client(world).sends("NICK carol", "USER c 0 * :buy this")
    assert answers(alice, "WHOIS carol")[0] == "311 alice carol u lan * :carol"


def test_a_long_list_is_told_as_it_is_read(world: World) -> None:
    """Who asks for lists and reads nothing is not closed, and holds no more than a piece of them."""
    for number in range(600):
        world.join(f"a-long-name-of-somebody-{number}")
    alice = Client.joins(world, "alice", "#lobby")
    alice.person.stops_reading()
    alice.sends("WHO #lobby", "NAMES #lobby", "LIST", "PING 1")
    assert len(alice.person.wire.buffer) < 2 * world.limits.chunk_bytes
    alice.person.reads_on()
    seen = alice.sees()
    assert [sum(f" {number} " in line for line in seen) for number in (352, 315, 366, 323)] == [601, 1, 1, 1]
    assert seen[-1] == ":irc.lan PONG irc.lan :1"
