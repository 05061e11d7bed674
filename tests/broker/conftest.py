"""A broker for each test: one nats-server, or three, or one that wants TLS and a password."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broker.locked import Locked, locked_server
from tests.broker.server import Server, Servers, one_server, three_servers


@pytest.fixture(autouse=True)
def _connections_end() -> Iterator[None]:
    """Nobody who came in by `hello` stays."""
    yield
    # Not at the top: pytest reads a module of tests itself first, to show what its asserts compare.
    from tests.broker.test_log_daemons import close_all  # noqa: PLC0415

    close_all()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Server]:
    """One that is ready, and nothing is kept in it."""
    with one_server(tmp_path / "broker") as server:
        yield server


@pytest.fixture
def three(tmp_path: Path) -> Iterator[Servers]:
    """Three as one that are ready, and nothing is kept in them."""
    with three_servers(tmp_path / "broker") as servers:
        yield servers


@pytest.fixture
def locked(tmp_path: Path) -> Iterator[Locked]:
    """One that lets in by TLS, with a password."""
    with locked_server(tmp_path / "broker") as server:
        yield server
