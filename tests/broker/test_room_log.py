"""The log of a room in the stream: the same lines under the same ids at all daemons, and each once."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from lanchatd.broker import replica
from lanchatd.broker.batches import FIRST, encoded
from lanchatd.broker.replica import GATHERS_S
from lanchatd.broker.room_log import HANGS_S, LATE_S, RoomLog
from lanchatd.broker.store import PURGE_EVERY_S
from lanchatd.broker.stream import FROM, room_subject
from lanchatd.chat import closing_rooms
from lanchatd.chat.answers import begin
from lanchatd.chat.events import Event, Kind
from lanchatd.chat.posted import Posted
from lanchatd.chat.refs import digest
from lanchatd.history.disk.store import PRUNE_EVERY_S
from tests.broker.log_world import LogNode, LogWorlds
from tests.world import NOON

LOBBY = room_subject("#lobby")


@pytest.fixture
def several(tmp_path: Path) -> LogWorlds:
    return LogWorlds(tmp_path)


def texts(node: LogNode, room: str = "#lobby") -> list[tuple[int, str]]:
    return [(id_, text) for id_, _, text, _ in node.log(room)]


def two(several: LogWorlds) -> tuple[LogNode, LogNode]:
    here, there = several.nodes
    assert isinstance(here, LogNode)
    assert isinstance(there, LogNode)
    return here, there


REFUSED = "lines are refused: the broker can't be reached"


def test_a_line_is_told_everywhere_with_one_id_and_the_brokers_time(several: LogWorlds) -> None:
    here, there = two(several)
    alice, bob = here.join("alice"), there.join("bob")
    here.jump_s = 3_600  # its clock is wrong
    alice.types("hi")
    assert alice.sees()[-1] == "<alice> hi"
    assert bob.sees()[-1] == "<alice> hi"
    assert here.log() == there.log() == [(1, "alice", "hi", NOON)]
    assert here.chat.rooms["#lobby"].log.name == there.chat.rooms["#lobby"].log.name == "9f3c"
    assert (here.ready, there.ready) == (1, 1)


def test_two_at_once_are_told_in_one_order(several: LogWorlds) -> None:
    """The second one's condition fails, and it goes behind the first one."""
    here, there = two(several)
    alice, bob = here.join("alice"), there.join("bob")
    here.stream.held = there.stream.held = True
    alice.types("first")
    bob.types("second", "third")
    for node in (here, there):
        node.stream.held = False
        node.stream.lets_go()
    several.settle()
    assert texts(here) == texts(there) == [(1, "first"), (2, "second"), (3, "third")]
    assert [line for line in alice.sees() if line[0] == "<"] == [
        line for line in bob.sees() if line[0] == "<"
    ]


def test_what_somebody_ignores_is_not_told_from_elsewhere_either(several: LogWorlds) -> None:
    here, there = two(several)
    alice, bob = here.join("alice"), there.join("bob")
    bob.types("/ignore alice")
    bob.sees()
    alice.types("hi")
    assert not [line for line in bob.sees() if "hi" in line]


def test_a_line_sent_again_elsewhere_is_said_once(several: LogWorlds) -> None:
    """It is answered with its first id."""
    here, there = two(several)
    alice = here.join_json("alice", device="laptop")
    alice.asks({"line": "once", "ref": "7"})
    assert alice.gets()[-1] == {"type": "ok", "ref": "7", "id": 1}
    here.dies()
    several.passes(20)
    back = there.join_json("alice", device="laptop")
    back.asks({"line": "once", "ref": "7"})
    assert back.gets()[-1] == {"type": "ok", "ref": "7", "id": 1}
    assert texts(there) == [(1, "once")]


def test_a_line_that_comes_from_elsewhere_while_it_is_on_its_way_here(several: LogWorlds) -> None:
    """It was faster from there: it is answered with that id, and the line behind it goes on."""
    here, there = two(several)
    alice = here.join_json("alice", device="laptop")
    alice.gets()
    several.broker.refuses = "no leader"
    alice.asks({"line": "once", "ref": "7"}, {"line": "more", "ref": "8"})
    several.broker.refuses = ""
    ref = digest("alice", "laptop", "7", "", "once")
    faster = Posted(Event(Kind.SAID, "#lobby", "alice", "once", NOON), ref)
    several.broker.store(LOBBY, encoded([faster]), {FIRST: "1", FROM: "another.1"}, None)
    several.passes(1)
    assert texts(here) == texts(there) == [(1, "once"), (2, "more")]
    answers = [got for got in alice.gets() if got["type"] == "ok"]
    assert answers == [{"type": "ok", "ref": "7", "id": 1}, {"type": "ok", "ref": "8", "id": 2}]


def test_a_line_that_is_alone_and_was_said_elsewhere_is_answered_too(several: LogWorlds) -> None:
    here, there = two(several)
    alice = here.join_json("alice", device="laptop")
    alice.gets()
    several.broker.refuses = "no leader"
    alice.asks({"line": "once", "ref": "7"})
    several.broker.refuses = ""
    ref = digest("alice", "laptop", "7", "", "once")
    faster = Posted(Event(Kind.SAID, "#lobby", "alice", "once", NOON), ref)
    several.broker.store(LOBBY, encoded([faster]), {FIRST: "1", FROM: "another.1"}, None)
    several.passes(1)
    assert texts(here) == texts(there) == [(1, "once")]
    assert [got for got in alice.gets() if got["type"] == "ok"] == [{"type": "ok", "ref": "7", "id": 1}]
    alice.asks({"line": "more", "ref": "8"})
    assert texts(there) == [(1, "once"), (2, "more")]


def test_lost_answers_do_not_double_a_line(several: LogWorlds) -> None:
    here, there = two(several)
    alice = here.join("alice")
    several.broker.loses_acks = True
    alice.types("hi")
    several.passes(2 * LATE_S)
    alice.types("more")
    several.passes(2 * LATE_S)
    assert texts(here) == texts(there) == [(1, "hi"), (2, "more")]


def test_while_the_broker_is_away_lines_are_refused_at_once(
    several: LogWorlds, logged_errors: list[str]
) -> None:
    """What was on its way is told when it came after all, or is sent again."""
    here, there = two(several)
    alice, bob = here.join("alice"), there.join("bob")
    here.make_operator(alice)
    alice.sees()
    here.stream.held = True
    alice.types("on its way")
    here.stream.cut()
    alice.types("too late")
    seen = alice.sees()
    assert "!! That line can't be kept: the broker can't be reached." in seen
    assert not [line for line in seen if "on its way" in line]
    assert [line for line in seen if "Nobody can say anything: the broker can't be reached." in line]
    bob.types("elsewhere it goes on")
    here.stream.held = False
    here.stream.join()
    several.settle()
    assert texts(here) == texts(there) == [(1, "on its way"), (2, "elsewhere it goes on")]
    seen = alice.sees()
    assert [line for line in seen if line[0] == "<"] == ["<alice> on its way", "<bob> elsewhere it goes on"]
    assert [line for line in seen if "The broker is there again." in line]
    alice.types("and on")
    assert texts(there)[-1] == (3, "and on")
    assert logged_errors == [REFUSED]
    logged_errors.clear()


def test_what_never_got_there_is_sent_when_the_broker_is_back(
    several: LogWorlds, logged_errors: list[str]
) -> None:
    here, there = two(several)
    alice = here.join("alice")
    several.broker.refuses = "no leader"
    alice.types("hi")
    here.stream.cut()
    several.broker.refuses = ""
    here.stream.join()
    several.settle()
    assert texts(here) == texts(there) == [(1, "hi")]
    assert logged_errors == [REFUSED]
    logged_errors.clear()


def test_a_broker_that_takes_nothing_is_said_after_ten_seconds(
    several: LogWorlds, logged_errors: list[str]
) -> None:
    """As with a disk that hangs: nothing more is taken, and what waits is told when it is in."""
    here, _ = two(several)
    alice, bob, carol = here.join("alice"), here.join("bob"), here.join("carol")
    carol.types("/join #elsewhere")
    bob.user.operator = True
    bob.sees()
    several.broker.refuses = "the disk is full"
    alice.types("hi")
    carol.types("ho")
    several.passes(HANGS_S + 1)
    assert here.store.trouble == "the disk is full"
    alice.types("too late")
    assert "!! That line can't be kept: the disk is full." in alice.sees()
    assert bob.sees() == ["-- Nobody can say anything: the disk is full."]
    several.broker.refuses = ""
    several.passes(1)
    assert [line for line in alice.sees() if line[0] == "<"] == ["<alice> hi"]
    assert sorted(bob.sees()) == ["-- The broker takes lines again.", "<alice> hi"]
    assert here.store.trouble is None
    assert logged_errors == ["lines are refused: the disk is full"]
    logged_errors.clear()
    alice.types("on")
    assert texts(here) == [(1, "hi"), (2, "on")]


def test_a_batch_that_does_not_go_on_where_the_room_is_counts_for_nobody(several: LogWorlds) -> None:
    """Whatever the broker did: all see the same order, and throw away the same."""
    here, there = two(several)
    alice, bob = here.join("alice"), there.join("bob")
    alice.types("one", "two")
    wrong = several.broker.messages[-1]
    several.broker.store(LOBBY, wrong.body, {**wrong.headers, "Lanchat-First": "2"}, None)
    several.broker.store(LOBBY, b"no JSON", wrong.headers, None)
    several.settle()
    bob.types("three")
    assert texts(here) == texts(there) == [(1, "one"), (2, "two"), (3, "three")]


def test_a_daemon_goes_on_where_its_copy_ends_or_reads_all_of_it(several: LogWorlds) -> None:
    here, there = two(several)
    alice, bob = here.join_json("alice", device="laptop"), there.join("bob")
    alice.asks({"line": "one", "ref": "1"})
    here.dies()
    several.settle()
    bob.types("two", "/topic what we do")
    for copy in ("copy1", "new"):
        node = several.add(copy)
        assert texts(node) == texts(there)
        assert node.chat.rooms["#lobby"].topic.text == "what we do"
        several.passes(20)
        again = node.join_json("alice", device="laptop", after=3)
        again.asks({"line": "one", "ref": "1"})
        assert again.gets()[-1] == {"type": "ok", "ref": "1", "id": 1}
        again.hangs_up()
        node.dies()


def test_a_copy_of_another_log_is_thrown_away(several: LogWorlds) -> None:
    here, there = two(several)
    here.join("alice").types("one")
    here.dies()
    there.dies()
    several.log = "another"
    several.broker.messages.clear()
    node = several.add("copy1")
    assert node.log() == []
    assert node.chat.rooms["#lobby"].log.name == "another"


def test_lines_that_were_taken_out_while_a_daemon_was_away_are_lost_to_it(several: LogWorlds) -> None:
    """It goes on with those behind them, under their ids."""
    here, there = two(several)
    alice, bob = here.join("alice"), there.join("bob")
    alice.types("one")
    here.dies()
    bob.types("two")
    bob.types("three")
    bob.types("four")
    several.broker.messages = [
        one for one in several.broker.messages if b"four" in one.body or one.subject != LOBBY
    ]
    back = several.add("copy1")
    assert texts(back) == [(4, "four")]
    back.dies()
    assert texts(several.add("copy1")) == [(4, "four")]
    assert texts(several.add("new")) == [(4, "four")]


def test_a_room_is_removed_everywhere(several: LogWorlds) -> None:
    """Its lines are gone from the broker too, and who makes it again makes another one."""
    here, there = two(several)
    alice, bob = here.join("alice", room="#dev"), there.join("bob", room="#dev")
    alice.types("secret")
    assert texts(there, "#dev") == [(1, "secret")]
    bob.sees()
    removed = begin(closing_rooms.remove(here.chat, here.chat.rooms["#dev"], "an administrator", "old"))
    several.settle()
    removed.result()
    assert "#dev" not in here.chat.rooms
    assert "#dev" not in there.chat.rooms
    assert [line for line in bob.sees() if "#dev was removed" in line]
    assert not [one for one in several.broker.messages if b"secret" in one.body]
    alice.types("/join #dev")
    alice.types("new")
    assert texts(here, "#dev") == texts(there, "#dev") == [(1, "new")]
    names = {node.chat.rooms["#dev"].log.name for node in (here, there, several.add("new"))}
    assert len(names) == 1
    assert names != {"9f3c"}


def test_a_room_can_not_be_removed_while_the_broker_is_away(
    several: LogWorlds, logged_errors: list[str]
) -> None:
    here, _ = two(several)
    alice = here.join("alice", room="#dev")
    alice.types("hi")
    here.stream.cut()
    removed = begin(closing_rooms.remove(here.chat, here.chat.rooms["#dev"], "an administrator", ""))
    assert str(removed.error) == "That line can't be kept: the broker can't be reached."
    assert logged_errors == [REFUSED]
    logged_errors.clear()


def test_a_line_on_its_way_into_a_room_that_is_removed_is_refused(several: LogWorlds) -> None:
    here, there = two(several)
    alice, bob = here.join("alice", room="#dev"), there.join("bob", room="#dev")
    alice.types("hi")
    there.stream.held = True
    begin(closing_rooms.remove(here.chat, here.chat.rooms["#dev"], "an administrator", ""))
    bob.types("too late")
    there.stream.held = False
    there.stream.lets_go()
    several.settle()
    assert "!! The room is being removed." in bob.sees()


@pytest.mark.parametrize("holds", [False, True])
def test_more_than_the_broker_takes_at_once_is_said_in_parts(several: LogWorlds, holds: bool) -> None:
    """In order, each answered and each told once, also where another one says something between the parts."""
    here, there = two(several)
    program, bob = here.join_json("ci"), there.join("bob")
    here.stream.largest = 150
    here.stream.held = holds
    program.asks(*({"line": f"line {number}", "ref": str(number)} for number in range(8)))
    if holds:
        bob.types("in between")
        here.stream.held = False
        here.stream.lets_go()
        several.settle()
    kept = texts(there)
    assert kept == texts(here)
    assert [text for _, text in kept if text != "in between"] == [f"line {number}" for number in range(8)]
    assert len(kept) == 8 + holds
    told = program.gets()
    ids = {one["text"]: one["id"] for one in told if one["type"] == "said"}
    assert list(ids.items()) == [(text, id_) for id_, text in kept]
    answers = {one["ref"]: one["id"] for one in told if one["type"] == "ok"}
    assert answers == {str(number): ids[f"line {number}"] for number in range(8)}
    assert sum(one["type"] == "said" for one in told) == len(kept)
    assert len([one for one in several.broker.messages if one.subject == LOBBY]) > 2


def test_old_lines_are_read_from_the_copy_and_found_in_it(several: LogWorlds) -> None:
    here, there = two(several)
    alice = here.join("alice")
    alice.types(*(f"line {number}" for number in range(50)))
    there.chat.rooms["#lobby"].log.put_away()
    assert len(texts(there)) == 50
    bob = there.join("bob")
    bob.sees()
    bob.types("/search 17")
    several.settle()
    assert [line for line in bob.sees() if "line 17" in line]


def test_the_copy_is_written_for_many_lines_at_once_or_when_somebody_reads(several: LogWorlds) -> None:
    """A commit behind each fan-out would be in the way of the next one."""
    here, _ = two(several)
    alice = here.join("alice")
    several.passes(GATHERS_S)
    writer = here.workers["log writes"]
    before = writer.asked
    for number in range(9):
        alice.types(f"line {number}")
        several.passes(GATHERS_S / 10)
    assert writer.asked == before
    several.passes(GATHERS_S)
    assert writer.asked == before + 1
    writer.held = True
    alice.types("the newest")
    here.chat.rooms["#lobby"].log.put_away()
    read = here.chat.rooms["#lobby"].log.read(9, 10, 1_000)
    assert writer.asked == before + 2
    alice.types("while it is written")
    also_read = here.chat.rooms["#lobby"].log.read(9, 11, 1_000)
    writer.held = False
    writer.lets_go()
    several.settle()
    assert [event.text for event in read.result()] == ["the newest"]
    assert [event.text for event in also_read.result()] == ["the newest", "while it is written"]
    assert writer.asked == before + 3


def said_in(several: LogWorlds) -> list[str]:
    """What the stream has of what was said."""
    kept = [json.loads(message.body) for message in several.broker.messages if message.subject == LOBBY]
    return [line[2] for body in kept for line in body.get("lines", [])]


def test_what_is_too_old_goes_from_the_stream_too(tmp_path: Path) -> None:
    """Ids go on."""
    several = LogWorlds(tmp_path, keep_events=2)
    here, there = two(several)
    alice = here.join("alice")
    for text in ("one", "two", "three", "four"):
        several.passes(1)
        alice.types(text)
    several.passes(PRUNE_EVERY_S + PURGE_EVERY_S + 1)
    assert texts(here) == texts(there) == [(3, "three"), (4, "four")]
    assert said_in(several) == ["three", "four"]
    several.passes(PURGE_EVERY_S)
    alice.types("five")
    assert texts(several.add("new")) == [(3, "three"), (4, "four"), (5, "five")]


def prunes(node: LogNode, until: int) -> None:
    """What `lanchat-log prune` does to its copy."""
    with contextlib.closing(sqlite3.connect(node.path)) as connection, connection:
        connection.execute("UPDATE room SET pruned = ?", (until,))
        connection.execute("DELETE FROM event WHERE id <= ?", (until,))


@pytest.mark.parametrize("until", [2, 4])
def test_what_is_taken_out_at_one_daemon_is_shown_by_none(several: LogWorlds, until: int) -> None:
    """Nor by one that was away meanwhile, nor by one that comes later; some lines of it, or all."""
    here, there = two(several)
    alice = here.join("alice")
    alice.types("one", "two", "three")  # as one message
    several.passes(1)
    alice.types("four")
    several.add("late").dies()
    several.passes(GATHERS_S)
    prunes(here, until)
    several.passes(PURGE_EVERY_S + 1)
    left = [(3, "three"), (4, "four")] if until == 2 else []
    assert texts(here) == texts(there) == left
    for node in (there, several.add("new"), several.add("late")):
        assert texts(node) == left
        node.chat.rooms["#lobby"].log.put_away()
        assert texts(node) == left
    several.passes(PURGE_EVERY_S + 1)
    assert len([one for one in several.broker.messages if one.subject == LOBBY]) < 5
    there.dies()
    several.add("new2").dies()
    again = several.add("new2")
    bob = again.join("bob")
    bob.types("five")
    assert texts(again) == texts(here) == [*left, (5, "five")]


def test_a_room_that_is_removed_meanwhile_is_not_made_again(several: LogWorlds) -> None:
    """As all let go of what was taken out in it."""
    here, there = two(several)
    alice = here.join("alice", room="#dev")
    alice.types("one", "two")
    several.passes(GATHERS_S)
    prunes(here, 1)
    log = here.chat.rooms["#dev"].log
    assert isinstance(log, RoomLog)
    here.stream.held = True
    begin(closing_rooms.remove(there.chat, there.chat.rooms["#dev"], "an administrator", ""))
    several.settle()
    log.say_pruned(1)
    here.stream.held = False
    here.stream.lets_go()
    several.settle()
    assert "#dev" not in there.chat.rooms


def test_it_is_said_again_if_somebody_talks_in_the_same_moment(several: LogWorlds) -> None:
    here, there = two(several)
    alice, bob = here.join("alice"), there.join("bob")
    alice.types("one", "two")
    several.passes(GATHERS_S)
    prunes(here, 1)
    here.stream.held = True
    bob.types("three")
    several.passes(PURGE_EVERY_S)
    here.stream.held = False
    here.stream.lets_go()
    several.passes(1)
    assert texts(here) == texts(there) == [(2, "two"), (3, "three")]


TROUBLE = "the copy of the log can't be written, so what is older is not there: no such table"


def test_a_copy_that_can_not_be_written_stops_nobody(several: LogWorlds, logged_errors: list[str]) -> None:
    """What is said goes on, and is written when that goes again."""
    here, there = two(several)
    alice = here.join("alice")
    alice.types("one")
    with contextlib.closing(sqlite3.connect(there.path)) as meddling:
        (made,) = meddling.execute("SELECT sql FROM sqlite_master WHERE name = 'subject'").fetchone()
        meddling.execute("DROP TABLE subject")
        alice.types("two")
        alice.types("three")
        assert texts(there) == [(1, "one"), (2, "two"), (3, "three")]
        several.passes(2)
        (logged,) = logged_errors
        assert logged.startswith(TROUBLE)
        logged_errors.clear()
        meddling.execute(made)
    several.passes(2)
    there.dies()
    assert texts(several.add("copy2")) == [(1, "one"), (2, "two"), (3, "three")]


def test_a_copy_that_can_not_be_written_for_long_is_given_up(
    several: LogWorlds, logged_errors: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until the daemon starts again: then it is read from the broker."""
    monkeypatch.setattr(replica, "MOST_WAITING", 1)
    here, there = two(several)
    alice = here.join("alice")
    alice.types("one")
    with contextlib.closing(sqlite3.connect(there.path)) as meddling:
        (made,) = meddling.execute("SELECT sql FROM sqlite_master WHERE name = 'subject'").fetchone()
        meddling.execute("DROP TABLE subject")
        alice.types("two")
        alice.types("three")
        several.passes(2)
        alice.types("four")
        meddling.execute(made)
    logged_errors.clear()
    assert [text for _, text in texts(there)][-1] == "four"
    there.dies()
    assert texts(several.add("copy2")) == [(1, "one"), (2, "two"), (3, "three"), (4, "four")]
