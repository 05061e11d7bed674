"""The administrators' console, with the real OpenSSH client at the other end."""

# mypy: allow-untyped-calls

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionAborted
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from lanchatd.limits import Limits
from lanchatd.ssh.authorized_keys import AuthorizedKeys
from lanchatd.ssh.host_key import host_key
from lanchatd.ssh.server import MOST_SESSIONS, Account, ConsoleFactory, SshConsole
from lanchatd.ssh.transport import Transport
from lanchatd.state.files import StateError
from tests.daemon import PATIENCE_S, Daemon
from tests.openssh import Ssh, make_key, needs_ssh, public, write_keys
from tests.pseudo_terminal import set_size
from tests.ssh_console import Echo, console

pytestmark = needs_ssh

NO_WAY_IN = "admin@127.0.0.1: Permission denied (publickey).\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a key of an administrator (``alice``), and one of somebody else (``mallory``)."""
    folder = tmp_path_factory.mktemp("console")
    make_key(folder / "alice")
    make_key(folder / "mallory")
    return folder


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Daemon]:
    """A console where nobody is locked out, for all tests that leave it as it is."""
    write_keys(folder / "admin_keys", public(folder / "alice"))
    with console(folder, admin_tries=100) as running:
        yield running
        assert running.process.poll() is None


@pytest.fixture
def alice(shared: Daemon, folder: Path) -> Iterator[Ssh]:
    """An administrator. What she does leaves no traceback."""
    Ssh(shared.port, folder, folder / "alice").run("exit", "0")  # the host key is known from now on
    yield Ssh(shared.port, folder, folder / "alice")
    assert not [line for line in shared.log if "Traceback" in line]


@pytest.fixture
def own(folder: Path, tmp_path: Path) -> Iterator[Callable[..., tuple[Daemon, Ssh]]]:
    """Starts a console of the test's own, with limits; gives it, and alice at it."""
    with ExitStack() as stack:
        started: list[Daemon] = []

        def start(**options: Any) -> tuple[Daemon, Ssh]:
            write_keys(tmp_path / "admin_keys", public(folder / "alice"))
            running = stack.enter_context(console(tmp_path, **options))
            started.append(running)
            return running, Ssh(running.port, tmp_path, folder / "alice", options=("-oLogLevel=ERROR",))

        yield start
    for running in started:
        assert not [line for line in running.log if "Traceback" in line]


# Logging in.


def test_a_key_of_the_file_lets_in(alice: Ssh, shared: Daemon) -> None:
    """And what runs there knows whose it is."""
    assert alice.key is not None
    told = subprocess.run(["ssh-keygen", "-lf", str(alice.key)], capture_output=True, text=True, check=True)
    fingerprint = told.stdout.split()[1]
    assert alice.run("who").stdout == f"admin {fingerprint} alice@example 127.0.0.1\n"
    shared.logged(
        rf"127.0.0.1:\d+ has logged in as admin with the key {re.escape(fingerprint)} \(alice@example\)"
    )


def test_the_fingerprint_in_the_log_is_what_the_client_asks_about(alice: Ssh, shared: Daemon) -> None:
    """So nobody has to trust blindly at the first connection."""
    fingerprint = shared.logged(r"console on 127.0.0.1 port \d+, host key (SHA256:\S+)")[1]
    strict = alice.other(options=("-oStrictHostKeyChecking=yes", "-oUserKnownHostsFile=/dev/null", "-v"))
    assert fingerprint in strict.run("who").stderr


@pytest.mark.parametrize("kind", ["rsa:2048", "ecdsa:256", "ecdsa:384", "ecdsa:521"])
def test_other_types_of_keys_let_in(
    own: Callable[..., tuple[Daemon, Ssh]], tmp_path: Path, kind: str
) -> None:
    """Whatever somebody has had for years, or has to use."""
    _, alice = own()
    key = make_key(tmp_path / "other", "old", kind)
    write_keys(tmp_path / "admin_keys", f"restrict {public(key)}")
    ran = alice.other(key=key).run("who")
    assert (ran.returncode, ran.stdout.split()[2:]) == (0, ["old", "127.0.0.1"]), ran.stderr


def test_an_old_rsa_signature_does_not(own: Callable[..., tuple[Daemon, Ssh]], tmp_path: Path) -> None:
    """It is made with SHA-1."""
    _, alice = own()
    key = make_key(tmp_path / "other", kind="rsa:2048")
    write_keys(tmp_path / "admin_keys", public(key))
    old = alice.other(key=key, options=("-oPubkeyAcceptedAlgorithms=ssh-rsa",))
    assert old.run("who").stderr.endswith(NO_WAY_IN)


@pytest.mark.parametrize(
    "change",
    [
        {"key": None},
        {"key": "mallory"},
        {"options": ("-oPreferredAuthentications=password,keyboard-interactive", "-oBatchMode=no")},
    ],
)
def test_nothing_else_lets_in(alice: Ssh, folder: Path, change: dict[str, Any]) -> None:
    """No key, another key, and no password, for which nobody is even asked."""
    if "key" in change and change["key"] is not None:
        change = {"key": folder / change["key"]}
    ran = alice.other(**change).run("who")
    assert (ran.returncode, ran.stdout, ran.stderr) == (255, "", NO_WAY_IN)


@pytest.mark.parametrize("user", ["root", "manhole", "", "admin\x1b[2J"])
def test_nobody_has_another_name(alice: Ssh, shared: Daemon, user: str) -> None:
    """And a name can do nothing to whoever reads the log."""
    before = len(shared.log)
    ran = alice.other(user="x", options=(f"-oUser={user}",) if user else ()).run("who")
    assert (ran.returncode, ran.stdout) == (255, "")
    # Newer clients do not even send a name with control characters.
    assert "Permission denied (publickey)" in ran.stderr or "invalid characters" in ran.stderr
    assert "\x1b" not in "".join(shared.log[before:])


def test_a_key_that_is_added_lets_in_without_a_restart(
    own: Callable[..., tuple[Daemon, Ssh]], tmp_path: Path, folder: Path
) -> None:
    """And one that is taken away does not any more."""
    _, alice = own()
    write_keys(tmp_path / "admin_keys", public(folder / "mallory"))
    assert alice.run("exit", "0").stderr == NO_WAY_IN
    write_keys(tmp_path / "admin_keys", public(folder / "mallory"), public(folder / "alice"))
    assert alice.run("exit", "0").returncode == 0


def test_three_tries_and_then_an_hour(
    own: Callable[..., tuple[Daemon, Ssh]], tmp_path: Path, folder: Path
) -> None:
    """The client shows why. When the file of keys has changed, it can be tried at once."""
    running, alice = own()
    mallory = alice.other(key=folder / "mallory")
    for _ in range(2):
        assert mallory.run("who").stderr == NO_WAY_IN
    for ssh in (mallory, mallory, alice):
        told = ssh.run("who").stderr
        assert "Too many failed tries from your address; try again in " in told, told
    running.logged(r"127.0.0.1:\d+ is disconnected: Too many failed tries")
    write_keys(tmp_path / "admin_keys", public(folder / "mallory"))
    assert mallory.run("exit", "0").returncode == 0


def test_a_success_makes_up_for_failures(own: Callable[..., tuple[Daemon, Ssh]], folder: Path) -> None:
    """Somebody whose client offers an old key first is not locked out after three logins."""
    _, alice = own()
    both = alice.other(options=("-oLogLevel=ERROR", f"-oIdentityFile={folder / 'mallory'}"))
    assert [both.run("exit", "0").returncode for _ in range(4)] == [0] * 4


def test_one_connection_has_three_tries_too(own: Callable[..., tuple[Daemon, Ssh]], tmp_path: Path) -> None:
    """Of all the keys that a client has, the first three count."""
    _, alice = own()
    many = [f"-oIdentityFile={make_key(tmp_path / f'key{number}')}" for number in range(4)]
    told = alice.other(key=tmp_path / "key0", options=tuple(many[1:])).run("who").stderr
    assert "Too many failed tries from your address" in told


def test_four_wait_and_the_fifth_is_refused(own: Callable[..., tuple[Daemon, Ssh]]) -> None:
    """Until they are out of time, as they say nothing."""
    running, alice = own(admin_login_s=1)
    with ExitStack() as stack:
        silent = [
            stack.enter_context(socket.create_connection(("127.0.0.1", running.port), PATIENCE_S))
            for _ in range(4)
        ]
        for peer in silent:
            assert peer.recv(8) == b"SSH-2.0-"
        told = alice.run("who").stderr
        assert "Too many connections are waiting to log in; try again in a moment." in told
        for peer in silent:
            rest = b""
            while came := peer.recv(4_096):
                rest += came
            assert b"It took too long to log in." in rest
    assert alice.run("exit", "0").returncode == 0


def test_who_has_logged_in_waits_no_more(own: Callable[..., tuple[Daemon, Ssh]]) -> None:
    """And can stay longer than a login may take."""
    running, alice = own(admin_login_s=1, admin_waiting=1)
    with alice.starts("hold") as holding:
        assert holding.stdout is not None and holding.stdout.readline() == "held\n"
        with socket.create_connection(("127.0.0.1", running.port), PATIENCE_S) as silent:
            told = b""
            while came := silent.recv(4_096):
                told += came
        assert b"It took too long to log in." in told
        assert alice.run("exit", "0").returncode == 0
        assert holding.poll() is None


# One command.


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_command_ends_with_its_code(alice: Ssh, code: int) -> None:
    """What it says and what went wrong are apart."""
    ran = alice.run("exit", str(code))
    assert (ran.returncode, ran.stdout, ran.stderr) == (code, "out\n", "err\n")


def test_a_command_with_no_input(alice: Ssh) -> None:
    """``ssh host command </dev/null``, as from cron."""
    command = alice.command("count")
    ran = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=True
    )
    assert ran.stdout == b"0 bytes came\n"


def test_a_command_with_much_input(alice: Ssh) -> None:
    """More than a window of it."""
    assert alice.run("count", typed="x" * 1_000_000).stdout == "1000000 bytes came\n"


def test_a_long_answer_is_whole(alice: Ssh) -> None:
    """However many members there are, it is shown to whoever reads it."""
    ran = alice.run("flood", "5000")
    assert (ran.returncode, ran.stdout) == (0, ("x" * 1_023 + "\n") * 5_000)


def test_new_keys_in_the_middle_of_an_answer(alice: Ssh) -> None:
    """A client may ask for them at any time; nothing is lost or out of order."""
    ran = alice.other(options=("-oRekeyLimit=16K",)).run("both", "300")
    lines = "".join(f"{number:1023}\n" for number in range(300))
    assert (ran.returncode, ran.stdout == lines, ran.stderr == lines) == (0, True, True)


def test_a_command_that_is_not_utf_8(alice: Ssh) -> None:
    """Is refused with one line."""
    ran = alice.run("say", os.fsdecode(b"\xff"))
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", "That command is not UTF-8.\n")


def test_a_command_that_is_too_long(alice: Ssh) -> None:
    """As above."""
    ran = alice.run("say", "x" * 65_536)
    assert (ran.returncode, ran.stderr) == (2, "That command is longer than 65,536 bytes.\n")


def test_a_command_in_utf_8(alice: Ssh) -> None:
    """Arrives as it was typed."""
    assert alice.run("say", "günaydın", "اليوم").stdout == "ran 'say günaydın اليوم'\n"


def test_a_command_that_fails(own: Callable[..., tuple[Daemon, Ssh]], tmp_path: Path) -> None:
    """By a mistake of ours: the log has it all, and the administrator is told where to look."""
    write_keys(tmp_path / "admin_keys")
    with console(tmp_path) as running:
        key = make_key(tmp_path / "alice")
        write_keys(tmp_path / "admin_keys", public(key))
        alice = Ssh(running.port, tmp_path, key, options=("-oLogLevel=ERROR",))
        ran = alice.run("fail")
        assert (ran.returncode, ran.stdout) == (255, "")
        assert ran.stderr == "That has failed; the log of the server says how.\n"
        running.logged("RuntimeError: on purpose")
        assert alice.run("exit", "0").returncode == 0


# A person at a terminal.


def test_at_a_terminal(alice: Ssh) -> None:
    """What is typed comes, a new size is told, Ctrl-C is a key like others, and it ends with a code."""
    with alice.at_terminal(size=(100, 30)) as seat:
        seat.sees_line("welcome at 100 columns")
        seat.types("hi")
        seat.sees_line("typed 'hi'")
        seat.resizes(70, 20)
        seat.sees_line("now 70 columns")
        seat.types("\x03")
        seat.sees_line("interrupted")
        seat.types("\x04")
        seat.sees_line("bye")
        assert seat.ends() == 3
        assert b"now 70 columns\r\ninterrupted\r\nbye\r\n" in seat.raw


@pytest.mark.parametrize(("size", "columns"), [((0, 0), 80), ((1, 1), 5), ((5_000, 10), 1_000)])
def test_a_terminal_of_no_sane_size(alice: Ssh, size: tuple[int, int], columns: int) -> None:
    """A terminal that does not know its size has 80 columns, and nobody has 5,000."""
    master, slave = os.openpty()
    set_size(slave, *size)
    try:
        command = alice.other(options=("-tt",)).command()
        with subprocess.Popen(command, stdin=slave, stdout=subprocess.PIPE) as ssh:
            assert ssh.stdout is not None
            assert ssh.stdout.readline() == f"welcome at {columns} columns\r\n".encode()
            os.write(master, b"\x04")
    finally:
        os.close(master)
        os.close(slave)


def test_without_a_terminal_lines_are_piped_in(alice: Ssh) -> None:
    """``ssh -T host <file``."""
    ran = alice.other(options=("-T",)).run(typed="one\ntwo\n")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "welcome at None columns\n8 bytes came\n", "")


# What there is not.


@pytest.mark.parametrize(
    ("options", "arguments", "told", "logged"),
    [
        (
            ("-W", "127.0.0.1:22"),
            (),
            "open failed: administratively prohibited: There are only sessions here.",
            "asked for direct-tcpip, which there is not",
        ),
        (
            ("-R", "0:127.0.0.1:22", "-oExitOnForwardFailure=yes"),
            ("exit", "0"),
            "remote port forwarding failed",
            "asked for tcpip-forward, which there is not",
        ),
        (("-s",), ("sftp",), "subsystem request failed", "asked for subsystem, which there is not"),
    ],
)
def test_nothing_is_forwarded_or_transferred(
    alice: Ssh, shared: Daemon, options: tuple[str, ...], arguments: tuple[str, ...], told: str, logged: str
) -> None:
    """It is refused, with a line in the log."""
    ran = alice.other(options=options).run(*arguments)
    assert ran.returncode == 255
    assert told in ran.stderr
    shared.logged(logged)


def test_the_environment_is_not_taken(alice: Ssh) -> None:
    """The usual client sends its language: that is no reason to say anything."""
    ran = alice.other(options=("-oSetEnv=LANG=C",)).run("exit", "0")
    assert (ran.returncode, ran.stderr) == (0, "err\n")


@pytest.mark.parametrize(
    "weak",
    ["-oCiphers=aes128-cbc", "-oMACs=hmac-sha1", "-oKexAlgorithms=diffie-hellman-group14-sha1"],
)
def test_weak_encryption_is_not_spoken(alice: Ssh, weak: str) -> None:
    """Even if a client wants it."""
    ran = alice.other(options=(weak,)).run("exit", "0")
    assert ran.returncode == 255
    assert "no matching" in ran.stderr


# Limits and the end.


def test_a_client_that_stops_reading_is_closed(own: Callable[..., tuple[Daemon, Ssh]]) -> None:
    """Its output does not fill the memory."""
    running, alice = own()
    with alice.starts("stream") as client:
        assert client.stdout is not None and client.stdout.read(1) == "x"
        client.send_signal(signal.SIGSTOP)
        running.logged(r"a session of 127.0.0.1:\d+ is closed: more than 1048576 bytes were not taken")
        running.logged("the echo is gone")
        running.logged("has left the console")


def test_there_are_only_so_many_sessions(own: Callable[..., tuple[Daemon, Ssh]], tmp_path: Path) -> None:
    """Of all connections together, and the next one is told."""
    _, alice = own()
    master = alice.other(options=("-oLogLevel=ERROR", "-M", "-S", str(tmp_path / "master")))
    joined = alice.other(options=("-oLogLevel=ERROR", "-S", str(tmp_path / "master")))
    with ExitStack() as stack:
        sessions = []
        for number in range(MOST_SESSIONS):
            session = stack.enter_context((joined if number else master).starts("hold"))
            sessions.append(session)
            assert session.stdout is not None and session.stdout.readline() == "held\n"
        assert "Too many sessions are open." in alice.other(options=()).run("exit", "0").stderr
        sessions[-1].kill()
        sessions[-1].wait()
        assert "Session open refused by peer" not in joined.run("exit", "0").stderr


def test_at_shutdown_everybody_is_told(own: Callable[..., tuple[Daemon, Ssh]]) -> None:
    """Whoever has not even logged in does not hold it up, nor does one who has stopped."""
    running, alice = own(shutdown_s=5)
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_connection(("127.0.0.1", running.port), PATIENCE_S))
        stopped = stack.enter_context(alice.starts("hold"))
        assert stopped.stdout is not None
        stopped.stdout.readline()
        stopped.send_signal(signal.SIGSTOP)
        with alice.at_terminal() as seat:
            seat.sees_line("welcome at 80 columns")
            running.process.terminate()
            assert seat.ends() == 255
            seat.sees_line("The server is shutting down.")
        told = b""
        while came := silent.recv(4_096):
            told += came
        assert b"The server is shutting down." in told
        running.ends()
        assert sum(line.endswith("the echo is gone") for line in running.log) == 2


def test_who_shuts_the_server_down_sees_that_it_is_done(own: Callable[..., tuple[Daemon, Ssh]]) -> None:
    """With exit code 0, and not as a connection that broke."""
    running, alice = own()
    ran = alice.run("shutdown")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "done\n", "")
    running.ends()


def test_an_ipv6_address(own: Callable[..., tuple[Daemon, Ssh]]) -> None:
    """The console can be on one."""
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            pytest.skip("there is no IPv6 here")
    _, alice = own(interface="::1")
    assert alice.other(host="::1").run("who").stdout.endswith(" alice@example ::1\n")


class StuckTransport(StringTransport):
    """A socket whose peer reads nothing."""

    protocol: Transport

    def loseWriteConnection(self) -> None:
        """Never happens."""

    def abortConnection(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionAborted()))


def test_a_shutdown_takes_no_longer_than_it_may(tmp_path: Path) -> None:
    """Whoever is still there then is gone."""
    clock = Clock()
    factory = ConsoleFactory(clock, Limits(shutdown_s=0.5), host_key(tmp_path / "host_key"), {})
    connection = factory.buildProtocol(None)
    transport: Any = StuckTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 5_000))
    transport.protocol = connection
    connection.makeConnection(transport)
    gone: list[None] = []
    factory.shut_down().addCallback(gone.append)
    assert factory.buildProtocol(None) is None
    clock.advance(0.4)
    assert gone == []
    clock.advance(0.1)
    assert gone == [None]
    assert clock.getDelayedCalls() == []


# What can't be started.


def service(folder: Path, port: int = 0, interface: str = "127.0.0.1") -> SshConsole:
    accounts = {"admin": Account(AuthorizedKeys(folder / "admin_keys"), Echo)}
    return SshConsole(reactor, Limits(), interface, port, folder / "host_key", accounts)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    """One sentence says which."""
    write_keys(tmp_path / "admin_keys")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            StateError,
            match=f"^can't listen for administrators on 127.0.0.1 port {port}: Address already in use$",
        ):
            service(tmp_path, port).startService()


def test_an_address_of_somewhere_else(tmp_path: Path) -> None:
    """As above."""
    write_keys(tmp_path / "admin_keys")
    with pytest.raises(StateError, match=r"on 192\.0\.2\.1 port 0: Cannot assign requested address$"):
        service(tmp_path, interface="192.0.2.1").startService()


def test_keys_that_can_not_be_used(tmp_path: Path) -> None:
    """No file of keys, or a host key that others can read: it does not start."""
    with pytest.raises(StateError, match="admin_keys: No such file or directory"):
        service(tmp_path).startService()
    write_keys(tmp_path / "admin_keys")
    host_key(tmp_path / "host_key")
    (tmp_path / "host_key").chmod(0o644)
    with pytest.raises(StateError, match="others can read the host key"):
        service(tmp_path).startService()


def test_what_was_not_started_can_be_stopped(tmp_path: Path) -> None:
    """As when another part of the daemon could not."""
    assert service(tmp_path).stopService().called
    factory = ConsoleFactory(reactor, Limits(), host_key(tmp_path / "host_key"), {})
    assert factory.shut_down().called
