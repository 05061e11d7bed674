"""What the kernel is told about the sockets."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from lanchatd.limits import Limits
from lanchatd.net.socket_options import set_socket_options


class Port:
    """As much of a listening port as is asked for."""

    def __init__(self, listening: socket.socket) -> None:
        self.fileno = listening.fileno


def accepted(limits: Limits) -> socket.socket:
    """A connection to a port that was set up so."""
    with socket.socket() as listening, socket.socket() as client:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port: Any = Port(listening)
        set_socket_options(port, limits)
        client.connect(listening.getsockname())
        return listening.accept()[0]


@pytest.mark.parametrize(
    ("keepalive_s", "idle_s", "probe_s"), [(120, 60, 15), (8, 4, 1), (7_200, 3_600, 900)]
)
def test_a_peer_that_answers_nothing_is_given_up_in_time(
    keepalive_s: float, idle_s: int, probe_s: int
) -> None:
    """Half of the time without a word, then four probes; with something unsent, the whole time."""
    with accepted(Limits(keepalive_s=keepalive_s)) as connection:
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        tcp = {
            option: connection.getsockopt(socket.IPPROTO_TCP, getattr(socket, option))
            for option in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
        }
    assert tcp == {
        "TCP_KEEPIDLE": idle_s,
        "TCP_KEEPINTVL": probe_s,
        "TCP_KEEPCNT": 4,
        "TCP_USER_TIMEOUT": keepalive_s * 1_000,
    }
    assert idle_s + 4 * probe_s == keepalive_s


@pytest.mark.parametrize("size", [4_096, 65_536])
def test_the_kernel_holds_little_of_what_a_peer_does_not_read(size: int) -> None:
    """As much as was asked for; Linux counts it twice, for its own use (socket(7))."""
    with accepted(Limits(send_buffer_bytes=size)) as connection:
        assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) in (size, 2 * size)


def test_a_line_is_not_held_back_to_be_sent_with_the_next() -> None:
    """TCP_NODELAY."""
    with accepted(Limits()) as connection:
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_a_unix_socket_has_none_of_tcp() -> None:
    """Only the bound of what is held."""
    with socket.socket(socket.AF_UNIX) as listening:
        port: Any = Port(listening)
        set_socket_options(port, Limits(send_buffer_bytes=8_192))
        assert listening.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) in (8_192, 16_384)
