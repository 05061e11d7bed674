"""Who is taken for the server: the rules, on certificates of all kinds, without a network."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from lanchatd.client import known_servers
from lanchatd.client.reasons import why_not_made, why_not_trusted
from lanchatd.client.tls import HandshakeFailed, RefusedByServer, tls_begins
from lanchatd.client.trust import (
    Invalid,
    NotTls,
    OtherKey,
    Trust,
    UnknownKey,
    Untrusted,
    WrongAuthority,
    WrongName,
    WrongTime,
    answer,
    check_name,
    fingerprint_of,
    flaw_of,
)

AUTHORITY = trustme.CA()
KEY, OTHER = "sha256:" + "A" * 43, "sha256:" + "B" * 42 + "A"


def certificate(*names: str, **how: Any) -> x509.Certificate:
    """A certificate of a new key for these names and addresses."""
    leaf = AUTHORITY.issue_cert(*names, **how)
    return x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())


def judged(trust: Trust, shown: x509.Certificate, flaw: Untrusted | None = None) -> type[Untrusted] | None:
    """As what a server is refused that shows this; None: it is the one."""
    try:
        trust.judge(shown, flaw)
    except Untrusted as refused:
        return type(refused)
    return None


CHAT, RENEWED, ELSEWHERE = certificate("chat.local"), certificate("chat.local"), certificate("else.local")
CHAIN = WrongAuthority("")


@pytest.mark.parametrize(
    ("known", "given", "ca", "shown", "flaw", "refused"),
    [
        # Nothing is known or given: whoever an authority of the system vouches for, and else it is asked.
        (None, None, False, CHAT, None, None),
        (None, None, False, CHAT, CHAIN, UnknownKey),
        (None, None, False, ELSEWHERE, None, UnknownKey),
        # A key that is known, or given, and no other; whatever else is in its certificate.
        (CHAT, None, False, CHAT, CHAIN, None),
        (ELSEWHERE, None, False, ELSEWHERE, CHAIN, None),
        (CHAT, None, False, RENEWED, CHAIN, OtherKey),
        (CHAT, None, False, RENEWED, None, OtherKey),
        (None, CHAT, False, CHAT, CHAIN, None),
        (None, CHAT, False, RENEWED, CHAIN, OtherKey),
        # An authority that was given, and its name.
        (None, None, True, CHAT, None, None),
        (None, None, True, CHAT, CHAIN, WrongAuthority),
        (None, None, True, ELSEWHERE, None, WrongName),
        # All of it has to fit.
        (CHAT, None, True, CHAT, None, None),
        (CHAT, None, True, CHAT, CHAIN, WrongAuthority),
        (CHAT, None, True, RENEWED, None, OtherKey),
        (None, CHAT, True, RENEWED, None, OtherKey),
        (None, ELSEWHERE, True, ELSEWHERE, None, WrongName),
    ],
)
def test_what_makes_a_server_the_right_one(
    known: x509.Certificate | None,
    given: x509.Certificate | None,
    ca: bool,
    shown: x509.Certificate,
    flaw: Untrusted | None,
    refused: type[Untrusted] | None,
) -> None:
    """Each combination of what is known, what is given and what the server shows."""
    authority = x509.load_pem_x509_certificate(AUTHORITY.cert_pem.bytes())
    trust = Trust("chat.local", 8000, (authority,) if ca else (), None)
    if known is not None:
        trust.know(fingerprint_of(known))
    if given is not None:
        trust.accept(fingerprint_of(given))
    assert trust.speaks_tls is bool(known or given or ca)
    assert judged(trust, shown, flaw) is refused


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST."])
def test_nobody_is_asked_about_a_server_on_the_same_machine(tmp_path: Path, host: str) -> None:
    """Its key is taken and remembered as elsewhere: another one is refused, in this run and in the next."""
    file = tmp_path / "known_servers"
    trust = Trust(host, 8000, (), file)
    assert judged(trust, CHAT, CHAIN) is None
    assert not file.exists()  # it has not shown yet that it has the key
    trust.keep()
    assert known_servers.read(file).servers == {known_servers.server_name(host, 8000): fingerprint_of(CHAT)}
    assert judged(trust, RENEWED, CHAIN) is OtherKey


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "localhost.example", "chat.local"])  # noqa: S104
def test_somebody_is_asked_about_a_server_elsewhere(host: str) -> None:
    """And about what only sounds like this machine."""
    assert judged(Trust(host, 8000, (), None), CHAT, CHAIN) is UnknownKey


def test_a_server_on_the_same_machine_has_the_authority_that_was_given() -> None:
    """`--ca` is asked for, and no less will do."""
    authority = x509.load_pem_x509_certificate(AUTHORITY.cert_pem.bytes())
    assert judged(Trust("127.0.0.1", 8000, (authority,), None), CHAT, CHAIN) is WrongAuthority


def test_who_was_vouched_for_once_is_not_asked_about_later() -> None:
    """In one run: an authority may vouch for another key, but nobody is asked to do without it."""
    trust = Trust("chat.local", 8000, (), None)
    assert judged(trust, CHAT) is None
    assert trust.speaks_tls
    assert judged(trust, RENEWED) is None
    assert judged(trust, RENEWED, CHAIN) is WrongAuthority


def test_only_a_key_that_was_accepted_and_shown_is_kept(tmp_path: Path) -> None:
    """Not one that an authority vouches for: it is renewed. And never over another one."""
    file = tmp_path / "known_servers"
    trust = Trust("chat.local", 8000, (), file)
    assert judged(trust, CHAT) is None
    trust.keep()
    assert not file.exists()
    trust.accept(KEY)
    assert not file.exists()
    trust.keep()
    assert known_servers.read(file).servers == {"chat.local:8000": KEY}
    late = Trust("CHAT.local", 8000, (), file)
    late.accept(OTHER)
    with pytest.raises(OtherKey) as refused:
        late.keep()
    assert (refused.value.expected, refused.value.found, refused.value.known) == (KEY, OTHER, True)
    assert judged(late, CHAT, CHAIN) is OtherKey


def test_a_file_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    """And not at each connection."""
    (tmp_path / "known_servers").mkdir()
    trust = Trust("chat.local", 8000, (), tmp_path / "known_servers")
    trust.accept(KEY)
    with pytest.raises(IsADirectoryError):
        trust.keep()
    trust.keep()


@pytest.mark.parametrize(
    ("names", "host", "fits"),
    [
        (("chat.local",), "chat.local", True),
        (("chat.local",), "CHAT.local.", True),
        (("chat.local",), "local", False),
        (("*.lan.example",), "chat.lan.example", True),
        (("chat",), "chat", True),
        (("xn--bcher-kva.example",), "bücher.example", True),
        (("127.0.0.1",), "127.0.0.1", True),
        (("127.0.0.1",), "127.0.0.2", False),
        (("127.0.0.1",), "localhost", False),
        (("localhost",), "127.0.0.1", False),
        (("fd00::1",), "fd00:0::1", True),
        (("fe80::1",), "fe80::1%eth0", True),
        (("chat.local",), "..", False),
        (("chat.local",), "1234", False),
    ],
)
def test_a_certificate_is_for_names_and_addresses(names: tuple[str, ...], host: str, fits: bool) -> None:
    """As service_identity has it (RFC 9525)."""
    shown = certificate(*names)
    if fits:
        check_name(shown, host)
    else:
        with pytest.raises(WrongName) as refused:
            check_name(shown, host)
        assert refused.value.names == list(names)


def test_what_openssl_calls_wrong() -> None:
    """By its numbers; of the server's own certificate, or of one that vouches for it."""
    ends = datetime.datetime(2026, 11, 22, 14, 3, tzinfo=datetime.UTC)
    old = certificate("chat.local", not_after=ends)
    root = x509.load_pem_x509_certificate(AUTHORITY.cert_pem.bytes())
    flaws: list[Any] = [flaw_of(10, old, 0), flaw_of(9, old, 0), flaw_of(10, root, 1), flaw_of(20, old, 0)]
    assert [(flaw.of, flaw.when, flaw.expired) for flaw in flaws[:3]] == [
        ("", ends, True),
        ("", old.not_valid_before_utc, False),
        (root.subject.rfc4514_string(), root.not_valid_after_utc, True),
    ]
    assert flaws[3].issuer == root.subject.rfc4514_string()
    self_signed: Any = flaw_of(18, root, 0)
    assert self_signed.issuer == ""
    other: Any = flaw_of(26, old, 0)
    assert (type(other), other.number) == (Invalid, 26)


@pytest.mark.parametrize(
    ("typed", "means"),
    [("yes", True), (" YES ", True), (KEY, True), (KEY.replace("sha", "SHA") + "=", True), ("no", False),
     ("n", False), ("", False), ("  ", False), ("y", None), (OTHER, None), ("sha256:", None), ("so?", None)],
)  # fmt: skip
def test_an_answer_is_yes_or_no_or_the_fingerprint(typed: str, means: bool | None) -> None:
    """Whoever types the fingerprint that they were told has compared it."""
    assert answer(typed, KEY) is means


WHEN = datetime.datetime(2026, 11, 22, 14, 3, tzinfo=datetime.UTC)
CERTIFICATE = "The certificate of chat port 8000"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (WrongName(["a.b", "10.0.0.1"]), f"{CERTIFICATE} is for a.b, 10.0.0.1, and not for chat."),
        (WrongName(list("abcdefg")), f"{CERTIFICATE} is for a, b, c, d, e and 2 more, and not for chat."),
        (WrongName([]), f"{CERTIFICATE} is for nobody, and not for chat."),
        (
            WrongName(["a\x1b[31m\nb"]),
            f"{CERTIFICATE} is for a\ufffd[31m\ufffdb, and not for chat.",
        ),
        (
            WrongTime("", WHEN, expired=True),
            f"{CERTIFICATE} expired on 2026-11-22 14:03 UTC. Ask whoever runs the server.",
        ),
        (
            WrongTime("", WHEN, expired=False),
            f"{CERTIFICATE} is not valid before 2026-11-22 14:03 UTC. Is the clock of this machine right?",
        ),
        (
            WrongTime("CN=root", WHEN, expired=True),
            "The certificate of CN=root, which vouches for chat port 8000, expired on 2026-11-22 14:03 UTC. "
            "Ask whoever runs the server.",
        ),
        (WrongAuthority("CN=root"), f"{CERTIFICATE} is signed by CN=root, which is not trusted."),
        (WrongAuthority(""), f"{CERTIFICATE} is signed by nobody but itself, which is not trusted."),
        (Invalid(26), f"{CERTIFICATE} is not valid (OpenSSL's error 26)."),
    ],
)
def test_each_reason_is_one_clear_line(error: Untrusted, text: str) -> None:
    """Which name was expected and which there is, since when; and nothing in it harms a terminal."""
    assert why_not_trusted(error, "chat", 8000, speaks_tls=True) == text


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (
            HandshakeFailed("no answer within 10 s"),
            "chat port 8000 does not agree on TLS: no answer within 10 s. "
            "Ask whoever runs the server for its port.",
        ),
        (ConnectionLost(), "chat port 8000 closed the connection before it said anything."),
    ],
)
def test_no_handshake_is_one_clear_line(error: Exception, text: str) -> None:
    """Nobody is accused of anything."""
    assert why_not_made(Failure(error), "chat", 8000) == text


HELLO = b"\x16\x03\x03"
ASKED = b"HTTP/1.1 100 Nick?\r\n\r\n"


@pytest.mark.parametrize(
    ("begin", "place"),
    [(b"", None), (HELLO, 0), (b"\x15", 0), (b"-", None), (b"-- Welcome", None), (b"-- Welcome\r\n", None),
     (b"-- Welcome\n--\n-- What is your nick?\n" + HELLO, 36), (b"--" + b"x" * 65_534, None),
     (ASKED + HELLO, 22), (b"--\n" + ASKED + HELLO, 25),
     *((ASKED[:end], None) for end in range(1, 23)),
     (b"!", None), (b"!! The limit of 1", None), (b"-- Welcome\n!! This", None)],
)  # fmt: skip
def test_where_tls_begins(begin: bytes, place: int | None) -> None:
    """At once; or behind a greeting, for a hello that came too late for the server to wait for."""
    assert tls_begins(begin) == place


@pytest.mark.parametrize(
    "begin",
    [b"!! This is a chat server\n", b"!!" + b"x" * 200, b"!! Your address is banned. Or not.\n",
     b"HTTP/1.1 400", b"HTTP/1.1 100\r\n\r\n", ASKED + b"HTTP/1.1 400", ASKED[:-2] + b"Date: ",
     b"{", b"\x17", b"\0", b"-- Welcome\n?", b"-x", b"SSH-2.0",
     b"--" + b"x" * 65_535, b"--\n" * 21_846],
)  # fmt: skip
def test_what_is_not_tls(begin: bytes) -> None:
    """Whatever it is, it is told by its first bytes, and no more than 64 KiB of them."""
    with pytest.raises(NotTls):
        tls_begins(begin)


@pytest.mark.parametrize("before", [b"", b"-- Welcome\n"])
def test_who_is_turned_away_is_told_so(before: bytes) -> None:
    """In words that every lanchat has; whoever stands in the way can have nothing else shown by that."""
    with pytest.raises(RefusedByServer, match=r"^Your address is banned\.$"):
        tls_begins(before + b"!! Your address is banned.\n")
