"""Members in a process of their own:  python -m tests.faults.members PORT

They join, and read what they are sent all the time, until they are told to stall. Commands come on standard
input and are answered on standard output, both one JSON object a line; see `Members` for what there is. Who
talks says numbered lines, so that every reader knows what it has missed and how long each line took.
"""

from __future__ import annotations

import json
import re
import resource
import selectors
import socket
import ssl
import sys
import time
from collections import Counter
from typing import Any

from tests.impostors import any_server

PATIENCE_S = 60

# What a socket that waits for nothing says when it would have to.
WAITS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

SAID = re.compile(rb"^<\S+> ~(\d+)(?![\d.])", re.MULTILINE)  # those of `victim` are no whole numbers
MISSED = re.compile(rb"^-- You missed ([\d,]+) lines?, which", re.MULTILINE)
REFUSED = re.compile(rb"^(?:\S+ )?!! (.*)$", re.MULTILINE)

# So many from one address; the limit of connections from one is 64.
A_HOUSEHOLD = 60


def address(index: int) -> str:
    """Where the connection with this index comes from: households of loopback, 127.1.0.1 and on."""
    house = index // A_HOUSEHOLD + 1
    return f"127.1.{house // 250}.{house % 250 + 1}"


def connect(port: int, index: int, receive_buffer: int | None = None, tls: bool = False) -> socket.socket:
    peer = socket.socket()
    if receive_buffer is not None:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # The kernel takes a port when it knows both ends: there are more connections than ports to give away.
    peer.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
    peer.bind((address(index), 0))
    peer.settimeout(PATIENCE_S)
    peer.connect(("127.0.0.1", port))
    return any_server().wrap_socket(peer) if tls else peer


def open_all_files() -> None:
    """Take the hard limit of open files: a crowd needs one for each connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Member:
    """One member, and what it was told. The numbers that it has to see go on from ``next``."""

    def __init__(self, peer: socket.socket, nick: str, begin: int) -> None:
        self.socket = peer
        self.nick = nick
        self.joined = self.closed = self.stalled = False
        self.next = begin
        self.missed = self.wrong = 0
        self.last = ""
        self._rest = b""

    def take(self, came: bytes) -> list[int]:
        """Read what came; the numbers of the lines in it."""
        whole, newline, rest = (self._rest + came).rpartition(b"\n")
        self._rest = rest
        if not newline:
            return []
        if not self.joined:
            self.joined = b"-- You are " in whole
        if refused := REFUSED.findall(whole):
            self.last = refused[-1].decode()
        elif whole.endswith(b"-- The server is shutting down."):
            self.last = "The server is shutting down."
        numbers: list[int] = []
        for index, part in enumerate(MISSED.split(whole)):
            if index % 2:
                count = int(part.replace(b",", b""))
                self.missed += count
                self.next += count
            else:
                found = [int(number) for number in SAID.findall(part)]
                if found != list(range(self.next, self.next + len(found))):
                    self.wrong += 1
                self.next += len(found)
                numbers += found
        return numbers


class Talk:
    """So many lines a second, evenly, for so long."""

    def __init__(self, lines_per_s: float, seconds: float) -> None:
        self.begin = time.monotonic()
        self.lines_per_s = lines_per_s
        self.count = round(lines_per_s * seconds)
        self.said = 0

    def due(self, now: float) -> int:
        return min(self.count, int((now - self.begin) * self.lines_per_s)) - self.said


class Members:
    """The members, by nick, and the commands: its public methods, each with its arguments by name."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._members: dict[str, Member] = {}
        self._said_at: list[float] = []
        self._latencies: list[float] = []
        self._connected = 0
        self._commanded = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(0, selectors.EVENT_READ)

    # -- commands

    def join(self, count: int, prefix: str, receive_buffer: int | None = None) -> dict[str, Any]:
        """So many join: prefix0, prefix1, …"""
        begin = time.monotonic()
        for first in range(0, count, 200):
            some = [
                self._join(f"{prefix}{number}", receive_buffer)
                for number in range(first, min(first + 200, count))
            ]
            self._wait(lambda some=some: all(member.joined or member.closed for member in some))
            refused = next((member for member in some if not member.joined), None)
            assert refused is None, refused and refused.last
        return {"seconds": time.monotonic() - begin}

    def leave(self, nicks: list[str]) -> dict[str, Any]:
        """These close their connections."""
        for nick in nicks:
            member = self._members.pop(nick)
            if not member.stalled:
                self._selector.unregister(member.socket)
            member.socket.close()
        return {}

    def stall(self, prefix: str) -> dict[str, Any]:
        """Those whose nicks begin so read nothing any more."""
        for member in self._named(prefix):
            self._selector.unregister(member.socket)
            member.stalled = True
        return {}

    def wake(self, prefix: str, count: int) -> dict[str, Any]:
        """So many of those read again, until they are closed or have seen all that was said."""
        some = self._named(prefix)[:count]
        begin = time.monotonic()
        for member in some:
            self._selector.register(member.socket, selectors.EVENT_READ, member)
            member.stalled = False
        self._wait(lambda: all(member.closed or member.next == len(self._said_at) for member in some))
        return {"seconds": time.monotonic() - begin, **self._what_they_saw(some)}

    def talk(self, by: str, lines_per_s: float, seconds: float, extra: int = 0) -> dict[str, Any]:
        """Those whose nicks begin so say numbered lines by turns, each longer by so many bytes.

        It is done when all that read have seen them.
        """
        talkers = [member.socket for member in self._named(by)]
        self._latencies = []
        padding = " " + "x" * extra if extra else ""
        talk = Talk(lines_per_s, seconds)
        while talk.said < talk.count:
            now = time.monotonic()
            if due := talk.due(now):
                first = len(self._said_at)
                self._said_at += [now] * due
                talk.said += due
                lines = [f"~{n}{padding}\n" for n in range(first, first + due)]
                for number, talker in enumerate(talkers):
                    talker.sendall("".join(lines[(number - first) % len(talkers) :: len(talkers)]).encode())
            self._turn(max(0.0005, 1 / lines_per_s))
        end = time.monotonic()
        healthy = [member for member in self._members.values() if not (member.stalled or member.closed)]
        self._wait(lambda: all(member.closed or member.next == len(self._said_at) for member in healthy))
        ordered = sorted(self._latencies)
        return {
            "said": talk.said,
            "behind_s": time.monotonic() - end,
            "p50_ms": ordered[len(ordered) // 2] * 1e3,
            "p99_ms": ordered[len(ordered) * 99 // 100] * 1e3,
            **self._what_they_saw(healthy),
        }

    def closed(self) -> dict[str, Any]:
        """Wait until everybody's connection is closed, and tell what they were told last."""
        self._wait(lambda: all(member.closed for member in self._members.values()))
        return dict(Counter(member.last for member in self._members.values()))

    # -- the loop

    def run(self) -> None:
        """Do as told until the end of standard input."""
        with open(0, "rb", buffering=0) as commands:
            while True:
                self._turn(None)
                if not self._commanded:
                    continue
                self._commanded = False
                line = commands.readline()
                if not line:
                    return
                command: dict[str, Any] = json.loads(line)
                answer = getattr(self, command.pop("do"))(**command)
                print(json.dumps(answer), flush=True)

    def _turn(self, timeout: float | None) -> None:
        for key, _ in self._selector.select(timeout):
            if key.data is None:
                self._commanded = True
                continue
            member: Member = key.data
            try:
                came = member.socket.recv(65_536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                came = b""
            now = time.monotonic()
            if came:
                said_at = self._said_at
                self._latencies += [now - said_at[number] for number in member.take(came)]
            else:
                member.closed = True
                self._selector.unregister(member.socket)
                member.socket.close()

    def _wait(self, done: Any) -> None:
        end = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end, "they wait in vain"
            self._turn(0.01)

    def _join(self, nick: str, receive_buffer: int | None) -> Member:
        peer = connect(self._port, self._connected, receive_buffer)
        self._connected += 1
        peer.sendall(f"{nick}\n".encode())
        member = self._members[nick] = Member(peer, nick, len(self._said_at))
        self._selector.register(peer, selectors.EVENT_READ, member)
        return member

    def _named(self, prefix: str) -> list[Member]:
        return [member for nick, member in self._members.items() if nick.startswith(prefix)]

    def _what_they_saw(self, members: list[Member]) -> dict[str, Any]:
        closed = Counter(member.last for member in members if member.closed)
        return {
            "whole": sum(not (member.closed or member.missed or member.wrong) for member in members),
            "missed": [member.missed for member in members if member.missed],
            "wrong": sum(member.wrong for member in members),
            "closed": dict(closed),
        }


if __name__ == "__main__":
    open_all_files()
    Members(int(sys.argv[1])).run()
