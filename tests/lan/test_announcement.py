"""What is announced, and what is made of whatever others announce."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lanchatd.lan.announcement import LONGEST_TEXT, MOST_ADDRESSES, TTL_S, Announcement, host_name, read
from lanchatd.lan.announcing import _info

KEY = "sha256:" + "A" * 43
OFFICE = Announcement("office", "lanchat-00000000", 8000, ("192.0.2.7",), KEY, "0.1.0", False, True, 3)


def heard(
    announcement: Announcement = OFFICE,
    addresses: tuple[str, ...] = ("192.0.2.7",),
    texts: dict[str, str] | None = None,
) -> Announcement | None:
    pairs = {name.encode(): text.encode() for name, text in (announcement.texts() | (texts or {})).items()}
    return read(announcement.instance, announcement.host, announcement.port, list(addresses), dict(pairs))


@pytest.mark.parametrize(
    "announcement", [OFFICE, replace(OFFICE, name="Büro im 1. Stock 👍", only_tls=True, page=False, here=0)]
)
def test_what_is_announced_is_what_is_read(announcement: Announcement) -> None:
    """In any script."""
    assert heard(announcement) == announcement


def test_everybody_forgets_it_soon() -> None:
    """A daemon that is killed says no goodbye."""
    info = _info(OFFICE, "office._lanchat._tcp.local.")
    records = [info.dns_pointer(), info.dns_service(), info.dns_text(), *info.dns_addresses()]
    assert {record.ttl for record in records} == {TTL_S}


def test_the_name_of_the_host_is_that_of_the_key() -> None:
    """Two daemons of one name, and the machine itself, have others."""
    assert host_name(KEY) == "lanchat-00000000"


def test_an_instance_is_one_label_that_fits() -> None:
    """RFC 6763 has 63 bytes for it."""
    assert replace(OFFICE, name="a.b").instance == "a-b (00000000)"
    assert replace(OFFICE, name="é" * 64).instance == "é" * 26 + " (00000000)"
    assert len(replace(OFFICE, name="👍" * 64).texts()["name"].encode()) <= 250


@pytest.mark.parametrize(
    ("texts", "shown"),
    [
        ({"name": "\x1b]0;owned\x07"}, "�]0;owned�"),
        ({"name": "a\nb\u202e"}, "a�b�"),
        ({"name": "x" * 10_000}, "x" * LONGEST_TEXT),
        ({"name": ""}, "office (00000000)"),
    ],
)
def test_a_name_is_safe_to_show(texts: dict[str, str], shown: str) -> None:
    """On one line of a terminal."""
    found = heard(texts=texts)
    assert found is not None
    assert found.name == shown


def test_what_is_no_key_or_number_is_none() -> None:
    """And the rest is shown."""
    found = heard(texts={"key": "sha256:\x1b[31m", "here": "9" * 200})
    assert found is not None
    assert (found.key, found.here) == ("", None)


@pytest.mark.parametrize(
    ("addresses", "usable"),
    [
        (("127.0.0.1", "::1", "224.0.0.1", "0.0.0.0", "ff02::1", "::"), None),  # noqa: S104
        (("fe80::1",), None),
        (("fe80::1%eth0", "192.0.2.1"), ("fe80::1%eth0", "192.0.2.1")),
        (tuple(f"192.0.2.{n}" for n in range(99)), tuple(f"192.0.2.{n}" for n in range(MOST_ADDRESSES))),
    ],
)
def test_nobody_is_sent_to_an_address_that_is_none(
    addresses: tuple[str, ...], usable: tuple[str, ...] | None
) -> None:
    """Not to oneself, either."""
    found = heard(addresses=addresses)
    assert (None if found is None else found.addresses) == usable


def test_without_a_port_there_is_nobody() -> None:
    assert heard(replace(OFFICE, port=0)) is None
