"""A program, or a page, proves a key by what it signs; and every way to cheat with one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from lanchatd.chat.accounts.rows import SIGNED
from lanchatd.net import key_proof
from tests.accounts import Owners
from tests.daemon import daemon
from tests.impostors import any_server
from tests.signing import SigningKey
from tests.web import HOST, Page, message, web_door
from tests.world import Person

HERE, ELSEWHERE = "127.0.0.1", "192.0.2.1"
ORIGIN = f"http://{HOST}"

NO_PROOF = {
    "type": "error", "code": "bad_proof",
    "text": "That is no proof of the key for this connection to this server.",
}  # fmt: skip
NO_KEY = {
    "type": "error", "code": "bad_field",
    "text": '"key" is a public key of P-256, as SubjectPublicKeyInfo in DER, in base64.',
}  # fmt: skip


@pytest.fixture
def world() -> Owners:
    return Owners(web_door())


@pytest.fixture
def key() -> SigningKey:
    return SigningKey()


def hello(key: SigningKey, nick: str = "alice", **fields: Any) -> dict[str, Any]:
    return {"nick": nick, "key": key.public, **fields}


def asked(person: Person, key: SigningKey) -> dict[str, Any]:
    """What it is to sign."""
    (got,) = person.asks(hello(key)).gets()
    assert got["type"] == "challenge"
    return got


def comes(world: Owners, key: SigningKey, nick: str = "alice", **fields: Any) -> Person:
    """A program on this machine that has proved its key."""
    person = world.connect(HERE)
    proof = key.signs(asked(person, key))
    return person.asks(hello(key, nick, proof=proof, **fields))


def page_asked(page: Page, key: SigningKey) -> dict[str, Any]:
    (got,) = page.sends(message(hello(key))).gets()
    return got


def refused(person: Person, key: SigningKey, proof: str) -> dict[str, Any]:
    (got,) = person.asks(hello(key, proof=proof)).gets()
    return got


# -- what it is good for


def test_a_nick_is_registered_by_the_key_and_then_proved_by_it(world: Owners, key: SigningKey) -> None:
    """With one word; and nobody else comes in."""
    alice = comes(world, key, device="Chromium on Linux")
    assert "account" not in alice.gets()[0]
    alice.asks({"line": "/register"}, {"line": "/devices"})
    texts = [got["text"] for got in alice.gets() if got["type"] == "notice"]
    assert texts[0] == f"alice is yours now, by the key {key.print} of this device."
    assert texts[1].startswith(f"1. Chromium on Linux, signed {key.print}, since ")
    alice.hangs_up()
    welcome = comes(world, key).gets()[0]
    assert (welcome["account"], welcome["by"]) == (True, "key")
    assert comes(world, SigningKey()).gets()[0]["code"] == "nick_owned"
    assert world.connect(HERE).asks({"nick": "alice"}).gets()[0]["code"] == "nick_owned"


def test_a_code_makes_it_a_device_and_who_removes_it_closes_it(world: Owners, key: SigningKey) -> None:
    """Like any other key of the account."""
    laptop = world.owner("alice", key="sha256:" + "K" * 43)
    laptop.types("/code")
    code = laptop.sees()[0].split()[1].rstrip(",")
    phone = comes(world, key, device="phone", secret=code)
    assert phone.gets()[0]["by"] == "code"
    (device,) = [
        each for each in world.accounts.devices_of(world.accounts.by_number[1]) if each.print == key.print
    ]
    assert (device.kind, device.name) == (SIGNED, "phone")
    assert comes(world, key).gets()[0]["by"] == "key"
    laptop.types("/devices remove 2")
    assert phone.gets()[-1]["code"] == "device_removed"
    assert comes(world, key).gets()[0]["code"] == "nick_owned"


def test_a_key_that_was_proved_is_proved_until_the_end(world: Owners, key: SigningKey) -> None:
    """Who has to take another nick need not sign again."""
    world.join("bob")
    person = comes(world, key, nick="bob")
    assert person.gets()[0]["code"] == "nick_taken"
    assert person.asks(hello(key)).gets()[0]["type"] == "welcome"
    assert person.session.peer.key == key.print


def test_a_page_signs_where_it_came_from(world: Owners, key: SigningKey) -> None:
    """And no proof for a page of elsewhere is one."""
    page = Page(world, HERE)
    proof = key.signs(page_asked(page, key), ORIGIN)
    assert page.sends(message(hello(key, proof=proof))).gets()[0]["type"] == "welcome"
    page = Page(world, HERE)
    for origin in ("", "http://evil.example:8000", ORIGIN.replace("http", "https")):
        proof = key.signs(page_asked(page, key), origin)
        assert page.sends(message(hello(key, proof=proof))).gets() == [NO_PROOF]


# -- who cheats


def test_a_proof_is_good_once_and_on_its_own_connection(world: Owners, key: SigningKey) -> None:
    """Whoever has heard it can't say it again."""
    first, second = world.connect(HERE), world.connect(HERE)
    proof = key.signs(asked(first, key))
    asked(second, key)
    assert refused(second, key, proof) == NO_PROOF
    assert first.asks(hello(key, proof=proof)).gets()[0]["type"] == "welcome"
    third = world.connect(HERE)
    assert refused(third, key, proof) == NO_PROOF  # it was asked nothing


def test_a_wrong_proof_needs_a_new_question(world: Owners, key: SigningKey) -> None:
    """A question is not there to be tried at."""
    person = world.connect(HERE)
    challenge = asked(person, key)
    right = key.signs(challenge)
    assert refused(person, key, SigningKey().signs(challenge)) == NO_PROOF
    assert refused(person, key, right) == NO_PROOF


def test_only_the_last_question_counts(world: Owners, key: SigningKey) -> None:
    """Of two."""
    person = world.connect(HERE)
    first, second = asked(person, key), asked(person, key)
    assert first["challenge"] != second["challenge"]
    assert refused(person, key, key.signs(first)) == NO_PROOF


def test_a_question_that_another_server_hands_on_is_answered_to_that_server(
    world: Owners, key: SigningKey
) -> None:
    """One in between has another TLS key, and what is signed names the one that was spoken to."""
    person = world.connect(HERE)
    challenge = asked(person, key)
    assert challenge["server"] == world.connections.credentials.fingerprint
    assert refused(person, key, key.signs(challenge, server="sha256:" + "E" * 43)) == NO_PROOF


def test_somebody_elses_public_key_is_not_enough(world: Owners, key: SigningKey) -> None:
    """Nor to ask with one's own, and then name theirs."""
    world_key = SigningKey()
    person = world.connect(HERE)
    proof = world_key.signs(asked(person, world_key))
    assert refused(person, key, proof) == NO_PROOF


@pytest.mark.parametrize("proof", ["", "AAAA", base64.b64encode(bytes(64)).decode(), "A" * 4 * 22, "A" * 400])
def test_what_is_no_signature_proves_nothing(world: Owners, key: SigningKey, proof: str) -> None:
    """Of whatever length."""
    person = world.connect(HERE)
    asked(person, key)
    assert refused(person, key, proof) == NO_PROOF


def test_what_is_no_key_of_p256_is_refused(world: Owners, key: SigningKey) -> None:
    """When it is to be proved."""
    other, cut = SigningKey(ec.SECP384R1()).encoded, key.encoded[:-1]
    for encoded in (b"", b"no key", b"\x30" * 90, other, cut):
        person = world.connect(HERE)
        proof = key.signs(asked(person, key))
        shown = base64.b64encode(encoded).decode()
        assert person.asks({"nick": "alice", "key": shown, "proof": proof}).gets() == [NO_KEY]


@pytest.mark.parametrize("name", ["key", "proof"])
def test_what_is_not_base64_is_said(world: Owners, name: str) -> None:
    """And which it is."""
    assert world.connect(HERE).asks({"nick": "alice", name: "?"}).gets() == [
        {"type": "error", "code": "bad_field", "text": f'"{name}" is not in base64.'}
    ]


def test_it_is_asked_so_often(world: Owners, key: SigningKey) -> None:
    """Each proof is work."""
    person = world.connect(HERE)
    for _ in range(key_proof.MOST):
        asked(person, key)
    assert person.asks(hello(key)).gets()[0]["code"] == "too_many_tries"
    assert person.asks({"nick": "alice"}).gets()[0]["type"] == "welcome"


def test_in_the_clear_from_elsewhere_it_proves_nothing(world: Owners, key: SigningKey) -> None:
    """Who is in between could take the connection over; one comes in as anybody does."""
    person = world.connect(ELSEWHERE)
    assert person.asks(hello(key)).gets()[0]["type"] == "welcome"
    assert person.asks({"line": "/register", "ref": "1"}).gets()[-1]["code"] == "no_key"


def test_a_key_of_the_handshake_counts_more(world: Owners, key: SigningKey) -> None:
    """A connection has one."""
    person = world.comes_json({"nick": "alice", "key": key.public}, key="sha256:" + "K" * 43)
    assert person.gets()[0]["type"] == "welcome"


# -- the real one


def test_over_tls_the_key_that_was_seen_is_the_one_that_is_named(tmp_path: Path, key: SigningKey) -> None:
    """As `lanchat-doctor` and the daemon's log say it."""
    with daemon("--port=0", cwd=tmp_path) as chat:
        seen = chat.logged(r"TLS key (sha256:\S+),")[1]
        for by in (None, "key"):
            with chat.connect(tls=any_server()) as alice:
                alice.types('{"nick": "alice", "key": "' + key.public + '"}')
                challenge = next(got for got in iter(alice.gets, None) if got["type"] == "challenge")
                assert challenge["server"] == seen
                proof = key.signs(challenge, server=seen)
                alice.types('{"nick": "alice", "key": "' + key.public + f'", "proof": "{proof}"}}')
                assert alice.gets().get("by") == by
                if by is None:
                    alice.types('{"line": "/register", "ref": "1"}')
                    alice.reads_until_match('"ref": "1"')
