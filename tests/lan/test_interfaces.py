"""This machine's addresses."""

from __future__ import annotations

import json
import shutil
import subprocess
from ipaddress import ip_interface

import pytest

from lanchatd.lan.interfaces import Own, own_addresses, told_to_others


def test_they_are_those_that_the_system_tells() -> None:
    """With their networks and interfaces."""
    if shutil.which("ip") is None:
        pytest.skip("there is no ip here (apt-get install iproute2)")
    told = subprocess.run(["ip", "-j", "address"], capture_output=True, text=True, check=True).stdout
    listed = {
        (link["ifname"].partition("@")[0], ip_interface(f"{info['local']}/{info['prefixlen']}"))
        for link in json.loads(told)
        for info in link["addr_info"]
        if not info.get("tentative") and not info.get("dadfailed")
    }
    assert {(own.interface, own.ip) for own in own_addresses()} == listed


def test_the_address_of_a_link_is_nothing_without_the_interface() -> None:
    """So it is written with it."""
    assert str(Own("eth0", ip_interface("fe80::1/64"))) == "fe80::1%eth0"
    assert str(Own("eth0", ip_interface("192.0.2.1/24"))) == "192.0.2.1"


@pytest.mark.parametrize(
    ("interface", "inside"),
    [("docker0", True), ("br-0123456789ab", True), ("virbr0", True), ("br-lan", False), ("eth0", False)],
)
def test_networks_inside_of_this_machine_are_not_told(interface: str, inside: bool) -> None:
    """A bridge of a router is one to others."""
    own = Own(interface, ip_interface("192.0.2.1/24"))
    assert (told_to_others([own]) == []) == inside
