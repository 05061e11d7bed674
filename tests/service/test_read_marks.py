"""How far owners have read is written now and then, and is there after a restart."""

from __future__ import annotations

import json
import signal
from pathlib import Path

from twisted.logger import capturedLogs

from lanchatd.chat.accounts.rows import ReadMark
from lanchatd.service.read_marks import WrittenReadMarks
from tests.accounts import KEY, Owners
from tests.daemon import Peer, daemon


def written(world: Owners) -> list[int]:
    return [row.id for change in world.changes for row in change.put if isinstance(row, ReadMark)]


def test_it_is_written_every_ten_seconds_if_there_is_anything_new() -> None:
    """And when the daemon ends."""
    world = Owners()
    alice = world.owner("alice", key=KEY)
    alice.types(*"abcdef")
    service = WrittenReadMarks(world.clock, world.accounts)
    service.startService()
    for id_ in (1, 2, 3):
        world.chat.has_read(alice.session, None, id_)
    world.passes(9)
    assert written(world) == []
    world.passes(2)
    assert written(world) == [3]
    world.passes(60)
    assert written(world) == [3]
    world.chat.has_read(alice.session, None, 4)
    service.stopService()
    world.settle()
    assert written(world) == [3, 4]


def test_what_cannot_be_written_is_tried_again() -> None:
    """And told in the log; on a disk that hangs no more is asked for."""
    world = Owners()
    alice = world.owner("alice", key=KEY)
    alice.types("a", "b")
    service = WrittenReadMarks(world.clock, world.accounts)
    service.startService()
    world.disk_error = OSError()
    world.chat.has_read(alice.session, None, 1)
    with capturedLogs() as logged:
        world.passes(11)
    assert [event["log_format"] for event in logged] == ["how far who has read is not written yet: {why}"]
    world.disk_error = None
    world.held_back = True
    world.passes(60)
    world.chat.has_read(alice.session, None, 2)
    world.lets_go()
    assert written(world) == [1]
    world.passes(11)
    assert written(world) == [1, 2]
    service.stopService()


def told(peer: Peer) -> int:
    """How far was read, as it is told who comes in."""
    found = [json.loads(line) for line in peer.reads_until_match('"type": "members"')]
    return next((each["id"] for each in found if each["type"] == "read"), 0)


def test_it_is_there_after_a_restart(tmp_path: Path) -> None:
    """For whichever device comes first."""
    hello = '{"nick": "alice", "secret": "correct horse"}'
    with daemon(cwd=tmp_path) as chat, chat.connect() as alice:
        alice.types('{"nick": "alice"}', '{"line": "/register correct horse", "ref": "1"}')
        alice.types('{"line": "hi", "ref": "2"}')
        alice.reads_until_match('"ref": "2"')
        alice.types('{"read": {"room": "#lobby", "id": 1}, "ref": "3"}')
        alice.reads_until_match('"ref": "3"')
        assert chat.ends(signal.SIGTERM) == 0
    with daemon(cwd=tmp_path) as chat, chat.connect() as phone:
        phone.types(hello)
        assert told(phone) == 1
