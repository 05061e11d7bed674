"""Those who have given no nick yet: more than fit wait, and who only sits there gives way."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from time import monotonic

import pytest
from twisted.internet.task import Clock

from lanchatd.limits import Limits
from lanchatd.net.newcomers import ACCEPTS_A_TURN, CALM_S, PATIENT_S, SILENT_S, SLOW_S, Entrance
from tests.daemon import daemon, wait_until
from tests.encrypted import Encrypted
from tests.world import World

FITS = 4  # with the margin that is left for those accepted in one turn


class Port:
    """A listening port, as far as the entrance knows one."""

    def __init__(self) -> None:
        self.numberAccepts = 100
        self.accepts = True

    def pauseProducing(self) -> None:
        self.accepts = False

    def resumeProducing(self) -> None:
        self.accepts = True


class Someone:
    """A connection without a nick."""

    def __init__(self, hall: Hall, address: str) -> None:
        self.hall = hall
        self.came_at = hall.clock.seconds()
        self.is_coming = False
        self.awaits_turn = False
        self.address: str | None = address

    def give_way(self) -> None:
        self.hall.closed.append(self)
        self.hall.entrance.leave(self)


class Hall:
    """An entrance with one port, and whom it closed."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.closed: list[Someone] = []
        self.port = Port()
        self.entrance = Entrance(self.clock, Limits(max_unnamed=ACCEPTS_A_TURN + FITS))
        self.entrance.watch(self.port)

    def comes(self, address: str = "192.0.2.1") -> Someone:
        someone = Someone(self, address)
        self.entrance.enter(someone)
        return someone

    def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)


@pytest.fixture
def hall() -> Hall:
    return Hall()


def test_nobody_gives_way_while_nobody_waits(hall: Hall) -> None:
    """As many as fit may take their time."""
    for _ in range(FITS):
        hall.comes()
    hall.passes(3_600)
    assert (hall.closed, hall.port.accepts) == ([], True)


def test_more_wait_until_there_is_room(hall: Hall) -> None:
    """They are not accepted; when somebody has a nick, they are."""
    first = [hall.comes() for _ in range(FITS + 1)]
    assert not hall.port.accepts
    hall.entrance.leave(first[0])
    assert hall.port.accepts
    hall.entrance.leave(first[0])  # it is closed some time
    hall.passes(3_600)
    assert hall.closed == []


def test_the_oldest_that_says_nothing_gives_way(hall: Hall) -> None:
    """After a moment; who has begun to shake hands does not."""
    speaks, silent, *_ = [hall.comes() for _ in range(FITS + 1)]
    speaks.is_coming = True
    hall.passes(PATIENT_S / 2 - SILENT_S)
    assert hall.closed == []
    hall.passes(SILENT_S)
    assert (hall.closed, hall.port.accepts) == ([silent], True)


def test_who_waits_for_the_server_does_not_give_way(hall: Hall) -> None:
    """It has said what it had to, and others have their turn first, as when a thousand pages come back."""
    waits, silent, *_ = [hall.comes() for _ in range(FITS + 1)]
    waits.awaits_turn = True
    hall.passes(PATIENT_S)
    assert hall.closed == [silent]


def test_patience_is_longer_while_others_come_to_a_nick(hall: Hall) -> None:
    """So it is when a whole room comes back over a slow network: that is no flood."""
    people = [hall.comes() for _ in range(FITS + 20)]
    for someone in people[FITS : FITS + 12]:
        hall.passes(SILENT_S)
        hall.entrance.leave(someone)
    assert hall.closed == []
    hall.passes(2 * SILENT_S)
    assert hall.closed == people[:1]


def test_patience_is_no_longer_because_others_go(hall: Hall) -> None:
    """Without a nick they were no reason for it."""
    people = [hall.comes() for _ in range(FITS + 20)]
    for someone in people[FITS : FITS + 12]:
        hall.passes(SILENT_S)
        hall.entrance.leave(someone, came_in=False)
    assert len(hall.closed) > 1


@pytest.mark.parametrize("begin", [b"", b"x", b"\x16", b"\x16\x03\x01", b'{"nick": '])
def test_however_many_keep_places_by_a_byte_they_are_soon_gone(world: World, begin: bytes) -> None:
    """Twice as many at once each time."""
    world.limits.max_unnamed = ACCEPTS_A_TURN
    flood = [world.connect().sends(*[begin] * bool(begin)) for _ in range(60)]
    world.passes(PATIENT_S + 6 * SILENT_S)
    world.passes(0.5)  # for what they are told
    assert sum(person.gone for person in flood) >= 59


@pytest.mark.parametrize("begin", [b"x", b"\x16", b"\x16\x03\x01", b'{"nick": '])
def test_a_byte_is_no_reason_to_wait_longer(world: World, begin: bytes) -> None:
    """Not for a handshake either, of which so little came that there is nothing to answer."""
    world.limits.max_unnamed = ACCEPTS_A_TURN
    flood = [world.connect().sends(begin) for _ in range(3)]
    world.passes(PATIENT_S)
    world.passes(0.5)
    assert [person.gone for person in flood[:2]] == [True, True]


def test_a_handshake_is_waited_for(world: World) -> None:
    """It takes several round trips."""
    world.limits.max_unnamed = ACCEPTS_A_TURN
    encrypted = world.connect()
    Encrypted(encrypted)
    others = [world.connect() for _ in range(2)]
    world.passes(PATIENT_S)
    world.passes(0.5)
    assert [person.gone for person in (encrypted, *others)] == [False, True, True]


def test_what_has_arrived_is_read_first(hall: Hall) -> None:
    """The reactor may have been busy for so long that nobody was heard."""
    people = [hall.comes() for _ in range(FITS + 1)]

    def are_heard() -> None:
        for someone in people:
            someone.is_coming = True

    hall.clock.callLater(SILENT_S, are_heard)
    hall.clock.advance(SILENT_S)
    assert hall.closed == []


def test_who_speaks_too_slowly_gives_way_too(hall: Hall) -> None:
    """A handshake that never ends, a nick without an end of line: others wait a second for it."""
    for _ in range(FITS + 1):
        hall.comes().is_coming = True
    hall.passes(SLOW_S - SILENT_S)
    assert hall.closed == []
    hall.passes(SILENT_S)
    assert len(hall.closed) == 1


def test_those_of_one_address_give_way_to_all_others(hall: Hall) -> None:
    """Who floods stands in his own way."""
    person = hall.comes("192.0.2.7")
    flood = [hall.comes() for _ in range(FITS)]
    hall.passes(PATIENT_S / 2)
    assert hall.closed == flood[:1]
    assert person not in hall.closed


def test_a_flood_is_thrown_out_faster_and_faster(hall: Hall) -> None:
    """Twice as many each time, until nobody waited for a while."""
    for _ in range(FITS + 20):
        hall.comes()
    hall.passes(PATIENT_S / 2)
    gone = [len(hall.closed)]
    for _ in range(3):
        before = len(hall.closed)
        hall.passes(SILENT_S)
        gone.append(len(hall.closed) - before)
    assert gone == [1, 2, 4, 8]
    while not hall.port.accepts:
        hall.passes(SILENT_S)
    before = len(hall.closed)
    hall.passes(CALM_S * 2)
    assert len(hall.closed) == before
    while hall.port.accepts:
        hall.comes()
    hall.passes(PATIENT_S / 2)
    assert len(hall.closed) == before + 1


def test_so_many_are_accepted_in_a_turn(hall: Hall) -> None:
    """Twisted would take ever more of them: its own number is what it adds 20 to."""
    assert hall.port.numberAccepts == 4
    hall.port.numberAccepts = ACCEPTS_A_TURN
    hall.comes()
    assert hall.port.numberAccepts == 4
    hall.port.numberAccepts = 1  # it has seen that nobody waits: the next turn is cheap
    hall.comes()
    assert hall.port.numberAccepts == 1


def test_they_read_why(world: World) -> None:
    """Also those that were not greeted yet; in a handshake there is nobody to tell."""
    world.limits.max_unnamed = ACCEPTS_A_TURN
    alice, bob = world.connect(), world.connect()
    bob.types("bob")
    carol = world.connect()
    world.connect()
    world.passes(PATIENT_S)
    told = f"!! {ACCEPTS_A_TURN} connections have given no nick yet; try again in a minute."
    assert alice.sees()[-1] == carol.sees()[-1] == told
    world.passes(1)
    assert (alice.gone, bob.gone, carol.gone) == (True, False, True)


def test_a_newcomer_gets_in_past_those_that_are_silent(tmp_path: Path) -> None:
    """In a moment, and the others were told why they had to go."""
    with ExitStack() as stack:
        chat = stack.enter_context(daemon("--port=0", "--max-per-address=10000", cwd=tmp_path))
        silent = [stack.enter_context(chat.connect()) for _ in range(600)]
        began = monotonic()
        stack.enter_context(chat.join("alice"))
        assert monotonic() - began < 5  # behind those that get a minute for their nick it would take that
        assert (
            silent[0].reads_all()[-1] == "!! 256 connections have given no nick yet; try again in a minute."
        )
        descriptors = Path(f"/proc/{chat.process.pid}/fd")
        wait_until("no more than the limit are left", lambda: len(list(descriptors.iterdir())) < 256 + 32)
        assert silent[-1].socket.fileno() > 0
