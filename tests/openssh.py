"""The real OpenSSH client, as an administrator uses it, and keys for it. Nothing of this machine's counts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.daemon import PATIENCE_S
from tests.pseudo_terminal import Seat, seat

needs_ssh = pytest.mark.skipif(
    shutil.which("ssh") is None or shutil.which("ssh-keygen") is None,
    reason="there is no OpenSSH client here (apt-get install openssh-client)",
)


def make_key(path: Path, comment: str = "alice@example", kind: str = "ed25519") -> Path:
    """Make a key without a passphrase; the public one is beside it (`public`)."""
    kind, *bits = kind.split(":")
    size = ["-b", *bits] if bits else []
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, *size, "-N", "", "-C", comment, "-f", str(path)], check=True
    )
    return path


def public(key: Path) -> str:
    """The line of a key for ``authorized_keys``, with its end."""
    return key.with_name(f"{key.name}.pub").read_text()


def write_keys(path: Path, *lines: str) -> Path:
    """Write a file of keys that only its owner can change."""
    path.write_text("".join(line.removesuffix("\n") + "\n" for line in lines))
    path.chmod(0o600)
    return path


@dataclass(frozen=True)
class Ssh:
    """Somebody who uses ``ssh``, with one key or with none, and a home that holds nothing else."""

    port: int
    home: Path
    key: Path | None = None
    user: str = "admin"
    host: str = "127.0.0.1"
    options: tuple[str, ...] = ()

    def other(self, **changes: object) -> Ssh:
        """The same with something else."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The command line. ``arguments`` are what stands behind the host: the command, if there is one."""
        settings = {
            "BatchMode": "yes",
            "ConnectTimeout": str(PATIENCE_S),
            "GlobalKnownHostsFile": "/dev/null",
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "IdentityFile": str(self.key or "none"),
            "StrictHostKeyChecking": "accept-new",
            "UserKnownHostsFile": str(self.home / "known_hosts"),
        }
        return (
            "ssh",
            *("-F", "/dev/null"),
            *(f"-o{name}={value}" for name, value in settings.items()),
            *("-p", str(self.port)),
            *self.options,
            f"{self.user}@{self.host}",
            *arguments,
        )

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command, or without one a shell that has no terminal, with what is piped into it."""
        return subprocess.run(
            self.command(*arguments),
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )

    @contextmanager
    def starts(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Begin to run a command; what is left of it at the end of the block is killed."""
        with subprocess.Popen(
            self.command(*arguments),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def at_terminal(self, *arguments: str, size: tuple[int, int] = (80, 24)) -> AbstractContextManager[Seat]:
        """Log in from a real pseudo-terminal."""
        return seat(home=self.home, size=size, command=self.command(*arguments))
