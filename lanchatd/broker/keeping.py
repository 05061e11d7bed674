"""What `lanchat-broker` does: each connects, does it, and says in a line what came of it."""

from __future__ import annotations

import asyncio
import logging
import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from lanchatd.broker import backup
from lanchatd.broker.address import Address
from lanchatd.broker.connected import Connected, Gone, Refusing
from lanchatd.broker.stream import Unfit, log_name
from lanchatd.state.file_tool import Wrong

_T = TypeVar("_T")


def check(address: Address) -> None:
    """Say what there is. Raises `Wrong` if one of three does not have all of it."""

    async def look(connected: Connected) -> dict[str, Any]:
        found = await connected.ask(f"STREAM.INFO.{connected.name}")
        log_name(found["config"])
        return found

    found = with_broker(address, look)
    print(f"{address.name}: {_amount(found['state'])}.")  # noqa: T201
    cluster = found.get("cluster") or {}
    if not (replicas := cluster.get("replicas", [])):
        print("One nats-server has it.")  # noqa: T201
        return
    behind = [f"{each['name']} ({_how(each)})" for each in replicas if not each.get("current")]
    names = sorted([cluster.get("leader", ""), *(each["name"] for each in replicas)])
    print(f"{len(names)} have it: {', '.join(names)}; {cluster.get('leader')} leads.")  # noqa: T201
    if behind:
        raise Wrong(f"not all have all of it: {', '.join(behind)}")


def _how(replica: dict[str, Any]) -> str:
    return "it is away" if replica.get("offline") else f"{replica.get('lag', 0):,} messages behind"


def back_up(address: Address, file: Path) -> None:
    """Write a copy, whole or not at all."""
    if file.exists():
        raise Wrong(f"{file} is there already")
    descriptor, name = tempfile.mkstemp(".new", f".{file.name}.", file.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as written:
            state = with_broker(address, lambda connected: backup.back_up(connected, cast(BinaryIO, written)))
            written.flush()
            os.fsync(descriptor)
        new.rename(file)
    finally:
        new.unlink(missing_ok=True)
    print(f"{file} has {_amount(state)}.")  # noqa: T201


def restore(address: Address, file: Path, moved: bool) -> None:
    """Put a copy into the broker."""
    with file.open("rb") as read:
        try:
            copy = backup.Copy(read)
        except backup.Unreadable as error:
            raise Wrong(f"{file} {error}") from None
        if copy.name != address.name:
            raise Wrong(f"{file} is of {copy.name}: give that name in the URL, behind a /")
        state = with_broker(address, lambda connected: backup.restore(connected, copy, moved))
    print(f"The broker has {_amount(state)}.")  # noqa: T201


def _amount(state: dict[str, Any]) -> str:
    last = f", the last of {state['last_ts'][:19]}Z" if state["messages"] else ""
    return f"{state['messages']:,} messages, {state['bytes']:,} bytes{last}"


def with_broker(address: Address, do: Callable[[Connected], Awaitable[_T]]) -> _T:
    """Do something with it. Raises `Wrong`."""

    async def connected_and_done() -> _T:
        connected = await _connected(address)
        try:
            return await do(connected)
        finally:
            await connected.close()

    # It would warn of how the other side ends TLS, on standard error.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    try:
        return asyncio.run(connected_and_done())
    except Refusing as error:
        raise Wrong(f"the broker at {address} refuses it: {error}") from None
    except Gone as error:
        raise Wrong(f"the broker at {address}: {error}") from None
    except Unfit as error:
        raise Wrong(str(error)) from None


async def _connected(address: Address) -> Connected:
    """To the first server that is there."""
    why = Gone("there is none")
    for server in address.servers:
        connected = Connected(address)
        try:
            await connected.connect(server)
        except Gone as error:
            why = error
        else:
            return connected
    raise why
