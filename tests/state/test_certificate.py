"""The key and the certificate: made once, kept, made anew in time, and refused when anything is wrong."""

from __future__ import annotations

import fcntl
import os
import ssl
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from lanchatd.net.credentials import options_for
from lanchatd.state import certificate
from lanchatd.state.certificate import addresses, certificate_from, host_names, own_certificate
from lanchatd.state.files import StateError
from lanchatd.text.fingerprint import fingerprint_from

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
YEARS = timedelta(days=365)
CERTIFICATE = "-----BEGIN CERTIFICATE-----"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "tls.pem"


def pem(key: PrivateKeyTypes, password: bytes | None = None) -> bytes:
    encryption = NoEncryption() if password is None else BestAvailableEncryption(password)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def names_of(leaf: x509.Certificate) -> tuple[list[str], list[str]]:
    """The names and the addresses that it is for."""
    san = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return san.get_values_for_type(x509.DNSName), [str(a) for a in san.get_values_for_type(x509.IPAddress)]


# -- the daemon's own


def test_it_is_made_on_the_first_start_and_kept(path: Path) -> None:
    """For ten years, for the names and the addresses of this machine, and for nobody else to read."""
    os.umask(os.umask(0o002))
    made = own_certificate(path, NOON)
    leaf = made.chain[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert isinstance(made.key, ec.EllipticCurvePrivateKey) and made.key.curve.name == "secp256r1"
    assert timedelta(0) < made.until - NOON - 10 * YEARS < timedelta(days=4)
    assert leaf.not_valid_before_utc == NOON - timedelta(days=1)
    names, numbers = names_of(leaf)
    assert names[-1] == "localhost"
    assert numbers[:2] == ["127.0.0.1", "::1"]
    assert fingerprint_from(made.fingerprint) == made.fingerprint
    again = own_certificate(path, NOON + 8 * YEARS)
    assert again.encoded == made.encoded == path.read_bytes()


def test_two_servers_have_different_keys_and_different_names(tmp_path: Path) -> None:
    """A client that trusts both certificates finds each by its name."""
    first, second = (own_certificate(tmp_path / name, NOON) for name in ("a", "b"))
    assert first.fingerprint != second.fingerprint
    assert first.chain[0].subject != second.chain[0].subject


def test_it_is_taken_by_who_trusts_it_and_by_its_names(path: Path) -> None:
    """As strictly as OpenSSL can be."""
    own_certificate(path, datetime.now(UTC))
    for name in ("-verify_hostname=localhost", "-verify_ip=127.0.0.1", "-verify_ip=::1"):
        verify = ["openssl", "verify", "-x509_strict", *name.split("="), "-CAfile", str(path), str(path)]
        assert subprocess.run(verify, capture_output=True, check=False).returncode == 0
    other = ["openssl", "verify", "-verify_hostname", "example.org", "-CAfile", str(path), str(path)]
    assert subprocess.run(other, capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("now", [NOON + 9 * YEARS + 30 * timedelta(1), NOON + 20 * YEARS, NOON - YEARS])
def test_it_is_made_anew_for_the_same_key_near_its_end(path: Path, now: datetime) -> None:
    """Or when the clock was wrong. Nobody who knows the key has to be asked."""
    made = own_certificate(path, NOON)
    anew = own_certificate(path, now)
    assert anew.encoded == path.read_bytes() != made.encoded
    assert anew.fingerprint == made.fingerprint
    assert anew.chain[0].subject == made.chain[0].subject
    assert anew.until - now > 10 * YEARS
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_signed_by_an_authority_is_not_made_anew(path: Path) -> None:
    """Whoever put it there has to renew it."""
    signed = signed_by_authority(NOON)
    path.write_bytes(signed)
    path.chmod(0o600)
    assert own_certificate(path, NOON + timedelta(days=80)).encoded == signed
    with pytest.raises(StateError, match=r"tls\.pem has expired, on 2027-02-20$"):
        own_certificate(path, NOON + timedelta(days=91))
    assert path.read_bytes() == signed


def signed_by_authority(now: datetime) -> bytes:
    """A key, a certificate for 90 days, and that of its authority."""
    authority, key = ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP256R1())
    ca = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "authority")])
    chain = b""
    for subject, public in ((x509.Name([]), key.public_key()), (ca, authority.public_key())):
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(ca).public_key(public)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now)
        signed = builder.not_valid_after(now + timedelta(days=90)).sign(authority, None)
        chain += signed.public_bytes(Encoding.PEM)
    return chain + pem(key)


def test_a_directory_that_cannot_be_written_to_is_said_in_one_sentence(tmp_path: Path) -> None:
    """And so is a disk that is full or read-only."""
    with pytest.raises(
        StateError, match=r"can't make the certificate /.*/no/tls\.pem: No such file or directory$"
    ):
        own_certificate(tmp_path / "no" / "tls.pem", NOON)


# -- somebody's own


def test_key_and_chain_may_be_in_any_order(path: Path) -> None:
    """The first certificate is that of the key; the others lead to the authority."""
    path.write_bytes(signed_by_authority(NOON))
    path.chmod(0o400)
    read = certificate_from(path, NOON)
    assert len(read.chain) == 2
    assert read.chain[0].issuer == read.chain[1].subject
    assert options_for(read).getContext()


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "there is no private key in {}: it has to be there with the certificate, in PEM"),
        (b"\xff\0" * 50, "there is no private key in {}: it has to be there with the certificate, in PEM"),
        (b"{cert}", "there is no private key in {}: it has to be there with the certificate, in PEM"),
        (b"{key}", "there is no certificate in {}: it has to be there with its key, in PEM"),
        (b"{broken key}{cert}", "the private key in {} is broken, or of an unknown kind"),
        (b"{key}{broken cert}", "a certificate in {} is broken"),
        (b"{key}{cert}{broken cert}", "a certificate in {} is broken"),
        (b"{other key}{cert}", "the private key in {} is not that of its first certificate"),
        (b"{locked key}{cert}", "the private key in {} needs a passphrase, and nobody is there to give it"),
        (b"{ed448 key}{cert}", "the private key in {} is not of RSA, ECDSA or Ed25519"),
        (b"{key}{cert}" + b"\n" * 262_144, "the certificate {} has more than 262,144 bytes"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_one_sentence(path: Path, content: bytes, error: str) -> None:
    """It names the file, and what is missing; the daemon's own is refused just so, and left as it is."""
    good = own_certificate(path, NOON).encoded
    key, cert = good[: good.index(CERTIFICATE.encode())], good[good.index(CERTIFICATE.encode()) :]
    parts = {
        b"{key}": key,
        b"{cert}": cert,
        b"{broken key}": key[:60] + b"!!!!" + key[64:],
        b"{broken cert}": cert[:100] + b"AAAA" + cert[104:200] + cert[204:],
        b"{other key}": pem(ec.generate_private_key(ec.SECP256R1())),
        b"{locked key}": pem(ec.generate_private_key(ec.SECP256R1()), b"secret"),
        b"{ed448 key}": pem(ed448.Ed448PrivateKey.generate()),
    }
    for name, part in parts.items():
        content = content.replace(name, part)
    path.write_bytes(content)
    for read in (certificate_from, own_certificate):
        with pytest.raises(StateError) as refused:
            read(path, NOON)
        assert str(refused.value) == error.format(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("now", "error"),
    [
        (NOON - timedelta(days=2), "the certificate {} is not valid before 2026-11-21 12:00 UTC"),
        (NOON + 11 * YEARS, "the certificate {} has expired, on 2036-11-21"),
    ],
)
def test_one_that_is_not_valid_now_is_refused(path: Path, now: datetime, error: str) -> None:
    """Somebody's own is never made anew."""
    own_certificate(path, NOON)
    with pytest.raises(StateError) as refused:
        certificate_from(path, now)
    assert str(refused.value) == error.format(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_can_read_is_refused(path: Path, mode: int) -> None:
    """Whoever holds it can pass for this server."""
    own_certificate(path, NOON)
    path.chmod(mode)
    for read in (certificate_from, own_certificate):
        with pytest.raises(
            StateError, match=r"^others can read the private key in /.*tls\.pem: chmod 600 it$"
        ):
            read(path, NOON)


@pytest.mark.parametrize(("mode", "taken"), [(0o400, True), (0o440, True), (0o460, False), (0o444, False)])
def test_a_credential_of_the_service_may_have_an_access_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, taken: bool
) -> None:
    """Which is what its group's mode shows then. But not a file beside them."""
    for directory in ("credentials", "elsewhere"):
        (tmp_path / directory).mkdir()
        own_certificate(tmp_path / directory / "tls.pem", NOON)
        (tmp_path / directory / "tls.pem").chmod(mode)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    read = []
    for directory in ("credentials", "elsewhere"):
        try:
            certificate_from(tmp_path / directory / "tls.pem", NOON)
            read.append(directory)
        except StateError as refused:
            assert "others can read the private key" in str(refused)
    assert read == ["credentials"] * taken + ["elsewhere"] * (mode == 0o400)


def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    """A pipe, a directory, and nothing at all."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name, error in (
        ("pipe", "the certificate {} is not a file"),
        (".", "can't read the certificate {}: Is a directory"),
        ("nothing", "can't read the certificate {}: No such file or directory"),
    ):
        with pytest.raises(StateError) as refused:
            certificate_from(tmp_path / name, NOON)
        assert str(refused.value) == error.format(tmp_path / name)


def test_a_key_too_weak_for_openssl_is_refused(path: Path) -> None:
    """What it takes is for those who know to say."""
    key = rsa.generate_private_key(65_537, 1_024)  # noqa: S505
    made = own_certificate(path, NOON)
    path.unlink()
    certificate._make(path, key, made.chain[0].subject, NOON)
    with pytest.raises(StateError, match=r"^OpenSSL refuses the certificate /.*tls\.pem: ee key too small$"):
        options_for(certificate_from(path, NOON))


# -- names and addresses


@pytest.mark.parametrize(
    ("host", "names"),
    [
        ("chat", ["chat", "chat.local", "localhost"]),
        ("chat.example.org", ["chat.example.org", "chat", "chat.local", "localhost"]),
        ("chat.local", ["chat.local", "chat", "localhost"]),
        ("localhost", ["localhost", "localhost.local"]),
        ("büro", ["localhost"]),
        ("", ["localhost"]),
        ("-x", ["localhost"]),
        ("a_b", ["localhost"]),
        ("x" * 64, ["localhost"]),
    ],
)
def test_the_names_of_a_host(host: str, names: list[str]) -> None:
    """Those that a certificate can have."""
    assert host_names(host) == names


def test_the_addresses_are_those_that_the_system_tells() -> None:
    """Loopback first, and each one once."""
    found = addresses()
    assert [str(address) for address in found[:2]] == ["127.0.0.1", "::1"]
    assert len(set(found)) == len(found) <= 32
    told = subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=False).stdout
    listed = {ip_address(line.split()[3].split("/")[0]) for line in told.splitlines()}
    assert {address for address in listed if not address.is_link_local} <= set(found)


def test_a_system_that_tells_nothing_still_has_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another kernel, or a sandbox."""

    def refuse(*_: object) -> bytes:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(fcntl, "ioctl", refuse)
    monkeypatch.setattr(Path, "read_text", refuse)
    assert [str(address) for address in addresses()] == ["127.0.0.1", "::1"]


def test_python_takes_it_too(path: Path) -> None:
    """The standard library loads key and certificate from the one file."""
    own_certificate(path, NOON)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path)


def test_what_openssl_does_not_read_is_refused(tmp_path: Path) -> None:
    """With a sentence, though others can read it: one wrong byte in a name is enough."""
    good = own_certificate(tmp_path / "good.pem", NOON)
    leaf = good.chain[0]
    name = str(leaf.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value).encode()
    der = leaf.public_bytes(Encoding.DER).replace(name, b"\xff" + name[1:])
    key = good.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    bad = tmp_path / "bad.pem"
    bad.write_bytes(key + ssl.DER_cert_to_PEM_cert(der).encode())
    bad.chmod(0o600)
    with pytest.raises(StateError, match="OpenSSL refuses the certificate"):
        options_for(certificate_from(bad, NOON))


def test_a_key_on_a_curve_that_tls_does_not_use_is_refused(tmp_path: Path) -> None:
    """Nobody could join."""
    key = ec.generate_private_key(ec.SECP256K1())
    pem = tmp_path / "key.pem"
    good = own_certificate(tmp_path / "good.pem", NOON)
    pem.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + good.chain[0].public_bytes(Encoding.PEM)
    )
    pem.chmod(0o600)
    with pytest.raises(StateError, match="is on secp256k1, a curve that TLS does not use"):
        certificate_from(pem, NOON)
