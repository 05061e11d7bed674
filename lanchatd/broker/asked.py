"""Which broker an administrator's program is asked to do something with."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path

from lanchatd.broker.address import Address, address_from
from lanchatd.state.file_tool import Wrong


def add_broker(parser: argparse.ArgumentParser, url: str, login: str) -> None:
    """Add the options; ``url`` and ``login`` say what they are."""
    parser.add_argument("--broker", metavar="URL", required=True, help=url)
    parser.add_argument("--broker-login", metavar="FILE", type=Path, help=login)


def broker_in(asked: argparse.Namespace) -> Address:
    """Where it is. Raises `Wrong`, also where there is no client for it, and `StateError`."""
    try:
        address = address_from(asked.broker, asked.broker_login)
    except ValueError as error:
        raise Wrong(f"--broker: {error}") from None
    if find_spec("nats") is None:
        raise Wrong("it needs more: pip install 'lanchatd[broker]'")
    return address
