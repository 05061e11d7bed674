"""What the firewall of this machine would do with somebody who comes, as far as can be seen."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

# Where administrators have them, whatever this user has in PATH.
PROGRAMS = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
_ASKED_S = 5
# Chains that call chains, of rules that somebody wrote by hand.
_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Packet:
    """The first one of somebody who comes: ``kind`` is ``tcp`` or ``udp``."""

    kind: str
    port: int
    interface: str
    source: str


class Unknown(Exception):
    """It can't be seen what would become of it."""


def said_by(*command: str) -> str | None:
    """What a program says; None if it is not there, or does not say it to this user."""
    if (path := shutil.which(command[0], path=PROGRAMS)) is None:
        return None
    try:
        said = subprocess.run(  # noqa: S603  the programs that are named here
            [path, *command[1:]], capture_output=True, text=True, timeout=_ASKED_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return said.stdout if said.returncode == 0 else None


def in_the_way(packet: Packet) -> str | None:
    """Which firewall drops it, in a few words; empty if none does, None if that can't be seen."""
    what = f"{packet.port}/{packet.kind}"
    status = said_by("ufw", "status")
    if status is not None and re.search(r"^Status: active", status, re.MULTILINE):
        allowed = rf"^(?:{what}|{packet.port}|Anywhere)\s.*ALLOW"
        return "" if re.search(allowed, status, re.MULTILINE) else "ufw"
    if (said_by("firewall-cmd", "--state") or "").strip() == "running":
        return "" if said_by("firewall-cmd", f"--query-port={what}") is not None else "firewalld"
    if (rules := said_by("nft", "-j", "list", "ruleset")) is None:
        return None
    try:
        return "nftables" if drops(json.loads(rules), packet) else ""
    except (Unknown, ValueError, KeyError, TypeError):
        return None


def drops(ruleset: dict[str, Any], packet: Packet) -> bool:
    """Whether a ruleset of ``nft -j`` drops or rejects it. Raises `Unknown` where that is not sure."""
    items = ruleset["nftables"]
    rules: dict[tuple[str, ...], list[list[Any]]] = {}
    for item in items:
        if rule := item.get("rule"):
            rules.setdefault((rule["family"], rule["table"], rule["chain"]), []).append(rule["expr"])
    version = "ip6" if ":" in packet.source else "ip"
    unsure = False
    for item in items:
        chain = item.get("chain")
        if not chain or chain.get("hook") != "input" or chain["family"] not in ("inet", version):
            continue
        table = chain["family"], chain["table"]
        try:
            verdict = _through(rules, table, chain["name"], packet, 0) or chain.get("policy", "accept")
        except Unknown:
            unsure = True
            continue
        if verdict == "drop":
            return True  # whatever others say
    if unsure:
        raise Unknown
    return False


def _through(
    rules: dict[tuple[str, ...], list[list[Any]]],
    table: tuple[str, str],
    chain: str,
    packet: Packet,
    deep: int,
) -> str | None:
    """``accept`` or ``drop`` by the rules of a chain; None if it comes to their end."""
    if deep > _DEEPEST:
        raise Unknown
    for rule in rules.get((*table, chain), []):
        verdict = _verdict_of(rule, packet)
        if verdict is None or verdict == "continue":
            continue
        if verdict == "return":
            return None
        if verdict in ("accept", "drop"):
            return verdict
        kind, target = verdict.split(" ", 1)
        inside = _through(rules, table, target, packet, deep + 1)
        if inside is not None or kind == "goto":
            return inside
    return None


def _verdict_of(rule: list[Any], packet: Packet) -> str | None:
    """What a rule says of it; None if it is not about it, or says nothing. An unknown match may be one."""
    sure = True
    for part in rule:
        word, value = next(iter(part.items()))
        match word:
            case "match":
                fits = _fits(value, packet)
                if fits is False:
                    return None
                sure = sure and fits is True
            case "accept" | "drop" | "return" | "continue":
                return _sure(word, sure)
            case "reject" | "queue":
                return _sure("drop" if word == "reject" else "accept", sure)
            case "jump" | "goto":
                return _sure(f"{word} {value['target']}", sure)
            case "counter" | "log" | "comment":
                pass
            case _:
                sure = False  # a limit, a set that is kept, an extension of iptables
    return None


def _sure(verdict: str, sure: bool) -> str:
    if not sure:
        raise Unknown
    return verdict


def _fits(match: dict[str, Any], packet: Packet) -> bool | None:
    """Whether a packet is one that a match means; None if that is not known."""
    fact = _fact(match["left"], packet)
    if fact is None:
        return None
    if fact is False:
        return False
    among = _among(fact, match["right"])
    if among is None or match["op"] not in ("==", "!=", "in"):
        return None
    return not among if match["op"] == "!=" else among


def _fact(left: Any, packet: Packet) -> str | int | bool | None:
    """What a match looks at; False if no such packet has it, None if it is not known."""
    match left:
        case {"payload": {"protocol": "tcp" | "udp" as kind, "field": field}}:
            if kind != packet.kind:
                return False
            return packet.port if field == "dport" else None
        case {"payload": {"protocol": "th", "field": "dport"}}:
            return packet.port
        case {"payload": {"protocol": "ip" | "ip6" as version, "field": field}}:
            if (":" in packet.source) != (version == "ip6"):
                return False
            return packet.source if field == "saddr" else None
        case {"payload": {"protocol": "icmp" | "icmpv6" | "sctp" | "dccp"}}:
            return False
        case {"meta": {"key": "iifname" | "iif"}}:
            return packet.interface
        case {"meta": {"key": "l4proto"}}:
            return packet.kind
        case {"meta": {"key": "nfproto"}}:
            return "ipv6" if ":" in packet.source else "ipv4"
        case {"ct": {"key": "state"}}:
            return "new"
    return None


def _among(fact: str | int, right: Any) -> bool | None:
    match right:
        case {"set": list(members)} | list(members):
            found = [_among(fact, member) for member in members]
            return True if True in found else None if None in found else False
        case {"range": [int(first), int(last)]}:
            return isinstance(fact, int) and first <= fact <= last
        case {"prefix": {"addr": address, "len": length}}:
            return ip_address(str(fact)) in ip_network(f"{address}/{length}")
        case str() if right.startswith("@"):
            return None  # a set of its own
        case str() if right.endswith("*"):
            return str(fact).startswith(right[:-1])
        case str() | int():
            return fact == right
    return None
