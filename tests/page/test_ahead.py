"""A browser that connects ahead of its request, as while one types an address: the page always loads."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon, daemon
from tests.doors.test_web_daemon import asks, get
from tests.impostors import server_context
from tests.page.browser import CHROMIUM, FLAGS

pytestmark = [pytest.mark.web, pytest.mark.timeout(200)]


@contextmanager
def page_that_connects(scheme: str, pem: Path, *chats: Daemon) -> Iterator[str]:
    """The address of a page that has the browser connect to each.

    It is of the same site: a browser uses no connections for another one.
    """
    links = "".join(f'<link rel="preconnect" href="{scheme}://127.0.0.1:{chat.port}/">' for chat in chats)

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(links.encode())

        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    if scheme == "https":
        server.socket = server_context(pem).wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"{scheme}://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


# Chromium lets go of a connection that it did not use within a minute; so does the daemon.
@pytest.mark.parametrize("ahead_s", [0.1, 1, 5, 60])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_page_loads_though_the_browser_had_connected_before(
    starter: Any, tmp_path: Path, scheme: str, ahead_s: float
) -> None:
    """On that very connection, until the time to give a nick is over; whether the server knows it or not."""
    (tmp_path / "cold").mkdir()
    (tmp_path / "warm").mkdir()
    flags = [*FLAGS, "--ignore-certificate-errors"]
    with daemon(cwd=tmp_path / "cold") as cold, daemon(cwd=tmp_path / "warm") as warm:
        pem = tmp_path / "cold" / "state" / "lanchatd" / "tls.pem"
        asks(warm, get(warm, "/"), tls=scheme == "https")
        before = len(warm.log)
        with page_that_connects(scheme, pem, cold, warm) as elsewhere:
            # With a profile, as people have it: without one it does not connect ahead.
            running = starter.launch_persistent_context(
                tmp_path / "profile", executable_path=CHROMIUM, args=flags
            )
            page = running.new_page()
            page.goto(elsewhere)
            ahead = [cold.logged(r"(\S+) connected")[1], warm.logged(r"(\S+) connected", before)[1]]
            time.sleep(ahead_s)  # the browser's own time
            for chat in (cold, warm):
                assert page.goto(f"{scheme}://127.0.0.1:{chat.port}/health").status == 200
            running.close()
        for chat, peer in zip((cold, warm), ahead, strict=True):
            how = chat.logged(re.escape(peer) + r" closed: (\w+)")[1]
            assert how == "http" if ahead_s < 50 else how in ("http", "no_nick", "hung_up"), chat.log
