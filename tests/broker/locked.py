"""A broker that lets in only by TLS and with a password, and its user only to what lanchatd needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

from tests.broker.server import Server, one_server

USER = "lanchatd"
PASSWORD = "correct-horse-battery-staple"

PERMISSIONS = """
permissions: {
    publish: ["lanchat.>", "$JS.API.>", "$JS.ACK.>", "$JS.FC.>", "_INBOX.>"]
    subscribe: ["lanchat.>", "_INBOX.>"]
}
"""


@dataclass(frozen=True)
class Locked:
    """What a daemon needs to be let in."""

    server: Server
    authority: Path
    """The certificate of who vouches for the broker's, in PEM."""

    @property
    def url(self) -> str:
        """For ``--broker``, with the password in it."""
        return self.url_as(USER, PASSWORD)

    def url_as(self, user: str, password: str) -> str:
        """The same for somebody else."""
        return f"tls://{user}:{password}@localhost:{self.server.port}"


@contextmanager
def locked_server(directory: Path) -> Iterator[Locked]:
    """One, until the block ends."""
    directory.mkdir(parents=True)
    authority = trustme.CA()
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    key, certificate, root = (directory / f"{name}.pem" for name in ("key", "certificate", "authority"))
    leaf.private_key_pem.write_to_path(str(key))
    leaf.cert_chain_pems[0].write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(root))
    more = (
        f'tls {{ cert_file: "{certificate}", key_file: "{key}" }}\n'
        f'authorization {{ users: [ {{ user: {USER}, password: "{PASSWORD}", {PERMISSIONS} }} ] }}\n'
    )
    with one_server(directory, more) as server:
        yield Locked(server, root)
