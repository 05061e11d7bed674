"""How far one has read, between one's own devices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lanchatd.client.outgoing import encode
from lanchatd.client.reading import TELL_S
from tests.client.test_session import said, welcome
from tests.client.test_several import row
from tests.client.test_terminal import ENTER, is_here
from tests.client.test_windows import Desk
from tests.daemon import daemon
from tests.pseudo_terminal import at, seat


class Owner(Desk):
    """Whose nick it is, in #lobby, #dev and #ops; #lobby is shown."""

    def __init__(self) -> None:
        super().__init__()
        self.hears(welcome(room="#lobby", log="#lobby", account=True))
        self.comes_back(account=True)

    def comes_back(self, **fields: Any) -> None:
        """After the connection was lost."""
        self.session.connect(0)
        self.hears(*(welcome(room=name, log=name, **fields) for name in ("#lobby", "#dev", "#ops")))

    def tells(self, now: float) -> list[tuple[str, int]]:
        """What the server is told, that long after the start."""
        told = [json.loads(line)["read"] for line in self.session.outgoing(now)]
        return [(read["room"], read["id"]) for read in told]


def read(id_: int, room: str = "#dev") -> dict[str, Any]:
    return {"type": "read", "room": room, "id": id_}


def test_what_is_read_elsewhere_is_not_new_here() -> None:
    """All of what came, or nothing of it changes."""
    desk = Owner()
    desk.hears(said(1, room="#dev"), said(2, room="#dev"))
    assert desk.hears(read(1)) == []
    assert "#dev 2" in desk.row()
    assert desk.hears(read(2)) == []
    assert "#dev 2" not in desk.row()
    assert desk.shows("#dev") == ["-- #dev"]
    assert desk.hears(read(9, "#nowhere"), {"type": "read", "room": "#dev", "id": "x"}) == []


def test_what_comes_behind_it_is_new() -> None:
    """Also if it was on its way already."""
    desk = Owner()
    events = said(1, room="#dev"), read(1), said(2, room="#dev")
    got = [desk.session.received(json.dumps(event).encode(), 0) for event in events]
    for one in got:
        for item in one.items:
            desk.arriving.shapes(item, 10)
    assert "#dev 1" in desk.row()


def test_a_room_that_was_never_seen_here_says_how_much_is_new() -> None:
    """And whatever of it came with that."""
    desk = Owner()
    desk.windows.show(desk.windows.join("#new"))
    desk.session.say("/join #new")
    desk.session.outgoing(0)
    first = welcome(room="#new", log="new", last=5, account=True)
    events = first, read(3, "#new"), said(4, room="#new"), said(5, room="#new")
    got = [desk.session.received(json.dumps(event).encode(), 0) for event in events]
    shapes = [shape for one in got for item in one.items for shape in desk.arriving.shapes(item, 10)]
    lines = [line for shape in shapes for line in shape.lines]
    assert lines[1:] == ["-- 2 new --", "<bob> hi", "<bob> hi"]


def test_a_room_with_another_log_than_before_is_all_new() -> None:
    """But for what was read of it elsewhere already."""
    desk = Owner()
    desk.session.connect(0)
    assert "-- 5 new --" in desk.hears(welcome(room="#lobby", log="other", last=5, account=True))
    assert desk.hears(read(3, "#lobby")) == []
    assert (desk.session.next_in(0), desk.session.places.current.read) == (None, 3)


def test_what_is_read_here_is_told_now_and_then() -> None:
    """Of what is shown; not every line, nor what the server knows."""
    desk = Owner()
    assert desk.session.next_in(0) is None
    desk.hears(said(1), said(2), said(1, room="#dev"))
    assert (desk.session.next_in(0), desk.tells(0)) == (0, [("#lobby", 2)])
    desk.hears(said(3))
    desk.shows("#dev")
    assert (desk.session.next_in(1), desk.tells(1)) == (TELL_S - 1, [])
    assert desk.tells(TELL_S) == [("#lobby", 3)]
    assert desk.tells(2 * TELL_S) == [("#dev", 1)]
    assert desk.tells(3 * TELL_S) == []
    desk.hears(read(1))
    assert desk.session.next_in(0) is None


def test_what_is_not_told_yet_is_told_before_one_leaves() -> None:
    """All rooms at once."""
    desk = Owner()
    desk.hears(said(1), said(1, room="#dev"))
    desk.shows("#dev")
    told = [encode({"read": {"room": room, "id": 1}}) for room in ("#lobby", "#dev")]
    assert desk.session.goodbye() == b"".join(told) + encode({"line": "/quit"})


def test_a_guest_has_no_other_devices() -> None:
    """Until the nick is theirs."""
    desk = Desk()
    desk.hears(said(1))
    assert desk.session.outgoing(0) == []
    line = desk.session.say("/register")
    desk.session.outgoing(0)
    desk.hears({"type": "ok", "ref": line.ref})
    assert [json.loads(each) for each in desk.session.outgoing(1)] == [{"read": {"room": "#lobby", "id": 1}}]


def test_a_device_that_comes_the_first_time_begins_where_others_were(tmp_path: Path) -> None:
    """It says how many lines are new; and what is read at one is read at the other."""
    with daemon("--port=0", cwd=tmp_path) as chat, chat.join("bob") as bob:
        (tmp_path / "laptop").mkdir()
        (tmp_path / "phone").mkdir()
        with seat(*at(chat), home=tmp_path / "laptop") as laptop:
            is_here(laptop)
            laptop.types("/register" + ENTER)
            laptop.sees_line("is yours now")
            bob.types("one", "two", "three")
            laptop.sees_line("<bob> three")
            laptop.types("/code" + ENTER)
            laptop.sees_line("once, within 10 minutes")
            code = (
                next(line for line in laptop.screen if "once, within" in line).split("-- ")[1].split(",")[0]
            )
            laptop.types("/quit" + ENTER)
            laptop.ends()
        bob.types("four", "five")
        bob.reads_until("<bob> five")
        with seat(*at(chat), home=tmp_path / "phone") as phone:
            phone.sees_line("belongs to somebody")
            phone.types(f"alice {code}" + ENTER)
            phone.sees_line("2 new --")
            phone.sees_line("<bob> five")
            assert sum("new --" in line for line in phone.screen) == 1
            with seat(*at(chat), home=tmp_path / "laptop") as laptop:
                for one in (phone, laptop):
                    is_here(one)
                    one.types("/join #dev" + ENTER)
                    one.sees(lambda seat: "[#dev]" in row(seat))
                bob.types("six")
                for one in (phone, laptop):
                    one.sees(lambda seat: "#lobby 1" in row(seat))
                phone.types("/join #lobby" + ENTER)
                laptop.sees(lambda seat: "#lobby [#dev]" in row(seat))
