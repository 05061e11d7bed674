"""A TLS endpoint of Twisted's: the same rooms through a transport whose socket cannot be sent to straight."""

from __future__ import annotations

import datetime
import signal
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.daemon import daemon

FAST = ("--lines-per-s=100000", "--burst-lines=100000", "--bytes-per-s=100000000")


@pytest.fixture
def endpoint(tmp_path: Path) -> str:
    """An endpoint with a certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return f"--listen=ssl:0:privateKey={pem}:certKey={pem}:interface=127.0.0.1"


@pytest.fixture
def trusting() -> ssl.SSLContext:
    """A client that takes any certificate: what is tested here is the transport."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def test_a_slow_reader_over_tls_misses_nothing_and_shutdown_is_clean(
    tmp_path: Path, endpoint: str, trusting: ssl.SSLContext
) -> None:
    """It lags, catches up from the log, is live again; and everybody is told at the end."""
    lines, text = 3_000, "x" * 1_000
    with daemon(endpoint, *FAST, cwd=tmp_path) as chat:
        alice, bob = chat.connect(tls=trusting), chat.connect(tls=trusting, receive_buffer=4_096)
        alice.types("alice")
        alice.reads_until_match("^-- 1 in ")
        bob.types("bob")
        alice.reads_until("-- bob joined")
        for number in range(lines):
            alice.types(f"{number} {text}")
            assert alice.reads() == f"<alice> {number} {text}"
        bob.reads_until_match("^-- 2 in ")
        assert [bob.reads() for _ in range(lines)] == [f"<alice> {number} {text}" for number in range(lines)]
        alice.types("live again?")
        assert bob.reads() == "<alice> live again?"
        bob.types("/quit")
        assert bob.reads_all() == ["-- Goodbye."]
        bob.close()
        alice.reads_until("-- bob left")
        chat.process.send_signal(signal.SIGTERM)
        assert alice.reads_all() == ["-- The server is shutting down."]
        alice.close()
        assert chat.ends() == 0
        assert "Traceback" not in "\n".join(chat.log)


def test_a_reader_over_tls_that_takes_nothing_is_closed(
    tmp_path: Path, endpoint: str, trusting: ssl.SSLContext
) -> None:
    """A TLS transport does not close politely while its peer is silent: it is aborted."""
    with daemon(endpoint, *FAST, "--stall-timeout-s=0.5", cwd=tmp_path) as chat:
        alice, bob = chat.connect(tls=trusting), chat.connect(tls=trusting, receive_buffer=4_096)
        alice.types("alice")
        alice.reads_until_match("^-- 1 in ")
        bob.types("bob")
        alice.reads_until("-- bob joined")
        for number in range(5_000):
            alice.types(f"{number} " + "x" * 1_000)
            if alice.reads() == "-- bob left (reads nothing)":
                break
        else:
            alice.reads_until("-- bob left (reads nothing)")
        chat.logged("closed: stalled")
        alice.close()
        bob.close()
