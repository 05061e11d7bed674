"""What was moderated, when its file is read again."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor as installed_reactor

from lanchatd.chat import moderating
from lanchatd.chat.accounts.accounts import Accounts
from lanchatd.chat.accounts.proof import WayIn
from lanchatd.chat.chat import Chat
from lanchatd.history.memory import MemoryLog
from lanchatd.limits import Limits
from lanchatd.service.services import MODERATION, StateService
from lanchatd.state.accounts_file import ACCOUNTS, AccountsFile
from lanchatd.state.audit import AuditLog
from lanchatd.state.directory import Keeper, StateDir
from lanchatd.state.files import StateError
from lanchatd.state.hashing import PasswordHashing
from lanchatd.state.worker import ThreadWorker
from lanchatd.text.names import nick
from tests.state.test_directory import in_reactor

reactor: Any = installed_reactor


class Kept:
    """A chat, and what keeps its bans, mutes and operators; ``name`` is of the file in the directory."""

    def __init__(self, folder: Path, name: str = MODERATION) -> None:
        limits = Limits()
        state = StateDir(folder)
        keeper = Keeper(reactor, state.file(name))
        now = reactor.seconds
        new_worker = partial(ThreadWorker, in_reactor=reactor.callFromThread)
        accounts = AccountsFile(state.file(ACCOUNTS), new_worker)
        way_in = WayIn(
            Accounts(limits, now, accounts.keep), PasswordHashing(new_worker), limits, reactor, now
        )
        log = MemoryLog("log", limits)
        self.chat = Chat("test", (), limits, reactor, now, lambda _: log, keeper.keep, way_in)
        audit = AuditLog(state.file("audit.log"))
        self.service = StateService(reactor, state, keeper, audit, accounts, self.chat)
        self.finish = keeper.finish

    @property
    def operators(self) -> list[str]:
        return list(self.chat.moderation.operators.values())


@in_reactor
async def test_what_is_being_written_is_not_read_over(tmp_path: Path) -> None:
    """A disk may be slow: what was decided meanwhile is newer than the file."""
    kept = Kept(tmp_path)
    moderating.make_operator(kept.chat, nick("alice"))
    with pytest.raises(StateError, match="is being written"):
        kept.service.load()
    assert kept.operators == ["alice"]
    await kept.finish()
    kept.service.load()
    assert kept.operators == ["alice"]
    assert json.loads((tmp_path / MODERATION).read_text())["operators"] == ["alice"]


@in_reactor
async def test_what_could_not_be_written_holds_until_the_end(tmp_path: Path) -> None:
    """As its answer says: reading the old file again does not end it."""
    kept = Kept(tmp_path, "no/such/folder")
    moderating.make_operator(kept.chat, nick("alice"))
    await kept.finish()
    with pytest.raises(StateError, match="is being written"):
        kept.service.load()
    assert kept.operators == ["alice"]


def test_a_first_start_has_nothing_to_read(tmp_path: Path) -> None:
    """And nobody banned."""
    kept = Kept(tmp_path)
    kept.service.load()
    assert kept.operators == []


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    """Nobody would be served meanwhile."""
    os.mkfifo(tmp_path / MODERATION)
    with pytest.raises(StateError, match="is not a file"):
        Kept(tmp_path).service.load()
