"""What is announced of a daemon by mDNS and DNS-SD (RFC 6762, 6763), and how what others announce is read.

Whoever is on the network can announce anything: what is read is for people to look at, and proves nothing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from lanchatd.text.cleaning import NEVER
from lanchatd.text.fingerprint import PREFIX, fingerprint_from

TYPE = "_lanchat._tcp.local."
# Of every record. Whoever looks asks anew before it is over; a daemon that was killed is forgotten then.
TTL_S = 120

# What is kept of what somebody announces.
LONGEST_TEXT = 64  # characters
MOST_ADDRESSES = 16

_LONGEST_LABEL_BYTES = 63  # RFC 1035, 2.3.4
_LONGEST_PAIR_BYTES = 255  # RFC 6763, 6.1


@dataclass(frozen=True, slots=True)
class Announcement:
    """A daemon. ``here`` is how many members it has; None if it does not say.

    ``host`` is its name in mDNS, without the domain. Found addresses of a link have their interface.
    """

    name: str
    host: str
    port: int
    addresses: tuple[str, ...]
    key: str
    version: str
    only_tls: bool
    page: bool
    here: int | None

    @property
    def instance(self) -> str:
        """Its name as one label: a dot would begin another one.

        With the digits of its key: of fifty that are called the same and start at once, the library lets most
        take the very same name (tried).
        """
        digits = f" ({self.host.rpartition('-')[2]})"
        return _cut(self.name.replace(".", "-"), _LONGEST_LABEL_BYTES - len(digits.encode())) + digits

    def texts(self) -> dict[str, str]:
        """The pairs of its TXT record."""
        return {
            "name": _cut(self.name, _LONGEST_PAIR_BYTES - len("name=")),
            "version": self.version,
            "key": self.key,
            "tls": "only" if self.only_tls else "also",
            "page": "yes" if self.page else "no",
            "here": str(self.here or 0),
        }


def host_name(key: str) -> str:
    """The name of a daemon's own in mDNS, of its key: that of the machine belongs to the machine."""
    digest = base64.b64decode(key.removeprefix(PREFIX) + "=")
    return f"lanchat-{digest[:4].hex()}"


def read(
    instance: str, host: str, port: int | None, addresses: list[str], texts: Mapping[bytes, bytes | None]
) -> Announcement | None:
    """What somebody announces; None if nobody could join there. All texts are safe to show."""
    usable = [one for one in addresses if _is_usable(one)][:MOST_ADDRESSES]
    if not port or not usable:
        return None
    given = {
        name: cleaned(text.decode(errors="replace"))
        for name in (b"name", b"version", b"key", b"tls", b"page", b"here")
        if (text := texts.get(name)) is not None
    }
    try:
        key = fingerprint_from(given.get(b"key", ""))
    except ValueError:
        key = ""
    here = given.get(b"here", "")
    return Announcement(
        name=given.get(b"name") or cleaned(instance) or cleaned(host),
        host=cleaned(host),
        port=port,
        addresses=tuple(usable),
        key=key,
        version=given.get(b"version", ""),
        only_tls=given.get(b"tls") == "only",
        page=given.get(b"page") == "yes",
        here=int(here) if re.fullmatch("[0-9]{1,6}", here) else None,
    )


def _is_usable(address: str) -> bool:
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if ip.version == 6 and ip.is_link_local and ip.scope_id is None:  # noqa: PLR2004
        return False  # nobody could say on which link
    return not (ip.is_loopback or ip.is_multicast or ip.is_unspecified)


def cleaned(text: str, longest: int = LONGEST_TEXT) -> str:
    """So much of a text of somebody else, safe to show on one line."""
    return NEVER.sub("\ufffd", text[:longest].replace("\t", " ")).strip()


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")
