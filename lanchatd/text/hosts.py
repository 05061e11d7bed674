"""Where a host is: its name or its IP address, and a port."""

from __future__ import annotations

import re
from ipaddress import ip_address

LARGEST_PORT = 65_535

_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63}){0,8}")
_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([^:\[\]]+)):([0-9]{1,5})")


def is_name(text: str) -> bool:
    """Whether a host may be called so; an IPv4 address looks like a name as well."""
    return _NAME.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether it is the name of a host, or an IP address."""
    try:
        return is_name(text) or ip_address(text).version > 0
    except ValueError:
        return False


def address_from(text: str) -> tuple[str, int]:
    """Host and port of ``chat.local:8000``, ``192.0.2.7:8000`` or ``[fd00::1]:8000``. Raises ValueError."""
    found = _WITH_PORT.fullmatch(text)
    if found is None or not is_host(found[1] or found[2]) or not 1 <= int(found[3]) <= LARGEST_PORT:
        raise ValueError(f"{text!r} is not an address such as chat.local:8000")
    return found[1] or found[2], int(found[3])


def address_of(host: str, port: int) -> str:
    """The other way round."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
