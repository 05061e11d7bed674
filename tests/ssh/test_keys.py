"""The keys of the console: its own, those of administrators, and how often somebody may try."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from twisted.conch.ssh.common import NS
from twisted.conch.ssh.keys import Key
from twisted.internet.task import Clock
from twisted.logger import LogLevel, capturedLogs

from lanchatd.limits import Limits
from lanchatd.ssh.authorized_keys import LARGEST_FILE_BYTES, AuthorizedKeys, harmless
from lanchatd.ssh.host_key import fingerprint, host_key
from lanchatd.ssh.login import is_signed
from lanchatd.ssh.login_limits import MOST_ADDRESSES, UNDISTURBED_S, Guard
from lanchatd.state.files import StateError
from tests.openssh import make_key, needs_ssh, public, write_keys


def ed25519(comment: str = "") -> tuple[Key, str]:
    """A new key, and its line for a file of keys."""
    key = Key(Ed25519PrivateKey.generate())
    return key, f"{key.public().toString('openssh').decode()} {comment}"


# The host key.


def test_the_host_key_is_made_once_and_kept(tmp_path: Path) -> None:
    """The next start has the same, nobody else can read it, and nothing else is left in the directory."""
    path = tmp_path / "host_key"
    made = host_key(path)
    assert host_key(path) == made
    assert made.sshType() == b"ssh-ed25519"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


@needs_ssh
def test_ssh_keygen_shows_the_same_fingerprint(tmp_path: Path) -> None:
    """So it can be compared on the server with what a client asks to confirm."""
    path = tmp_path / "host_key"
    shown = fingerprint(host_key(path))
    told = subprocess.run(["ssh-keygen", "-l", "-f", str(path)], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["256", shown, "lanchatd", "(ED25519)"]


@needs_ssh
def test_a_host_key_made_by_ssh_keygen_is_taken(tmp_path: Path) -> None:
    """As after a move from another server."""
    key = host_key(make_key(tmp_path / "mine"))
    assert fingerprint(key) == fingerprint(Key.fromString(public(tmp_path / "mine").encode()))


def test_a_host_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """They could pass for this server."""
    path = tmp_path / "host_key"
    host_key(path)
    path.chmod(0o640)
    with pytest.raises(StateError, match=f"^others can read the host key {path}: chmod 600 it$"):
        host_key(path)


@pytest.mark.parametrize("content", [b"", b"\0\xff", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END"])
def test_a_broken_host_key_is_refused(tmp_path: Path, content: bytes) -> None:
    """And not replaced in silence, as every client would be warned of an attack."""
    path = tmp_path / "host_key"
    path.touch(0o600)
    path.write_bytes(content)
    with pytest.raises(StateError, match=r"host_key holds no ed25519 private key; without the file"):
        host_key(path)
    assert path.read_bytes() == content


@needs_ssh
def test_other_keys_are_no_host_keys(tmp_path: Path) -> None:
    """An RSA key, and the public half of a key."""
    make_key(tmp_path / "rsa", kind="rsa:2048")
    make_key(tmp_path / "mine")
    (tmp_path / "mine.pub").chmod(0o600)
    for name in ("rsa", "mine.pub"):
        with pytest.raises(StateError, match="holds no ed25519 private key"):
            host_key(tmp_path / name)


@needs_ssh
def test_a_host_key_with_a_passphrase_is_refused(tmp_path: Path) -> None:
    """Nobody is there to type it."""
    path = make_key(tmp_path / "mine")
    subprocess.run(
        ["ssh-keygen", "-q", "-p", "-N", "secret", "-f", str(path)], check=True, capture_output=True
    )
    with pytest.raises(StateError, match="needs a passphrase"):
        host_key(path)


def test_where_a_host_key_can_not_be(tmp_path: Path) -> None:
    """One sentence, whatever is wrong with the place."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(StateError, match="No such file or directory"):
        host_key(tmp_path / "nowhere" / "host_key")
    with pytest.raises(StateError, match="is not a file"):
        host_key(tmp_path / "pipe")


# The keys of administrators.


def test_keys_are_found_with_their_comments(tmp_path: Path) -> None:
    """Comments may have spaces, or be missing."""
    (alice, of_alice), (bob, of_bob), (carol, _) = ed25519("alice at home"), ed25519(), ed25519()
    keys = AuthorizedKeys(write_keys(tmp_path / "keys", "# who may", "", of_alice, f"  {of_bob}\r"))
    found = keys.find(alice.blob())
    assert found is not None and (found.comment, found.fingerprint) == ("alice at home", fingerprint(alice))
    found = keys.find(bob.blob())
    assert found is not None and found.comment == ""
    assert keys.find(carol.blob()) is None


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    """Some editors put one at the start of a file."""
    alice, of_alice = ed25519("alice@laptop")
    path = write_keys(tmp_path / "keys", of_alice)
    path.write_text(path.read_text(), "utf-8-sig")
    found = AuthorizedKeys(path).find(alice.blob())
    assert found is not None and found.comment == "alice@laptop"


def test_a_key_added_or_taken_away_counts_at_once(tmp_path: Path) -> None:
    """However the file is changed: over the old one, in its place, and with nothing but its mode."""
    (alice, of_alice), (bob, of_bob) = ed25519(), ed25519()
    path = write_keys(tmp_path / "keys", of_alice)
    keys = AuthorizedKeys(path)
    changes: list[str] = []
    keys.changed = lambda: changes.append("changed")
    assert keys.find(alice.blob()) and not keys.find(bob.blob())
    assert changes == ["changed"]
    write_keys(tmp_path / "new", of_bob).rename(path)
    assert keys.find(bob.blob()) and not keys.find(alice.blob())
    write_keys(path, of_alice, of_bob)
    assert keys.find(bob.blob()) and keys.find(alice.blob())
    path.chmod(0o620)
    assert not keys.find(bob.blob())
    assert changes == ["changed"] * 4


def _others_may_write(path: Path) -> str:
    path.chmod(0o606)
    return f"others can write to {path}: chmod 600 it"


def _removed(path: Path) -> str:
    path.unlink()
    return f"can't read {path}: No such file or directory"


def _too_large(path: Path) -> str:
    path.write_bytes(b"#" * (LARGEST_FILE_BYTES + 1))
    return f"{path} is larger than 262,144 bytes"


def _a_pipe(path: Path) -> str:
    path.unlink()
    os.mkfifo(path, 0o600)
    return f"{path} is not a file"


@pytest.mark.parametrize("spoil", [_others_may_write, _removed, _too_large, _a_pipe])
def test_a_file_that_can_not_be_trusted_lets_nobody_in(tmp_path: Path, spoil: Callable[[Path], str]) -> None:
    """The log says so once, and not at each try; then it is as before."""
    alice, line = ed25519()
    path = write_keys(tmp_path / "keys", line)
    keys = AuthorizedKeys(path)
    assert keys.find(alice.blob())
    why = spoil(path)
    with capturedLogs() as logged:
        assert keys.find(alice.blob()) is None
        assert keys.find(alice.blob()) is None
    assert [(event["log_level"], event.get("why")) for event in logged] == [(LogLevel.warn, why)]
    with pytest.raises(StateError, match=f"^{re.escape(why)}$"):
        keys.check()
    path.unlink(missing_ok=True)
    write_keys(path, line)
    assert keys.find(alice.blob())
    keys.check()


@pytest.mark.parametrize(
    "options",
    ["restrict", "no-port-forwarding,no-agent-forwarding", "no-X11-forwarding,NO-USER-RC,restrict"],
)
def test_options_that_mean_nothing_here(tmp_path: Path, options: str) -> None:
    """They take away what nobody has."""
    alice, line = ed25519("alice")
    found = AuthorizedKeys(write_keys(tmp_path / "keys", f"{options}  {line}")).find(alice.blob())
    assert found is not None and found.comment == "alice"


BROKEN = "AAAAC3NzaC1lZDI1NTE5AAAA"


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('command="who is" {key}', 'the option or type of key command="who is" is not known here'),
        ('restrict,from="192.0.2.1, 10.0.0.1" {key}', "the option or type of key from="),
        (r'command="say \"restrict ssh-ed25519\"" {key}', "the option or type of key command="),
        ('restrict,expiry-time="20200101" {key}', "the option or type of key expiry-time="),
        ("cert-authority {key}", "the option or type of key cert-authority"),
        ("ssh-dss AAAAB3NzaC1kc3MAAACB alice", "the option or type of key ssh-dss"),
        ("restrict, {key}", "this is no key of a known type"),
        ('"restrict {key}', "this is no key of a known type"),
        ("restrict", "this is no key of a known type"),
        ("nonsense", "this is no key of a known type"),
        ("ssh-ed25519", "the key is broken"),
        (f"ssh-ed25519 {BROKEN}", "the key is broken"),
        ("ssh-ed25519 ?", "the key is broken"),
        ("ssh-rsa {blob}", "the key is broken"),
        ("ssh-ed25519 {blob}AAAA", "the key is broken"),
        ("ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAAAB", "the key is broken"),
        ("ssh-rsa AAAAB3NzaC1yc2EAAAABAwAAAAEP", "an RSA key has to have 2,048 bits"),
        ("\x1b]0;x\x07 {key}", "the option or type of key \ufffd]0;x\ufffd"),
    ],
)
def test_a_line_that_can_not_be_kept_to_is_skipped(tmp_path: Path, line: str, why: str) -> None:
    """It lets nobody in, the log has its number, and the next line counts."""
    (alice, of_alice), (bob, of_bob) = ed25519(), ed25519()
    blob = of_alice.split()[1]
    line = line.replace("{key}", of_alice).replace("{blob}", blob)
    keys = AuthorizedKeys(write_keys(tmp_path / "keys", "#", line, of_bob))
    with capturedLogs() as logged:
        assert keys.find(alice.blob()) is None
        assert keys.find(bob.blob())
    skipped = next(event for event in logged if event["log_level"] is LogLevel.warn)
    assert skipped["line"] == 2
    assert skipped["why"].startswith(why)


@needs_ssh
def test_a_short_rsa_key_is_skipped(tmp_path: Path) -> None:
    """What is that short can be factored, or soon."""
    make_key(tmp_path / "short", kind="rsa:1024")
    make_key(tmp_path / "long", kind="rsa:2048")
    lines = public(tmp_path / "short"), public(tmp_path / "long")
    keys = AuthorizedKeys(write_keys(tmp_path / "keys", *lines))
    with capturedLogs() as logged:
        assert [bool(keys.find(Key.fromString(line.encode()).blob())) for line in lines] == [False, True]
    assert "an RSA key has to have 2,048 bits" in [event.get("why") for event in logged]


@pytest.mark.parametrize(
    ("comment", "shown"),
    [
        ("alice\t@home", "alice @home"),
        ("\x1b[2Jalice\u202e", "\ufffd[2Jalice\ufffd"),
        ("a\u0301\u0301\u0301\u0301\u0301", "a?????"),
        ("x" * 1_000, "x" * 100),
        ("Ünï", "Ünï"),
    ],
)
def test_comments_do_nothing_to_a_terminal(tmp_path: Path, comment: str, shown: str) -> None:
    """They are shown in lists and logs."""
    alice, line = ed25519(comment)
    found = AuthorizedKeys(write_keys(tmp_path / "keys", line)).find(alice.blob())
    assert found is not None and found.comment == shown == harmless(comment)


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    """Its good lines count."""
    alice, line = ed25519("alice")
    path = tmp_path / "keys"
    path.touch(0o600)
    path.write_bytes(b"\xff\xfe\0\n" + line.encode() + b"\xff\n")
    found = AuthorizedKeys(path).find(alice.blob())
    assert found is not None and found.comment == "alice\ufffd"


# Signatures.


def security_key(
    flags: int = 1, application: bytes = b"ssh:", counter: bytes = b"\0\0\0\7"
) -> tuple[Key, bytes]:
    """A key on a token (``sk-ssh-ed25519``), and its signature of ``b"hello"``, made here in software."""
    private = Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    kind = b"sk-ssh-ed25519@openssh.com"
    key = Key.fromString(NS(kind) + NS(raw) + NS(b"ssh:"), type="blob")
    state = bytes([flags]) + counter
    signed = hashlib.sha256(application).digest() + state + hashlib.sha256(b"hello").digest()
    return key, NS(kind) + NS(private.sign(signed)) + state


def test_a_touched_security_key_signs() -> None:
    """And only what it was asked to."""
    key, signature = security_key()
    assert is_signed(key, key.sshType(), signature, b"hello")
    assert not is_signed(key, key.sshType(), signature, b"hellp")


@pytest.mark.parametrize(
    "wrong",
    [{"flags": 0}, {"flags": 4}, {"application": b"https:"}, {"counter": b""}, {"counter": b"\0" * 5}],
)
def test_a_security_key_that_nobody_touched(wrong: dict[str, object]) -> None:
    """A program that has taken over somebody's machine could use it then. Nor what was made for a website."""
    key, signature = security_key(**wrong)  # type: ignore[arg-type]
    assert not is_signed(key, key.sshType(), signature, b"hello")


def test_signatures_of_the_wrong_kind() -> None:
    """Broken ones, ones of another key, and ones whose kind is not the one that was agreed on."""
    alice, bob = ed25519()[0], ed25519()[0]
    good = alice.sign(b"hello")
    assert is_signed(alice.public(), b"ssh-ed25519", good, b"hello")
    assert not is_signed(bob.public(), b"ssh-ed25519", good, b"hello")
    assert not is_signed(alice.public(), b"rsa-sha2-512", good, b"hello")
    for broken in (b"", b"\xff" * 4, good[:-1], NS(b"ssh-ed25519"), NS(b"ssh-ed25519") + NS(b""), b"x" * 40):
        assert not is_signed(alice.public(), b"ssh-ed25519", broken, b"hello")
    nobody = security_key()[0]
    for broken in (NS(nobody.sshType()), NS(nobody.sshType()) + struct.pack(">L", 9)):
        assert not is_signed(nobody, nobody.sshType(), broken, b"hello")


# How often somebody may try.


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guard(clock: Clock) -> Guard:
    return Guard(clock, Limits(admin_waiting=2))


class Somebody:
    """Who has not logged in yet. Implements `lanchatd.ssh.login_limits.Waiting`."""

    def __init__(self, guard: Guard, address: str) -> None:
        self.address = address
        self.sent_away = False
        self._guard = guard

    def make_room(self) -> None:
        self.sent_away = True
        self._guard.settled(self)


def comes(guard: Guard, address: str) -> Somebody | None:
    """Somebody who comes to log in, if they are admitted."""
    if (why := guard.admit(address)) is not None:
        assert why == "Too many connections are waiting to log in; try again in a moment."
        return None
    somebody = Somebody(guard, address)
    guard.waits(somebody)
    return somebody


def test_so_many_may_wait_to_log_in(guard: Guard) -> None:
    """Whoever has logged in, or is gone, makes room."""
    first, second = comes(guard, "192.0.2.1"), comes(guard, "192.0.2.2")
    assert first and second and not comes(guard, "192.0.2.3")
    guard.settled(first)
    guard.settled(first)  # it has logged in, and then it is gone
    assert comes(guard, "192.0.2.3") and not comes(guard, "192.0.2.4")
    assert not second.sent_away


def test_one_address_does_not_take_all_the_places(clock: Clock) -> None:
    """Who comes from another one has the place of the one that waits longest there; as many as are fair."""
    guard = Guard(clock, Limits(admin_waiting=4))
    greedy = [comes(guard, "192.0.2.1") for _ in range(6)]
    assert [somebody is not None for somebody in greedy] == [True] * 4 + [False] * 2
    others = [comes(guard, "192.0.2.2") for _ in range(3)]
    assert [somebody is not None for somebody in others] == [True, True, False]
    assert [somebody.sent_away for somebody in greedy if somebody] == [True, True, False, False]
    clock.advance(60)
    assert not comes(guard, "192.0.2.1") and not comes(guard, "192.0.2.2")
    assert comes(guard, "192.0.2.3")


def test_who_says_nothing_for_long_makes_room(guard: Guard, clock: Clock) -> None:
    """For an address that has no place; whoever came just now is not disturbed."""
    silent = comes(guard, "192.0.2.1")
    clock.advance(UNDISTURBED_S)
    fresh = comes(guard, "192.0.2.2")
    assert silent and fresh and comes(guard, "192.0.2.3")
    assert [silent.sent_away, fresh.sent_away] == [True, False]
    assert not comes(guard, "192.0.2.4")


def test_who_has_logged_in_before_goes_before_strangers(guard: Guard, clock: Clock) -> None:
    """However many there are, and however fast they come."""
    guard.succeeded("192.0.2.1")
    strangers = [comes(guard, "192.0.2.2"), comes(guard, "192.0.2.3")]
    known = comes(guard, "192.0.2.1")
    assert known and [stranger.sent_away for stranger in strangers if stranger] == [True, False]
    clock.advance(UNDISTURBED_S)
    assert comes(guard, "192.0.2.4")
    assert comes(guard, "192.0.2.1")
    assert not comes(guard, "192.0.2.5") and not known.sent_away
    guard.succeeded("192.0.2.5")
    assert comes(guard, "192.0.2.5") and known.sent_away


def test_so_many_addresses_are_known(guard: Guard) -> None:
    """The one that was longest away is a stranger again."""
    guard.succeeded("192.0.2.1")
    for number in range(MOST_ADDRESSES):
        guard.succeeded(f"2001:db8::{number:x}")
    comes(guard, "192.0.2.2"), comes(guard, "192.0.2.3")
    assert not comes(guard, "192.0.2.1") and comes(guard, "2001:db8::1")


def test_three_failures_lock_an_address_out_for_an_hour(guard: Guard, clock: Clock) -> None:
    """Nobody else; and it is told how long it takes."""
    for _ in range(3):
        assert guard.refusal("192.0.2.1") is None
        guard.failed("192.0.2.1")
        clock.advance(10)
    assert guard.admit("192.0.2.1") == "Too many failed tries from your address; try again in 59 min 50 s."
    assert guard.admit("192.0.2.2") is None
    clock.advance(3_589.5)
    assert guard.refusal("192.0.2.1") == "Too many failed tries from your address; try again in 1 s."
    clock.advance(0.5)
    assert guard.admit("192.0.2.1") is None


def test_after_the_hour_it_has_three_tries_again(guard: Guard, clock: Clock) -> None:
    """An old failure does not count for ever."""
    for _ in range(3):
        guard.failed("192.0.2.1")
    clock.advance(3_600)
    for _ in range(2):
        assert guard.refusal("192.0.2.1") is None
        guard.failed("192.0.2.1")
    assert guard.refusal("192.0.2.1") is None


def test_a_success_forgets_the_failures(guard: Guard) -> None:
    """Of its address."""
    for _ in range(2):
        guard.failed("192.0.2.1")
        guard.failed("192.0.2.2")
    guard.succeeded("192.0.2.1")
    guard.failed("192.0.2.1")
    guard.failed("192.0.2.2")
    assert guard.refusal("192.0.2.1") is None
    assert guard.refusal("192.0.2.2") is not None


def test_everybody_can_be_forgiven(guard: Guard) -> None:
    """When the file of keys has changed."""
    for _ in range(3):
        guard.failed("192.0.2.1")
    guard.forget()
    assert guard.refusal("192.0.2.1") is None


def test_limits_count_as_they_are_now(clock: Clock) -> None:
    """An administrator may change them while somebody is locked out."""
    limits = Limits()
    guard = Guard(clock, limits)
    for _ in range(3):
        guard.failed("192.0.2.1")
    limits.admin_lockout_s = 60
    assert guard.refusal("192.0.2.1") == "Too many failed tries from your address; try again in 1 min."
    limits.admin_tries = 4
    assert guard.refusal("192.0.2.1") is None


def test_the_addresses_that_failed_longest_ago_are_forgotten(guard: Guard) -> None:
    """However many there are, memory has an end."""
    for _ in range(2):
        guard.failed("192.0.2.1")
    for number in range(MOST_ADDRESSES - 1):
        guard.failed(f"2001:db8::{number:x}")
    guard.failed("192.0.2.1")
    assert guard.refusal("192.0.2.1") is not None
    for number in range(MOST_ADDRESSES):
        guard.failed(f"2001:db8:1::{number:x}")
    assert guard.refusal("192.0.2.1") is None
