"""Which of the addresses of a host answer, and what the silence of the others means."""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from lanchatd.doctor.steps import Step, wrong
from lanchatd.lan.interfaces import Own
from lanchatd.lan.reaching import begin

# Linux asks three times, a second each, who has an address, and then says that nobody does.
PATIENCE_S = 4
_COMPLETE = 0x2  # of /proc/net/arp: somebody has answered (if_arp.h)


@dataclass(frozen=True, slots=True)
class Tried:
    """An address, and what came of a connection to it: an errno, 0 if it was made, None if nothing came."""

    address: str
    error: int | None

    @property
    def open(self) -> bool:
        return self.error == 0


def tried(addresses: list[str], port: int) -> list[Tried]:
    """All of them, at the same time."""
    found: dict[str, int | None] = dict.fromkeys(addresses)
    running: dict[socket.socket, str] = {}
    for address in addresses:
        try:
            running[begin(address, port)] = address
        except OSError as error:
            found[address] = error.errno
    give_up_at = time.monotonic() + PATIENCE_S
    while running and (left_s := give_up_at - time.monotonic()) > 0:
        for done in select.select([], list(running), [], left_s)[1]:
            found[running.pop(done)] = done.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            done.close()
    for each in running:
        each.close()
    return [Tried(address, found[address]) for address in addresses]


def neighbours() -> dict[str, bool]:
    """Who was asked for in the networks of this machine, of IPv4, and whether they have answered."""
    try:
        lines = Path("/proc/net/arp").read_text("ascii").splitlines()[1:]
    except OSError:
        return {}
    return {line.split()[0]: bool(int(line.split()[2], 16) & _COMPLETE) for line in lines}


def why_not(one: Tried, port: int, own: list[Own], known: dict[str, bool]) -> Step:
    """What it means that this one does not answer. ``known`` are the `neighbours`."""
    address, ip = one.address, ip_address(one.address.partition("%")[0])
    near = any(ip in each.ip.network for each in own)
    if one.error == errno.ECONNREFUSED:
        return wrong(
            "connection",
            f"{address} refuses port {port}: nothing listens there, or a firewall rejects it.",
            "ask for the port; and on that machine run lanchat-doctor",
        )
    if one.error == errno.ENETUNREACH:
        return wrong(
            "connection",
            f"From here no way leads to {address}: it is in another network.",
            "connect this machine to the same network (Wi-Fi or cable, no VPN), or ask for another address",
        )
    if one.error == errno.EHOSTUNREACH or (one.error is None and near and known.get(address) is False):
        others = any(answered for host, answered in known.items() if host != address)
        text = (
            f"Nobody answers for the address {address} in this network"
            f"{', though others answer' if others else ''}: the machine is off or has another address, or "
            "the network keeps its members apart (client isolation of a Wi-Fi, a guest network)."
        )
        cure = (
            "ask for the address again; try a cable or another Wi-Fi; switch the isolation off in the router"
        )
        return wrong("connection", text, cure)
    if one.error is None and known.get(address):
        return wrong(
            "connection",
            f"The machine {address} is there, but port {port} stays silent: a firewall drops what comes.",
            f"open TCP port {port} in the firewall of that machine, for example: ufw allow {port}/tcp",
        )
    if one.error is None:
        where = "in this network" if near else "in another network"
        text = f"{address}, {where}, is silent for {PATIENCE_S} s: a firewall there or on the way drops it."
        return wrong(
            "connection", text, f"open TCP port {port} in the firewall there, and on routers in between"
        )
    return wrong(
        "connection",
        f"{address} port {port}: {os.strerror(one.error)}.",
        "run lanchat-doctor on that machine",
    )
