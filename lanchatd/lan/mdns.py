"""mDNS, by the library ``zeroconf``, which is imported when it is used: it takes 15 MiB."""

from __future__ import annotations

import logging
import socket
import sys
from importlib.util import find_spec
from typing import Any

from lanchatd.lan.interfaces import Own

MISSING = "pip install 'lanchatd[discovery]'"


def is_installed() -> bool:
    """Whether the library is there."""
    return find_spec("zeroconf") is not None


def open_on(own: list[Own]) -> Any:
    """Its sockets, on the interfaces that have these addresses. Raises OSError and RuntimeError."""
    from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415

    # What it has to say is about packets of others, and anybody can make it say that.
    logging.getLogger("zeroconf").addHandler(logging.NullHandler())
    logging.getLogger("zeroconf").propagate = False
    return AsyncZeroconf(**interfaces(own))


def interfaces(own: list[Own]) -> dict[str, Any]:
    """The arguments that say on which interfaces; where this is not known, on all."""
    from zeroconf import InterfaceChoice, IPVersion  # noqa: PLC0415

    four = [str(one.ip.ip) for one in own if one.ip.version == 4]  # noqa: PLR2004
    six = list(
        dict.fromkeys(socket.if_nametoindex(one.interface) for one in own if one.ip.version == 6)  # noqa: PLR2004
    )
    if not own and sys.platform != "linux":
        return {"interfaces": InterfaceChoice.All}
    version = IPVersion.All if four and six else IPVersion.V4Only if four else IPVersion.V6Only
    return {"interfaces": [*four, *six], "ip_version": version}
