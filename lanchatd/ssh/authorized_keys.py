"""Whose keys let them in: a file in the syntax of OpenSSH's ``authorized_keys`` (sshd(8))."""

from __future__ import annotations

import binascii
import re
import stat
from base64 import b64decode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from twisted.conch.ssh.keys import Key
from twisted.logger import Logger

from lanchatd.ssh.host_key import blob_fingerprint
from lanchatd.state.directory import read_file
from lanchatd.state.files import StateError
from lanchatd.text import cleaning

# Some two thousand keys.
LARGEST_FILE_BYTES = 262_144
# Characters of a comment or a name that is shown and logged; ssh-keygen makes user@host.
LONGEST_SHOWN = 100
# OpenSSH's own least is 1,024; what was made since 2008 has at least twice as much.
LEAST_RSA_BITS = 2_048

# Not DSA, which signs with SHA-1 only.
KEY_TYPES = frozenset(
    {
        "ssh-ed25519",
        "ssh-rsa",
        "ecdsa-sha2-nistp256",
        "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521",
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    }
)

# They take away what nobody has here. Any other option asks for something that is not done here, so that its
# key must not be let in as if it were.
HARMLESS_OPTIONS = frozenset(
    {"restrict", "no-port-forwarding", "no-agent-forwarding", "no-x11-forwarding", "no-user-rc"}
)

_OPTION = r'(?:[^\s",]|"(?:\\"|[^"\\]|\\(?!"))*")+'
_OPTIONS = re.compile(rf"({_OPTION}(?:,{_OPTION})*)[ \t]+(.*)")
_EACH_OPTION = re.compile(_OPTION)


@dataclass(frozen=True, slots=True)
class AuthorizedKey:
    """A key of the file, its fingerprint (``SHA256:…``), and the comment behind it, clean."""

    key: Key
    fingerprint: str
    comment: str


class AuthorizedKeys:
    """The file. It is read again when it has changed, at the next moment that somebody wants in.

    A file that can't be trusted or read lets nobody in, and the log says so, once.
    """

    log = Logger("lanchatd")

    def __init__(self, path: Path) -> None:
        self.path = path
        self.changed: Callable[[], None] = lambda: None
        """Called when the file is another than before: who was refused may be in it now."""
        self._keys: dict[bytes, AuthorizedKey] = {}
        self._seen: object = None

    def check(self) -> None:
        """Raises `StateError` if the file is not there, or can't be read or trusted."""
        _read(self.path)

    def find(self, blob: bytes) -> AuthorizedKey | None:
        """The key that is this blob, as it goes over the wire; None if it is not in the file."""
        self.refresh()
        return self._keys.get(blob)

    def refresh(self) -> None:
        """Read the file again if it is another than before."""
        seen = self._look()
        if seen != self._seen:
            self._seen = seen
            self.reload()

    def reload(self) -> None:
        """Read the file again. Never raises: what is wrong with it is logged, and nobody is in it then."""
        try:
            content = _read(self.path)
        except StateError as error:
            self._keys = {}
            self.log.warn(
                "nobody can log in with a key of {path}: {why}", path=str(self.path), why=str(error)
            )
        else:
            self._keys = dict(self._parsed(content))
            self.log.info("{count} keys in {path}", count=len(self._keys), path=str(self.path))
        self.changed()

    def _look(self) -> object:
        try:
            status = self.path.stat()
        except OSError as error:
            return error.errno
        # The last of them changes with the mode and the owner too.
        return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def _parsed(self, content: bytes) -> Iterator[tuple[bytes, AuthorizedKey]]:
        for number, encoded in enumerate(content.split(b"\n"), 1):
            line = encoded.decode(errors="replace").strip()
            if not line or line.startswith("#"):
                continue
            try:
                yield _key_in(line)
            except ValueError as error:
                self.log.warn(
                    "{path}, line {line}: {why}; it is skipped",
                    path=str(self.path),
                    line=number,
                    why=str(error),
                )


def harmless(text: str) -> str:
    """A text of somebody else, cut and without anything that could do something to a terminal or a log."""
    return cleaning.harmless(text[:LONGEST_SHOWN])


def _key_in(line: str) -> tuple[bytes, AuthorizedKey]:
    """The key of a line, with its blob. Raises ValueError with what is wrong."""
    if line.split(maxsplit=1)[0] not in KEY_TYPES and (found := _OPTIONS.fullmatch(line)):
        options, line = found.groups()
        for option in _EACH_OPTION.findall(options):
            if option.lower() not in HARMLESS_OPTIONS:
                raise ValueError(f"the option or type of key {harmless(option)} is not known here")
    kind, encoded, comment = [*line.split(maxsplit=2), "", "", ""][:3]
    if kind not in KEY_TYPES:
        raise ValueError("this is no key of a known type")
    try:
        blob = b64decode(encoded, validate=True)
        key = Key.fromString(blob, type="blob")
        whole = key.blob() == blob and key.sshType() == kind.encode()
    except binascii.Error:
        whole = False
    except Exception:  # Conch and cryptography tell a broken key in many ways
        whole = False
    if not whole:
        raise ValueError("the key is broken")
    if kind == "ssh-rsa" and key.size() < LEAST_RSA_BITS:
        raise ValueError(f"an RSA key has to have {LEAST_RSA_BITS:,} bits")
    return blob, AuthorizedKey(key, blob_fingerprint(blob), harmless(comment.strip()))


def _read(path: Path) -> bytes:
    """The file. Raises `StateError`."""
    try:
        content, mode = read_file(path, LARGEST_FILE_BYTES, secret=True)
    except OSError as error:
        raise StateError(f"can't read {path}: {error.strerror}") from None
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise StateError(f"others can write to {path}: chmod 600 it")
    return content
