"""From another machine: the way to a server, step by step."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from ipaddress import ip_address

from lanchatd.client import known_servers
from lanchatd.client.trust import fingerprint_of
from lanchatd.doctor import asking
from lanchatd.doctor.reached import neighbours, tried, why_not
from lanchatd.doctor.steps import Step, note, ok, wrong
from lanchatd.lan import mdns
from lanchatd.lan.browsing import found, nearest_first
from lanchatd.lan.interfaces import own_addresses
from lanchatd.text.times import span

# People notice when the times of lines are wrong by as much.
MOST_CLOCK_S = 60
MOST_ADDRESSES = 16

# Interfaces that lead elsewhere than to the network around.
_VPN = re.compile(r"tun|tap|wg|ppp|utun|tailscale|zt|ipsec|nordlynx|proton")


def steps(host: str, port: int) -> Iterator[Step]:
    """Each as it is found out, until one is wrong."""
    own = own_addresses()
    try:
        told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        cure = "use the IP address; whoever runs the server sees it in its log"
        yield wrong("name", f"The name {host} is not found.", cure)
        return
    # With the interface, where there is one; each once.
    shown = [
        socket.getnameinfo(where, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0] for *_, where in told
    ]
    addresses = list(nearest_first(list(dict.fromkeys(shown))[:MOST_ADDRESSES], own))
    yield ok("name", f"{host} is {', '.join(addresses)}" if addresses != [host] else f"{host} is an address")

    answers = tried(addresses, port)
    reached = [one.address for one in answers if one.open]
    if not reached:
        yield why_not(answers[0], port, own, neighbours())
        return
    address = reached[0]
    silent = [one.address for one in answers if not one.open]
    but = f"; {', '.join(silent)} does not" if silent else ""
    yield ok("connection", f"{address} port {port} answers{but}")
    source = _source(address, port)
    if vpn := next((one for one in own if str(one.ip.ip) == source and _VPN.match(one.interface)), None):
        yield note("way", f"It goes through a VPN ({vpn.interface}).")
    yield from _server(address, port, known_servers.server_name(host, port))


def _source(address: str, port: int) -> str:
    """The address of this machine by which it goes there."""
    family, _, _, _, where = socket.getaddrinfo(address, port, flags=socket.AI_NUMERICHOST)[0]
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asks:
            asks.connect(where)  # nothing is sent
            return str(asks.getsockname()[0]).partition("%")[0]
    except OSError:
        return ""


def _server(address: str, port: int, name: str) -> Iterator[Step]:
    try:
        line, only_tls = asking.greeting(address, port)
    except OSError as error:
        yield wrong(
            "server", f"It closes the connection: {error.strerror or error}.", "ask whoever runs it why"
        )
        return
    who = asking.welcome(line)
    if who is None:
        said = f"it says {line!r}" if line else "it says nothing"
        cure = "ask for the port; if that is right, somebody is in between or it is too busy"
        yield wrong("server", f"What listens there is no lanchat: {said}.", cure)
        return
    but = ", for encrypted connections only" if only_tls else ""
    yield ok("server", f"{who[0]}, lanchatd {who[1]}{but}")
    try:
        shown = asking.certificate(address, port)
        key = fingerprint_of(shown)
    except (OSError, ValueError) as error:
        cure = "something on the way breaks encrypted connections, a firewall or a virus scanner perhaps"
        yield wrong("key", f"TLS does not work: {getattr(error, 'strerror', None) or error}.", cure)
        return
    yield from _key(key, name)
    yield from _http(address, port, only_tls)
    yield from _announced(address, key)


def _known(name: str) -> str:
    try:
        return known_servers.read(known_servers.path()).servers.get(name, "")
    except OSError:
        return ""


def _key(key: str, name: str) -> Iterator[Step]:
    known = _known(name)
    if not known:
        yield ok("key", f"{key}; not known yet, lanchat-client will ask")
    elif known == key:
        yield ok("key", f"{key}, the known one")
    else:
        cure = "ask whoever runs it: if it is meant so, lanchat-client --forget; else somebody is in between"
        yield wrong("key", f"The key has changed: {key}; known is {known}.", cure)


def _http(address: str, port: int, tls: bool) -> Iterator[Step]:
    """The clock, and whether large packets come through: both are seen on the page."""
    try:
        before = time.time()
        health = asking.get(address, port, "/health", tls=tls)
        now = (before + time.time()) / 2
    except OSError as error:
        cure = "browsers can't open the page; ask whoever runs it for its log"
        yield wrong("page", f"The page does not answer: {error.strerror or error}.", cure)
        return
    if health is None or health.status != 200:  # noqa: PLR2004
        yield note("page", "There is no page for browsers, so clock and packets are not looked at.")
        return
    yield ok("page", "it answers")
    if health.date is not None:
        yield _clock(health.date - now)
    try:
        large = asking.get(address, port, "/", tls=tls, padding=asking.LARGE_BYTES)
    except OSError:
        large = None
    if large is None or len(large.body) < asking.LARGE_BYTES:
        cure = (
            "the MTU on the way is smaller than these machines think, by a VPN or a tunnel perhaps: "
            "try ip link set dev INTERFACE mtu 1280 on both"
        )
        yield wrong("packets", "Small packets come through, large ones are lost.", cure)
    else:
        yield ok("packets", f"large ones come through ({len(large.body):,} bytes)")


def _clock(ahead_s: float) -> Step:
    """HTTP tells it in whole seconds."""
    if abs(ahead_s) <= MOST_CLOCK_S:
        return ok("clock", "the same here and there")
    which = "ahead of" if ahead_s > 0 else "behind"
    text = f"The server's clock is {span(abs(ahead_s))} {which} that of this machine."
    return wrong("clock", text, "set the one that is wrong: timedatectl set-ntp true")


def _announced(address: str, key: str) -> Iterator[Step]:
    own = own_addresses()
    ip = ip_address(address.partition("%")[0])
    if ip.is_loopback or any(ip == one.ip.ip for one in own):
        yield note("found", "It is on this machine; lanchat-doctor without a host looks at it from inside.")
    elif not any(ip in one.ip.network for one in own):
        yield note("found", "It is in another network, where announcements (mDNS) do not come from.")
    elif not mdns.is_installed():
        yield note("found", f"To look for announcements (mDNS), it needs more: {mdns.MISSING}")
    elif any(server.key == key for server in found().servers):
        yield ok("found", "it is announced (mDNS), and lanchat-client finds it without an address")
    else:
        text = (
            "Its announcement (mDNS) does not come here: multicast is filtered, by a firewall (UDP port "
            "5353), a Wi-Fi or a switch; or it runs with --no-announce. Whoever has the address can join."
        )
        yield wrong("found", text, "allow UDP port 5353 in both firewalls, or go on by the address")
