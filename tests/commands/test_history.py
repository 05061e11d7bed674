"""Looking back: the lines before a moment, and those that hold some words."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from lanchatd.text.refused import Refused
from lanchatd.text.times import from_iso
from tests.chat.test_late_log import LateWorld
from tests.disk import DiskWorld
from tests.world import Person, World

HOUR = 3_600
DAY = 24 * HOUR


@pytest.fixture(params=["in memory", "on disk"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """Whatever the log is; on disk, most of it is past the memory."""
    return DiskWorld(tmp_path / "log", log_events=3) if request.param == "on disk" else World()


@pytest.fixture
def disk(tmp_path: Path) -> DiskWorld:
    return DiskWorld(tmp_path / "log", log_events=3)


def hourly(world: World, lines: int) -> Person:
    """Alice says a line an hour, from 14:03 on 2026-11-22."""
    world.passes(0)
    alice = world.join("alice")
    for number in range(lines):
        alice.types(f"line {number}")
        world.jump_s += HOUR
    alice.sees()
    return alice


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("before 2026-11-22 17:00", 0, 2),
        ("2 before 2026-11-22 17:00", 1, 2),
        ("2 BEFORE 2026-11-22T17:03:12Z", 2, 3),
        ("3 before 2026-11-23", 7, 9),
        ("1 before 19:00", 28, 28),
        ("1 before 21:00", 6, 6),
        ("100 before 2030-01-01", 0, 29),
    ],
)
def test_the_lines_before_a_moment(kept: World, typed: str, first: int, last: int) -> None:
    """The last 20, or as many as were asked for; with their dates unless that is today."""
    alice = hourly(kept, 30)
    seen = alice.types(f"/history {typed}").sees()
    assert [line.rsplit(" ", 1)[1] for line in seen] == [str(number) for number in range(first, last + 1)]


@pytest.mark.parametrize("typed", ["2026", "2026-11", "14.03", "14", "1403"])
def test_what_only_resembles_a_time_is_refused(kept: World, typed: str) -> None:
    """Rather than that lines of some other time are shown."""
    seen = kept.join("alice").types(f"/history before {typed}").sees()
    assert seen == ["!! A time is like 14:03, 2026-11-22 or 2026-11-22 14:03."]


def test_the_hour_that_comes_twice_in_autumn(kept: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines are told apart, and a time of day is the last one that there was."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    kept.jump_s = from_iso("2026-11-01T05:30Z") - kept.now()
    alice = kept.join("alice").types("first")
    kept.jump_s += HOUR
    alice.types("second")
    kept.jump_s += HOUR / 2
    alice.sees()
    seen = alice.types("/history before 01:45").sees()
    assert seen == ["01:30-04:00 <alice> first", "01:30-05:00 <alice> second"]
    assert alice.types("/history before 01:30").sees() == ["01:30-04:00 <alice> first"]
    assert alice.types("/history before 01:30-04:00").sees() == ["-- There is no such line."]


def test_a_line_from_another_day_has_its_date(kept: World) -> None:
    """As people write it."""
    alice = hourly(kept, 30)
    assert alice.types("/history 1 before 2026-11-22 20:00").sees() == ["2026-11-22 19:03 <alice> line 5"]
    assert alice.types("/history 1 before 2026-11-23 19:30").sees() == ["19:03 <alice> line 29"]


def test_before_everything_there_is_nothing(kept: World) -> None:
    """Nor in a room in which nothing was said."""
    alice = hourly(kept, 3)
    assert alice.types("/history before 2020-01-01").sees() == ["-- There is no such line."]
    alice.types("/join #new").sees()
    assert alice.types("/history before 2030-01-01").sees() == ["-- There is no such line."]


def test_lines_before_a_moment_for_programs(kept: World) -> None:
    """One object, the oldest first."""
    hourly(kept, 5)
    bob = kept.join_json("bob")
    bob.gets()
    got = bob.asks({"line": "/history 2 before 2026-11-22 17:00", "ref": "1"}).gets()
    (past,) = [item for item in got if item["type"] == "past"]
    assert (past["type"], past["more"]) == ("past", False)
    assert past["events"] == [
        {"type": "said", "id": id_, "room": "#lobby", "from": "alice", "text": f"line {id_ - 1}",
         "at": f"2026-11-22T{13 + id_}:03:11.123Z"} for id_ in (2, 3)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "ids"),
    [
        ("2 before id 4", [2, 3]), ("before id 4", [1, 2, 3]), ("1 before id 6", [5]),
        ("2 before id 99", [4, 5]), ("before id 1", []), ("before id 0", []),
    ],
)  # fmt: skip
def test_lines_before_another_one(kept: World, typed: str, ids: list[int]) -> None:
    """A program knows them by their ids, and reads page after page, however many were said at one moment."""
    hourly(kept, 5)
    bob = kept.join_json("bob")
    bob.gets()
    got = bob.asks({"line": f"/history {typed}", "ref": "1"}).gets()
    (past,) = [item for item in got if item["type"] == "past"]
    assert [event["id"] for event in past["events"]] == ids
    assert past.get("first") == (ids[0] if ids else None)


def test_a_page_of_somebody_who_is_ignored_is_not_the_beginning(kept: World) -> None:
    """There is nothing to show in it, and it says where the one before it ends."""
    hourly(kept, 5)
    bob = kept.join_json("bob").asks({"line": "/ignore alice"})
    bob.gets()
    (past,) = bob.asks({"line": "/history 2 before id 4"}).gets()
    assert (past["events"], past["first"]) == ([], 2)


@pytest.mark.parametrize("typed", ["id", "id x", "id -1", "id 1.5", "id 1 2", "ID 3", "id 1234567890123456"])
def test_what_is_no_id_is_refused(kept: World, typed: str) -> None:
    """As what is no time."""
    (refused,) = kept.join("alice").types(f"/history before {typed}").sees()
    assert refused.startswith("!! A time is like 14:03")


def test_long_lines_before_a_moment_are_cut_to_a_chunk(kept: World) -> None:
    """The newest of them."""
    kept.limits.chunk_bytes = 4_096
    alice = kept.join("alice")
    for number in range(10):
        alice.types(f"{number} " + "x" * 1_000)
    kept.jump_s = DAY
    alice.sees()
    assert [line.split(" ")[3] for line in alice.types("/history before 2026-11-23").sees()] == ["8", "9"]


def test_a_lagging_member_is_not_shown_what_it_has_not_been_given(kept: World) -> None:
    """Those lines are still to come, in their order."""
    alice, bob = kept.join("alice"), kept.join("bob")
    bob.stops_reading()
    alice.types("one", "/msg bob psst")
    bob.types("/history before 2030-01-01")
    bob.reads_on()
    assert bob.sees() == [
        "[alice -> bob] psst",
        "-- There is no such line.",
        "<alice> one",
    ]


def test_what_the_log_no_longer_holds_is_long_before() -> None:
    """In a log in memory that is full."""
    world = World(log_events=3)
    alice = hourly(world, 10)
    assert alice.types("/history before 2026-11-22 22:00").sees() == ["2026-11-22 21:03 <alice> line 7"]
    assert alice.types("/history before 2026-11-22 19:00").sees() == ["-- There is no such line."]


def test_a_log_that_cannot_be_read_says_why() -> None:
    """At whatever step."""
    for steps in range(3):
        world = LateWorld()
        alice = world.join("alice").types("one", "two")
        world.log_answers()
        alice.sees()
        alice.types("/history before 2030-01-01")
        for _ in range(steps):
            world.log.answers()
        world.log.refusal = Refused("log_failed", "The disk is broken.")
        world.log_answers()
        assert alice.sees() == ["!! The disk is broken."]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("The build is green", "build"),
        ("The build is green", "GREEN the"),
        ("The builds are green", "build"),
        ("Die Prüfung läuft", "prufung"),
        ("ПРИВЕТ мир", "привет"),
        ("новая ёлка", "елка"),
        ("новая елка", "ёлка"),
        ("Łódź i Đà Nẵng", "da lodz nang"),
        ("Straße", "strasse"),
        ("strasse", "Straße"),
        ("أحمد قال مَرْحَبًا", "احمد مرحبا"),
        ("قال احمد مرحبا", "أحمد مَرْحَبًا"),
        ("שָׁלוֹם", "שלום"),
        ("今日は天気がいい", "天気"),
        ("我们去吃饭吧", "吃饭"),
        ("안녕하세요 여러분", "안녕"),
        ("สวัสดีครับ", "สวัสดี"),
        ("यह हिन्दी है", "हिन्दी"),
        ("مرحبا بالعالم", "مرحبا"),
        ("well done 🎉🎉", "🎉"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full"),
        ("see https://example.org/a-b", "example.org/a-b"),
        ("it costs 42", "42"),
        ('he said "quoted"', '"quoted"'),
    ],
)
def test_words_are_found_in_any_script(disk: DiskWorld, said: str, words: str) -> None:
    """Case, accents and width make no difference, and a word is found by its beginning."""
    alice = disk.join("alice").types("nothing of it", said, "nor here, 天", "気")
    alice.sees()
    assert alice.types(f"/search {words}").sees() == [f"14:03 #lobby <alice> {said}"]


@pytest.mark.parametrize(
    "words",
    ["uild", "green OR red", "NOT", "a*", "{text}:x", "天気", 'build"', "b", "-- ()", "йод", "हन्दी", "ハン"],
)
def test_what_is_not_there_is_not_found(disk: DiskWorld, words: str) -> None:
    """Nothing that is typed means anything to the database."""
    alice = disk.join("alice").types("The bulid is green", "天 and 気", "иод", "हिन्दी", "パン")
    alice.sees()
    answer = alice.types(f"/search {words}").sees()
    assert len(answer) == 1 and answer[0].startswith(("-- There is no such line.", "!! There is no word"))


def test_all_rooms_are_searched_and_the_newest_come_first(disk: DiskWorld) -> None:
    """Fifty at a time; alone it shows the next ones."""
    alice, bob = disk.join("alice"), disk.join("bob", room="#dev")
    for number in range(60):
        (alice if number % 2 else bob).types(f"tea {number}")
        disk.passes(1)
    alice.sees()
    first = alice.types("/search tea").sees()
    assert first[:2] == ["14:04 #lobby <alice> tea 59", "14:04 #dev <bob> tea 58"]
    assert len(first) == 51 and first[-1] == "-- There are more: /search alone shows them."
    assert [line.rsplit(" ", 1)[1] for line in alice.types("/search").sees()] == [
        str(number) for number in range(9, -1, -1)
    ]
    refusal = "!! Say what to search for: /search WORDS. Alone it shows the next ones."
    assert alice.types("/search").sees() == [refusal]


def test_a_search_for_programs(disk: DiskWorld) -> None:
    """One object, with what was found as it was said."""
    disk.join("alice").types("tea", "/me makes tea", "/topic tea")
    bob = disk.join_json("bob", room="#dev")
    bob.gets()
    got = bob.asks({"line": "/search tea", "ref": "1"}).gets()
    assert {"type": "ok", "ref": "1"} in got
    (past,) = [item for item in got if item["type"] == "past"]
    assert [(event["type"], event["id"], event["room"]) for event in past["events"]] == [
        ("topic", 3, "#lobby"), ("acted", 2, "#lobby"), ("said", 1, "#lobby"),
    ]  # fmt: skip
    assert past["more"] is False


def test_long_lines_are_a_page_of_their_own(disk: DiskWorld) -> None:
    """What does not fit in a chunk comes with the next one; nothing is left out."""
    disk.limits.chunk_bytes = 4_096
    alice = disk.join("alice")
    for number in range(5):
        alice.types(f"{number} tea " + "x" * 1_500)
    alice.sees()
    pages = [alice.types("/search tea").sees(), *(alice.types("/search").sees() for _ in range(2))]
    assert [[line.split(" ")[3] for line in page if "x" in line] for page in pages] == [
        ["4", "3"], ["2", "1"], ["0"],
    ]  # fmt: skip


def test_who_is_ignored_is_not_found(disk: DiskWorld) -> None:
    """As in everything else."""
    disk.join("bob").types("tea")
    alice = disk.join("alice").types("/ignore bob")
    alice.sees()
    assert alice.types("/search tea").sees() == ["-- There is no such line."]


def test_who_is_ignored_is_not_found_under_another_nick(disk: DiskWorld) -> None:
    """What is read from the disk tells nicks alone: the one that was ignored, and the one of now."""
    bob, carol = disk.join("bob"), disk.join("carol")
    alice = disk.join("alice").types("/ignore bob")
    bob.types("tea", "/nick rob", "tea too")
    carol.types("tea as well")
    alice.sees()
    found = "14:03 #lobby <carol> tea as well"
    assert alice.types("/search tea").sees() == [found]
    bob.vanishes()
    disk.join("robert").types("/nick bob", "/nick robin")
    assert alice.types("/search tea").sees()[-2:] == [found, "14:03 #lobby <rob> tea too"]


def test_a_search_that_fails_says_why(disk: DiskWorld) -> None:
    """The daemon goes on."""
    alice = disk.join("alice")
    disk.store._workers[2][1].close()
    answer = alice.types("/search tea").sees()
    assert len(answer) == 1 and answer[0].startswith("!! The log can't be read: ")


def test_talking_does_not_wait_for_a_search(disk: DiskWorld) -> None:
    """It is another thread's; and who asked is asked nothing more until it is answered."""
    alice, bob = disk.join("alice"), disk.join("bob")
    alice.sees()
    disk.workers["log searches"].held = True
    alice.types("/search tea", "after it")
    bob.types("tea")
    assert alice.sees() == ["<bob> tea"]
    disk.workers["log searches"].lets_go()
    disk.settle()
    assert alice.sees() == ["-- There is no such line.", "<alice> after it"]
