"""What a ruleset of nftables does with the first packet of somebody who comes."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from lanchatd.doctor import firewall
from lanchatd.doctor.firewall import Packet, Unknown, drops

COMES = Packet("tcp", 8_000, "eth0", "192.0.2.7")

RULES = {
    "": False,
    "policy drop;": True,
    "policy drop; tcp dport 8000 accept": False,
    "policy drop; tcp dport { 22, 7000-9000 } accept": False,
    "policy drop; tcp dport 22 accept": True,
    "policy drop; ct state established,related accept; iif lo accept; icmp type echo-request accept": True,
    "policy drop; ct state new tcp dport 8000 accept": False,
    "policy drop; ip saddr 192.0.2.0/24 accept": False,
    "policy drop; ip saddr != 198.51.100.0/24 tcp dport 8000 accept": False,
    "policy drop; ip saddr 198.51.100.0/24 tcp dport 8000 accept": True,
    "policy drop; iifname eth0 counter accept": False,
    "policy drop; iifname wg* accept": True,
    "policy drop; meta l4proto tcp accept": False,
    "policy drop; udp dport 8000 accept": True,
    "policy drop; th dport 8000 accept": False,
    "tcp dport 8000 counter log drop": True,
    "tcp dport 8000 reject": True,
    "udp dport 8000 drop": False,
    "ip6 saddr fd00::/8 drop": False,
    "meta nfproto ipv4 drop": True,
    "jump others": True,
    "policy drop; tcp dport 8000 limit rate 1/second accept": None,
    "policy drop; meta mark 7 accept": None,
    "meta mark 7 drop": None,
}


@pytest.fixture
def ruleset() -> object:
    """A function that has nftables read rules, of a namespace of its own, and write them as JSON."""
    if shutil.which("nft") is None or shutil.which("unshare") is None:
        pytest.skip("there is no nft here (apt-get install nftables)")

    def read(rules: str) -> dict[str, object]:
        text = (
            "table inet filter {\nchain others {\ntcp dport 8000 drop\n}\n"
            f"chain input {{\ntype filter hook input priority 0; {rules}\n}}\n"
            "chain output {\ntype filter hook output priority 0; policy drop;\n}\n}\n"
        )
        said = subprocess.run(
            ["unshare", "-n", "sh", "-c", "nft -f - && nft -j list ruleset"],
            input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if "not permitted" in said.stderr:
            pytest.skip("only root has namespaces here")
        assert said.returncode == 0, said.stderr
        found: dict[str, object] = json.loads(said.stdout)
        return found

    return read


@pytest.mark.parametrize(("rules", "dropped"), RULES.items(), ids=RULES)
def test_rules_are_read_as_nftables_means_them(ruleset: object, rules: str, dropped: bool | None) -> None:
    """What can't be known of a packet is not guessed."""
    assert callable(ruleset)
    found = ruleset(rules)
    if dropped is None:
        with pytest.raises(Unknown):
            drops(found, COMES)
    else:
        assert drops(found, COMES) == dropped


@pytest.mark.parametrize(
    ("programs", "found"),
    [
        ({"ufw": "echo 'Status: active'; echo; echo '22/tcp  ALLOW  Anywhere'"}, "ufw"),
        ({"ufw": "echo 'Status: active'; echo; echo '8000/tcp  ALLOW  192.0.2.0/24'"}, ""),
        ({"ufw": "echo 'Status: inactive'", "nft": "echo '{\"nftables\": []}'"}, ""),
        ({"firewall-cmd": "echo running; test $1 = --state"}, "firewalld"),
        ({"firewall-cmd": "echo running"}, ""),
        ({"nft": "echo Operation not permitted >&2; exit 1"}, None),
        ({"nft": "echo not JSON"}, None),
        ({}, None),
    ],
)
def test_it_is_known_which_firewall_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: dict[str, str], found: str | None
) -> None:
    """By what their programs say; or that nothing can be seen."""
    for name, does in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{does}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(firewall, "PROGRAMS", str(tmp_path))
    assert firewall.in_the_way(COMES) == found
