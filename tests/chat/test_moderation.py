"""Bans and mutes: who may not come in, and who may not talk."""

from __future__ import annotations

import pytest

from lanchatd.chat.bans_and_mutes import Ban, Bans, Mutes, Network, network_from
from lanchatd.text.names import nick

NOW = 1_000.0
ALICE = nick("alice")


def ban_on(shown: str, until: float | None = None, reason: str = "") -> Ban:
    return Ban(shown, until, "root", reason)


def network(text: str) -> Network:
    found = network_from(text)
    assert found is not None
    return found


@pytest.fixture
def bans() -> Bans:
    return Bans()


@pytest.fixture
def mutes() -> Mutes:
    return Mutes()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.7", "192.0.2.7/32"),
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("2001:db8::7", "2001:db8::7/128"),
        ("2001:DB8:0::/32", "2001:db8::/32"),
        ("2001:db8::7/32", "2001:db8::/32"),
    ],
)
def test_an_address_or_a_network_is_read(text: str, found: str) -> None:
    """As people write them, also with an address of the network for the network."""
    assert str(network(text)) == found


@pytest.mark.parametrize(
    "text", ["", "alice", "10", "192.0.2", "192.0.2.256", "192.0.2.0/33", "2001:db8::/129", ":"]
)
def test_anything_else_is_no_network(text: str) -> None:
    """It is taken for a nick, then."""
    assert network_from(text) is None


def test_nobody_is_banned_at_first(bans: Bans) -> None:
    """A new server lets everybody in."""
    assert bans.on_nick("alice", NOW) is None
    assert bans.on_address("192.0.2.7", NOW) is None
    assert list(bans.all(NOW)) == []


def test_a_ban_on_a_nick_holds_for_that_nick(bans: Bans) -> None:
    """And for no other, nor for an address."""
    ban = ban_on("Alice", reason="spam")
    bans.add("alice", ban)
    assert bans.on_nick("alice", NOW) == ban
    assert bans.on_nick("alice2", NOW) is None
    assert bans.on_address("192.0.2.7", NOW) is None


@pytest.mark.parametrize(
    ("target", "address", "banned"),
    [
        ("192.0.2.7", "192.0.2.7", True),
        ("192.0.2.7", "192.0.2.8", False),
        ("192.0.2.0/25", "192.0.2.127", True),
        ("192.0.2.0/25", "192.0.2.128", False),
        ("0.0.0.0/0", "2001:db8::7", False),
        ("2001:db8::7", "2001:db8:0::7", True),
        ("2001:db8::7", "2001:db8::8", False),
        ("2001:db8::/64", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::/64", "2001:db8:0:1::", False),
        ("::/0", "192.0.2.7", False),
        ("fe80::/10", "fe80::1%eth0", True),
    ],
)
def test_a_ban_on_a_network_holds_for_its_addresses(
    bans: Bans, target: str, address: str, banned: bool
) -> None:
    """To the last one, and not one further."""
    ban = ban_on(target)
    bans.add(network(target), ban)
    assert bans.on_address(address, NOW) == (ban if banned else None)


def test_a_peer_without_an_address_is_not_banned_by_one(bans: Bans) -> None:
    """Who comes in over a UNIX socket is on this machine."""
    bans.add(network("0.0.0.0/0"), ban_on("everybody"))
    assert bans.on_address(None, NOW) is None


def test_the_first_ban_that_holds_is_the_one(bans: Bans) -> None:
    """Of two networks that an address is in, the one banned earlier."""
    narrow, wide = ban_on("192.0.2.7"), ban_on("192.0.0.0/16")
    bans.add("alice", ban_on("alice"))
    bans.add(network("192.0.2.7"), narrow)
    bans.add(network("192.0.0.0/16"), wide)
    assert bans.on_address("192.0.2.7", NOW) == narrow
    assert bans.on_address("192.0.9.9", NOW) == wide


def test_all_bans_are_listed_the_oldest_first(bans: Bans) -> None:
    """On nicks and on networks."""
    one, two, three = ban_on("alice"), ban_on("192.0.2.7"), ban_on("bob", NOW + 1)
    bans.add("alice", one)
    bans.add(network("192.0.2.7"), two)
    bans.add("bob", three)
    assert list(bans.all(NOW)) == [one, two, three]


@pytest.mark.parametrize(("after_s", "holds"), [(0, True), (59.9, True), (60, False), (61, False)])
def test_a_ban_ends_at_its_time(after_s: float, holds: bool) -> None:
    """To the second, whoever asks first."""
    on_nick, on_network = ban_on("alice", NOW + 60), ban_on("192.0.2.7", NOW + 60)

    def made() -> Bans:
        bans = Bans()
        bans.add("alice", on_nick)
        bans.add(network("192.0.2.7"), on_network)
        return bans

    now = NOW + after_s
    assert made().on_nick("alice", now) == (on_nick if holds else None)
    assert made().on_address("192.0.2.7", now) == (on_network if holds else None)
    assert list(made().all(now)) == ([on_nick, on_network] if holds else [])


def test_a_ban_that_ended_leaves_the_others(bans: Bans) -> None:
    """A wider one that still holds is found."""
    wide = ban_on("192.0.2.0/24")
    bans.add(network("192.0.2.7"), ban_on("192.0.2.7", NOW + 60))
    bans.add(network("192.0.2.0/24"), wide)
    assert bans.on_address("192.0.2.7", NOW + 60) == wide


@pytest.mark.parametrize("until", [None, NOW + 10])
def test_a_new_ban_takes_the_place_of_the_old(bans: Bans, until: float | None) -> None:
    """A mistake in the minutes is mended by banning again."""
    bans.add("alice", ban_on("alice", NOW + 60))
    ban = ban_on("alice", until, "again")
    bans.add("alice", ban)
    assert list(bans.all(NOW)) == [ban]


def test_a_ban_is_lifted_once(bans: Bans) -> None:
    """By exactly what it is on: an address in a banned network has no ban of its own."""
    bans.add("alice", ban_on("alice"))
    bans.add(network("192.0.2.0/24"), ban_on("192.0.2.0/24"))
    assert not bans.remove("bob", NOW)
    assert not bans.remove(network("192.0.2.7"), NOW)
    assert bans.remove("alice", NOW)
    assert bans.remove(network("192.0.2.9/24"), NOW)
    assert not bans.remove("alice", NOW)
    assert list(bans.all(NOW)) == []


def test_nobody_is_muted_at_first(mutes: Mutes) -> None:
    """Everybody may talk."""
    assert not mutes.holds("alice", NOW)


@pytest.mark.parametrize(
    ("until", "after_s", "holds"),
    [
        (None, 0, True),
        (None, 1e9, True),
        (NOW + 60, 59.9, True),
        (NOW + 60, 60, False),
        (NOW + 60, 61, False),
    ],
)
def test_a_mute_ends_at_its_time(mutes: Mutes, until: float | None, after_s: float, holds: bool) -> None:
    """Or never, if no minutes were given."""
    mutes.add(ALICE, until)
    assert mutes.holds("alice", NOW + after_s) is holds


@pytest.mark.parametrize("until", [None, NOW + 60])
def test_who_is_muted_is_told_until_when(mutes: Mutes, until: float | None) -> None:
    """None is for good."""
    mutes.add(ALICE, until)
    assert mutes.until("alice") == until


def test_a_new_mute_takes_the_place_of_the_old(mutes: Mutes) -> None:
    """Also a shorter one."""
    mutes.add(ALICE, None)
    mutes.add(ALICE, NOW + 60)
    assert mutes.until("alice") == NOW + 60


@pytest.mark.parametrize("until", [None, NOW + 60])
def test_a_mute_is_lifted_once(mutes: Mutes, until: float | None) -> None:
    """Lifting it again says that there was none."""
    mutes.add(ALICE, until)
    assert mutes.remove("alice", NOW)
    assert not mutes.holds("alice", NOW)
    assert not mutes.remove("alice", NOW)


def test_a_mute_that_ended_cannot_be_lifted(mutes: Mutes) -> None:
    """It is over, whether somebody asked or not."""
    mutes.add(ALICE, NOW + 60)
    assert not mutes.remove("alice", NOW + 60)


def test_a_ban_that_ended_cannot_be_lifted(bans: Bans) -> None:
    """Nor a ban."""
    bans.add("alice", ban_on("alice", NOW + 60))
    assert not bans.remove("alice", NOW + 60)


@pytest.mark.parametrize(
    ("typed", "network"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("::ffff:0:0/96", "0.0.0.0/0"),
        ("::/0", "::/0"),
    ],
)
def test_ipv4_written_as_ipv6_is_ipv4(typed: str, network: str) -> None:
    """As peers of a socket that takes both kinds are."""
    assert str(network_from(typed)) == network
