"""What becomes of a command that an administrator types: its answer, its exit code, its record."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanchatd.commands.report import Cell
from lanchatd.console.session_audit import SessionAudit
from lanchatd.console.shell import Shell
from lanchatd.ssh.application import Identity
from lanchatd.state.audit import AuditLog
from tests.commands.test_administering import Daemon
from tests.world import World

ALICE = Identity("admin", "SHA256:abc", "alice@desk", "192.0.2.9")


class Broken(Daemon):
    """A daemon that can't be asked how it does."""

    def facts(self) -> dict[str, Cell]:
        raise ZeroDivisionError


@pytest.fixture
def audit(tmp_path: Path) -> AuditLog:
    audit = AuditLog(tmp_path / "audit.log")
    audit.open()
    return audit


def shell(world: World, audit: AuditLog, daemon: Daemon | None = None) -> Shell:
    return Shell(world.chat, daemon or Daemon(), ALICE, SessionAudit(audit, world.now, ALICE))


def ran(world: World, audit: AuditLog, line: str) -> tuple[str, int, str]:
    """What is shown, the exit code, and why it was refused."""
    shown: list[str] = []
    answer = shell(world, audit).run(line, shown.append)
    world.settle()
    ended = answer.result()
    return "".join(shown), ended.code, ended.reason


@pytest.mark.parametrize(
    ("line", "code", "why"),
    [
        ("kick bob", 1, "There is no bob here."),
        ("kick", 1, "Usage: kick NICK [REASON]"),
        ("kik", 2, "There is no kik. Did you mean kick?"),
        ("who", 0, ""),
    ],
)
def test_the_exit_code_says_what_became_of_it(
    world: World, audit: AuditLog, line: str, code: int, why: str
) -> None:
    """0 done, 1 refused, 2 no such command; all of them are recorded."""
    assert ran(world, audit, line)[1:] == (code, why)
    (record,) = audit.last(10)
    assert (record.what, record.result) == (line, why or "done")


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("rooms --json", True),
        ("/rooms --json", True),
        ("rooms  --json", True),
        ("who --json", True),
        ("topic #lobby --json", True),
        ("topic --json #lobby", True),
        ("rooms", False),
    ],
)
def test_json_is_asked_for_behind_the_name_or_at_the_end(
    world: World, audit: AuditLog, line: str, asked: bool
) -> None:
    """Where it can't be a part of what is said."""
    assert ran(world, audit, line)[0].startswith("{") == asked


def test_what_is_said_may_end_with_it(world: World, audit: AuditLog) -> None:
    """It is said."""
    alice = world.join("alice")
    ran(world, audit, "say #lobby try who --json")
    assert alice.sees() == ["<admin> try who --json"]


def test_a_command_that_fails_is_recorded(world: World, audit: AuditLog) -> None:
    """It may have done half of what it should."""
    with pytest.raises(ZeroDivisionError):
        shell(world, audit, Broken()).run("stats", print)
    assert [(record.what, record.result) for record in audit.last(10)] == [("stats", "failed")]


@pytest.mark.parametrize(
    ("before", "word", "offered"),
    [
        ("", "ki", ["kick "]),
        ("kick ", "BO", ["bob "]),
        ("topic ", "#", ["#dev ", "#lobby "]),
        ("help ", "un", ["unban ", "unmute "]),
        ("limits ", "max-r", ["max-refs ", "max-rooms ", "max-rooms-per-session "]),
        ("kick ", "x", []),
        ("kick ", "", ["bob "]),
        ("who ", "", ["#dev ", "#lobby ", "bob "]),
        ("kick bob ", "", ["#dev ", "#lobby ", "bob "]),
        ("say ", "b", []),
        ("say #dev hello ", "b", ["bob "]),
        ("room ", "", ["close ", "remove "]),
        ("room remove #dev ", "-", ["--yes "]),
        ("nonsense ", "", []),
    ],
)
def test_tab_offers_what_can_stand_there(
    world: World, audit: AuditLog, before: str, word: str, offered: list[str]
) -> None:
    """Commands first, then nicks and rooms; of help the commands, of limits their names."""
    world.join("bob", room="#dev")
    assert list(shell(world, audit).complete(word, before)) == offered


def test_a_prompt_without_a_history_is_one_all_the_same(world: World, audit: AuditLog) -> None:
    """The audit log can't be read."""
    ran(world, audit, "who")
    assert list(shell(world, audit).history()) == ["who"]
    audit.close()
    assert list(shell(world, audit).history()) == []
