"""A client of the broker on a plain socket: it is answered, or raises an error, and tries nothing again."""

from __future__ import annotations

import json
import socket
import ssl
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import urlsplit

_INBOX = "_INBOX.plain"


class Plain:
    """A connection, see https://docs.nats.io/reference/reference-protocols/nats-protocol ."""

    def __init__(self, url: str, tls: ssl.SSLContext | None = None, patience_s: float = 5) -> None:
        """Raises OSError (TimeoutError if it is silent, ConnectionError if it lets in nobody)."""
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), patience_s)
        try:
            self._file = self._greeted(parts.hostname or "", tls)
            who = {"user": parts.username, "pass": parts.password} if parts.username else {}
            options = json.dumps(who | {"verbose": False, "headers": True, "no_responders": True})
            self._sends(f"CONNECT {options}\r\nSUB {_INBOX} 1\r\nPING\r\n")
            while self._line() != "PONG":
                pass
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Plain:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._file.close()
        self._socket.close()

    def asks(self, subject: str, **question: Any) -> dict[str, Any]:
        """What is answered to a question in JSON, see the page nats_api_reference beside that one."""
        return self.publishes(subject, json.dumps(question).encode())

    def publishes(self, subject: str, body: bytes) -> dict[str, Any]:
        """What is answered to a message."""
        self._sends(f"PUB {subject} {_INBOX} {len(body)}\r\n{body.decode()}\r\n")
        while not (line := self._line()).startswith(("MSG ", "HMSG ")):
            pass
        came = self._file.read(int(line.split()[-1]) + 2)[:-2]
        if line.startswith("HMSG "):
            raise ConnectionError(came.decode().strip())
        answer: dict[str, Any] = json.loads(came)
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer

    def _greeted(self, host: str, tls: ssl.SSLContext | None) -> BinaryIO:
        """Read what it says first, and encrypt if it wants that."""
        info = b""
        # A byte at a time: what follows belongs to TLS.
        while not info.endswith(b"\n"):
            came = self._socket.recv(1)
            if not came:
                raise ConnectionError("it ended")
            info += came
        if json.loads(info.split(b" ", 1)[1]).get("tls_required"):
            self._socket = (tls or ssl.create_default_context()).wrap_socket(
                self._socket, server_hostname=host
            )
        return self._socket.makefile("rb")

    def _sends(self, text: str) -> None:
        self._socket.sendall(text.encode())

    def _line(self) -> str:
        line = self._file.readline().decode().rstrip("\r\n")
        if not line or line.startswith("-ERR"):
            raise ConnectionError(line or "it ended")
        return line
