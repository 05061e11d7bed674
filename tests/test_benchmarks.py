"""The benchmarks measure what they say, and what they find can be bad news."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from benchmarks import table
from benchmarks.claims import Claim, claims
from benchmarks.load import Answer, Crowd, build, load_on, no_tls
from benchmarks.loads import (
    BROKER,
    FULL,
    INSPIRCD,
    NGIRCD,
    OURS,
    TWO_NODES,
    doubled,
    in_flight,
    joined,
    over_nodes,
)
from benchmarks.servers import kinds, running
from benchmarks.sitting import Measured
from lanchatd.chat.late_joins import LARGE_ROOM

CORE = min(os.sched_getaffinity(0))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the load generator is."""
    if shutil.which("cc") is None:
        pytest.skip("there is no C compiler")
    path = tmp_path_factory.mktemp("built")
    build(path)
    return path


@pytest.mark.parametrize(
    ("name", "tls"),
    [
        ("lanchatd, half JSON", False),
        ("lanchatd, half JSON", True),
        ("lanchatd, browsers", False),
        ("lanchatd, IRC", False),
        ("lanchatd, IRC", True),
    ],
)
def test_a_load_on_the_daemon_is_measured_to_the_last_line(
    built: Path, tmp_path: Path, name: str, tls: bool
) -> None:
    """Everybody gets every line, and the answers say how many that were."""
    if tls and (why := no_tls()):
        pytest.skip(why)
    crowd = Crowd(20, talkers=4, tls=tls)
    with (
        running(kinds(built)[name], tmp_path / "server", CORE, tls) as server,
        load_on(server, crowd, built, CORE) as load,
    ):
        load("join")
        told = 19 if "IRC" in name else 20  # it does not tell who says it
        said = load("lines 100 8")
        assert (said["lines"], said["deliveries"]) == (100, 100 * told)
        assert said["server_cpu_s"] > 0
        timed = load("pace 400 0.1")
        assert (timed["lines"], timed["deliveries"]) == (40, 40 * told)
        assert 0 < timed["p50_ms"] <= timed["p99_ms"]
        if tls:
            assert load("handshakes 12 4")["handshakes"] == 12
            assert load("lines 10 1")["deliveries"] == 10 * told  # and nobody noticed


def test_members_in_several_rooms_get_every_line_of_each(built: Path, tmp_path: Path) -> None:
    """Once: of eight rooms, each of sixteen members is in three, so that a line comes to six."""
    crowd = Crowd(16, rooms=8, talkers=1, each=3)
    with (
        running(kinds(built)["lanchatd, JSON"], tmp_path / "server", CORE) as server,
        load_on(server, crowd, built, CORE) as load,
    ):
        load("join")
        said = load("lines 200 2")
        assert (said["lines"], said["deliveries"]) == (200, 1_200)
        assert load("pace 400 0.1")["deliveries"] == 240


@pytest.mark.broker
def test_a_line_said_at_one_of_two_nodes_is_timed_at_both(built: Path, tmp_path: Path) -> None:
    """Each has half of the members, and of those that talk."""
    kind = kinds(built)["lanchatd, 2 nodes"]
    if why := kind.missing():
        pytest.skip(why)
    with (
        running(kind, tmp_path / "server", CORE) as server,
        load_on(server, Crowd(20, talkers=2), built, CORE) as load,
    ):
        load("join")
        said = load("lines 100 8")
        assert (said["lines"], said["deliveries"]) == (100, 2_000)
        assert 0 < said["most_cpu_s"] < said["server_cpu_s"]
        across = load("across 10")
        assert across["deliveries"] == 200
        assert across["here_ms"] > 0
        assert across["there_ms"] > 0


def test_what_nodes_bear_is_reckoned_from_the_one_that_works_most() -> None:
    """They share a core here, and have one each where they are used."""
    measured = Measured()
    load = over_nodes(FULL.over_nodes, 64)
    for name, cpu_s, most_cpu_s in ((BROKER, 2, 2), (TWO_NODES, 3, 1.6)):
        measured.add(load, name, talked(100, cpu_s) | {"most_cpu_s": most_cpu_s})
    claim = claim_of(measured, load)
    assert claim.value == pytest.approx(2 / 1.6)
    assert claim.by_cpu == pytest.approx(2 / 3)


def talked(deliveries: float, cpu_s: float = 1) -> Answer:
    return {"deliveries": deliveries, "seconds": 1, "server_cpu_s": cpu_s, "load_cpu_share": 0.5}


def claim_of(measured: Measured, what: str) -> Claim:
    found = [claim for claim in claims(measured, FULL) if claim.what.startswith(what)]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize(("ours", "holds"), [(100, True), (99, False)])
def test_it_is_held_to_the_faster_of_its_peers(ours: int, holds: bool) -> None:
    """By the median of the runs: one good one does not help, nor a bad one hurt."""
    measured = Measured()
    load = in_flight(1_000, 1)
    for deliveries in (ours, ours * 5, ours / 5):
        measured.add(load, OURS, talked(deliveries, cpu_s=2))
    measured.add(load, INSPIRCD, talked(100))
    measured.add(load, NGIRCD, talked(50))
    claim = claim_of(measured, load)
    assert claim.what.endswith("to InspIRCd")
    assert claim.holds is holds
    assert claim.by_cpu == pytest.approx(ours / 100 / 2)
    assert ("MISSED" in table.text(measured, [claim])) is not holds


def test_everybody_is_told_little_in_every_storm() -> None:
    """It is no median: one storm in which somebody was told 100 lines is one too many."""
    measured = Measured()
    for most_told in (20, 20, 100):
        storm: Answer = {
            "joined_s": 1,
            "most_told": most_told,
            "memory_per_member_bytes": 1,
            "server_cpu_s": 1,
        }
        for members in (5_000, 10_000):
            measured.add(doubled(joined(members)), OURS, storm)
    assert not claim_of(measured, "10,000 join: lines told").holds


def test_a_load_generator_without_time_to_spare_is_named() -> None:
    """Then it may be what was measured."""
    measured = Measured()
    measured.add("a load", OURS, talked(1) | {"load_cpu_share": 0.96})
    assert "may have been what limits: a load, lanchatd" in table.text(measured, [])


def test_that_somebody_joined_is_no_delivery(built: Path, tmp_path: Path) -> None:
    """IRC clients in a large room are told of it with the first line of who joined."""
    crowd = Crowd(LARGE_ROOM + 10, talkers=100)
    with (
        running(kinds(built)["lanchatd, IRC"], tmp_path / "server", CORE) as server,
        load_on(server, crowd, built, CORE) as load,
    ):
        load("join")
        assert load("lines 100 1")["deliveries"] == 100 * (crowd.members - 1)
