"""A browser at the port: what it opens ahead of its request, and the answer to that; the real daemon."""

from __future__ import annotations

import base64
import http.client
import io
import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import pytest

from tests.daemon import PATIENCE_S, Daemon, daemon
from tests.impostors import any_server


def not_a_web_server(chat: Daemon) -> str:
    return f"This is a chat server (lanchatd), not a web server. Join it with: nc HOST {chat.port}\n"


def secure(*protocols: str) -> ssl.SSLContext:
    """TLS, as one that offers to speak these inside."""
    context = any_server()
    context.set_alpn_protocols(list(protocols))
    return context


class Read:
    """What came on a socket, for `http.client`."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._content)


@pytest.mark.parametrize("tls", [None, secure("h2", "http/1.1")], ids=["plain", "tls"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("web", [True, False], ids=["page", "no page"])
def test_a_connection_opened_ahead_is_answered_all_the_same(
    tmp_path: Path, tls: ssl.SSLContext | None, method: str, web: bool
) -> None:
    """What was said into the silence before the request is an interim response, which clients read past."""
    options = ["--port=0"] if web else ["--port=0", "--no-web"]
    with daemon(*options, cwd=tmp_path) as chat, chat.connect(tls=tls) as ahead:
        came = b"".join(ahead.reads_line() for _ in range(2))
        assert re.fullmatch(rb"HTTP/1\.1 100 Welcome to .*\. What is your nick\?\r\n\r\n", came)
        head = f"{method} /health HTTP/1.1\r", f"Host: 127.0.0.1:{chat.port}\r", "Connection: close\r", "\r"
        ahead.types(*head)
        while line := ahead.reads_line():
            came += line
        answer = http.client.HTTPResponse(Read(came), method=method)  # type: ignore[arg-type]
        answer.begin()
        assert (answer.status, answer.reason) == ((200, "OK") if web else (404, "Not Found"))
        body = "ok\n" if web else not_a_web_server(chat)
        assert answer.read().decode() == (body if method == "GET" else "")
        chat.logged("closed: http")


def test_who_offers_no_http_inside_tls_is_greeted_at_once(tmp_path: Path) -> None:
    """That is a person, with `openssl` or `socat`; and so is who sits at a UNIX socket."""
    path = tmp_path / "chat.sock"
    with daemon("--listen=tcp:0", f"--listen=unix:{path}", cwd=tmp_path) as chat:
        chat.port = int(chat.logged(r"listening on (\d+)$")[1])
        with chat.connect(tls=any_server()) as person:
            assert person.reads_until("-- What is your nick?")[0].startswith("-- Welcome to ")
        with socket.socket(socket.AF_UNIX) as unix:
            unix.settimeout(PATIENCE_S)
            unix.connect(str(path))
            assert unix.recv(15).startswith(b"-- Welcome")


def test_curl_takes_the_key_by_its_fingerprint(tmp_path: Path) -> None:
    """As its `--pinnedpubkey` wants it: with the padding of base64."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    with daemon(cwd=tmp_path) as chat:
        key = chat.logged(r"TLS key sha256:(\S+),")[1]
        for pinned, code in ((f"{key}=", 0), (base64.b64encode(bytes(32)).decode(), 90)):
            url = f"https://127.0.0.1:{chat.port}/health"
            command = ["curl", "-sk", "--pinnedpubkey", f"sha256//{pinned}", url]
            asked = subprocess.run(command, text=True, capture_output=True, timeout=PATIENCE_S, check=False)
            assert (asked.returncode, asked.stdout) == (code, "" if code else "ok\n")
