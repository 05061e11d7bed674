"""Bytes of one connection: bad input, the limits of a connection, and how it ends."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lanchatd.chat import moderating
from lanchatd.doors.line_protocol import NEXT, ChatProtocol, State
from lanchatd.net.lines import LINES_A_TURN
from tests.world import ASKED, Person, World


def state(person: Person) -> State:
    """The state of a connection."""
    protocol = person.wire.protocol.inner
    assert isinstance(protocol, ChatProtocol)
    return protocol.state


@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        (b"\xff\xfe\n", "!! That line is not UTF-8; nothing was said."),
        (b"caf\xe9\n", "!! That line is not UTF-8; nothing was said."),
        (b"\x1b[2J\n", "!! That line holds U+001B (a control character), which is not allowed here."),
        (b"a\rb\n", "!! That line holds U+000D (a control character), which is not allowed here."),
        (
            "\u202eevil\n".encode(),
            "!! That line holds U+202E (right-to-left override), which is not allowed here.",
        ),
        (("a" + "\u0301" * 5 + "\n").encode(), "!! That line stacks more than 4 marks on one letter."),
        (b"x" * 4_097 + b"\n", "!! A line has at most 4,096 bytes; that one was thrown away."),
    ],
)
def test_bad_input_is_one_line_and_the_connection_stays(world: World, sent: bytes, refused: str) -> None:
    """Nothing is lost, and nothing said to anybody else; the next line works."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    assert alice.sends(sent).sees() == [refused]
    assert alice.types("still here").sees() == ["<alice> still here"]
    assert bob.sees() == ["<alice> still here"]


@pytest.mark.parametrize("nick", ["-x", ".x", "x" * 33, "<bob>", "#x", "\u0301x", "a\u200db"])
def test_a_bad_nick_is_refused_and_asked_for_again(world: World, nick: str) -> None:
    """With the rule."""
    alice = world.connect().types("#")
    alice.sees()
    assert alice.types(nick).sees() == [
        "!! A nick has 1 to 32 letters, digits, '_', '-' and '.', and begins with a letter, a digit or '_'."
    ]
    assert "-- 1 in #lobby: alice (plain)" in alice.types("alice").sees()


def test_a_greeting_is_of_its_time(world: World) -> None:
    """It is rendered once for all who are told the same, and again when the motd was changed."""
    world.connect().types("alice")
    world.chat.motd = ("The kitchen is closed today.",)
    told = world.connect().types("bob").sees()
    assert "-- The kitchen is closed today." in told
    world.chat.motd = ()
    assert "-- The kitchen is closed today." not in world.connect().types("carol").sees()


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("end", ["\n", "\r\n", "   \n", "\n\n\n"])
def test_who_presses_enter_to_see_whether_it_works_is_greeted(world: World, end: str, asked: bool) -> None:
    """And told nothing more, before the question for the nick or after it; a nick is taken then."""
    alice = world.connect()
    if asked:
        world.ask()
        assert alice.sees() == [ASKED, ""]
    greeting = world.connections.greeting(None, ask=True).decode().splitlines()
    assert alice.sends(end.encode()).sees() == greeting
    assert alice.types("").sees() == []
    assert "-- 1 in #lobby: alice (plain)" in alice.types("alice").sees()


def test_a_nick_that_is_taken_is_refused(world: World) -> None:
    """In whatever case it is typed."""
    world.join("alice")
    assert world.connect().types("ALICE").sees()[-1] == "!! That nick is taken."


def test_quit_instead_of_a_nick(world: World) -> None:
    """Who does not want to come in can leave."""
    alice = world.connect().types("/quit")
    assert alice.sees()[-1] == "-- Goodbye."
    world.passes(1)
    assert alice.gone


# -- lines


@pytest.mark.parametrize(("size", "said"), [(4_095, True), (4_096, True), (4_097, False)])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_longest_line(world: World, size: int, said: bool, end: bytes) -> None:
    """At, below and above 4,096 bytes, whatever the line ends with."""
    seen = world.join("alice").sends(b"x" * size + end).sees()
    assert (seen == ["<alice> " + "x" * size]) is said
    assert len(seen) == 1


def test_lines_around_one_too_long_are_not_lost(world: World) -> None:
    """Only that line is thrown away, wherever the segments break."""
    stream = b"one\n" + b"x" * 10_000 + b"\ntwo\r\n" + b"y" * 5_000 + b"\nthree\n"
    refused = "!! A line has at most 4,096 bytes; that one was thrown away."
    for step in (len(stream), 1, 4_097, 9_999):
        alice = world.join(f"a{step}")
        alice.sends(*(stream[at : at + step] for at in range(0, len(stream), step)))
        seen = alice.sees()
        assert [line for line in seen if line != refused] == [
            f"<a{step}> {n}" for n in ("one", "two", "three")
        ]
        assert seen.count(refused) == 2


def test_a_line_that_never_ends_is_never_held() -> None:
    """It is refused once, as soon as it is too long, and thrown away as it comes."""
    world = World(bytes_per_s=100_000_000)
    alice = world.join("alice")
    for _ in range(1_000):
        alice.sends(b"x" * 65_536)
    assert alice.sees() == ["!! A line has at most 4,096 bytes; that one was thrown away."]
    assert len(alice.wire.protocol.inner.clearLineBuffer()) == 0
    assert alice.sends(b"end\nhello\n").sees() == ["<alice> hello"]


@pytest.mark.parametrize(("lines", "gone"), [(9, False), (10, True)])
def test_ten_lines_too_long_in_a_minute_close(world: World, lines: int, gone: bool) -> None:
    """Nine do not, and after a minute they are forgotten."""
    bob, alice = world.join("bob"), world.join("alice")
    bob.sees()
    for _ in range(lines):
        alice.sends(b"x" * 4_097 + b"\n")
    world.passes(1)
    assert alice.gone is gone
    if gone:
        assert alice.sees()[-1] == "!! 10 lines too long in a minute; closed."
        assert bob.sees() == ["-- alice left (lines too long)"]
    else:
        world.passes(59)
        alice.sends(b"x" * 4_097 + b"\n")
        world.passes(1)
        assert not alice.gone


LINES = st.one_of(
    st.sampled_from(
        [
            b"hello", b"", b"\r", b"/me waves", b"/nope", b"\xff", b"\x1b[m", b"//x", b"{}", b"/nick",
            b"/topic t", b'{"line": "x"}', b"x" * 63, b"x" * 64, b"x" * 65, b"x" * 66,
            b"y" * 200, "é".encode() * 32,
        ]
    ),
    st.binary(max_size=80).map(lambda line: line.replace(b"\n", b"")),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    lines=st.lists(LINES, max_size=12),
    cuts=st.lists(st.integers(0, 1_000), max_size=12),
    first=st.sampled_from([b"alice\n", b'{"nick": "alice"}\n']),
)
def test_any_segmentation_gives_the_same(lines: list[bytes], cuts: list[int], first: bytes) -> None:
    """Whole, one byte at a time, or cut anywhere: the same lines are seen."""
    stream = b"".join(line + b"\n" for line in lines)

    def seen(*segments: bytes) -> list[str]:
        world = World(max_line_bytes=64, max_long_lines=10_000)
        alice = world.connect().sends(first)
        alice.sees()
        # A pause after each, as answers and what is said in one turn may come in either order.
        alice.sends(*segments)
        shown = [line for line in alice.sees() if "/quit" not in line]
        return sorted(shown)

    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[a:b] for a, b in pairwise(places)]
    whole = seen(stream)
    assert seen(*pieces) == whole
    assert seen(*(bytes([byte]) for byte in stream)) == whole


# -- rates


def test_a_burst_and_then_five_lines_a_second() -> None:
    """The twentieth is said, the next is refused, a second later five more may follow."""
    world = World(burst_lines=20, lines_per_s=5)
    alice = world.join("alice")  # her nick was the first line
    world.passes(10)
    refused = "!! More than 5 lines or 65,536 bytes a second; that line was dropped."
    assert alice.types(*["x"] * 19).sees() == ["<alice> x"] * 19
    assert alice.types("x", "y").sees() == [refused, "<alice> x"]
    world.passes(1)
    assert alice.types(*["z"] * 6).sees() == [refused] + ["<alice> z"] * 5


def test_a_dropped_line_of_a_program_is_refused_by_its_ref() -> None:
    """So it knows which to send again; that is then not taken for a repetition."""
    world = World(burst_lines=2)
    bob = world.join_json("bob").asks({"line": "one", "ref": "1"})
    bob.gets()
    (error,) = bob.asks({"line": "two", "ref": "2"}).gets()
    assert (error["type"], error["ref"], error["code"]) == ("error", "2", "too_fast")
    world.passes(1)
    assert bob.asks({"line": "two", "ref": "2"}).gets()[-1] == {"type": "ok", "ref": "2", "id": 2}


@pytest.mark.parametrize(("size", "said"), [(999, True), (1_000, True), (1_001, False)])
def test_bytes_of_one_second(size: int, said: bool) -> None:
    """At, below and above the limit, in a connection that was quiet."""
    world = World(bytes_per_s=1_000)
    alice = world.join("alice")
    world.passes(10)
    assert (alice.sends(b"x" * (size - 1) + b"\n").sees() == ["<alice> " + "x" * (size - 1)]) is said


@pytest.mark.parametrize(("seconds", "gone"), [(9, False), (10, True)])
def test_a_flood_is_closed_after_ten_seconds(seconds: int, gone: bool) -> None:
    """Somebody at the limit is not; the room is told why."""
    world = World(burst_lines=20, lines_per_s=5)
    bob, alice, carol = world.join("bob"), world.join("alice"), world.join("carol")
    bob.sees()
    alice.types(*["x"] * 20)  # the first that is dropped
    for _ in range(seconds):
        world.passes(1)
        alice.types(*["x"] * 6)
        carol.types(*["y"] * 5)
    world.passes(1)
    assert alice.gone is gone
    assert not carol.gone
    if gone:
        assert alice.sees()[-1] == "!! Too fast for 10 s; closed."
        assert "-- alice left (too fast)" in bob.sees()


def test_bytes_without_a_newline_are_a_flood_as_well() -> None:
    """A gigabyte without a newline is read for ten seconds at most."""
    world = World()
    alice = world.join("alice")
    for _ in range(11):
        world.passes(1)
        alice.sends(b"x" * 65_536, b"x" * 65_536)
    world.passes(1)
    assert alice.gone
    assert alice.sees() == [
        "!! A line has at most 4,096 bytes; that one was thrown away.",
        "!! Too fast for 10 s; closed.",
    ]


def test_many_lines_in_one_segment_are_handled_a_few_a_turn() -> None:
    """65,536 empty lines must not hold up the others; and a flood is read from ten times a second."""
    world = World(burst_lines=20)
    alice = world.join("alice")
    world.passes(10)
    before = alice.wire.protocol.inner.lines
    alice.sends(b"\n" * 65_536)
    assert alice.wire.protocol.inner.lines == before + LINES_A_TURN
    world.passes(0.1)
    assert alice.wire.protocol.inner.lines == before + 2 * LINES_A_TURN
    world.passes(12)
    assert alice.gone


def test_many_lines_within_the_rate_are_all_handled(world: World) -> None:
    """They only take several turns."""
    seen = world.join("alice").types(*(f"{n}" for n in range(300))).sees()
    assert seen == [f"<alice> {n}" for n in range(300)]


# -- the end


@pytest.mark.parametrize(("seconds", "gone"), [(59, False), (61, True)])
@pytest.mark.parametrize("first", [[], [b"al"], [b"-\n"], [b'{"nick": ""}\n']])
def test_a_minute_to_give_a_nick(world: World, first: list[bytes], seconds: int, gone: bool) -> None:
    """Whether anything was typed or not; then it is closed, with the reason."""
    alice = world.connect().sends(*first)
    world.passes(seconds)
    assert alice.gone is gone
    if gone:
        refused = b"\n" in b"".join(first)
        why = "Your nick was refused, and you gave no other" if refused else "You gave no nick"
        assert f"{why} within 60 s." in alice.sees()[-1]
    else:
        alice.asks({"nick": "alice"}) if b"{" in b"".join(first) else alice.types("ice")
        world.passes(60)
        assert not alice.gone


def test_each_state_ends_when_the_connection_is_lost(world: World) -> None:
    """Nobody stays as a ghost, and no timer."""
    asked, joined, closing, leaving = (world.connect().types(nick) for nick in ("-", "bob", "carol", "dave"))
    closing.stops_reading()
    closing.types("/quit")
    assert [state(person) for person in (asked, joined, closing)] == [
        State.ASKED,
        State.JOINED,
        State.CLOSING,
    ]
    leaving.wire.protocol.inner.state = State.LEAVING
    for person in (asked, joined, closing, leaving):
        protocol = person.wire.protocol.inner
        person.vanishes()
        assert protocol.state is State.GONE
    assert world.chat.users == {}
    assert world.connections.open == set()
    assert world.clock.getDelayedCalls() == []


def test_what_comes_while_closing_is_thrown_away(world: World) -> None:
    """The peer may still be sending."""
    alice = world.join("alice").types("/quit").types("hello", "x" * 10_000)
    assert state(alice) is State.CLOSING
    assert alice.sees() == ["-- Goodbye."]


def test_the_last_line_is_followed_by_our_end_of_file_before_the_socket_is_closed(world: World) -> None:
    """Closing both sides with something unread would reset the connection and lose the line."""
    alice = world.join("alice").types("/quit")
    assert alice.wire.write_closed and not alice.gone
    alice.hangs_up()
    assert alice.gone and not alice.wire.aborted


def test_a_peer_that_never_closes_is_closed(world: World) -> None:
    """Half a second after our end of file."""
    alice = world.join("alice").types("/quit")
    world.passes(0.6)
    assert alice.gone and not alice.wire.aborted


def test_who_hangs_up_after_quit_still_gets_what_waits(world: World) -> None:
    """`printf '…/quit' | nc -N` on a slow line."""
    alice = world.join("alice")
    alice.stops_reading(3)
    alice.types("hello", "/quit")
    alice.hangs_up()
    world.passes(0.1)
    alice.reads_on()
    assert alice.sees() == ["<alice> hello", "-- Goodbye."]
    world.passes(0.1)
    assert alice.gone and not alice.wire.aborted


def test_who_is_kicked_while_its_flood_is_resting_is_gone(world: World) -> None:
    """What it sent is thrown away, and its end of file is seen."""
    bob, alice = World(burst_lines=20).join("bob"), world.join("alice")
    bob.sends(b"\n" * 65_536)
    world_of_bob = bob.world
    assert bob.wire.protocol.inner.paused
    moderating.kick(bob.user, "op", "")
    world_of_bob.settle()
    bob.hangs_up()
    assert bob.gone
    assert world_of_bob.clock.getDelayedCalls() == []
    assert not alice.gone


def test_quit_as_the_last_line_of_a_turn(world: World) -> None:
    """Nothing rests any more."""
    alice = world.join("alice").types(*["x"] * (LINES_A_TURN - 1), "/quit", *["y"] * 100)
    assert alice.sees() == ["<alice> x"] * (LINES_A_TURN - 1) + ["-- Goodbye."]
    alice.hangs_up()
    assert alice.gone
    assert world.clock.getDelayedCalls() == []


def test_who_reads_nothing_and_is_kicked_while_it_waits_for_its_answers(world: World) -> None:
    """It was asked nothing more, and had more to say."""
    alice, bob = world.join("alice"), world.join("bob")
    for number in range(30):
        alice.types(f"{number} " + "x" * 2_000)
    bob.stops_reading()
    for _ in range(10):
        bob.types("/history 100")
    assert bob.wire.protocol.inner.paused
    moderating.kick(bob.user, "op", "")
    bob.reads_on()
    bob.hangs_up()
    assert bob.gone and not bob.wire.aborted
    assert bob.sees()[-1] == "!! You were kicked by op."


@pytest.mark.parametrize(
    ("here", "there"), [pair for pair in product(State, State) if pair[1] not in NEXT[pair[0]]]
)
def test_where_a_connection_is_goes_only_forward(world: World, here: State, there: State) -> None:
    """By its table; any other step is a fault of the daemon, and not passed over."""
    protocol = world.join("alice").wire.protocol.inner
    protocol.state = here
    with pytest.raises(RuntimeError):
        protocol._go(there)
    assert protocol.state is here


def test_each_step_of_a_connection_happens(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the nick, `/quit`, the end of input, a kick, and the end of the transport."""
    taken: set[tuple[State, State]] = set()
    go = ChatProtocol._go

    def goes(protocol: ChatProtocol, state: State) -> None:
        taken.add((protocol.state, state))
        go(protocol, state)

    monkeypatch.setattr(ChatProtocol, "_go", goes)
    world.connect().types("/quit")
    asked = world.connect().sends(b"ali")
    asked.wire.protocol._open(asked.wire.protocol._doors.other)
    asked.vanishes()
    world.join("bob").vanishes()
    moderating.kick(world.join("carol").user, "op", "")
    dave, erin = world.join("dave"), world.join("erin")
    dave.stops_reading()
    world.join("frank").types("hi")
    dave.types("/quit")
    dave.vanishes()
    erin.types("/quit")
    world.passes(10)
    assert taken == {(here, there) for here, nexts in NEXT.items() for there in nexts}
