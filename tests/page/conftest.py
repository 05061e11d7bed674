"""The browser that the tests of the page share, and a daemon for each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, daemon
from tests.page.browser import CHROMIUM, FLAGS, chromiums


@pytest.fixture(scope="session")
def starter() -> Iterator[Any]:
    with chromiums() as found:
        yield found


@pytest.fixture(scope="session")
def chromium(starter: Any) -> Iterator[Any]:
    running = starter.launch(executable_path=CHROMIUM, args=FLAGS)
    yield running
    running.close()


@pytest.fixture
def chat(tmp_path: Path) -> Iterator[Daemon]:
    with daemon("--port=0", cwd=tmp_path) as running:
        yield running
