"""The key by which the console is known to its clients: made on first use, and kept."""

from __future__ import annotations

import hashlib
import os
import secrets
from base64 import b64encode
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from twisted.conch.ssh.keys import EncryptedKeyError, Key

from lanchatd.state.directory import read_own
from lanchatd.state.files import StateError

# One that ssh-keygen makes has 400 to 500 bytes, with a comment.
LARGEST_FILE_BYTES = 16_384


def host_key(path: Path) -> Key:
    """The ed25519 key in this file, made there if there is none. Raises `StateError`.

    Whoever holds it can pass for this server: a file that the group or others can read is refused.
    """
    try:
        if not path.exists():
            _make(path)
        encoded = _read(path)
    except OSError as error:
        raise StateError(f"can't use the host key {path}: {error.strerror}") from None
    try:
        key: Key | None = Key.fromString(encoded)
    except EncryptedKeyError:
        raise StateError(f"the host key {path} needs a passphrase, and nobody is there to give it") from None
    except Exception:  # Conch tells a file that is no key in many ways
        key = None
    if key is None or key.isPublic() or key.sshType() != b"ssh-ed25519":
        raise StateError(f"{path} holds no ed25519 private key; without the file, a new one is made")
    return key


def fingerprint(key: Key) -> str:
    """What people compare: ``SHA256:…``, as ``ssh-keygen -l`` shows it."""
    return blob_fingerprint(key.blob())


def blob_fingerprint(blob: bytes) -> str:
    """The same of a public key as it goes over the wire."""
    return "SHA256:" + b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _make(path: Path) -> None:
    key = Key(Ed25519PrivateKey.generate())
    unfinished = path.with_name(f"{path.name}.{secrets.token_hex(8)}.lanchatd-new")
    # Nobody else may read it, from its first byte on.
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.toString("openssh", subtype="v1", comment=b"lanchatd"))
            file.flush()
            os.fsync(file.fileno())
        try:
            # Whole or not there, whatever happens; and never in the place of another's.
            os.link(unfinished, path)
        except FileExistsError:
            return
    finally:
        unfinished.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> bytes:
    content, mode = read_own(path, LARGEST_FILE_BYTES)
    if mode & 0o077:
        raise StateError(f"others can read the host key {path}: chmod 600 it")
    return content
