"""The web door of the real daemon, asked over real sockets."""

from __future__ import annotations

import json
import re
import signal
import socket
from pathlib import Path

import pytest

from lanchatd.doors.web.files import PAGE
from lanchatd.lan import qr
from lanchatd.options import Options
from tests.daemon import TWISTD, Daemon, Peer, daemon
from tests.doors.test_websocket import BROKEN_RULES
from tests.impostors import any_server
from tests.pseudo_terminal import seat
from tests.web import ACCEPTED, CLOSE, TEXT, Answered, answers, frame, frames_in, message, request, upgrade


def asks(chat: Daemon, sent: bytes, *, host: str = "127.0.0.1", tls: bool = False) -> Answered:
    """The answer, after which the connection is closed."""
    with Peer(chat.port, host=host, tls=any_server() if tls else None) as visitor:
        visitor.socket.sendall(sent)
        came = b""
        while received := visitor.socket.recv(65_536):
            came += received
    (answer,) = answers(came)
    return answer


def get(chat: Daemon, target: str, *headers: str, host: str | None = None) -> bytes:
    return request(target, "Connection: close", *headers, host=host or f"127.0.0.1:{chat.port}")


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_the_page_is_there(tmp_path: Path, tls: bool) -> None:
    """In plain and encrypted, with nothing set up."""
    with daemon(cwd=tmp_path) as chat:
        page = asks(chat, get(chat, "/"), tls=tls)
        assert (page.status, page.body) == (200, (PAGE / "index.html").read_bytes())
        assert ("cross-origin-opener-policy" in page.headers) == tls
        tag = page.headers["etag"]
        assert asks(chat, get(chat, "/", f"If-None-Match: {tag}"), tls=tls).status == 304
        assert asks(chat, get(chat, "/health"), tls=tls).body == b"ok\n"
        chat.logged(r"closed: http, requests 1$")


def test_it_knows_its_names(tmp_path: Path) -> None:
    """The host's own, and those that it was given."""
    short = socket.gethostname().partition(".")[0]
    with daemon("--port=0", "--web-host=chat.example", "--web-host=other.example", cwd=tmp_path) as chat:
        for host in (short, f"{short}.local:{chat.port}", "localhost", "chat.example", "other.example:1"):
            assert asks(chat, get(chat, "/health", host=host)).status == 200
        for host in ("evil.example", "example", "chat.example.evil.example"):
            assert asks(chat, get(chat, "/health", host=host)).status == 421


def test_a_page_and_a_person_talk(tmp_path: Path) -> None:
    """By WebSocket, over TLS as in plain, and through a restart of nothing."""
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        for nick, tls in (("bob", None), ("carol", any_server())):
            with Peer(chat.port, tls=tls) as page:
                here = f"127.0.0.1:{chat.port}"
                origin = f"http{'s' if tls else ''}://{here}"
                page.socket.sendall(upgrade(f"Origin: {origin}", host=here))
                head = [line.rstrip("\r") for line in page.reads_until("\r")]
                assert head[0] == "HTTP/1.1 101 Switching Protocols"
                assert f"Sec-WebSocket-Accept: {ACCEPTED}" in head
                page.socket.sendall(message({"nick": nick}) + message({"line": "hi"}))
                alice.reads_until(f"<{nick}> hi")
                page.socket.sendall(message({"line": "/quit"}))
                found, left = frames_in(page._file.read())
                assert (found[-1], left) == ((CLOSE, b"\x03\xe8quit"), b"")
                assert any(json.loads(payload).get("text") == "hi" for opcode, payload in found[:-1])
                alice.reads_until(f"-- {nick} left")
        chat.logged("closed: quit, lines 3, nick carol, room #lobby, door web")


def test_broken_rules_harm_nobody(tmp_path: Path) -> None:
    """Each is answered with the right code, by the daemon as its user starts it; and it goes on."""
    with daemon("--port=0", "--max-per-address=1000", cwd=tmp_path) as chat:
        for name, (sent, code) in BROKEN_RULES.items():
            with chat.connect() as page:
                page.socket.sendall(upgrade(host="localhost") + message({"nick": "rogue"}) + sent)
                came = page._file.read().partition(b"\r\n\r\n")[2]
                found, _ = frames_in(came)
                assert found[-1][0] == CLOSE, name
                assert int.from_bytes(found[-1][1][:2], "big") == code, name
        with chat.join("alice") as alice:
            alice.types("still here")
            alice.reads_until("<alice> still here")


def test_without_the_page_there_is_none(tmp_path: Path) -> None:
    """And the answer says what this is."""
    with daemon("--port=0", "--no-web", cwd=tmp_path) as chat:
        answer = asks(chat, get(chat, "/"))
        assert answer.status == 404
        assert answer.body.decode().endswith(f"Join it with: nc HOST {chat.port}\n")
        assert asks(chat, upgrade()).status == 404


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--web-host=a b"], "--web-host: 'a b' is not the name of a host"),
        (["--web-host=http://chat.example"], "--web-host: 'http://chat.example' is not the name of a host"),
        (["--web-host=chat.example:8000"], "--web-host: 'chat.example:8000' is not the name of a host"),
        (["--web-host="], "--web-host: '' is not the name of a host"),
        (["--no-web", "--web-host=x"], "--web-host is for the page, which --no-web leaves out"),
    ],
)
def test_a_wrong_name_ends_it_at_the_start(options: list[str], why: str) -> None:
    """With one sentence."""
    with pytest.raises(SystemExit) as error:
        Options().parseOptions(options)
    assert str(error.value).startswith(f"twistd lanchat: {why} ")


def test_a_page_of_another_site_gets_no_websocket(tmp_path: Path) -> None:
    with daemon(cwd=tmp_path) as chat:
        with chat.connect() as visitor:
            visitor.socket.sendall(upgrade("Origin: http://evil.example", host=f"127.0.0.1:{chat.port}"))
            assert visitor.reads() == "HTTP/1.1 403 Forbidden\r"
        with chat.join("alice") as alice:
            alice.types("/who")
            alice.reads_until_match(r"^-- 1 in #lobby: alice")


def test_a_flood_of_requests_leaves_room_to_talk(tmp_path: Path) -> None:
    """Half, slow and pipelined ones, from one address up to its limit."""
    with daemon("--port=0", "--max-per-address=100", cwd=tmp_path) as chat, chat.join("alice") as alice:
        visitors = [chat.connect() for _ in range(80)]
        rude = request()[:20], request() * 50, upgrade() + frame(TEXT, b"x" * 5_000)
        for number, visitor in enumerate(visitors):
            visitor.socket.sendall(rude[number % 3])
        alice.types("hi")
        alice.reads_until("<alice> hi")
        for visitor in visitors:
            visitor.close()


def test_the_log_and_the_greeting_say_where_the_page_is(tmp_path: Path) -> None:
    """At an address that others can open, or under the name that it was given; and how."""
    port = "tcp:0:interface=127.0.0.1"
    for options, page in (
        ([f"--listen={port}"], r"http://127\.0\.0\.1:PORT/"),
        ([f"--listen={port}", "--web-host=chat.example"], r"http://chat\.example:PORT/"),
        ([f"--listen={port}", "--require-tls"], r"https://127\.0\.0\.1:PORT/"),
        (["--port=0"], r"http://\d+\.\d+\.\d+\.\d+:PORT/"),
    ):
        with daemon(*options, cwd=tmp_path) as chat, chat.connect() as alice:
            found = chat.logged(r"the page is at (\S+)")[1]
            assert re.fullmatch(page.replace("PORT", str(chat.port)), found)
            alice.types("alice")
            alice.reads_until(f"-- In a browser: {found}")


def test_who_is_here_can_invite_others(tmp_path: Path) -> None:
    """At the address by which the page was found: in words, and as a QR code of it."""
    with daemon(cwd=tmp_path) as chat:
        here = f"192.0.2.99:{chat.port}"
        join = asks(chat, request("/join", "Connection: close", host=here))
        assert join.body.decode().splitlines()[:2] == [f"http://{here}/", f"nc 192.0.2.99 {chat.port}"]
        code = asks(chat, request("/qr.svg", "Connection: close", host=here))
        assert code.headers["content-type"] == "image/svg+xml"
        assert code.body == qr.as_svg(f"http://{here}/")
        from_here = asks(chat, request("/join", "Connection: close", host="localhost"))
        assert from_here.body.decode().split("\n")[0] == chat.logged(r"the page is at (\S+)")[1]
        refused = asks(chat, request("/qr.svg", "Connection: close", host=here, method="DELETE"))
        assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")


CODES = re.compile(r"\033\[[\d;]*m")  # of colours


@pytest.mark.parametrize(("options", "shown"), [((), True), (("--no-qr",), False), (("--no-web",), False)])
def test_who_starts_it_in_a_terminal_is_shown_a_qr_code(
    tmp_path: Path, options: tuple[str, ...], shown: bool
) -> None:
    """Of the page's address; it fits, and is there once."""
    command = (TWISTD, "-n", "--pidfile=", "lanchat", "--no-announce", "--port=0")
    with seat(*options, home=tmp_path, size=(200, 60), command=command) as starter:
        starter.sees_line("listening on ")
        port = re.search(r"listening on (\d+)", "\n".join(starter.screen))
        assert port
        with Peer(int(port[1])) as alice:  # all of it runs by now
            alice.types("alice")
            alice.reads_until("-- You are alice in #lobby. /help lists the commands.")
        starter.process.send_signal(signal.SIGTERM)
        assert starter.ends() == 0
        starter.sees_line("Server Shut Down")
        rows = "\n".join(starter.screen)
        address = re.search(r"the page is at (\S+)", rows)
        code = [] if address is None else [CODES.sub("", line) for line in qr.as_lines(address[1])]
        assert ("\n".join([*code, str(address and address[1])]) in rows) == shown
        assert ("█" in rows) == shown
