"""Names and addresses of hosts, as they are typed and told."""

from __future__ import annotations

import pytest

from lanchatd.text.hosts import address_from, address_of, is_host, is_name


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("chat.local:8000", "chat.local", 8000),
        ("192.0.2.7:1", "192.0.2.7", 1),
        ("[fd00::1]:65535", "fd00::1", 65_535),
    ],
)
def test_an_address_is_a_host_and_a_port(text: str, host: str, port: int) -> None:
    """And is written as it was."""
    assert address_from(text) == (host, port)
    assert address_of(host, port) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "chat.local", "chat.local:", "chat.local:0", "chat.local:65536", "chat.local:8000:1", ":8000",
        "fd00::1:8000", "[fd00::g]:8000", "[chat.local]:8000", "chat local:1", "chat.local:-1", "a..b:8000",
    ],
)  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(ValueError, match=r"is not an address such as chat\.local:8000"):
        address_from(text)


@pytest.mark.parametrize(
    ("text", "name", "host"),
    [("chat.local", True, True), ("192.0.2.7", True, True), ("fd00::1", False, True), ("-- x", False, False)],
)
def test_a_host_is_a_name_or_an_ip_address(text: str, name: bool, host: bool) -> None:
    """One of IPv4 looks like a name as well."""
    assert (is_name(text), is_host(text)) == (name, host)
