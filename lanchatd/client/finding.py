"""Without a host: who is announced on this network is shown, and one of them is joined."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from wcwidth import wcswidth

from lanchatd.client import known_servers
from lanchatd.client.options import HOST, PORT, Options
from lanchatd.client.wiring import EXIT_FAILED
from lanchatd.lan import mdns
from lanchatd.lan.announcement import Announcement
from lanchatd.lan.browsing import Found, found
from lanchatd.lan.interfaces import own_addresses
from lanchatd.lan.reaching import first_to_answer

# How long somebody who waits at a terminal waits for those that answer late; for the first one, longer.
QUICKLY_S = 0.6

NOBODY = (
    "Nobody announces a chat on this network.",
    "Announcements are often lost in Wi-Fi, in a VPN, and always between networks. If there is a chat, ask",
    "whoever runs it for its address, and say: lanchat-client ADDRESS. If that does not join it,",
    "lanchat-doctor ADDRESS says why.",
)


def print_found(options: Options, write: Callable[[str], object], complain: Callable[[str], None]) -> int:
    """`--find`; the exit code."""
    if not mdns.is_installed():
        complain(f"To look for servers, it needs more: {mdns.MISSING}")
        return EXIT_FAILED
    there, known = found(), _known()
    if options.as_json:
        for server in there.servers:
            write(json.dumps(_as_json(server, known), ensure_ascii=False) + "\n")
    else:
        for line in table(there, known):
            write(line + "\n")
    if not there.servers:
        for line in NOBODY:
            complain(line)
    return 0 if there.servers else EXIT_FAILED


def choose(
    options: Options,
    ask: Callable[[str], str],
    tell: Callable[[str], object],
    complain: Callable[[str], None],
) -> Options | None:
    """Where somebody at a terminal wants to go who named no host; None for nowhere.

    ``ask`` shows a question and gives the answer, or raises EOFError.
    """
    if not mdns.is_installed():
        complain(f"Trying this machine. To look for servers on the network, it needs more: {mdns.MISSING}")
        return options
    tell("Looking for a chat on this network…\n")
    there, known = found(QUICKLY_S), _known()
    servers = tuple(one for one in there.servers if options.fingerprint in ("", one.key))
    if not servers:
        if first_to_answer([HOST], PORT):
            return options  # one that is for this machine alone
        for line in NOBODY:
            complain(line)
        return None
    server = _choice(replace(there, servers=servers), known, ask, tell)
    if server is None:
        return None
    own = {str(one.ip.ip) for one in own_addresses()}
    here = [HOST] if own & set(server.addresses) else []  # nobody is in between there
    address = first_to_answer([*here, *server.addresses], server.port)
    if address is None:
        where = f"{server.addresses[0]} {server.port}"
        complain(f"{server.name} is announced, but does not answer. lanchat-doctor {where} says why.")
        return None
    # By the key that was trusted before, whatever its address is now. That of a stranger proves nothing.
    key = server.key if server.key in known and not options.plain else options.fingerprint
    return replace(options, host=address, port=server.port, fingerprint=key)


def _choice(
    there: Found, known: set[str], ask: Callable[[str], str], tell: Callable[[str], object]
) -> Announcement | None:
    servers = there.servers
    for line in table(there, known):
        tell(line + "\n")
    if len(servers) == 1:
        (server,) = servers
        if server.key in known:
            return server
        return server if _answer(ask, f"Join {server.name}? (yes/no) ") in ("y", "yes") else None
    while answer := _answer(ask, f"Which one? (1 to {len(servers)}, or nothing) "):
        if answer.isascii() and answer.isdigit() and 1 <= int(answer[:4]) <= len(servers):
            return servers[int(answer[:4]) - 1]
    return None


def _answer(ask: Callable[[str], str], question: str) -> str:
    try:
        return ask(question).strip().lower()
    except EOFError:
        return ""


def table(there: Found, known: set[str]) -> list[str]:
    """A line for each server: its number, its name, where it is, how many are there, whether it is known."""
    rows = [
        (
            str(number),
            server.name,
            f"{server.addresses[0]} {server.port}",
            "" if server.here is None else f"{server.here:,} here",
            "known" if server.key in known else "not known",
        )
        for number, server in enumerate(there.servers, 1)
    ]
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(_filled, row, widths)).rstrip() for row in rows]
    return [*lines, *([f"And {there.more:,} more."] if there.more else [])]


def _known() -> set[str]:
    """The keys that were trusted before."""
    try:
        return set(known_servers.read(known_servers.path()).servers.values())
    except OSError:
        return set()  # whoever joins is told


def _as_json(server: Announcement, known: set[str]) -> dict[str, object]:
    return {
        "name": server.name,
        "host": f"{server.host}.local",
        "addresses": server.addresses,
        "port": server.port,
        "key": server.key,
        "known": server.key in known,
        "version": server.version,
        "only_tls": server.only_tls,
        "page": server.page,
        "here": server.here,
    }


def _filled(text: str, width: int) -> str:
    return text + " " * (width - _width(text))


def _width(text: str) -> int:
    return max(0, wcswidth(text))
