"""The client in a pipe, as a script uses it: a real process, a real daemon, real files and pipes."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from lanchatd.client.options import fit_nick, login_nick, parse
from tests.daemon import PATIENCE_S, Daemon, daemon
from tests.preloaded import CLIENT, Forked, can_be_forked, run

FAST = ("--port=0", "--lines-per-s=100000", "--burst-lines=100000", "--bytes-per-s=100000000")


@pytest.fixture(autouse=True)
def _knows_nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What whoever runs the tests knows is no part of them."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One daemon for the stories that don't mind each other."""
    with daemon(*FAST, cwd=tmp_path_factory.mktemp("chat")) as running:
        yield running


def client(port: int, *options: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """Run the client to its end, without TLS."""
    command = [*CLIENT, "127.0.0.1", str(port), "--plain", *options]
    return run(command, timeout=PATIENCE_S, **how)


@contextmanager
def running(port: int, *options: str, **how: Any) -> Iterator[Forked | subprocess.Popen[str]]:
    """A client that goes on until the block ends."""
    how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how}
    command = [*CLIENT, "127.0.0.1", str(port), "--plain", *options]
    # Is run in a process that is not forked off another.
    own = "preexec_fn" in how or not can_be_forked(how.get("env", os.environ))
    process = subprocess.Popen(command, text=True, **how) if own else Forked(command, **how)
    with process:
        watchdog = threading.Timer(PATIENCE_S, process.kill)  # so that no read waits for ever
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def read_until(process: Forked | subprocess.Popen[str], pattern: str) -> list[str]:
    """What it prints, up to a line that matches."""
    assert process.stdout is not None
    seen: list[str] = []
    for line in process.stdout:
        seen.append(line.rstrip("\n"))
        if re.search(pattern, line):
            return seen
    raise AssertionError((pattern, seen))


# -- what is on standard input is said


def test_each_line_is_said_and_acknowledged(chat: Daemon) -> None:
    """Nothing is printed, the exit code is 0, and the room was told that ci left."""
    with chat.join("anna") as anna:
        ended = client(
            chat.port, "--nick", "ci", input="build 41 is green\n\n/me deploys\nno newline at the end"
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
        assert anna.reads_until("-- ci left") == [
            "-- ci joined",
            "<ci> build 41 is green",
            "* ci deploys",
            "<ci> no newline at the end",
            "-- ci left",
        ]


def test_a_file_is_said_whole_and_in_order(chat: Daemon, tmp_path: Path) -> None:
    """A regular file, which epoll would not take; at the pace of the server and not of the disk."""
    (tmp_path / "lines").write_text("".join(f"line {n}\n" for n in range(16)))
    with chat.join("berta") as berta, (tmp_path / "lines").open() as file:
        assert client(chat.port, "--nick", "file", stdin=file).returncode == 0
        said = [line for line in berta.reads_until("-- file left") if line.startswith("<file>")]
        assert said == [f"<file> line {n}" for n in range(16)]


def test_what_a_command_is_answered_is_printed(chat: Daemon) -> None:
    """And nothing else: not what is told on joining, nor what others say."""
    with chat.join("astrid") as astrid:
        astrid.types("singular", "/topic two")
        astrid.reads_until("-- astrid set the topic: two")
        commands = "/who\n/rooms\n/history 2\n/topic\nthree\n"
        ended = client(chat.port, "--nick", "asker", input=commands, env={**os.environ, "TZ": "UTC"})
        assert (ended.returncode, ended.stderr) == (0, "")
        lines = [line.partition(" ")[2] for line in ended.stdout.splitlines()]
        assert re.search("^-- [0-9]+ in #lobby: .*asker", lines[0])
        assert re.search("^-- #lobby ", lines[1])
        assert [line for line in lines if line.startswith("<")] == ["<astrid> singular"]
        assert lines.count("-- astrid set the topic: two") == 1
        assert re.search("topic.*two", lines[-1]) or re.search("topic.*two", lines[2])
        assert not [line for line in lines if "Goodbye" in line or "joined" in line or "You are" in line]
        found = client(chat.port, "--nick", "asker", input="/search singular\n")
        assert re.fullmatch(r"\d\d:\d\d #lobby <astrid> singular\n", found.stdout)


def test_what_was_meant_for_a_room_that_it_may_not_enter_is_said_nowhere(chat: Daemon) -> None:
    """It ends there."""
    with chat.join("agnes") as agnes:
        ended = client(chat.port, "--nick", "lost", input="/join #lobby\none\n/join #a/b\nsecret\n")
        assert ended.returncode == 1
        assert ended.stderr.splitlines()[-2:] == [
            "lanchat-client: line 3: A room is # and 1 to 32 letters, digits, '_', '-' and '.', and begins "
            "with a letter, a digit or '_'.",
            "lanchat-client: Nothing more was said: it was not meant for #lobby.",
        ]
        said = [line for line in agnes.reads_until_match("^-- lost left") if line.startswith("<lost>")]
        assert said == ["<lost> one"]


def test_a_byte_order_mark_is_not_said(chat: Daemon) -> None:
    """Some editors put one at the start of a file."""
    with chat.join("bella") as bella:
        assert client(chat.port, "--nick", "marked", input="\ufeffone\n").returncode == 0
        assert bella.reads_until("-- marked left")[1] == "<marked> one"


def test_a_refused_line_is_told_with_its_number(chat: Daemon) -> None:
    """On standard error; the others are said, and the exit code is 1."""
    told = "ok\n/nope\n\x1b[31m\n" + "x" * 5_000 + "\nalso ok\n"
    with chat.join("carla") as carla:
        ended = client(chat.port, "--nick", "job", input=told)
        assert ended.returncode == 1
        assert sorted(ended.stderr.splitlines()) == [
            "lanchat-client: line 2: There is no /nope. /help lists what there is. //nope says it.",
            "lanchat-client: line 3: That line holds U+001B (a control character), "
            "which is not allowed here.",
            "lanchat-client: line 4: A line has at most about 4,032 bytes.",
        ]
        assert carla.reads_until("-- job left")[1:3] == ["<job> ok", "<job> also ok"]


def test_what_is_not_text_is_refused_and_never_held(chat: Daemon, tmp_path: Path) -> None:
    """100 MB without a newline cost a chunk."""
    with (tmp_path / "large").open("wb") as large:
        large.write(b"\xff\n")
        large.truncate(100_000_000)
    with (tmp_path / "large").open() as file:
        command = ["/usr/bin/env", "bash", "-c", 'ulimit -v 700000; exec "$@"', "bash", *CLIENT]
        ended = subprocess.run(
            [*command, "127.0.0.1", str(chat.port), "--plain", "--nick", "big"], stdin=file,
            capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.splitlines() == [
        "lanchat-client: line 1: That line is not UTF-8.",
        "lanchat-client: line 2: A line has at most about 4,032 bytes.",
    ]


def test_a_long_file_is_read_as_it_is_said(chat: Daemon, tmp_path: Path) -> None:
    """Not before: after the first lines, the file has hardly been read."""
    with (tmp_path / "long").open("w") as long:
        for number in range(200_000):
            long.write(f"line {number}\n")
    with (
        chat.join("dora") as dora,
        (tmp_path / "long").open() as file,
        running(chat.port, "--nick", "long", stdin=file),
    ):
        dora.reads_until("<long> line 10")
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) < 100_000


def test_an_empty_pipe_says_nothing_and_ends(chat: Daemon) -> None:
    """`grep … | lanchat-client` with nothing found does not hang."""
    ended = client(chat.port, "--nick", "empty", input="")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_pipe_that_stays_open_is_said_line_by_line(chat: Daemon) -> None:
    """`tail -f log | lanchat-client`; with --json, what happens is printed too: a bot."""
    with (
        chat.join("emil") as emil,
        running(chat.port, "--nick", "bot", "--json", stdin=subprocess.PIPE) as bot,
    ):
        assert bot.stdin is not None
        read_until(bot, '"members"')
        emil.types("ping")
        read_until(bot, "ping")
        bot.stdin.write("pong\n")
        bot.stdin.flush()
        emil.reads_until("<bot> pong")
        read_until(bot, '"ok"')
        bot.stdin.close()
        assert bot.wait(PATIENCE_S) == 0
        bot.stdin = None


def test_more_than_the_server_takes_at_once_is_paced(tmp_path: Path) -> None:
    """With the limits of a real server, nothing is lost and nobody is closed."""
    with daemon(cwd=tmp_path) as strict, strict.join("anna") as anna:
        assert (
            client(strict.port, "--nick", "seq", input="".join(f"{n}\n" for n in range(20))).returncode == 0
        )
        said = [line for line in anna.reads_until("-- seq left") if line.startswith("<seq>")]
        assert said == [f"<seq> {n}" for n in range(20)]


def test_a_server_that_takes_less_gets_it_all_the_same(tmp_path: Path) -> None:
    """What it dropped as too fast is sent again, in order."""
    options = ("--port=0", "--lines-per-s=4", "--burst-lines=4")
    with daemon(*options, cwd=tmp_path) as strict, strict.join("anna") as anna:
        assert client(strict.port, "--nick", "seq", input="1\n2\n3\n4\n5\n").returncode == 0
        said = [line for line in anna.reads_until("-- seq left") if line.startswith("<seq>")]
        assert said == [f"<seq> {n}" for n in range(1, 6)]


# -- with nothing on it, the room is printed


@pytest.mark.parametrize("closed", [False, True], ids=["/dev/null", "closed"])
def test_the_room_is_printed_with_the_local_time(chat: Daemon, closed: bool, tmp_path: Path) -> None:
    """In the shapes that people read, without colours."""
    how: dict[str, Any] = {"env": {**os.environ, "TZ": "UTC"}}
    nick = f"reader{closed:d}"
    if closed:
        how["preexec_fn"] = close_standard_input
    with chat.join("frieda") as frieda, running(chat.port, "--nick", nick, **how) as reader:
        frieda.reads_until(f"-- {nick} joined")
        frieda.types("hi", f"/msg {nick} psst", "/quit")
        seen = read_until(reader, "frieda left")
        assert all(re.match(r"\d\d:\d\d (<|-- |\* |\[)", line) for line in seen)
        assert seen[0][6:].startswith("-- Welcome to ")
        assert seen[1][6:] == f"-- You are {nick} in #lobby. /help lists the commands."
        assert sorted(line[6:] for line in seen[-3:]) == [
            "-- frieda left",
            "<frieda> hi",
            f"[frieda -> {nick}] psst",
        ]
        reader.send_signal(signal.SIGTERM)
        assert reader.wait(PATIENCE_S) == 128 + signal.SIGTERM
        assert reader.stderr is not None
        assert reader.stderr.read() == ""


def close_standard_input() -> None:
    os.close(0)


def test_json_prints_the_events_as_they_came(chat: Daemon) -> None:
    """One object a line, only ASCII, so nothing on a terminal can take it for anything else."""
    with chat.join("gerd") as gerd, running(chat.port, "--nick", "json", "--json") as reader:
        gerd.reads_until("-- json joined")
        gerd.types("مرحبا", "/quit")
        seen = read_until(reader, '"left"')
        assert all(line.isascii() and line.isprintable() for line in seen)
        events = [json.loads(line) for line in seen]
        assert events[0]["type"] == "welcome"
        said = events[-2]
        assert (said["type"], said["from"], said["text"]) == ("said", "gerd", "مرحبا")


def test_a_file_as_standard_output_gets_it_all(chat: Daemon, tmp_path: Path) -> None:
    """And /dev/null."""
    with chat.join("hans") as hans, (tmp_path / "out").open("w") as out:
        with running(chat.port, "--nick", "tofile", stdout=out):
            hans.reads_until("-- tofile joined")
            with running(chat.port, "--nick", "tonull", stdout=subprocess.DEVNULL):
                hans.reads_until("-- tonull joined")
                hans.types("hi", "/kick x")
                hans.reads_until_match("^!!")
            hans.reads_until_match("^-- tonull left")
            with Path(out.name).open() as written:
                text = ""
                end = threading.Event()
                for _ in range(PATIENCE_S * 100):
                    text += written.read()
                    if "tonull left" in text:
                        break
                    end.wait(0.01)
        assert re.search(r"<hans> hi\n.*-- tonull left", text)


def test_head_ends_it_quietly(chat: Daemon) -> None:
    """A closed pipe is heard while nothing happens in the room."""
    with running(chat.port, "--nick", "head") as reader:
        read_until(reader, "You are head")
        assert reader.stdout is not None
        reader.stdout.close()
        assert reader.wait(PATIENCE_S) == 0
        assert reader.stderr is not None
        assert reader.stderr.read() == ""
        reader.stdout = None


def test_a_full_disk_is_told(chat: Daemon) -> None:
    """What could not be written is no success."""
    with Path("/dev/full").open("w") as full:
        ended = client(chat.port, "--nick", "full", stdin=subprocess.DEVNULL, stdout=full)
    assert ended.returncode == 1
    assert ended.stderr == "lanchat-client: Can't write to standard output: No space left on device.\n"


# -- who, and where


def test_the_login_name_is_varied_when_it_is_taken(chat: Daemon) -> None:
    """A job beside its owner's own client; a nick that was asked for is not changed."""
    with chat.join(login_nick()) as owner:
        assert client(chat.port, input="hi\n").returncode == 0
        owner.reads_until(f"<{login_nick()}-2> hi")
        ended = client(chat.port, "--nick", login_nick(), input="hi\n")
        assert ended.returncode == 1
        assert ended.stderr == "lanchat-client: That nick is taken. Choose another nick with --nick.\n"


@pytest.mark.parametrize(
    ("login", "nick"),
    [("alice", "alice"), ("CORP\\alice", "alice"), ("alice@corp", "alice"), ("-.alice", "alice"),
     ("a b", "a_b"), ("عمر", "عمر"), ("", "guest"), ("\x1b", "guest"), ("x" * 50, "x" * 32)],
)  # fmt: skip
def test_a_login_name_is_made_fit(login: str, nick: str) -> None:
    """Whatever a directory calls people."""
    assert fit_nick(login) == nick


def test_a_room_may_be_named_without_its_sign(chat: Daemon) -> None:
    """A shell takes #dev for a comment."""
    with chat.join("ida") as ida:
        ida.types("/join #build")
        ida.reads_until_match("^-- 1 in #build: ida")
        assert client(chat.port, "--nick", "ci", "--room", "build", input="hi\n").returncode == 0
        assert ida.reads_until("-- ci left") == ["-- ci joined", "<ci> hi", "-- ci left"]


def test_usage_is_exit_code_2() -> None:
    """With a line that says what is wrong."""
    ended = run([*CLIENT, "--x"], timeout=PATIENCE_S)
    assert ended.returncode == 2
    assert re.search(r"^lanchat-client: error: ", ended.stderr, re.MULTILINE)


@pytest.mark.parametrize(
    "options",
    [["h", "99999"], ["h", "http"], ["--nick", "a b"], ["--room", "#"], ["a", "1", "c"], ["a\x1b"],
     ["a", "\x1b"]],
)  # fmt: skip
def test_what_makes_no_sense_is_usage(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Before anything is connected to; and it cannot harm the terminal."""
    with pytest.raises(SystemExit) as ended:
        parse(options)
    shown = capsys.readouterr().err
    assert ended.value.code == 2
    assert "lanchat-client: error: " in shown and "\x1b" not in shown


# -- it cannot connect


def one_line(ended: subprocess.CompletedProcess[str]) -> str:
    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line


def test_a_refused_port_is_one_line() -> None:
    """Which, and what to try."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        line = one_line(client(port, input="hi\n"))
    assert line == (
        f"lanchat-client: Nothing listens on 127.0.0.1 port {port}. "
        "Is the server running, and is that its port?"
    )


def test_an_unknown_host_is_one_line() -> None:
    """RFC 6761 keeps .invalid free."""
    ended = run([*CLIENT, "chat.invalid"], input="hi\n", timeout=PATIENCE_S)
    assert one_line(ended) == (
        "lanchat-client: There is no host called chat.invalid. Check the name, or give its IP address."
    )


@contextmanager
def stranger(answer: bytes | None) -> Iterator[int]:
    """Something else that listens: it answers every connection so, or with what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.settimeout(PATIENCE_S)
                got = connection.recv(4_096)
                connection.sendall(got if answer is None else answer)
                if answer != b"":
                    with suppress(ConnectionResetError):
                        while connection.recv(4_096):
                            pass

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(PATIENCE_S)


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>", None],
    ids=["http", "echo"],
)
def test_what_is_no_lanchat_is_one_line(answer: bytes | None) -> None:
    """A web server, an echo."""
    with stranger(answer) as port:
        line = one_line(client(port, input="hi\n"))
    assert line == (
        f"lanchat-client: What listens on 127.0.0.1 port {port} is no lanchat. "
        "Ask whoever runs the server for its port."
    )


def test_a_server_that_closes_at_once_is_one_line() -> None:
    """Without a word."""
    with stranger(b"") as port:
        line = one_line(client(port, input="hi\n"))
    assert line == f"lanchat-client: 127.0.0.1 port {port} closed the connection before it said anything."


def test_turned_away_is_one_line(tmp_path: Path) -> None:
    """In the server's own words."""
    with daemon("--port=0", "--max-connections=1", cwd=tmp_path) as small, small.join("alice"):
        line = one_line(client(small.port, input="hi\n"))
    assert line == "lanchat-client: The limit of 1 connections is reached."
