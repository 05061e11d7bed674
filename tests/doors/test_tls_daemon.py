"""TLS on the one port, as its users meet it: the real daemon, and what speaks TLS on their machines."""

from __future__ import annotations

import datetime
import json
import os
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from lanchatd.state.certificate import addresses
from tests.console.test_admin import administered
from tests.daemon import PATIENCE_S, TWISTD, Daemon, Peer, daemon, environment_in
from tests.impostors import any_server
from tests.preloaded import run

FAST = ("--port=0", "--lines-per-s=100000", "--burst-lines=100000", "--bytes-per-s=100000000")
HELLO = b"\x16\x03\x01"


@pytest.fixture(scope="module")
def tls() -> ssl.SSLContext:
    """A client that takes any certificate."""
    return any_server()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority of the office."""
    return trustme.CA(key_type=trustme.KeyType.RSA)


def put(pem: Path, authority: trustme.CA, **how: Any) -> bytes:
    """Put a new key and certificate in a file; the certificate, in DER."""
    issued = authority.issue_cert("127.0.0.1", **how)
    pem.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    pem.chmod(0o600)
    return ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())


def join(chat: Daemon, nick: str, tls: ssl.SSLContext | None, **options: Any) -> Peer:
    """Somebody who has joined; what was told so far is read."""
    peer = chat.connect(tls=tls, **options)
    peer.types(nick)
    peer.reads_until_match(r"^-- \d+ in #lobby: ")
    return peer


def shown_certificate(peer: Peer) -> bytes:
    """The one that the server showed to this client, in DER."""
    assert isinstance(peer.socket, ssl.SSLSocket)
    return peer.socket.getpeercert(binary_form=True) or b""


def quiet(chat: Daemon) -> bool:
    """Whether there is nothing in the log that an administrator would have to look at."""
    return not [line for line in chat.log if re.search("Traceback|Unhandled|#error|#critical", line)]


# -- who speaks it


@contextmanager
def program(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """A program that joins, typed into and read."""
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    process = subprocess.Popen(
        command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_all_are_in_the_same_room(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """With openssl, socat, Python and nc: everybody sees the same lines, in the same order."""
    with ExitStack() as stack, daemon(cwd=tmp_path) as chat:
        commands = {
            "nc": ["nc", "127.0.0.1", str(chat.port)],
            "openssl": ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{chat.port}"],
            "socat": ["socat", "-", f"openssl:127.0.0.1:{chat.port},verify=0"],
        }
        programs = {nick: stack.enter_context(program(command)) for nick, command in commands.items()}
        alice = stack.enter_context(join(chat, "alice", tls))
        for nick, process in programs.items():
            assert process.stdin is not None
            process.stdin.write(f"{nick}\n")
            process.stdin.flush()
            alice.reads_until(f"-- {nick} joined")
        for nick, process in programs.items():
            assert process.stdin is not None
            process.stdin.write(f"hello from {nick}\n")
            process.stdin.flush()
            assert alice.reads() == f"<{nick}> hello from {nick}"
        alice.types("that is all")
        talk = [f"<{nick}> hello from {nick}\n" for nick in programs] + ["<alice> that is all\n"]
        for process in programs.values():
            assert process.stdout is not None
            seen: list[str] = []
            while talk[-1] not in seen:
                seen.append(process.stdout.readline())
                assert seen[-1]
            assert [line for line in seen if line.startswith("<")] == talk
        assert quiet(chat)


def test_a_line_without_its_end_is_said_over_tls_too(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """As `printf 'ci\\nhello'` pipes it: the end of the file ends it."""
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        with join(chat, "ci", tls) as ci:
            assert isinstance(ci.socket, ssl.SSLSocket)
            ci.socket.sendall(b"one\nhello")
            with suppress(ssl.SSLError):  # what comes back meanwhile is an error to Python
                ci.socket.unwrap()
        seen = alice.reads_until_match("left|lost")
        assert [line for line in seen if line.startswith("<ci>")] == ["<ci> one", "<ci> hello"]
        assert seen[-1] == "-- ci left"
        assert quiet(chat)


def test_piped_lines_are_said_over_tls_too(tmp_path: Path) -> None:
    """They come back, up to the goodbye."""
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        command = ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{chat.port}"]
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        piped = subprocess.run(
            command,
            input="ci\nhello\n/quit\n",
            text=True,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        key = chat.logged(r"TLS key (sha256:\S+),")[1]
        seen = piped.stdout.splitlines()
        assert seen[2:4] == [
            f"-- TLS key: {key}",
            "-- You are ci in #lobby. /help lists the commands.",
        ]
        assert "-- 2 in #lobby: alice (plain) and ci" in seen
        assert seen.index("<ci> hello") < seen.index("-- Goodbye.") == len(seen) - 1
        assert alice.reads_until("-- ci left") == ["-- ci joined", "<ci> hello", "-- ci left"]


def test_json_web_browsers_and_tls_once_more_inside_tls(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """The first bytes inside say who it is for, as they do outside; but TLS is enough once."""
    with daemon(cwd=tmp_path) as chat, chat.connect(tls=tls) as program:
        program.types(json.dumps({"nick": "ci"}))
        assert program.gets()["type"] == "welcome"
        assert program.gets()["members"] == [{"nick": "ci", "encrypted": True}]
        with chat.connect(tls=tls) as visitor:
            visitor.types("GET /health HTTP/1.1", "Host: localhost", "Connection: close", "")
            told = visitor.reads_all()
            assert (told[0], told[-1]) == ("HTTP/1.1 200 OK", "ok")
        with chat.connect(tls=tls) as visitor:
            visitor.socket.sendall(HELLO + b"\0" * 10)
            assert visitor.reads_all() == [
                "!! TLS has to begin with the first byte of a connection, and only there."
            ]
        with chat.connect() as bob:
            bob.types("bob")
            bob.reads_until("-- 2 in #lobby: bob (plain) and ci")
        assert quiet(chat)


def test_a_hello_that_comes_late_is_one_all_the_same(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """It was lost on the way and sent again; who sends it skips what came meanwhile."""
    with daemon(cwd=tmp_path) as chat, chat.connect() as late:
        late.reads_until_match("What is your nick")
        late.reads_until("\r")
        late.encrypt(tls)
        late.types(json.dumps({"nick": "ci"}))
        assert late.gets()["type"] == "welcome"
        assert late.gets()["members"] == [{"nick": "ci", "encrypted": True}]
        assert quiet(chat)


def in_bytes(tls: ssl.SSLContext, port: int, text: str) -> str:
    """Speak TLS in segments of a byte; all that is told, until the server closes."""
    came, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = tls.wrap_bio(came, sent)
    told = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as peer:
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            with suppress(ssl.SSLWantReadError):
                client.do_handshake()
                client.write(text.encode())
                text = ""
                while more := client.read(65_536):
                    told += more
                return told.decode()
            while one := sent.read(1):
                peer.send(one)
            came.write(peer.recv(65_536))


def test_a_handshake_may_come_in_segments_of_a_byte(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """Or its hello in several records, as openssl cuts one that is longer than it was told to send."""
    with daemon(cwd=tmp_path) as chat:
        assert "-- 1 in #lobby: alice\n" in in_bytes(tls, chat.port, "alice\n/quit\n")
        if shutil.which("openssl") is None:
            pytest.skip("openssl is not installed")
        offers = ",".join(f"protocol-number-{number}" for number in range(100))
        command = ["openssl", "s_client", "-quiet", "-connect", f"127.0.0.1:{chat.port}"]
        cut = subprocess.run(
            [*command, "-max_send_frag", "512", "-alpn", offers],
            input="bob\n/quit\n", text=True, capture_output=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert "-- 1 in #lobby: bob\n" in cut.stdout
        assert quiet(chat)


def test_who_says_that_it_closes_has_hung_up(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """TLS has a word for it; without that word the connection was lost."""
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        with join(chat, "bob", tls) as bob:
            assert isinstance(bob.socket, ssl.SSLSocket)
            bob.types("bye")
            bob.reads_until("<bob> bye")
            bob.socket.unwrap()
            assert alice.reads_until("-- bob left")[-2] == "<bob> bye"
        with join(chat, "carol", tls):
            pass
        alice.reads_until("-- carol left (connection lost)")
        chat.logged("closed: hung_up.* nick bob")
        chat.logged("closed: lost, detail Connection to the other side was lost.* nick carol")
        assert quiet(chat)


def test_the_server_says_that_it_closes(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """So whoever reads to the end knows that nobody has cut off the rest."""
    with daemon(cwd=tmp_path) as chat:
        plain = socket.create_connection(("127.0.0.1", chat.port), PATIENCE_S)
        with tls.wrap_socket(plain, suppress_ragged_eofs=False) as ci:
            ci.sendall(b"ci\n/quit\n")
            told = b""
            while more := ci.recv(4_096):
                told += more
            assert told.endswith(b"\n-- Goodbye.\n")
        assert quiet(chat)


# -- handshakes that come to nothing


@pytest.mark.parametrize(
    ("offer", "taken"),
    [
        (["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], None),
        (["-tls1_2", "-cipher", "AES128-GCM-SHA256"], None),
        (["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"], None),
        (["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], None),
        (["-tls1_2"], "TLSv1.2, Cipher is ECDHE-RSA-"),
        (["-tls1_3"], "TLSv1.3, Cipher is TLS_"),
        (["-tls1_2", "-legacy_renegotiation"], "TLSv1.2, Cipher is ECDHE-RSA-"),
    ],
    ids=str,
)
def test_only_what_keeps_the_past_secret_is_spoken(
    strong: Daemon, offer: list[str], taken: str | None
) -> None:
    """No TLS before 1.2, no RSA key exchange, nothing that is not authenticated as it is encrypted."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{strong.port}", *offer]
    # An "R" asks for another handshake; it is refused, and ends the connection.
    asked = subprocess.run(
        command, input="R\n", text=True, capture_output=True, timeout=PATIENCE_S, check=False
    )
    if taken is None:
        assert "Cipher is (NONE)" in asked.stdout and "alert" in asked.stderr
    else:
        assert taken in asked.stdout
        assert "Compression: NONE" in asked.stdout
        if "-tls1_2" in offer:
            assert "no renegotiation" in asked.stderr


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_session_is_not_resumed(strong: Daemon, version: ssl.TLSVersion) -> None:
    """Who comes back makes a new key with the server."""
    client = any_server()
    client.minimum_version = client.maximum_version = version
    session = None
    for _ in range(2):
        plain = socket.create_connection(("127.0.0.1", strong.port), PATIENCE_S)
        with client.wrap_socket(plain, session=session) as encrypted:
            assert encrypted.recv(3) == b"-- "
            assert not encrypted.session_reused
            session = encrypted.session


@pytest.fixture(scope="module")
def strong(tmp_path_factory: pytest.TempPathFactory, authority: trustme.CA) -> Iterator[Daemon]:
    """A daemon with a key of RSA, of which the weakest could be asked."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    directory = tmp_path_factory.mktemp("strong")
    put(directory / "cert.pem", authority, key_type=trustme.KeyType.RSA)
    with daemon("--port=0", "--tls-cert=cert.pem", cwd=directory) as chat:
        yield chat
        assert quiet(chat)


def test_a_handshake_that_fails_costs_one_line_in_the_log(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """Junk, silence, a lost connection and an end of file, in the middle of one; and no more than it."""
    with daemon("--port=0", "--tls-handshake-s=0.3", cwd=tmp_path) as chat:
        for sent, why in (
            (HELLO + b"\xff" * 5_000, "closed: tls, detail a record of an impossible size$"),
            (HELLO + b"\0\4\1\0\0\0", "closed: tls, detail [a-z ]+$"),
            (HELLO, "closed: tls, detail no handshake within 0.3 s$"),
        ):
            with socket.create_connection(("127.0.0.1", chat.port), PATIENCE_S) as visitor:
                visitor.sendall(sent)
                chat.logged(why)
                # Closed, with a reset if there was more that nobody wanted to read.
                with suppress(ConnectionResetError):
                    while visitor.recv(4_096):
                        pass
        with socket.create_connection(("127.0.0.1", chat.port), PATIENCE_S) as visitor:
            visitor.sendall(HELLO)
            # To be closed with a reset.
            visitor.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        with socket.create_connection(("127.0.0.1", chat.port), PATIENCE_S) as visitor:
            visitor.sendall(HELLO)
        with join(chat, "alice", tls):
            pass
        assert chat.ends(signal.SIGTERM) == 0
        assert sum(" connected" in line for line in chat.log) == 6
        assert sum(" closed: " in line for line in chat.log) == 6
        assert sum(" closed: tls, detail " in line for line in chat.log) == 5
        assert quiet(chat)


def test_shutdown_waits_for_no_handshake(tmp_path: Path) -> None:
    """There is nobody to say goodbye to."""
    with daemon("--port=0", "--shutdown-s=60", cwd=tmp_path) as chat:
        with socket.create_connection(("127.0.0.1", chat.port), PATIENCE_S) as visitor:
            visitor.sendall(HELLO)
            chat.logged(" connected")
            with chat.join("alice"):
                assert chat.ends(signal.SIGTERM) == 0
        chat.logged("closed: tls, detail shutdown")
        assert quiet(chat)


# -- its certificate


def test_the_key_is_made_once(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """The log, the greeting and the next run tell the same fingerprint."""
    for _ in range(2):
        with daemon(cwd=tmp_path) as chat, join(chat, "alice", tls) as alice:
            made = (tmp_path / "state" / "lanchatd" / "tls.pem").read_text()
            assert ssl.PEM_cert_to_DER_cert(made[made.index("-----BEGIN CERT") :]) == shown_certificate(alice)
            chat.logged(r"TLS key sha256:\S{43}, certificate until 20\d\d-\d\d-\d\d$")


def test_a_renewal_drops_nobody(tmp_path: Path, tls: ssl.SSLContext, authority: trustme.CA) -> None:
    """A hundred members stay; who comes then is shown the new one, and a bad file changes nothing."""
    pem = tmp_path / "cert.pem"
    first = put(pem, authority)
    options = (*FAST, "--tls-cert=cert.pem", "--max-per-address=200")
    with ExitStack() as stack, daemon(*options, cwd=tmp_path) as chat:
        members = [stack.enter_context(join(chat, f"m{number}", tls)) for number in range(100)]
        assert shown_certificate(members[0]) == first
        second = put(pem, authority)
        chat.process.send_signal(signal.SIGHUP)
        chat.logged("read again: the certificate")
        newcomer = stack.enter_context(join(chat, "newcomer", tls))
        assert shown_certificate(newcomer) == second
        pem.write_bytes(b"nonsense")
        chat.process.send_signal(signal.SIGHUP)
        chat.logged(r"#error\] the certificate stays as it was: there is no private key in \S+/cert\.pem")
        last = stack.enter_context(join(chat, "last", tls))
        assert shown_certificate(last) == shown_certificate(newcomer)
        last.types("still here?")
        for member in members:
            member.reads_until("<last> still here?")
        assert sum(" TLS key sha256:" in line for line in chat.log) == 2


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ("missing", "can't read the certificate {}: No such file or directory"),
        ("broken", "there is no private key in {}: it has to be there with the certificate, in PEM"),
        ("open", "others can read the private key in {}: chmod 600 it"),
        ("expired", "the certificate {} has expired, on 2020-01-02"),
    ],
)
def test_a_wrong_certificate_ends_the_daemon_with_one_line(
    tmp_path: Path, authority: trustme.CA, wrong: str, told: str
) -> None:
    """And with exit code 1, before anybody could connect."""
    pem = tmp_path / "cert.pem"
    if wrong != "missing":
        expired = datetime.datetime(2020, 1, 2, tzinfo=datetime.UTC)
        put(pem, authority, **({"not_after": expired} if wrong == "expired" else {}))
        if wrong == "broken":
            pem.write_bytes(b"nonsense")
        pem.chmod(0o644 if wrong == "open" else 0o600)
    ended = run(
        [TWISTD, "-n", "--pidfile=", "lanchat", "--no-announce", "--port=0", "--tls-cert=cert.pem"],
        cwd=tmp_path,
        env=environment_in(tmp_path),
        timeout=PATIENCE_S,
    )
    assert (ended.returncode, ended.stderr) == (1, f"lanchatd: {told.format(pem)}\n")
    assert "Traceback" not in ended.stdout


# -- who has to


def test_from_another_address_plain_is_refused(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """With --require-tls; TLS comes in from there, and from this machine everybody does."""
    others = [str(a) for a in addresses() if a.version == 4 and not a.is_loopback]
    if not others:
        pytest.skip("this machine has no other address than loopback")
    with daemon("--port=0", "--require-tls", cwd=tmp_path) as chat, chat.join("alice"):
        with socket.create_connection((others[0], chat.port), PATIENCE_S) as plain:
            plain.sendall(b"bob\n")
            told = plain.makefile("rb").read().decode()
        assert told == (
            f"!! Only encrypted connections come in here. Join with: lanchat-client HOST {chat.port}\n"
        )
        with tls.wrap_socket(socket.create_connection((others[0], chat.port), PATIENCE_S)) as encrypted:
            encrypted.sendall(b"bob\n")
            lines = encrypted.makefile("rb")
            while (line := lines.readline()) != b"-- 2 in #lobby: alice (plain) and bob\n":
                assert line
            lines.close()
        chat.logged("closed: tls_required$")


# -- who reads nothing


def stall(chat: Daemon, nick: str, tls: ssl.SSLContext) -> Peer:
    """A member that reads nothing more; of what it is sent the kernel holds little."""
    peer = chat.connect(tls=tls, receive_buffer=4_096)
    peer.types(nick)
    return peer


def memory_kib(chat: Daemon) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{chat.process.pid}/status").read_text())
    assert found
    return int(found[1])


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from /proc")  # noqa: PTH110
def test_stalled_readers_cost_a_chunk_each(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """And delay nobody, however much is said. One is kicked: it is gone at once and its nick is free.

    At shutdown nobody waits for the others.
    """
    readers, lines, text = 30, 1_000, "x" * 1_000
    with ExitStack() as stack:
        admin = stack.enter_context(administered(tmp_path, *FAST, "--shutdown-s=1"))
        chat = admin.chat
        op = stack.enter_context(join(chat, "op", tls))
        op.types("/register correct horse")
        op.reads_until("-- op is yours now, by your password.")
        admin.runs("op op")
        for number in range(readers):
            stack.enter_context(stall(chat, f"r{number}", tls))
            op.reads_until(f"-- r{number} joined")
        before = memory_kib(chat)
        for number in range(lines):
            op.types(f"{number} {text}")
            assert op.reads() == f"<op> {number} {text}"
        # The log holds 1 MB of it; each reader a chunk, and as much on its way.
        assert memory_kib(chat) - before < 3 * lines + readers * 2 * 64 + 4_096
        op.types("/kick r7 asleep")
        op.reads_until('-- r7 left (kicked by op: "asleep")')
        again = stack.enter_context(join(chat, "r7", tls))
        again.types("awake")
        op.reads_until("<r7> awake")
        chat.logged("closed: kicked.* nick r7")
        chat.process.send_signal(signal.SIGTERM)
        assert op.reads_all() == ["-- The server is shutting down."]
        assert chat.ends() == 0
        assert sum("closed: shutdown" in line for line in chat.log) == readers + 1
        assert quiet(chat)


def test_many_handshakes_at_once(tmp_path: Path, tls: ssl.SSLContext) -> None:
    """Everybody who comes back after the power did is let in."""
    with daemon(*FAST, cwd=tmp_path) as chat, chat.join("alice") as alice:
        joined: list[Peer] = []
        threads = [
            threading.Thread(target=lambda number=number: joined.append(join(chat, f"m{number}", tls)))
            for number in range(30)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
        assert len(joined) == len(threads)
        alice.types("/who")
        alice.reads_until_match(r"^-- 31 in #lobby: alice \(plain\), m0, m1, m10, ")
        for peer in joined:
            peer.close()
