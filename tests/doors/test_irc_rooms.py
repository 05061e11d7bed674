"""Rooms of IRC clients: coming, going, who is there, and what it is about."""

from __future__ import annotations

import pytest

from lanchatd.chat import closing_rooms, moderating
from lanchatd.chat.answers import begin
from lanchatd.chat.cursors import PRESENCES_KEPT
from lanchatd.doors.irc.masks import LONGEST, MOST
from tests.irc import BAD_ROOM, Client
from tests.world import Person, World


@pytest.fixture
def bob(world: World) -> Person:
    return world.join("bob")


@pytest.fixture
def alice(world: World, bob: Person) -> Client:
    client = Client.joins(world, "alice", "#lobby")
    bob.sees()
    return client


def test_it_goes_into_rooms(world: World, bob: Person) -> None:
    """It is told that it did, the topic, and who is there; everybody there, that it came."""
    bob.types("/topic tea")
    alice = Client.joins(world, "alice")
    bob.sees()
    assert alice.asks("JOIN #lobby,#dev") == [
        ":alice!u@lan JOIN #lobby",
        ":irc.lan 332 alice #lobby :tea",
        ":irc.lan 333 alice #lobby bob 1795356191",
        ":alice!u@lan JOIN #dev",
        ":irc.lan 353 alice = #lobby :bob alice",
        ":irc.lan 366 alice #lobby :End of /NAMES list",
        ":irc.lan 353 alice = #dev :alice",
        ":irc.lan 366 alice #dev :End of /NAMES list",
    ]
    assert bob.sees() == ["-- alice joined"]
    assert alice.asks("JOIN #LOBBY") == []


def test_who_comes_and_goes_is_told(world: World, alice: Client, bob: Person) -> None:
    bob.types("/join #dev")
    carol = world.join("carol")
    carol.types("/quit bye")
    dave = Client.joins(world, "dave", "#lobby")
    dave.sends("PART #lobby :later")
    dave.sends("JOIN #lobby")
    dave.person.vanishes()
    assert alice.sees() == [
        ":bob!u@lan PART #lobby :went to #dev",
        ":carol!u@lan JOIN #lobby",
        ":carol!u@lan QUIT :bye",
        ":dave!u@lan JOIN #lobby",
        ":dave!u@lan PART #lobby :later",
        ":dave!u@lan JOIN #lobby",
        ":dave!u@lan QUIT :connection lost",
    ]


def test_those_who_come_at_once_are_told_of_each_other(world: World, alice: Client) -> None:
    """And none that it came itself, but once."""
    carol, dave = Client.joins(world, "carol"), Client.joins(world, "dave")
    for client in (carol, dave):
        client.person.wire.incoming.append(b"JOIN #lobby\r\n")
    world.settle()
    assert alice.sees() == [":carol!u@lan JOIN #lobby", ":dave!u@lan JOIN #lobby"]
    assert carol.sees().count(":carol!u@lan JOIN #lobby") == 1
    assert " 353 carol = #lobby :bob alice carol dave" in f"{carol.asks('NAMES #lobby')}"


def test_in_a_large_room_it_is_not_told_again_that_it_came(world: World) -> None:
    """Joins of a large room are told later, to itself of the others alone."""
    for number in range(50):
        world.join(f"n{number}")
    world.passes(1)
    alice = Client.joins(world, "alice", "#lobby")
    world.join("zed")
    world.passes(1)
    assert alice.sees() == [":zed!u@lan JOIN #lobby"]


def test_extended_joins_and_hosts_for_who_asks(world: World, bob: Person) -> None:
    alice = Client.joins(world, "alice", caps="extended-join userhost-in-names multi-prefix")
    world.make_operator(bob)
    assert alice.asks("JOIN #lobby") == [
        ":alice!u@lan JOIN #lobby * :alice",
        ":irc.lan 353 alice = #lobby :@bob!u@lan alice!u@lan",
        ":irc.lan 366 alice #lobby :End of /NAMES list",
    ]
    world.join("carol")
    assert alice.sees() == [":carol!u@lan JOIN #lobby * :carol"]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("JOIN", "461 alice JOIN :Not enough parameters"),
        ("JOIN #!!", f"403 alice #!! :{BAD_ROOM}"),
        ("INVITE bob #dev", "442 alice #dev :You are not in #dev."),
        ("KICK #dev bob", "442 alice #dev :You are not in #dev."),
        ("PART #dev", "442 alice #dev :You are not in #dev."),
        ("PART", "461 alice PART :Not enough parameters"),
        ("TOPIC #nowhere", "403 alice #nowhere :There is no #nowhere. /rooms lists what there is."),
        ("TOPIC #lobby", "331 alice #lobby :No topic is set"),
        ("TOPIC #nowhere :x", "442 alice #nowhere :You are not in #nowhere."),
        ("KICK #lobby", "461 alice KICK :Not enough parameters"),
        ("KICK #lobby bob", "482 alice #lobby :Only operators may kick."),
        ("INVITE nobody #lobby", "401 alice nobody :There is no nobody here."),
        ("INVITE bob #lobby", "443 alice bob #lobby :is in that room already"),
        ("MODE", "461 alice MODE :Not enough parameters"),
        ("MODE #lobby", "324 alice #lobby +n"),
        ("MODE #lobby b", "368 alice #lobby :End of list of bans, which are the server's"),
        ("MODE #lobby +o bob", "482 alice #lobby :Operators are made by administrators of the server; "
         "they ban by /msg lanchat /ban NICK"),
        ("MODE #lobby +z", "472 alice z :is unknown mode char to me"),
        ("MODE #nowhere", "403 alice #nowhere :There is no #nowhere. /rooms lists what there is."),
        ("MODE alice +i", "221 alice +"),
        ("MODE alice", "221 alice +"),
        ("MODE alice +iwsx", "501 alice :Unknown mode"),
        ("MODE bob", "502 alice :Cannot see or change modes for other users"),
        ("MODE nobody", "401 alice nobody :There is no nobody here."),
        ("NAMES", "366 alice * :End of /NAMES list"),
        ("NAMES #nowhere", "366 alice #nowhere :End of /NAMES list"),
    ],
)  # fmt: skip
def test_one_answer(alice: Client, line: str, answer: str) -> None:
    assert alice.asks(line) == [f":irc.lan {answer}"]


def test_too_many_rooms() -> None:
    world = World(max_rooms_per_session=2)
    alice = Client.joins(world, "alice", "#a", "#b")
    assert alice.asks("JOIN #c") == [":irc.lan 405 alice #c :You are in 2 rooms, which is the limit."]


def test_it_leaves_rooms(world: World, alice: Client, bob: Person) -> None:
    """The last one too, or all of them at once."""
    alice.asks("JOIN #dev")
    assert alice.asks("PART #lobby :\x02bye") == [":alice!u@lan PART #lobby"]
    assert bob.sees() == ['-- alice left ("bye")']
    assert alice.asks("PART #dev", "PRIVMSG #dev :x") == [
        ":alice!u@lan PART #dev",
        ":irc.lan 404 alice #dev :You are not in #dev.",
    ]
    alice.asks("JOIN #a,#b")
    assert alice.asks("JOIN 0") == [":alice!u@lan PART #a", ":alice!u@lan PART #b"]
    assert alice.asks("JOIN #lobby")[0] == ":alice!u@lan JOIN #lobby"


def test_the_topic_is_set(alice: Client, bob: Person) -> None:
    """Who set it is told it as well: its client shows what it is told."""
    assert alice.asks("TOPIC #lobby :tea") == [":alice!u@lan TOPIC #lobby :tea"]
    assert bob.sees() == ["-- alice set the topic: tea"]
    assert alice.asks("TOPIC #lobby") == [
        ":irc.lan 332 alice #lobby :tea",
        ":irc.lan 333 alice #lobby alice 1795356191",
    ]
    assert alice.asks("TOPIC #lobby :") == [":alice!u@lan TOPIC #lobby :"]
    assert bob.sees() == ["-- alice cleared the topic"]
    assert alice.asks("TOPIC #lobby") == [":irc.lan 331 alice #lobby :No topic is set"]
    assert alice.asks("TOPIC #lobby :\u200b") == [":irc.lan 412 alice :That text shows nothing."]


def test_an_operator_kicks_from_the_server(world: World, alice: Client, bob: Person) -> None:
    world.make_operator(alice.person)
    assert alice.asks("MODE alice") == [":irc.lan 221 alice +o"]
    assert alice.asks("KICK #lobby bob :\x02spam") == [":bob!u@lan QUIT :kicked by alice: spam"]
    assert bob.sees() == ['!! You were kicked by alice: "spam".']


def test_who_becomes_an_operator_is_told(world: World, alice: Client, bob: Person) -> None:
    """In each room, to itself as well: clients show it at the nick. Others see it in lists of who is here."""
    carol = Client.joins(world, "carol", "#lobby", "#dev")
    alice.sees(), bob.sees()
    world.make_operator(carol.person)
    assert sorted(carol.sees()) == [":irc.lan MODE #dev +o carol", ":irc.lan MODE #lobby +o carol"]
    assert (alice.sees(), bob.sees()) == ([":irc.lan MODE #lobby +o carol"], [])
    moderating.unmake_operator(world.chat, carol.person.user.name)
    world.settle()
    assert alice.sees() == [":irc.lan MODE #lobby -o carol"]


def test_an_operator_is_shown_the_bans(world: World, alice: Client) -> None:
    world.make_operator(alice.person)
    alice.asks("PRIVMSG lanchat :/ban eve", "PRIVMSG lanchat :/ban 203.0.113.0/24")
    assert alice.asks("MODE #lobby +b") == [
        ":irc.lan 367 alice #lobby eve!*@*",
        ":irc.lan 367 alice #lobby *!*@203.0.113.0/24",
        ":irc.lan 368 alice #lobby :End of list of bans, which are the server's",
    ]


def test_somebody_is_asked_to_come(alice: Client, bob: Person) -> None:
    alice.asks("JOIN #dev")
    assert alice.asks("INVITE bob #dev") == [":irc.lan 341 alice bob #dev"]
    assert bob.sees() == ["-- alice invites you to #dev. /join #dev goes there."]
    carol = Client.joins(alice.person.world, "carol")
    alice.sends("INVITE carol #dev")
    assert carol.sees() == [":alice!u@lan INVITE carol #dev"]
    bob.types("/ignore alice")
    bob.sees()
    assert alice.asks("INVITE bob #dev") == [":irc.lan 341 alice bob #dev"]
    assert bob.sees() == []


def test_the_rooms_are_listed(alice: Client, bob: Person) -> None:
    bob.types("/topic tea")
    alice.asks("JOIN #dev")
    lobby, dev = ":irc.lan 322 alice #lobby 2 :tea", ":irc.lan 322 alice #dev 1 :"
    begin, end = ":irc.lan 321 alice Channel :Users  Name", ":irc.lan 323 alice :End of /LIST"
    assert alice.asks("LIST") == [begin, lobby, dev, end]
    assert alice.asks("LIST #dev,#!!") == [begin, dev, end]


@pytest.mark.parametrize(
    ("masks", "listed"),
    [
        ("*", ["#lobby", "#dev", "#büro", "#deva"]),
        ("*OB*", ["#lobby"]),
        ("#dev?", ["#deva"]),
        ("dev*", ["#dev", "#deva"]),
        ("?dev", ["#dev"]),
        ("*BÜ*", ["#büro"]),
        ("*bu\u0308*", ["#büro"]),
        ("*b?r*,#DEV,#!!", ["#dev", "#büro"]),
        ("#[d]ev*", []),
        ("x*", []),
        ("*" * (LONGEST + 1), []),
        ("1*,2*,3*,4*,*", []),
    ],
)
def test_the_rooms_that_fit_a_mask_are_listed(alice: Client, masks: str, listed: list[str]) -> None:
    """As keys of rooms are compared, and four masks at the most."""
    assert MOST == 4
    alice.asks("JOIN #dev,#büro,#deva")
    begin, *rooms, end = alice.asks(f"LIST {masks}")
    assert (begin.split()[1], end.split()[1]) == ("321", "323")
    assert [room.split()[3] for room in rooms] == listed


@pytest.mark.parametrize(
    ("asked", "forwarded"),
    [
        ("#BÜRO", "#BÜRO"),
        ("BÜRO", "#BÜRO"),
        ("#bu\u0308ro", "#bu\u0308ro"),
        ("#bÜro", "#bÜro"),
        ("#büro", None),
        ("#BüRO", None),
    ],
)
def test_who_asks_for_a_room_in_another_spelling_is_told_its_own(
    world: World, asked: str, forwarded: str | None
) -> None:
    """Clients fold ASCII only, and wait for the one that they have asked for; the first time and again."""
    world.join("bob", room="#büro")
    alice = Client.joins(world, "alice")
    told = [f":irc.lan 470 alice {forwarded} #büro :is how that room is written"] * (forwarded is not None)
    first = alice.asks(f"JOIN {asked}")
    assert first[0] == ":alice!u@lan JOIN #büro"
    assert [line for line in first if " 470 " in line] == told
    assert alice.asks(f"JOIN {asked}") == told


def test_a_long_list_of_members_is_in_lines_that_every_client_reads(world: World) -> None:
    for number in range(100):
        world.join(f"somebody-with-a-name-{number:03}")
    alice = Client.joins(world, "alice")
    lines = alice.asks("JOIN #lobby")
    names = [line for line in lines if " 353 " in line]
    assert max(len(line) for line in lines) <= 510
    assert len(" ".join(line.partition(" :")[2] for line in names).split()) == 101


def test_a_rename_is_told_once_whatever_rooms_are_shared(world: World, alice: Client) -> None:
    """To the one who is renamed as well, also in no room; and to others once a room."""
    dave, ci = (
        Client.joins(world, "dave", "#lobby", "#dev"),
        world.join_json("ci", rooms=[{"room": "#lobby"}]),
    )
    alice.asks("JOIN #dev")
    carol = Client.joins(world, "carol", "#dev")
    for client in (alice, dave, carol):
        client.sees()
    ci.gets()
    assert dave.asks("NICK Zoë") == [":dave!u@lan NICK Zoë"]
    assert alice.sees() == [":dave!u@lan NICK Zoë"]
    assert carol.sees() == [":dave!u@lan NICK Zoë"]
    assert [item["type"] for item in ci.gets()] == ["renamed"]
    alone = Client.joins(world, "alone")
    assert alone.asks("NICK lonely", "NICK lonely") == [":alone!u@lan NICK lonely"]
    assert alone.asks("NICK bob") == [":irc.lan 433 lonely bob :That nick is taken."]


def test_one_that_did_not_read_is_told_who_came_and_went(world: World, alice: Client, bob: Person) -> None:
    """IRC has no list that says who is here no more. It is told behind what was said."""
    carol = Client.joins(world, "carol", "#lobby")
    alice.sees()
    alice.person.stops_reading()
    bob.types("one", "/quit bye")
    world.join("dave").types("two")
    carol.sends("NICK Zoë")
    alice.person.reads_on()
    assert alice.sees() == [
        ":bob!u@lan PRIVMSG #lobby :one",
        ":dave!u@lan PRIVMSG #lobby :two",
        ":bob!u@lan QUIT :bye",
        ":dave!u@lan JOIN #lobby",
        ":carol!u@lan NICK Zoë",
    ]


def test_who_renames_itself_while_it_comes_into_a_room_is_told_once(world: World, alice: Client) -> None:
    """It lags until it knows who is there, and is told what it missed then."""
    alice.sends("JOIN #dev", "NICK eve")
    assert [line for line in alice.sees() if " NICK " in line] == [":alice!u@lan NICK eve"]


def test_one_that_missed_more_than_is_known_is_told_who_is_here(world: World, alice: Client) -> None:
    alice.person.stops_reading()
    for number in range(PRESENCES_KEPT + 1):
        world.join(f"n{number}").types("/quit")
    alice.person.reads_on()
    assert alice.sees()[-2:] == [
        ":irc.lan 353 alice = #lobby :bob alice",
        ":irc.lan 366 alice #lobby :End of /NAMES list",
    ]


def test_a_room_that_is_closed_is_left(world: World, bob: Person) -> None:
    """Its clients stay connected, be it their only room."""
    alice = Client.joins(world, "alice", "#dev")
    begin(closing_rooms.close(world.chat, world.chat.rooms["#dev"], "admin", "done"))
    world.settle()
    assert alice.sees() == [
        ':lanchat!u@lan NOTICE alice :#dev was closed by admin: "done".',
        ":alice!u@lan PART #dev",
    ]
    alice.asks("JOIN #lobby")
    assert alice.asks("PRIVMSG lanchat :/rooms")[1:2] == [":irc.lan 322 alice #lobby 2 :"]
