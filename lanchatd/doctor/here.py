"""On the server's machine: whether the daemon runs, and whether others can come in."""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from lanchatd.client.trust import fingerprint_of
from lanchatd.doctor import asking, process
from lanchatd.doctor.firewall import Packet, in_the_way
from lanchatd.doctor.steps import Step, Verdict, note, ok, wrong
from lanchatd.lan import mdns
from lanchatd.lan.browsing import found
from lanchatd.lan.interfaces import Own, own_addresses, told_to_others
from lanchatd.limits import Limits
from lanchatd.state.directory import default_state_dir
from lanchatd.state.files import StateError

# Where the service of deploy/ keeps its state.
SERVICE_DIR = Path("/var/lib/lanchatd")
FEW_FILES = 256  # that the daemon keeps free of connections for all else
RENEWED_DAYS = 30
MDNS_PORT = 5353
_UNSYNCHRONISED = 5  # TIME_ERROR, adjtimex(2)


def steps(given: Path | None) -> Iterator[Step]:
    """Each as it is found out, until one is wrong. ``given`` is the state directory, if it was said."""
    try:
        directory, pid = _running(given)
    except (OSError, StateError) as error:
        why = getattr(error, "strerror", None) or error
        yield wrong(
            "running", f"It can't be seen whether one runs: {why}.", "run this as root, or as its user"
        )
        return
    if pid is None:
        cure = "start it (twistd -n lanchat), or name the directory of the one that runs: --state-dir DIR"
        yield wrong("running", f"No lanchatd runs that keeps its state in {directory}.", cure)
        return
    yield ok("running", f"process {pid}, state in {directory}")
    yield _kept(directory, pid)
    yield _disk(directory)
    try:
        yield _files(pid)
        places = process.listens(pid)
    except OSError:
        yield note("ports", "Its ports can't be seen by this user.", "run this as root, or as its user")
        return
    yield _clock()
    yield from _reached(places, process.words(pid))


def _running(given: Path | None) -> tuple[Path, int | None]:
    directories = [given] if given is not None else [default_state_dir(os.environ), SERVICE_DIR]
    for directory in directories:
        try:
            if (pid := process.holder_of(directory / "lock")) is not None:
                return directory, pid
        except (FileNotFoundError, NotADirectoryError):
            pass
    return directories[0], None


def _kept(directory: Path, pid: int) -> Step:
    status, user = directory.stat(), (process.PROC / str(pid)).stat().st_uid
    if status.st_uid != user:
        text = f"{directory} belongs to user {status.st_uid}, and the daemon runs as {user}."
        return wrong("state", text, f"chown -R {user} {directory}, and start it again")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO) & ~0o055:
        return wrong("state", f"Others can write to {directory}.", f"chmod 700 {directory}")
    return ok("state", "belongs to the daemon's user")


def _disk(directory: Path) -> Step:
    free, wanted = shutil.disk_usage(directory).free, Limits().min_free_bytes
    if free < wanted:
        text = f"The disk has {free // 1_048_576:,} MiB left: lines are refused."
        return wrong("disk", text, "make room, or let less be kept with --keep-bytes or --keep-days")
    return ok("disk", f"{free // 1_048_576:,} MiB free")


def _files(pid: int) -> Step:
    used, most = process.open_files(pid)
    if most - used < FEW_FILES:
        cure = "LimitNOFILE= in its unit, or ulimit -n before it is started; fewer --max-connections"
        return wrong("open files", f"{used:,} of {most:,} are open: nobody else can come in soon.", cure)
    return ok("open files", f"{used:,} of {most:,}")


def _clock() -> Step:
    try:
        # A struct that is larger than it is anywhere; with no mode set it is only read.
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(1_024))
    except (OSError, AttributeError):
        state = -1
    now = f"{datetime.now().astimezone():%Y-%m-%d %H:%M:%S %Z}"
    if state in (-1, _UNSYNCHRONISED):
        return note("clock", f"{now}; no time server keeps it right, so look whether it is")
    return ok("clock", now)


def _reached(places: list[process.Listens], words: list[str]) -> Iterator[Step]:
    """The ports of the chat, asked over an address that others use."""
    told = told_to_others(own_addresses())
    yield ok("ports", f"listens on {', '.join(map(str, places)) or 'none'}")
    outside = [place for place in places if not place.ip.is_loopback]
    if not outside:
        cure = "start it without --interface or --listen of a loopback address"
        yield wrong("addresses", "It listens for this machine alone: nobody else can join.", cure)
        return
    if not told:
        cure = "connect it by cable or Wi-Fi; ip address shows what it has"
        yield wrong("addresses", "This machine has no address on any network.", cure)
        return
    yield ok("addresses", ", ".join(f"{one.ip.ip} ({one.interface})" for one in told))
    for place in outside:
        own = next((one for one in told if _comes_in(one, place)), None)
        if own is None:
            yield note("chat", f"{place} is on no address that others use.")
            continue
        try:
            line, only_tls = asking.greeting(str(own.ip.ip), place.port)
        except OSError as error:
            # A firewall may drop what this machine sends to itself, too.
            if (step := _firewall(own, place.port)).verdict is Verdict.WRONG:
                yield step
                return
            cure = "look into its log; if it is too busy, into the console's stats"
            yield wrong("chat", f"Port {place.port} does not answer: {error.strerror or error}.", cure)
            return
        if line.startswith("SSH-"):
            yield ok("console", f"port {place.port} is open to the network")
            continue
        yield from _chat(own, place.port, line, only_tls, words)


def _comes_in(own: Own, place: process.Listens) -> bool:
    return own.ip.ip == place.ip or (place.ip.is_unspecified and place.ip.version >= own.ip.version)


def _chat(own: Own, port: int, line: str, only_tls: bool, words: list[str]) -> Iterator[Step]:
    address, who = str(own.ip.ip), asking.welcome(line)
    if who is None:
        cure = "look into its log; if it is full, the console's who says by whom"
        yield wrong("chat", f"Port {port} turns people away: {line or 'it says nothing'}", cure)
        return
    yield ok("chat", f"{address} port {port} answers as {who[0]}, {who[1]}")
    asked = "tls"
    try:
        shown = asking.certificate(address, port)
        key = fingerprint_of(shown)
        yield _certificate(shown.not_valid_after_utc, key)
        asked = "page"
        page = asking.get(address, port, "/health", tls=only_tls)
        there = page is not None and page.status == 200  # noqa: PLR2004
        yield ok("page", "answers") if there else note("page", "There is none (--no-web).")
        asked = "irc"
        irc = asking.speaks_irc(address, port, tls=only_tls)
        yield ok("irc", "answers") if irc else wrong("irc", "It does not answer.", "look into its log")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        yield wrong(asked, f"It does not answer: {why}.", "look into its log")
        return
    yield _firewall(own, port)
    yield _announced(key, words)


def _certificate(until: datetime, key: str) -> Step:
    left = (until - datetime.now(UTC)).days
    if left < 0:
        cure = "renew it, and kill -HUP; one that the daemon made is made anew at its next start"
        return wrong("tls", f"Its certificate has expired, on {until:%Y-%m-%d}.", cure)
    if left < RENEWED_DAYS:
        return note("tls", f"Its certificate expires on {until:%Y-%m-%d}.", "renew it, and kill -HUP")
    return ok("tls", f"key {key}, certificate until {until:%Y-%m-%d}")


def _firewall(own: Own, port: int) -> Step:
    """Whether others come as far as that: their packets come by the interface, and ours do not."""
    source = str(next((ip for ip in own.ip.network.hosts() if ip != own.ip.ip), own.ip.ip))
    by = in_the_way(Packet("tcp", port, own.interface, source))
    if by is None:
        root = os.geteuid() == 0
        text = f"Whether a firewall is in the way can't be seen{'' if root else ' by this user'}."
        return note("firewall", text, "" if root else "run this as root")
    if not by:
        return ok("firewall", f"lets {own.ip.network} come to port {port}")
    cures = {
        "ufw": f"ufw allow {port}/tcp",
        "firewalld": f"firewall-cmd --permanent --add-port={port}/tcp && firewall-cmd --reload",
        "nftables": f"nft insert rule inet filter input tcp dport {port} accept (with your table and chain)",
    }
    return wrong("firewall", f"{by} lets nobody from {own.ip.network} come to port {port}.", cures[by])


def _announced(key: str, words: list[str]) -> Step:
    if "--no-announce" in words:
        return note("found", "It is not announced (--no-announce): others need its address.")
    if not mdns.is_installed():
        return note("found", f"It is not announced (mDNS); for that: {mdns.MISSING}")
    if any(server.key == key for server in found().servers):
        return ok("found", "it is announced (mDNS), and hears itself")
    text = "Its own announcement (mDNS) is not heard here: UDP port 5353 is filtered, or multicast is."
    return wrong(
        "found", text, "ufw allow 5353/udp, or the like; others can join by the address all the same"
    )
