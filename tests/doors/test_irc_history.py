"""What was said before an IRC client came: on joining, on coming back, and by CHATHISTORY."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lanchatd.chat.answers import Answer
from lanchatd.chat.events import NO_REASON, Event
from lanchatd.doors.irc import returning
from lanchatd.text.refused import Refused
from tests.irc import Client
from tests.world import Person, World

TIME = "server-time"
PAST = "server-time message-tags batch draft/chathistory standard-replies"


@pytest.fixture
def bob(world: World) -> Person:
    return world.join("bob")


def said(lines: list[str]) -> list[str]:
    """The texts of what was said."""
    return [line.partition(" PRIVMSG #lobby :")[2] for line in lines if " PRIVMSG #lobby :" in line]


def says(person: Person, first: int, last: int) -> None:
    """Say numbers, a second each."""
    for number in range(first, last + 1):
        person.types(str(number))
        person.world.passes(1)


def test_the_last_lines_for_who_asks_for_their_times(world: World, bob: Person) -> None:
    says(bob, 1, 30)
    bob.types("/topic tea")
    alice = Client.joins(world, "alice", caps=TIME)
    seen = alice.asks("JOIN #lobby")
    assert said(seen) == [str(number) for number in range(12, 31)]
    assert seen[-1] == "@time=2026-11-22T14:03:41.123Z :irc.lan NOTICE #lobby :bob set the topic: tea"


@pytest.mark.parametrize("caps", ["", PAST])
def test_none_for_bots_and_for_who_asks_itself(world: World, bob: Person, caps: str) -> None:
    """A bot would do what old lines say."""
    says(bob, 1, 3)
    alice = Client.joins(world, "alice", caps=caps)
    assert said(alice.asks("JOIN #lobby")) == []
    says(bob, 4, 4)
    assert said(alice.sees()) == ["4"]


def test_one_that_reads_slowly_is_told_who_is_there_before_what_was_said(world: World, bob: Person) -> None:
    says(bob, 1, 2)
    alice = Client.joins(world, "alice", caps=TIME)
    alice.person.stops_reading(50)
    alice.sends("JOIN #lobby")
    alice.person.reads_on()
    join, names, end, *past = alice.sees()
    assert (join, names) == (":alice!u@lan JOIN #lobby", ":irc.lan 353 alice = #lobby :bob alice")
    assert (end, said(past)) == (":irc.lan 366 alice #lobby :End of /NAMES list", ["1", "2"])


def answers_pings(client: Client) -> None:
    """What a client does by itself."""
    for line in client.sees():
        if " PING " in line:
            client.sends(f"PONG {line.split()[-1]}")


def test_who_comes_back_is_told_what_it_missed(world: World, bob: Person) -> None:
    """Nothing that it had, if its client has said so, and in each room where it was."""
    says(bob, 1, 3)
    alice = Client.joins(world, "alice", caps=TIME)
    alice.sends("JOIN #lobby")
    world.passes(10)
    answers_pings(alice)
    alice.person.vanishes()
    says(bob, 4, 40)
    back = Client.joins(world, "alice", caps=TIME)
    assert said(back.asks("JOIN #lobby")) == [str(number) for number in range(4, 41)]


def test_what_is_not_known_to_have_come_is_told_again(world: World, bob: Person) -> None:
    """Rather twice than never."""
    alice = Client.joins(world, "alice", "#lobby", caps=TIME)
    world.passes(10)
    answers_pings(alice)
    says(bob, 1, 2)
    alice.person.vanishes()
    says(bob, 3, 3)
    back = Client.joins(world, "alice", caps=TIME)
    assert said(back.asks("JOIN #lobby")) == ["1", "2", "3"]


def test_who_says_goodbye_has_read_what_it_was_sent(world: World, bob: Person) -> None:
    alice = Client.joins(world, "alice", "#lobby", caps=TIME)
    says(bob, 1, 2)
    alice.sends("QUIT")
    says(bob, 3, 3)
    assert said(Client.joins(world, "alice", caps=TIME).asks("JOIN #lobby")) == ["3"]


@pytest.mark.parametrize(("reads", "told"), [(True, ["3"]), (False, ["1", "2", "3"])])
def test_who_closes_behind_our_end_has_read_what_it_was_sent(
    world: World, bob: Person, reads: bool, told: list[str]
) -> None:
    """As when the daemon is restarted; not who closed before that had come, or is lost then."""
    alice = Client.joins(world, "alice", caps=TIME)
    alice.sends("JOIN #lobby")
    world.passes(10)
    answers_pings(alice)
    if not reads:
        alice.person.stops_reading()
    says(bob, 1, 2)
    alice.person.session.connection.dismiss("shutdown", "The server is shutting down.", NO_REASON)
    world.settle()
    alice.person.hangs_up()
    says(bob, 3, 3)
    assert said(Client.joins(world, "alice", caps=TIME).asks("JOIN #lobby")) == told


def test_only_the_same_nick_and_user_name_go_on_and_for_a_day(world: World, bob: Person) -> None:
    says(bob, 1, 1)
    for other, user, wait_s, told in (
        ("alice", "u", 0, []),
        ("alice", "other", 0, ["1"]),
        ("carol", "u", 0, ["1"]),
        ("alice", "u", 24 * 3_600, ["1"]),
    ):
        Client.joins(world, "alice", "#lobby", caps=TIME).sends("QUIT")
        world.passes(wait_s + 1)
        back = Client.joins(world, other, caps=TIME, user=user)
        assert said(back.asks("JOIN #lobby")) == told, (other, user, wait_s)
        back.person.vanishes()
        world.passes(24 * 3_600)


def test_a_room_that_was_left_begins_anew(world: World, bob: Person) -> None:
    """Its window was closed."""
    says(bob, 1, 1)
    alice = Client.joins(world, "alice", "#lobby", caps=TIME)
    world.passes(10)
    answers_pings(alice)
    alice.sends("PART #lobby", "QUIT")
    assert said(Client.joins(world, "alice", caps=TIME).asks("JOIN #lobby")) == ["1"]


def test_it_is_not_asked_when_nothing_was_said(world: World, bob: Person) -> None:
    """And one question at a time; an answer to another question is none."""
    alice = Client.joins(world, "alice", "#lobby", caps=TIME)
    world.passes(10)
    answers_pings(alice)
    world.passes(100)
    assert alice.sees() == []
    says(bob, 1, 1)
    alice.sends("PONG :lanchatd-7")
    world.passes(30)
    assert [line for line in alice.sees() if " PING " in line] == [":irc.lan PING lanchatd-2"]


def test_who_goes_on_nowhere_is_not_asked(world: World, bob: Person) -> None:
    """A bot is shown nothing when it comes back, and who asks for `draft/chathistory` knows what it had."""
    bot = Client.joins(world, "bot", "#lobby")
    reader = Client.joins(world, "reader", "#lobby", caps=f"{TIME} draft/chathistory")
    says(bob, 1, 1)
    world.passes(100)
    assert not [line for line in bot.sees() + reader.sees() if " PING " in line]
    reader.asks("CAP REQ -draft/chathistory")
    world.passes(10)
    assert reader.sees() == [":irc.lan PING lanchatd-1"]


def test_lines_that_are_gone_are_counted(bob: Person) -> None:
    world = World(log_events=10)
    bob = world.join("bob")
    Client.joins(world, "alice", "#lobby", caps=TIME).sends("QUIT")
    says(bob, 1, 15)
    seen = Client.joins(world, "alice", caps=TIME).asks("JOIN #lobby")
    assert ":irc.lan NOTICE #lobby :You missed 5 lines, which the log of #lobby no longer holds." in seen
    assert said(seen) == [str(number) for number in range(6, 16)]


@pytest.fixture
def alice(world: World, bob: Person) -> Client:
    """One that has read 1 to 9, a second each from 14:03:11.123 on."""
    client = Client.joins(world, "alice", "#lobby", caps=PAST)
    says(bob, 1, 9)
    client.sees()
    return client


def msgid(number: int) -> str:
    return f"msgid={number}-{1795356191123000 + (number - 1) * 1_000_000}"


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("LATEST #lobby * 3", "789"),
        ("LATEST #lobby * 500", "123456789"),
        (f"LATEST #lobby {msgid(7)} 5", "89"),
        (f"LATEST #lobby {msgid(2)} 2", "89"),
        (f"BEFORE #lobby {msgid(4)} 2", "23"),
        (f"BEFORE #lobby {msgid(1)} 2", ""),
        (f"AFTER #lobby {msgid(4)} 2", "56"),
        (f"AFTER #lobby {msgid(9)} 2", ""),
        (f"AROUND #lobby {msgid(5)} 4", "3456"),
        (f"AROUND #lobby {msgid(1)} 3", "123"),
        (f"BETWEEN #lobby {msgid(2)} {msgid(6)} 10", "345"),
        (f"BETWEEN #lobby {msgid(2)} {msgid(6)} 2", "34"),
        (f"BETWEEN #lobby {msgid(6)} {msgid(2)} 2", "45"),
        ("BEFORE #lobby timestamp=2026-11-22T14:03:13.000Z 9", "12"),
        ("BEFORE #lobby timestamp=2026-11-22T14:03:13.123Z 9", "12"),
        ("AFTER #lobby timestamp=2026-11-22T14:03:13.123Z 2", "45"),
        ("AFTER #lobby timestamp=2026-11-22T14:03:13.500Z 2", "45"),
        ("before #lobby msgid=4711-1795356194000000 2", "23"),
        ("BEFORE #lobby msgid=2-1795356194000000 2", "23"),
        ("LATEST #lobby * 0", ""),
    ],
)
def test_the_past_by_ids_and_times(alice: Client, question: str, numbers: str) -> None:
    """An id of another log says when, at least."""
    begin, *lines, end = alice.asks(f"CHATHISTORY {question}")
    assert (begin, end) == (":irc.lan BATCH +b1 chathistory #lobby", ":irc.lan BATCH -b1")
    assert all(line.startswith("@batch=b1;time=2026-11-22T14:03:") for line in lines)
    assert said(lines) == list(numbers)


def test_targets_and_private_messages(world: World, alice: Client, bob: Person) -> None:
    alice.sends("JOIN #quiet")
    between = "timestamp=2026-11-22T14:03:00.000Z timestamp=2026-11-22T15:00:00.000Z"
    assert alice.asks(f"CHATHISTORY TARGETS {between} 10")[-3:] == [
        ":irc.lan BATCH +b1 draft/chathistory-targets",
        "@batch=b1 :irc.lan CHATHISTORY TARGETS #lobby 2026-11-22T14:03:19.123Z",
        ":irc.lan BATCH -b1",
    ]
    assert alice.asks("CHATHISTORY LATEST bob * 10") == [
        ":irc.lan BATCH +b2 chathistory bob",
        ":irc.lan BATCH -b2",
    ]
    alone = Client.joins(world, "alone", caps="batch")
    assert (
        alone.asks(f"CHATHISTORY TARGETS {between} 10")[0] == ":irc.lan BATCH +b1 draft/chathistory-targets"
    )


def test_a_log_that_can_not_be_read(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told so, and asks on."""

    def read(*of: int) -> Answer[Sequence[Event]]:
        answer: Answer[Sequence[Event]] = Answer()
        answer.fail(Refused("log_failed", "The disk is broken."))
        return answer

    with monkeypatch.context() as broken:
        broken.setattr(alice.person.world.chat.rooms["#lobby"].log, "read", read)
        assert alice.asks("CHATHISTORY LATEST #lobby * 1") == [
            ":irc.lan FAIL CHATHISTORY MESSAGE_ERROR LATEST #lobby :The disk is broken."
        ]
    assert said(alice.asks("CHATHISTORY LATEST #lobby * 1")) == ["9"]


def test_a_long_past_comes_in_pieces(bob: Person) -> None:
    world = World(chunk_bytes=4_096)
    bob = world.join("bob")
    alice = Client.joins(world, "alice", "#lobby", caps=PAST)
    says(bob, 1, 99)
    alice.sees()
    seen = alice.asks("CHATHISTORY LATEST #lobby * 100")
    assert said(seen) == [str(number) for number in range(1, 100)]
    assert len(seen) == 101


def test_of_those_who_are_gone_the_last_are_remembered(
    world: World, bob: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their rooms are counted; what is remembered of who goes again is counted once."""
    monkeypatch.setattr(returning, "MOST_ROOMS", 3)
    says(bob, 1, 1)
    for nick, *more in (("alice", "#tea"), ("carol",), ("carol",), ("dave",)):
        Client.joins(world, nick, "#lobby", *more, caps=TIME).sends("QUIT")
    for nick, told in (("carol", []), ("dave", []), ("alice", ["1"])):
        assert said(Client.joins(world, nick, caps=TIME).asks("JOIN #lobby")) == told, nick


def test_without_batches(world: World, bob: Person) -> None:
    says(bob, 1, 2)
    alice = Client.joins(world, "alice", "#lobby")
    assert alice.asks("CHATHISTORY LATEST #lobby * 10") == [
        ":bob!u@lan PRIVMSG #lobby :1",
        ":bob!u@lan PRIVMSG #lobby :2",
    ]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("", "461 alice CHATHISTORY :Not enough parameters"),
        ("FOO", "FAIL CHATHISTORY INVALID_PARAMS FOO :There is no CHATHISTORY FOO."),
        ("LATEST #lobby *", "FAIL CHATHISTORY NEED_MORE_PARAMS LATEST :That takes 3 parameters."),
        ("LATEST #lobby * 1 2", "FAIL CHATHISTORY INVALID_PARAMS LATEST :That takes 3 parameters."),
        ("LATEST #lobby * x",
         "FAIL CHATHISTORY INVALID_PARAMS LATEST :The number of lines is a whole number."),
        ("BEFORE #lobby * 1", "FAIL CHATHISTORY INVALID_PARAMS BEFORE :"
         "Say msgid=ID or timestamp=YYYY-MM-DDThh:mm:ss.sssZ."),
        ("BEFORE #lobby timestamp=x 1", "FAIL CHATHISTORY INVALID_PARAMS BEFORE :"
         "Say msgid=ID or timestamp=YYYY-MM-DDThh:mm:ss.sssZ."),
        ("BEFORE #lobby msgid=x 1", "FAIL CHATHISTORY INVALID_PARAMS BEFORE :"
         "Say msgid=ID or timestamp=YYYY-MM-DDThh:mm:ss.sssZ."),
        ("LATEST #dev * 1", "FAIL CHATHISTORY INVALID_TARGET LATEST #dev :You are not in #dev."),
    ],
)  # fmt: skip
def test_what_makes_no_sense(alice: Client, question: str, answer: str) -> None:
    assert alice.asks(f"CHATHISTORY {question}")[0] == f":irc.lan {answer}"
