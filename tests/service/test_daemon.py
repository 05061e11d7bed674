"""The daemon as its users know it: real twistd, real sockets, real nc and telnet."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon import PATIENCE_S, TWISTD, Daemon, Peer, daemon, environment_in, started, wait_until
from tests.preloaded import run


def twistd(*options: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run twistd to its end."""
    return run([TWISTD, *options], cwd=cwd, env=environment_in(cwd), timeout=PATIENCE_S)


def test_twistd_lists_lanchat(tmp_path: Path) -> None:
    """The plugin is found."""
    assert re.search(r"^ +lanchat +A chat server", twistd("--help", cwd=tmp_path).stdout, re.MULTILINE)


def test_people_talk_and_all_see_the_same(tmp_path: Path) -> None:
    """Text and JSON, rename, another room, a whisper, each in order."""
    with (
        daemon(cwd=tmp_path) as chat,
        chat.join("alice") as alice,
        chat.join("bob") as bob,
        chat.connect() as ci,
    ):
        ci.types('{"nick": "ci"}')
        assert ci.gets()["type"] == "welcome"
        assert [member["nick"] for member in ci.gets()["members"]] == ["alice", "bob", "ci"]
        alice.reads_until("-- ci joined")
        bob.reads_until("-- ci joined")
        alice.types("hello")
        bob.types("/nick robert")
        ci.types('{"line": "green", "ref": "1"}')
        expected = {"<alice> hello", "-- bob is now robert", "<ci> green"}
        seen = [alice.reads() for _ in expected]
        assert set(seen) == expected
        assert [bob.reads() for _ in expected] == seen
        assert {ci.gets()["type"] for _ in range(4)} == {"said", "renamed", "ok"}
        alice.types("/msg robert psst")
        assert alice.reads() == bob.reads() == "[alice -> robert] psst"
        bob.types("/join #dev")
        assert alice.reads() == "-- robert left (went to #dev)"


def test_a_second_sigterm_changes_nothing(tmp_path: Path) -> None:
    """Somebody who is impatient does no harm."""
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        chat.process.send_signal(signal.SIGTERM)
        alice.reads_until("-- The server is shutting down.")
        chat.process.send_signal(signal.SIGTERM)
        assert chat.ends() == 0
        assert "Traceback" not in "\n".join(chat.log)


def test_sigterm_tells_everybody_and_exits_0(tmp_path: Path) -> None:
    """At once, if everybody reads."""
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice, chat.connect() as silent:
        silent.reads_until_match("What is your nick")
        chat.process.send_signal(signal.SIGTERM)
        assert alice.reads_all() == ["-- The server is shutting down."]
        assert silent.reads_all()[-1] == "-- The server is shutting down."
        assert chat.ends() == 0
        assert "Traceback" not in "\n".join(chat.log)


def test_the_log_shows_the_end_of_a_connection_with_its_counts(tmp_path: Path) -> None:
    """An administrator reads who was there, and for how much."""
    with daemon(cwd=tmp_path) as chat:
        with chat.join("alice") as alice:
            alice.types("secret", "/quit")
            alice.reads_all()
        chat.logged(r"127\.0\.0\.1:\d+ connected")
        chat.logged(r"closed: quit, lines 3, nick alice, room #lobby, door text, bytes 19, said 1")
        assert not any("secret" in line for line in chat.log)


def test_a_taken_port_ends_the_daemon_with_one_line(tmp_path: Path) -> None:
    """On standard error, with a non-zero exit code and no traceback."""
    with daemon(cwd=tmp_path) as chat:
        second = twistd("-n", "--pidfile=", "lanchat", f"--port={chat.port}", cwd=tmp_path)
    assert second.returncode == 1
    assert second.stderr == f"lanchatd: can't listen on port {chat.port}: Address already in use\n"
    assert second.stdout == ""


def test_a_daemon_that_could_not_start_leaves_no_pid_file(tmp_path: Path) -> None:
    """A later start would take a stranger's process for it."""
    with daemon(cwd=tmp_path) as chat:
        assert twistd("-n", "lanchat", f"--port={chat.port}", cwd=tmp_path).returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_the_clock_of_the_daemon_only_goes_forward(tmp_path: Path) -> None:
    """When the wall clock is set, no timer stops or fires early."""
    program = (
        "import time; from twisted.internet import reactor; from lanchatd.tap import Options, makeService;"
        "options = Options(); options.parseOptions([]); makeService(options);"
        "print(reactor.seconds is time.monotonic)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, text=True, capture_output=True, check=True
    )
    assert ended.stdout == "True\n"


def test_a_taken_port_fails_a_daemon_in_the_background_as_well(tmp_path: Path) -> None:
    """Whoever started it sees that it did not."""
    with daemon(cwd=tmp_path) as chat:
        second = twistd("lanchat", f"--port={chat.port}", cwd=tmp_path)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == f"lanchatd: can't listen on port {chat.port}: Address already in use\n"
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_hangup_before_the_daemon_is_ready_does_nothing(tmp_path: Path) -> None:
    """Whoever sends it in the first half second has only changed a file."""
    # Whatever these tests do with that signal themselves.
    command = [
        "/usr/bin/env",
        "--default-signal=HUP",
        TWISTD,
        "-n",
        "--pidfile=",
        "lanchat",
        "--no-announce",
        "--port=0",
    ]
    with started(command, tmp_path, environment=environment_in(tmp_path)) as chat:
        chat.logged("starting up")
        chat.process.send_signal(signal.SIGHUP)
        chat.port = int(chat.logged(r"listening on (\d+)")[1])
        with chat.join("alice"):
            pass
        assert chat.ends(by=signal.SIGTERM) == 0


def test_a_log_that_was_moved_away_goes_on_in_a_new_file(tmp_path: Path) -> None:
    """As logrotate does it: rename, then SIGHUP. If it can't be opened anew, nothing is lost."""
    log, moved = tmp_path / "chat.log", tmp_path / "chat.log.1"
    command = [TWISTD, "-n", "--pidfile=", "--logfile=chat.log", "lanchat", "--no-announce", "--port=0"]
    with started(command, tmp_path, environment=environment_in(tmp_path)) as chat:
        wait_until("it listens", lambda: log.exists() and "listening on" in log.read_text())
        chat.port = int(re.findall(r"listening on (\d+)", log.read_text())[0])
        with chat.join("alice"):  # so it takes signals
            pass
        log.rename(moved)
        log.mkdir()
        chat.process.send_signal(signal.SIGHUP)
        why = f"the log stays as it was: can't write to {log}: Is a directory"
        wait_until("it can't be written there", lambda: why in moved.read_text())
        log.rmdir()
        chat.process.send_signal(signal.SIGHUP)
        wait_until("it is read again", lambda: log.exists() and "read again: the log" in log.read_text())
        before = moved.read_text()
        assert chat.ends(by=signal.SIGTERM) == 0
    assert "shutting down" in log.read_text()
    assert moved.read_text() == before


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["--port=lots"], "--port: 'lots' is not a port from 0 to 65535"),
        (["--port=65536"], "--port: '65536' is not a port from 0 to 65535"),
        (["--interface=eth0"], "--interface: 'eth0' is not an IP address"),
        (["--listen=nonsense:1"], "--listen: 'nonsense:1': Unknown endpoint type: 'nonsense'"),
        (["--listen=tcp:0", "--reuse-port"], "--reuse-port is for --port, and not for --listen"),
        (["--port=0", "--reuse-port"], "--reuse-port needs a --port that all of them are given"),
        (["--advertise=a.local:1"], "--advertise is for several daemons that are one chat by --broker"),
        (
            ["--reuse-port", "--tls-cert=tls.pem"],
            "--reuse-port is for several daemons that are one chat by --broker",
        ),
        (["--reuse-port"], "--reuse-port needs --tls-cert: all of them have to show the same key"),
        (["--advertise=here"], "--advertise: 'here' is not an address such as chat.local:8000"),
        (["--listen=tcp:0", "--port=0"], "--listen takes the place of --port and --interface"),
        (["--motd=missing"], "--motd: missing: No such file or directory"),
        (
            ["--name=\x1b[m"],
            "--name: That line holds U+001B (a control character), which is not allowed here.",
        ),
        (["--max-rooms=0"], "--max-rooms: '0' is not a whole number of rooms from 1 to 1,000,000"),
        (["--nick-timeout-s=nan"], "--nick-timeout-s: 'nan' is not a number of s from 0.1 to 3,600"),
        (["--listen=stdio:"], "--listen: 'stdio:': nobody can connect to it"),
        (
            ["--direct-bytes=65536"],
            "--direct-bytes has to be at least twice --chunk-bytes: an answer may be a chunk",
        ),
        (
            ["--bytes-per-s=4096"],
            "--bytes-per-s has to be more than --max-line-bytes: the longest line has to fit in a second",
        ),
        (["--accounts=closed"], "--accounts: 'closed' is not open, invite or off"),
        (["--guests=maybe"], "--guests: 'maybe' is not yes or no"),
        (
            ["--guests=no"],
            "--guests no lets in only who was invited: it needs --accounts invite, or off",
        ),
        (["--no-such-option"], "option --no-such-option not recognized"),
    ],
)
def test_a_wrong_option_is_one_line_on_standard_error(tmp_path: Path, options: list[str], error: str) -> None:
    """And a non-zero exit code; nothing was started."""
    ended = twistd("-n", "lanchat", *options, cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stderr == f"twistd lanchat: {error} (see twistd lanchat --help)\n"
    assert ended.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_it_listens_on_any_endpoints_instead_of_the_port(tmp_path: Path) -> None:
    """Here a UNIX socket and a TCP port; people on both are in one room."""
    path = tmp_path / "chat.sock"
    options = (f"--listen=unix:{path}", "--listen=tcp:0:interface=127.0.0.1")
    with daemon(*options, cwd=tmp_path) as chat:
        chat.port = int(chat.logged(r"listening on (\d+)$")[1])
        with chat.join("alice") as alice, socket.socket(socket.AF_UNIX) as unix:
            unix.settimeout(PATIENCE_S)
            unix.connect(str(path))
            unix.sendall(b"bob\nhi\n")
            assert alice.reads_until("<bob> hi") == ["-- bob joined", "<bob> hi"]
        assert chat.ends(by=signal.SIGTERM) == 0


@pytest.mark.parametrize(
    ("options", "reached"),
    [
        ((), ["127.0.0.1", "::1"]),
        (("--interface=127.0.0.1",), ["127.0.0.1"]),
        (("--interface=::1",), ["::1"]),
    ],
)
def test_it_listens_on_all_addresses_or_on_one(
    tmp_path: Path, options: tuple[str, ...], reached: list[str]
) -> None:
    """IPv4 and IPv6."""
    if not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists():
        pytest.skip("no IPv6 on this machine")
    with daemon("--port=0", *options, cwd=tmp_path) as chat:
        found = []
        for address in ("127.0.0.1", "::1"):
            try:
                with socket.create_connection((address, chat.port), PATIENCE_S) as peer:
                    peer.sendall(b"alice\n")
                    found += (
                        [address] if any(b"You are alice" in line for line in peer.makefile("rb")) else []
                    )
            except ConnectionRefusedError:
                pass
        assert found == reached


def test_name_and_motd_are_in_the_greeting(tmp_path: Path) -> None:
    """In any script; and a byte order mark, which some editors put first, is no part of it."""
    (tmp_path / "motd").write_text("Lunch at 12.\nمرحبا\n", "utf-8-sig")
    with daemon("--port=0", "--name=Büro", "--motd=motd", cwd=tmp_path) as chat, chat.connect() as alice:
        alice.types("alice")
        assert [alice.reads() for _ in range(6)] == [
            "-- Welcome to Büro (lanchatd 0.1.0).",
            "-- In a browser: " + chat.logged(r"the page is at (http://\S+/)$")[1],
            "-- TLS key: " + chat.logged(r"TLS key (sha256:\S+),")[1],
            "-- Lunch at 12.",
            "-- مرحبا",
            "-- You are alice in #lobby. /help lists the commands.",
        ]


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"\xff", "--motd: motd: That line is not UTF-8; nothing was said."),
        (
            b"a\x1b[31m",
            "--motd: motd: That line holds U+001B (a control character), which is not allowed here.",
        ),
        (b"x" * 16_385, "--motd: motd is larger than 16,384 bytes"),
    ],
)
def test_a_motd_that_cannot_be_shown_is_refused(tmp_path: Path, content: bytes, error: str) -> None:
    """What would be sent to everybody is checked before anything starts."""
    (tmp_path / "motd").write_bytes(content)
    ended = twistd("-n", "lanchat", "--motd=motd", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (1, f"twistd lanchat: {error} (see twistd lanchat --help)\n")


def test_connections_stay_below_the_limit_of_open_files(tmp_path: Path) -> None:
    """The soft limit is raised to the hard one, and 256 are left for the rest."""
    prefix = ("prlimit", "--nofile=300:1000")
    if shutil.which(prefix[0]) is None:
        pytest.skip("prlimit (util-linux) is not installed")
    with daemon(cwd=tmp_path, prefix=prefix) as chat:
        chat.logged(r"--max-connections is 744, as the limit of open files is 1000")
        limits = Path(f"/proc/{chat.process.pid}/limits").read_text()
        assert re.search(r"Max open files +1000 +1000 ", limits)


def session(chat: Daemon, command: list[str], typed: str, until: str) -> str:
    """Type into a program until it has shown something, then end it by closing its input."""
    process = subprocess.Popen(
        [*command, "127.0.0.1", str(chat.port)], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(typed)
    process.stdin.flush()
    shown = ""
    while until not in shown:
        line = process.stdout.readline()
        assert line, shown
        shown += line
    process.stdin.close()
    process.stdout.close()
    process.terminate()
    process.wait(PATIENCE_S)
    return shown


@pytest.mark.parametrize("program", ["nc", "telnet"])
def test_join_with_what_is_on_the_machine(tmp_path: Path, program: str) -> None:
    """nc and telnet are enough."""
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        shown = session(
            chat, [program], f"{program}\nhello from {program}\n", f"<{program}> hello from {program}"
        )
        assert f"-- You are {program} in #lobby." in shown
        assert alice.reads_until(f"<{program}> hello from {program}")[0] == f"-- {program} joined"


def test_piped_lines_are_said(tmp_path: Path) -> None:
    """A script needs no client: the echo is the acknowledgement."""
    if shutil.which("nc") is None:
        pytest.skip("nc is not installed")
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        piped = subprocess.run(
            ["nc", "127.0.0.1", str(chat.port)],
            input="ci\nbuild 41 is green\n/quit\n",
            text=True,
            capture_output=True,
            timeout=PATIENCE_S,
            check=True,
        )
        assert re.search(r"\n-- 2 in .*\n", piped.stdout)
        assert re.search(r"\n<ci> build 41 is green\n(-- 2 in .*\n)?-- Goodbye\.\n\Z", piped.stdout)
        assert alice.reads_until("-- ci left") == ["-- ci joined", "<ci> build 41 is green", "-- ci left"]


def memory_kib(chat: Daemon) -> int:
    """What the daemon has in memory."""
    status = Path(f"/proc/{chat.process.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1])


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="memory is read from /proc")  # noqa: PTH110
def test_a_stalled_reader_costs_a_chunk_and_misses_nothing(tmp_path: Path) -> None:
    """3 MB are said while bob reads nothing; nobody waits for him, and then he gets every line, once."""
    fast = ("--port=0", "--lines-per-s=100000", "--burst-lines=100000", "--bytes-per-s=100000000")
    lines, text = 3_000, "x" * 1_000
    with daemon(*fast, cwd=tmp_path) as chat, chat.join("alice") as alice, chat.join("carol") as carol:
        bob = chat.connect(receive_buffer=4_096)
        bob.types("bob")
        carol.reads_until("-- bob joined")
        before = memory_kib(chat)
        for number in range(lines):
            alice.types(f"{number} {text}")
            assert carol.reads() == f"<alice> {number} {text}"
        # The log holds 3 MB of it; beside that, the reader costs a chunk, and the allocator what it likes.
        assert memory_kib(chat) - before < 3 * lines + 2_048
        bob.types("/who")
        seen = bob.reads_until_match(r"^-- 3 in #lobby: alice \(plain\), bob \(plain\) and carol \(plain\)$")
        said = [line for line in seen if line.startswith("<")]
        while len(said) < lines:
            line = bob.reads()
            if line.startswith("<"):
                said.append(line)
        assert said == [f"<alice> {number} {text}" for number in range(lines)]
        bob.close()


def test_a_member_that_never_reads_is_told_nothing_and_closed(tmp_path: Path) -> None:
    """Its socket took nothing for the time-out; its nick is free."""
    options = ("--port=0", "--stall-timeout-s=0.5", "--lines-per-s=100000", "--burst-lines=100000",
               "--bytes-per-s=100000000", "--send-buffer-bytes=4096")  # fmt: skip
    with daemon(*options, cwd=tmp_path) as chat, chat.join("alice") as alice:
        with Peer(chat.port, receive_buffer=4_096) as bob:
            bob.types("bob")
            alice.reads_until("-- bob joined")
            for number in range(300):
                alice.types(f"{number} " + "x" * 1_000)
            alice.reads_until("-- bob left (reads nothing)")
        with chat.join("bob"):
            pass
        chat.logged("closed: stalled")
