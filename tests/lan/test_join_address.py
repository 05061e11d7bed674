"""How one joins, as it is told."""

from __future__ import annotations

import pytest

from lanchatd.lan.join_address import JoinAddress


@pytest.mark.parametrize(
    ("address", "ways"),
    [
        (
            JoinAddress("192.0.2.7", 8000),
            [
                "http://192.0.2.7:8000/", "nc 192.0.2.7 8000", "lanchat-client 192.0.2.7",
                "irssi -c 192.0.2.7 -p 8000",
            ],
        ),
        (
            JoinAddress("2001:db8::7", 9000, only_tls=True),
            [
                "https://[2001:db8::7]:9000/", "openssl s_client -quiet -connect [2001:db8::7]:9000",
                "lanchat-client 2001:db8::7 9000",
            ],
        ),
        (
            JoinAddress("chat.local", 8000, web=False),
            ["nc chat.local 8000", "lanchat-client chat.local", "irssi -c chat.local -p 8000"],
        ),
    ],
)  # fmt: skip
def test_every_way_in_can_be_typed(address: JoinAddress, ways: list[str]) -> None:
    """With the port where a program needs it, in brackets where an address needs them."""
    assert list(address.all) == ways
