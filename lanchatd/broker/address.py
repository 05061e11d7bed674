"""Where the broker is, and what lets this daemon in: the URL of ``--broker``, and the file of secrets."""

from __future__ import annotations

import os
import re
import ssl
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from lanchatd.state.files import StateError

NAME = "lanchat"
"""Of the chat on the broker, if the URL names none."""

LARGEST_LOGIN_BYTES = 65_536

_SECRETS = ("user", "password", "token", "credentials")
_FILES = ("ca", "cert", "key")


@dataclass(frozen=True)
class Address:
    """``servers`` have no secrets in them; ``login`` is what `nats-py` is to be given."""

    servers: tuple[str, ...]
    name: str
    login: dict[str, Any] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return " or ".join(self.servers)


def address_from(urls: str, login: Path | None = None) -> Address:
    """The broker at ``nats://[user:password@]host[:port][/name]``, or at any of several, with commas between.

    ``login`` is a file for its owner alone, in TOML. Raises ValueError and `StateError`, with a sentence in
    which there is no secret.
    """
    parts = [_split(url.strip()) for url in urls.split(",")]
    names = {part.path.strip("/") for part in parts} - {""}
    if len(names) > 1 or not all(re.fullmatch(r"[A-Za-z0-9_-]{1,32}", name) for name in names):
        raise ValueError(
            "the name behind the / has 1 to 32 letters, digits, - and _, and is the same for all"
        )
    secrets = {(part.username, part.password) for part in parts} - {(None, None)}
    if len(secrets) > 1:
        raise ValueError("there is one user and password for all of the broker's servers")
    found: dict[str, Any] = {}
    for user, password in secrets:
        found = {"token": user} if password is None else {"user": user, "password": password}
    if login is not None:
        if found:
            raise ValueError("the user is in the URL or in --broker-login, not in both")
        found = _login_from(login)
    servers = tuple(f"{part.scheme}://{_host(part)}:{part.port or 4222}" for part in parts)
    if any(part.scheme == "tls" for part in parts) and "tls" not in found:
        found["tls"] = ssl.create_default_context()
    return Address(servers, next(iter(names), NAME), found)


def _split(url: str) -> SplitResult:
    try:
        part = urlsplit(url)
        fits = part.scheme in ("nats", "tls") and part.hostname and (part.port or 1) and not part.query
    except ValueError:
        fits = None
    if not fits:
        raise ValueError("that is not a URL such as nats://broker.example:4222")
    return part


def _host(part: SplitResult) -> str:
    host = part.hostname or ""
    return f"[{host}]" if ":" in host else host


def _login_from(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise StateError(f"{path} is not a file")
            if status.st_mode & 0o077:
                raise StateError(f"{path} can be read by others: chmod 600 it")
            given = tomllib.loads(file.read(LARGEST_LOGIN_BYTES).decode())
    except OSError as error:
        raise StateError(f"{path}: {error.strerror}") from None
    except ValueError:  # its own text could have a part of a secret
        raise StateError(f'{path} is not TOML, such as: user = "lanchat"') from None
    for key, value in given.items():
        if key not in (*_SECRETS, *_FILES) or not isinstance(value, str):
            raise StateError(f"{path}: {key} is none of {', '.join((*_SECRETS, *_FILES))}, as a text")
    login: dict[str, Any] = {key: given[key] for key in _SECRETS if key in given}
    if "credentials" in login:
        login["user_credentials"] = str(path.parent / login.pop("credentials"))
    if any(key in given for key in _FILES):
        login["tls"] = _tls_from(path, given)
    return login


def _tls_from(path: Path, given: dict[str, str]) -> ssl.SSLContext:
    """The files are named from where the login is."""
    files = {key: str(path.parent / given[key]) for key in _FILES if key in given}
    try:
        context = ssl.create_default_context(cafile=files.get("ca"))
        if "cert" in files:
            context.load_cert_chain(files["cert"], files.get("key"))
    except (OSError, ssl.SSLError) as error:
        why = error.strerror or str(error)
        raise StateError(f"{path}: the certificates can't be used: {why}") from None
    return context
