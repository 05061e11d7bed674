"""Addresses are tried one after the other, and the first that answers is taken."""

from __future__ import annotations

import socket
from ipaddress import ip_interface

from lanchatd.lan.browsing import nearest_first
from lanchatd.lan.interfaces import Own
from lanchatd.lan.reaching import first_to_answer


def test_the_first_that_answers_is_taken() -> None:
    """Whatever is before it: a port that nobody listens on, or what is no address of a network."""
    with socket.create_server(("127.0.0.2", 0)) as listening:
        port = listening.getsockname()[1]
        assert first_to_answer(["127.0.0.3", "no address", "127.0.0.2"], port) == "127.0.0.2"


def test_nobody_is_none() -> None:
    """At once, where all are refused."""
    with socket.create_server(("127.0.0.2", 0)) as listening:
        port = listening.getsockname()[1]
    assert first_to_answer(["127.0.0.2", "127.0.0.3"], port) is None
    assert first_to_answer([], port) is None


def test_addresses_of_own_networks_go_first() -> None:
    """A server tells those of all of its networks in each of them."""
    own = [Own("eth0", ip_interface("198.51.100.7/24")), Own("eth0", ip_interface("fe80::7/64"))]
    told = ["2001:db8::1", "192.0.2.1", "fe80::1%2", "198.51.100.1"]
    assert nearest_first(told, own) == ("198.51.100.1", "fe80::1%2", "192.0.2.1", "2001:db8::1")
