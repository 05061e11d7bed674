"""The time of a turn is shared by all that send, over TLS or not; where it is short, by their addresses."""

from __future__ import annotations

from collections import Counter

import pytest
from twisted.internet.task import Clock

from lanchatd.net.lines import LINES_A_TURN
from lanchatd.net.turn_time import MOST_WAITING_S, SLICE_S, TURN_S, WAITING_S, Budget
from tests.encrypted import Encrypted, in_records, long_hello
from tests.world import World


class Turns(Clock):
    """As in a reactor: what is put off in a turn waits for the next one. Only work takes time."""

    def turn(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call.func(*call.args)

    def works(self, seconds: float) -> None:
        self.rightNow += seconds


class Sender:
    """A connection with pieces of work, each of which takes so long."""

    def __init__(self, budget: Budget, clock: Turns, whose: str, pieces: int, piece_s: float) -> None:
        self.done = 0
        self._budget, self._clock, self._whose = budget, clock, whose
        self._pieces, self._piece_s = pieces, piece_s

    def sends(self) -> None:
        while self.done < self._pieces:
            if there_is_time := self._budget.begin():
                self._clock.works(self._piece_s)
                self.done += 1
            self._budget.end()
            if not there_is_time:
                self._budget.wait(self._whose, self.sends)
                return


@pytest.fixture
def clock() -> Turns:
    return Turns()


@pytest.fixture
def budget(clock: Turns) -> Budget:
    return Budget(clock)


def test_all_that_comes_in_a_turn_has_one_time(budget: Budget, clock: Turns) -> None:
    """Sixty connections are no reason to take sixty times as long; and what is not done waits."""
    senders = [Sender(budget, clock, "192.0.2.1", 20, 0.001) for _ in range(60)]
    for sender in senders:
        sender.sends()
    assert clock.seconds() == pytest.approx(TURN_S)
    assert sum(sender.done for sender in senders) == round(TURN_S / 0.001)


def test_those_that_wait_are_given_little_of_a_turn(budget: Budget, clock: Turns) -> None:
    """So that what comes meanwhile does not wait for them; and all of it is done in the end."""
    senders = [Sender(budget, clock, "192.0.2.1", 200, 0.0001) for _ in range(10)]
    for sender in senders:
        sender.sends()
    clock.turn()
    turns = 0
    while any(sender.done < 200 for sender in senders):
        began = clock.seconds()
        clock.turn()
        assert clock.seconds() - began <= WAITING_S + SLICE_S + 0.0001
        assert not budget.is_spent()  # for what comes now
        turns += 1
        assert turns < 1_000
    assert clock.calls == []


def test_who_comes_from_elsewhere_does_not_wait_for_those_of_one_address(
    budget: Budget, clock: Turns
) -> None:
    """They wait for each other."""
    crowd = [Sender(budget, clock, "192.0.2.1", 1_000, 0.0001) for _ in range(60)]
    for sender in crowd:
        sender.sends()
    other = Sender(budget, clock, "192.0.2.2", 1, 0.0001)
    other.sends()
    assert other.done == 0  # the time of this turn is over
    clock.turn()
    assert other.done == 1


def test_half_of_the_time_is_theirs_if_everything_else_takes_long(budget: Budget, clock: Turns) -> None:
    """A large room is told something in each turn: to read little then would mean to tell it more often."""
    senders = [Sender(budget, clock, "192.0.2.1", 10_000, 0.0001) for _ in range(200)]
    for sender in senders:
        sender.sends()
    clock.turn()
    for told_s in (0.01, 1):
        clock.works(told_s)
        began = clock.seconds()
        clock.turn()
        share_s = min(told_s, MOST_WAITING_S)
        assert clock.seconds() - began == pytest.approx(share_s, abs=SLICE_S)


def test_time_in_which_nothing_is_read_makes_up_for_it(budget: Budget, clock: Turns) -> None:
    """So nobody has to wait while everything else takes as long as what is read."""
    sender = Sender(budget, clock, "192.0.2.1", 1_000, 0.001)
    for _ in range(100):
        assert budget.begin()
        clock.works(TURN_S / 2)
        budget.end()
        clock.works(TURN_S / 2)
    assert not budget.is_spent()
    sender.sends()
    assert budget.is_spent()
    clock.works(TURN_S)
    assert not budget.is_spent()


def test_work_in_the_midst_of_work_counts_once(budget: Budget, clock: Turns) -> None:
    """As a line does that comes of what is being decrypted."""
    budget.begin()
    clock.works(TURN_S / 4)
    budget.begin()
    clock.works(TURN_S / 4)
    budget.end()
    clock.works(TURN_S / 4)
    assert not budget.is_spent()
    clock.works(TURN_S / 4)
    budget.end()
    assert budget.is_spent()


def test_who_is_gone_does_not_wait(budget: Budget, clock: Turns) -> None:
    """Its place is given up."""
    asked: Counter[str] = Counter()
    first = budget.wait("a", lambda: asked.update("a"))
    second = budget.wait("a", lambda: asked.update("b"))
    assert first.active()
    first.cancel()
    assert not first.active()
    clock.turn()
    assert (asked, second.active()) == ({"b": 1}, False)


# -- the same in the daemon


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_lines_of_one_turn_are_bounded_however_they_come(world: World, encrypted: bool) -> None:
    """In one segment of TCP: with TLS, a record each, as without; and all of them are heard in the end."""
    watcher, person = world.join("watcher"), world.connect("192.0.2.2")
    lines = [f"hello {number}\n".encode() for number in range(300)]
    if encrypted:
        talker = Encrypted(person)
        person.sends(talker.records(b"alice\n"))
        segment = talker.records(*lines)
    else:
        person.types("alice")
        segment = b"".join(lines)
    watcher.sees()
    person.wire.protocol.dataReceived(segment)
    lobby = world.chat.rooms["#lobby"]
    assert 0 < len(lobby._turn._gathered) <= LINES_A_TURN
    world.settle()
    assert watcher.sees() == [f"<alice> hello {number}" for number in range(300)]


def test_a_byte_a_record_is_a_flood(world: World) -> None:
    """What brings hardly any text is read from ever less, and closed, with the reason."""
    world.limits.flood_timeout_s = 2
    person = world.connect("192.0.2.2")
    talker = Encrypted(person)
    person.sends(talker.records(b"alice\n"))
    talker.sees()
    while not person.gone:
        person.sends(talker.records(*[b"x"] * 500))
        world.passes(0.05)
        assert world.clock.seconds() < 20
    assert "!! Too much without a word for 2 s; closed." in talker.sees()


def test_tls_without_text_is_decrypted_in_its_turn(world: World) -> None:
    """A handshake that comes in many records: what others sent at that moment goes first."""
    person = world.connect("192.0.2.2")
    person.wire.protocol.dataReceived(in_records(long_hello(), 100))
    assert person.wire.taken == b""
    world.settle()
    assert person.wire.taken.startswith(b"\x16\x03")


def test_who_does_not_read_what_tls_answers_is_not_read(world: World) -> None:
    """And closed in time, as who does not read anything else is."""
    world.limits.stall_timeout_s = 10
    person = world.connect("192.0.2.2")
    talker = Encrypted(person)
    person.sends(talker.records(b"alice\n"))
    below = person.wire.protocol
    person.stops_reading()
    # As much as TLS would answer to ten thousand that ask for new keys.
    below.write(b"x" * 1_000)
    assert person.wire.reading
    below.write(b"x" * 300_000)
    assert not person.wire.reading
    world.passes(11)
    assert person.gone


def test_who_reads_on_is_read_again(world: World) -> None:
    """Nothing that it sent meanwhile is lost."""
    watcher, person = world.join("watcher"), world.connect("192.0.2.2")
    talker = Encrypted(person)
    person.sends(talker.records(b"alice\n"))
    watcher.sees()
    person.stops_reading()
    person.wire.protocol.write(b"x")
    person.wire.protocol.write(b"x" * 300_000)
    person.sends(talker.records(b"one\n", b"two\n"), talker.records(b"three\n"))
    assert watcher.sees() == []
    person.reads_on()
    world.settle()
    assert watcher.sees() == ["<alice> one", "<alice> two", "<alice> three"]
