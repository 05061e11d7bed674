"""IRC at the real daemon: over TCP and TLS, beside everybody else."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.daemon import Peer, daemon
from tests.impostors import any_server


@pytest.mark.parametrize("tls", [None, any_server()], ids=["plain", "tls"])
def test_a_client_comes_talks_and_goes(tmp_path: Path, tls: ssl.SSLContext | None) -> None:
    """And is in the log of the daemon with its nick and its door."""
    with daemon("--port=0", cwd=tmp_path) as running, running.join("bob") as bob:
        with running.connect(tls=tls) as alice:
            alice.types("NICK alice", "USER a 0 * :Alice")
            alice.reads_until_match(r" 422 alice ")
            alice.types("JOIN #lobby")
            alice.reads_until_match(r" 366 alice #lobby ")
            bob.reads_until("-- alice joined")
            alice.types("PRIVMSG #lobby :hi")
            bob.reads_until("<alice> hi")
            bob.types("hello")
            alice.reads_until_match("^:bob!u@lan PRIVMSG #lobby :hello\r?$")
            alice.types("QUIT :bye")
            assert alice.reads_until_match("^ERROR")[-1].startswith("ERROR :Closing link: Goodbye.")
        bob.reads_until('-- alice left ("bye")')
        running.logged(r"closed: quit, .*nick alice.*door irc")


def test_it_has_to_encrypt_where_everybody_has(tmp_path: Path) -> None:
    """Unless it is on the same machine, which this one is."""
    with daemon("--port=0", "--require-tls", cwd=tmp_path) as running, Peer(running.port) as alice:
        alice.types("NICK alice", "USER a 0 * :Alice")
        alice.reads_until_match(r" 422 alice ")
