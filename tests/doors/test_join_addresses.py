"""Where others are told to join: addresses that they can use, in every way in."""

from __future__ import annotations

from ipaddress import ip_interface
from typing import Any

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.task import Clock

from lanchatd.doors.join_addresses import LOOKS_EVERY_S, JoinAddresses
from lanchatd.lan.interfaces import Own


def on_all(port: int) -> IPv4Address:
    """Of IPv4."""
    return IPv4Address("TCP", "0.0.0.0", port)  # noqa: S104


OWN = [
    Own("lo", ip_interface("127.0.0.1/8")),
    Own("docker0", ip_interface("172.17.0.1/16")),
    Own("wlan0", ip_interface("192.0.2.7/24")),
    Own("lo", ip_interface("::1/128")),
    Own("wlan0", ip_interface("fe80::7/64")),
    Own("wlan0", ip_interface("2001:db8::99/64"), lasting=False),
    Own("wlan0", ip_interface("2001:db8::7/64")),
]


def join(name: str | None = None, own: list[Own] = OWN) -> JoinAddresses:
    return JoinAddresses(Clock(), True, name, lambda: own)


@pytest.mark.parametrize(
    ("listens", "pages"),
    [
        (IPv6Address("TCP", "::", 8000), ["http://192.0.2.7:8000/", "http://[2001:db8::7]:8000/"]),
        (on_all(8000), ["http://192.0.2.7:8000/"]),
        (IPv4Address("TCP", "192.0.2.7", 80), ["http://192.0.2.7:80/"]),
        (IPv6Address("TCP", "::ffff:192.0.2.7", 80), ["http://192.0.2.7:80/"]),
        (IPv6Address("TCP", "2001:db8::7", 80), ["http://[2001:db8::7]:80/"]),
        (IPv4Address("TCP", "127.0.0.1", 8000), ["http://127.0.0.1:8000/"]),
        (UNIXAddress(b"/run/lanchatd.sock"), []),
    ],
)
def test_it_is_every_address_that_others_can_use(listens: Any, pages: list[str]) -> None:
    """Not that of a bridge for containers, nor of a link, nor one that is gone tomorrow."""
    found = join()
    assert [one.page for one in found.listens(listens, False)] == pages
    assert [one.page for one in found.all()] == pages


def test_a_name_goes_first() -> None:
    """It stays when the addresses change."""
    found = join("chat.example").listens(on_all(8000), True)
    assert [one.page for one in found] == ["https://chat.example:8000/", "https://192.0.2.7:8000/"]


def test_addresses_are_those_that_there_are_now() -> None:
    """A laptop goes from one network to another."""
    own = list(OWN)
    found = join(own=own)
    found.listens(on_all(8000), False)
    own[2] = Own("wlan0", ip_interface("198.51.100.7/24"))
    assert [one.host for one in found.all()] == ["198.51.100.7"]


def test_a_place_for_this_machine_alone_is_not_passed_on() -> None:
    """While there is another one."""
    found = join()
    found.listens(IPv4Address("TCP", "127.0.0.1", 9000), False)
    assert [one.host for one in found.all()] == ["127.0.0.1"]
    found.listens(on_all(8000), False)
    assert [one.host for one in found.all()] == ["192.0.2.7"]


@pytest.mark.parametrize(
    ("asked", "page"),
    [
        (("192.0.2.8", 8000), "http://192.0.2.8:8000/"),
        (("office.local", 8443), "https://office.local:8443/"),
        (("proxy.example", None), "http://proxy.example:80/"),
        (("localhost", 8000), "http://192.0.2.7:8000/"),
        (("127.0.0.1", 8000), "http://192.0.2.7:8000/"),
        (("fe80::1%25eth0", 8000), "http://192.0.2.7:8000/"),
    ],
)
def test_a_page_passes_on_the_address_that_it_has(asked: tuple[str, int | None], page: str) -> None:
    """It has led here; unless that was from this very machine."""
    found = join()
    found.listens(on_all(8000), False)
    found.listens(on_all(8443), True)
    (told,) = [found.asked_at(*asked)]
    assert told is not None
    assert told.page == page


def test_who_has_connected_passes_on_where_to() -> None:
    """A peer from elsewhere knows that this address works."""
    found = join()
    found.listens(on_all(8000), False)
    for host, told in (("198.51.100.1", "198.51.100.1"), ("127.0.0.1", "192.0.2.7")):
        address = found.for_peer(IPv4Address("TCP", host, 8000), False)
        assert address is not None
        assert address.host == told
    nowhere = join().for_peer(UNIXAddress(b"/run/lanchatd.sock"), False)
    assert nowhere is None


def test_a_storm_from_this_machine_does_not_look_for_addresses_each_time() -> None:
    """A thousand that come at once are told what was found a moment ago, and the next one what is so then."""
    clock, own, peer = Clock(), list(OWN), IPv4Address("TCP", "127.0.0.1", 8000)
    looks: list[list[Own]] = []

    def look() -> list[Own]:
        looks.append(own)
        return own

    found = JoinAddresses(clock, True, None, look)
    found.listens(on_all(8000), False)
    looks.clear()
    told = {found.for_peer(peer, False) for _ in range(1_000)}
    assert [one.host for one in told if one is not None] == ["192.0.2.7"]
    assert len(looks) == 1
    own[2] = Own("wlan0", ip_interface("198.51.100.7/24"))
    clock.advance(LOOKS_EVERY_S)
    now = found.for_peer(peer, False)
    assert now is not None
    assert now.host == "198.51.100.7"
