"""What is asked for over HTTP, and who may."""

from __future__ import annotations

import gzip
import re
from pathlib import Path
from typing import Any

import pytest

from lanchatd.doors.web.files import PAGE, files_in
from lanchatd.doors.web.messages import Answer, Request, Upgrade
from lanchatd.doors.web.site import Site
from tests.web import ACCEPTED, HOST, INDEX, KEY, LARGE

SITE = Site(["chat.local", "Office"], {"/": INDEX, "/app.js": LARGE})
WEBSOCKET = {
    "upgrade": "websocket", "connection": "keep-alive, Upgrade", "sec-websocket-version": "13",
    "sec-websocket-key": KEY,
}  # fmt: skip


def ask(
    target: str = "/",
    *,
    method: str = "GET",
    version: str = "1.1",
    must_encrypt: bool = False,
    also: tuple[tuple[str, str], ...] = (),
    headers: dict[str, str] | None = None,
    **more: str,
) -> Answer | Upgrade:
    named = {name.replace("_", "-"): value for name, value in more.items()}
    known = {"host": HOST, **(headers or {}), **named}
    return SITE.answer(Request(method, target, version, (*known.items(), *also), must_encrypt))


def status(*args: Any, **options: Any) -> int:
    answer = ask(*args, **options)
    assert isinstance(answer, Answer)
    if answer.status not in {200, 304}:
        assert re.fullmatch(rb"[A-Z][^\n]*\.\n", answer.body), "one sentence says why"
    return int(answer.status)


def header(answer: Answer | Upgrade, name: str) -> str | None:
    assert isinstance(answer, Answer)
    return dict(answer.headers).get(name)


@pytest.mark.parametrize(
    "host",
    [
        "192.0.2.9", "192.0.2.9:8000", "192.0.2.9:", "[2001:db8::1]:8000", "[::1]", "[fe80::1%25eth0]:8000",
        "chat.local", "CHAT.local.:8000", "office:8000", "OFFICE",
    ],
)  # fmt: skip
def test_it_answers_under_its_addresses_and_names(host: str) -> None:
    """However they are written."""
    assert status(host=host) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "chat.local.evil.example", "192.0.2.9.evil.example", "1", "localhost:8000", "0x7f.1"],
)
def test_it_answers_under_no_other_name(host: str) -> None:
    """Somebody made that name lead here, so that a page of theirs may read what is said (DNS rebinding)."""
    assert status(host=host) == 421
    assert status("/ws", host=host, origin=f"http://{host}", headers=WEBSOCKET) == 421


@pytest.mark.parametrize(
    "host", ["", "a b", "chat.local:x", "a@b", "chat.local/x", "[::1", "é.local", "a:1:2"]
)
def test_a_host_that_is_none_is_refused(host: str) -> None:
    assert status(host=host) == 400


def test_a_request_without_a_host_is_refused() -> None:
    """As old clients send it."""
    assert SITE.answer(Request("GET", "/", "1.0", ())) == ask(host="")


@pytest.mark.parametrize("origin", [f"http://{HOST}", f"https://{HOST}", None])
def test_our_own_page_may_open_a_websocket(origin: str | None) -> None:
    """So may programs, which say no origin."""
    origins = {} if origin is None else {"origin": origin}
    assert ask("/ws", headers=WEBSOCKET | origins) == Upgrade(ACCEPTED, origin or "")


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example", "null", "", "http://192.0.2.9", "http://192.0.2.9:8001", f"ftp://{HOST}",
        f"http://{HOST}.evil.example", f"http://{HOST}/", "http://chat.local:8000",
    ],
)  # fmt: skip
def test_no_page_of_another_site_may(origin: str) -> None:
    """It would speak for whoever has it open."""
    assert status("/ws", origin=origin, headers=WEBSOCKET) == 403


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"upgrade": "h2c"}, 426),
        ({"connection": "close"}, 426),
        ({"sec-websocket-version": "8"}, 426),
        ({"sec-websocket-key": "short"}, 400),
        ({"sec-websocket-key": ""}, 400),
        ({"sec-websocket-key": KEY[:-4]}, 400),
        ({"sec-websocket-key": "é" * 24}, 400),
    ],
)
def test_a_handshake_that_is_none_is_refused(change: dict[str, str], code: int) -> None:
    """What is missing is said in the answer."""
    assert status("/ws", headers=WEBSOCKET | change) == code
    without = {name: value for name, value in WEBSOCKET.items() if name not in change}
    assert status("/ws", headers=without) == code


def test_an_upgrade_says_what_it_is_to() -> None:
    answer = ask("/ws")
    assert status("/ws") == 426
    assert (header(answer, "Upgrade"), header(answer, "Sec-WebSocket-Version")) == ("websocket", "13")


@pytest.mark.parametrize("name", ["origin", "sec-websocket-key", "sec-websocket-version"])
def test_a_header_that_is_there_twice_is_refused(name: str) -> None:
    """Somebody on the way might have read the other one."""
    headers = WEBSOCKET | {"origin": f"http://{HOST}"}
    assert status("/ws", also=((name, headers[name]),), headers=headers) == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "BREW"])
def test_pages_are_only_read(method: str) -> None:
    """The answer says with what."""
    assert status(method=method) == 405
    assert header(ask(method=method), "Allow") == "GET, HEAD"
    assert status("/health", method=method) == 405


def test_a_websocket_is_opened_by_get_alone() -> None:
    assert status("/ws", method="HEAD", headers=WEBSOCKET) == 405
    assert header(ask("/ws", method="HEAD", headers=WEBSOCKET), "Allow") == "GET"


@pytest.mark.parametrize(
    "body", [{"content-length": "1"}, {"content-length": "00"}, {"transfer-encoding": "chunked"}]
)
@pytest.mark.parametrize("target", ["/", "/ws", "/nothing"])
def test_nothing_is_uploaded(target: str, body: dict[str, str]) -> None:
    """Not even a little."""
    assert status(target, headers=body) == 413


@pytest.mark.parametrize("version", ["0.9", "1.2", "2.0", "3.0"])
def test_only_the_versions_that_are_spoken_are_answered(version: str) -> None:
    """The preface of HTTP/2 is such a request."""
    assert status(version=version) == 505
    assert SITE.answer(Request("PRI", "*", "2.0", ())) == ask(version="2.0")


@pytest.mark.parametrize(
    "target", ["/x", "/app.js/", "/../etc/passwd", "//", "/index.html", "/favicon.ico", "/WS"]
)
def test_what_is_not_there_is_not_found(target: str) -> None:
    assert status(target) == 404


@pytest.mark.parametrize("target", ["*", "chat.local:443", "x"])
def test_what_is_no_address_is_refused(target: str) -> None:
    assert status(target) == 400


def test_a_whole_address_counts_more_than_the_header() -> None:
    """As it is asked for by way of a proxy (RFC 9112, 3.2.2)."""
    assert status("http://chat.local:8000/", host="evil.example") == 200
    assert status("http://evil.example/") == 421
    assert status("http://chat.local") == 200


def test_what_stands_behind_a_question_mark_is_for_the_page() -> None:
    assert status("/?room=%23dev") == 200
    assert status("/health?") == 200


def test_a_page_that_one_has_is_not_sent_again() -> None:
    """Its tag says which it is."""
    first = ask()
    assert isinstance(first, Answer)
    assert first.body == INDEX.content
    for known in ('"1"', 'W/"1"', '"0", "1"', "*"):
        again = ask(if_none_match=known)
        assert isinstance(again, Answer)
        assert (again.status, again.body, header(again, "ETag")) == (304, b"", '"1"')
    assert status(if_none_match='"0"') == 200


def test_who_has_to_encrypt_is_sent_there() -> None:
    """To the same address, and never to that of somebody else."""
    answer = ask("/?room=%23dev", must_encrypt=True)
    assert isinstance(answer, Answer)
    assert (answer.status, header(answer, "Location")) == (307, f"https://{HOST}/?room=%23dev")
    assert status(must_encrypt=True, host="evil.example") == 421
    assert status("/ws", must_encrypt=True, headers=WEBSOCKET) == 307


def test_the_page_that_is_shipped() -> None:
    """Its files are served each under its name, and nothing else that may lie there."""
    files = files_in(PAGE)
    assert files["/"] is files["/index.html"]
    assert files["/"].content == (PAGE / "index.html").read_bytes()
    assert {Path(name).suffix for name in files} <= {"", ".html", ".js", ".css", ".svg"}


def test_who_takes_gzip_is_sent_a_third(tmp_path: Path) -> None:
    """As browsers do; and nobody else. The two have tags of their own."""
    (tmp_path / "index.html").write_text("a page " * 100, "utf-8")
    page = files_in(tmp_path)["/"]
    ask = Request("GET", "/", "1.1", (("accept-encoding", "br, GZIP"),))
    packed, plain = page.answer(ask), page.answer(Request("GET", "/", "1.1", ()))
    assert header(packed, "Content-Encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body == page.content
    assert len(packed.body) < len(plain.body) / 3
    tags = {header(packed, "ETag"), header(plain, "ETag")}
    assert len(tags) == 2
    for tag in tags:
        headers = (*ask.headers, ("if-none-match", str(tag)))
        same = tag == header(packed, "ETag")
        assert page.answer(Request("GET", "/", "1.1", headers)).status == (304 if same else 200)
    refused = Request("GET", "/", "1.1", (("accept-encoding", "gzip;q=0, identity"),))
    assert page.answer(refused).body == page.content


def test_a_changed_file_has_another_tag(tmp_path: Path) -> None:
    """So that no browser goes on with half of an old page."""
    page = tmp_path / "index.html"
    page.write_text("one", "utf-8")
    (tmp_path / "secret.key").write_text("x", "utf-8")
    before = files_in(tmp_path)
    page.write_text("two", "utf-8")
    assert before["/"].tag != files_in(tmp_path)["/"].tag
    assert set(before) == {"/", "/index.html"}
