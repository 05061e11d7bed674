"""The servers that are known, each by the fingerprint of its key: a line a server, for nobody else to read.

    chat.local:8000 sha256:…
    [fd00::1]:8000 sha256:…

Empty lines say nothing, nor does what is behind a #. Nor does a line that can't be read, but it is kept.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import time
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from lanchatd.client import xdg
from lanchatd.text.fingerprint import fingerprint_from

# How long another client may hold the file: it writes a few lines, and does not ask anybody meanwhile.
LOCK_S = 2
_LOCK_PAUSE_S = 0.01

# The name of a server: a host without a colon, or an IPv6 address in brackets; and its port.
_NAME = re.compile(r"(?:\[(?P<address>[^\[\]]+)\]|(?P<host>[^\[\]:]+)):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Known:
    """What the file says: each server's fingerprint by its name, and which lines can't be read, from 1."""

    servers: dict[str, str]
    unreadable: tuple[int, ...] = ()


def path() -> Path | None:
    """Where it is kept; None where there is no home."""
    config = xdg.base("XDG_CONFIG_HOME", ".config")
    return None if config is None else config / "lanchatd" / "known_servers"


def server_name(host: str, port: int) -> str:
    """How a server is called in the file: the same for every way to write its host."""
    host = _host(host)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def read(file: Path | None) -> Known:
    """What is known; nothing if there is no file. Raises OSError: then it is not safe to go on."""
    servers: dict[str, str] = {}
    unreadable: list[int] = []
    for number, line in enumerate(_lines(file), 1):
        if not _words(line):
            continue
        entry = _entry(line)
        if entry is None:
            unreadable.append(number)
        else:
            servers.setdefault(*entry)
    return Known(servers, tuple(unreadable))


def remember(file: Path | None, name: str, fingerprint: str) -> str:
    """Write a server down, if it is not known. By which fingerprint it is known now: perhaps another client
    has written down another one. Raises OSError.
    """
    if file is None:
        return fingerprint
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(file):
        known = read(file).servers.get(name)
        if known is None:
            _write(file, [*_lines(file), f"{name} {fingerprint}"])
        return known or fingerprint


def forget(file: Path | None, host: str, port: int | None) -> list[str]:
    """Take a host's lines away, for one port or for all. The names that were there. Raises OSError."""
    forgotten: list[str] = []

    def stays(line: str) -> bool:
        entry = _entry(line)
        if entry is None or not _is(entry[0], host, port):
            return True
        forgotten.append(entry[0])
        return False

    if file is None or not file.exists():
        return forgotten
    with _locked(file):
        kept = list(filter(stays, _lines(file)))
        if forgotten:
            _write(file, kept)
    return forgotten


def _host(text: str) -> str:
    host = text.lower().rstrip(".")
    try:
        return str(ip_address(host))
    except ValueError:
        return host


def _entry(line: str) -> tuple[str, str] | None:
    """The name and the fingerprint of a line; None if it has none."""
    words = _words(line)
    match = _NAME.fullmatch(words[0]) if len(words) == 2 else None  # noqa: PLR2004
    if match is None:
        return None
    try:
        return server_name(match["host"] or match["address"], int(match["port"])), fingerprint_from(words[1])
    except ValueError:
        return None


def _words(line: str) -> list[str]:
    # Some editors begin a file with U+FEFF.
    return line.removeprefix("\ufeff").partition("#")[0].split()


def _is(name: str, host: str, port: int | None) -> bool:
    begin, _, its_port = name.rpartition(":")
    return begin.strip("[]") == _host(host) and port in (None, int(its_port))


def _lines(file: Path | None) -> list[str]:
    try:
        # What is no UTF-8 goes back into the file as it was.
        text = (
            "" if file is None else file.read_bytes().removeprefix(BOM_UTF8).decode(errors="surrogateescape")
        )
    except FileNotFoundError:
        text = ""
    return text.removesuffix("\n").split("\n") if text else []


def _write(file: Path, lines: list[str]) -> None:
    """Whole or not at all, even if the machine stops in the middle. Who calls it holds the lock."""
    file = file.resolve()  # a link stays one
    new = file.with_name(file.name + ".new")
    try:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as new_file:
            new_file.write("".join(line + "\n" for line in lines).encode(errors="surrogateescape"))
            new_file.flush()
            os.fsync(descriptor)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
    directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    """No other client reads it to write it meanwhile: its line would be lost. Raises OSError."""
    # A file of its own: the other one is replaced.
    descriptor = os.open(file.with_name(file.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        give_up_at = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > give_up_at:
                    raise OSError(errno.EAGAIN, "Another client is writing it") from None
                time.sleep(_LOCK_PAUSE_S)
        yield
    finally:
        os.close(descriptor)  # which ends the lock
