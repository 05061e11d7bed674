"""The console of the real daemon, by the real OpenSSH client: from login to shutdown."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.client.test_pipe import running
from tests.daemon import PATIENCE_S, TWISTD, Daemon, Peer, daemon, environment_in
from tests.openssh import Ssh, make_key, needs_ssh, public, write_keys

pytestmark = needs_ssh


class Admin:
    """An administrator of a running daemon."""

    def __init__(self, chat: Daemon, home: Path, key: Path) -> None:
        self.chat = chat
        self.ssh = Ssh(int(chat.logged(r"console on .* port (\d+)")[1]), home, key)
        self.state = home / "state" / "lanchatd"

    def runs(self, command: str) -> list[str]:
        """Run a command that is done; what it shows."""
        ran = self.ssh.run(command)
        assert (ran.returncode, ran.stderr) == (0, ""), ran
        return ran.stdout.splitlines()

    def is_refused(self, command: str) -> tuple[int, str]:
        """Run one that is not; its exit code and why."""
        ran = self.ssh.run(command)
        assert ran.stdout == "", ran
        return ran.returncode, ran.stderr.rstrip("\n")

    def records(self) -> list[dict[str, str]]:
        """What is in the audit log."""
        return [json.loads(line) for line in (self.state / "audit.log").read_text().splitlines()]


@contextmanager
def administered(home: Path, *options: str) -> Iterator[Admin]:
    """Run the daemon with a console, and say who may log in the first time."""
    key, keys = home / "key", home / "admin_keys"
    if not key.exists():
        make_key(key, "alice@desk")
        write_keys(keys, public(key))
    with daemon("--port=0", "--admin-port=0", f"--admin-keys={keys}", *options, cwd=home) as chat:
        admin = Admin(chat, home, key)
        # The first login learns the host key, which it says.
        assert admin.ssh.run("who").returncode == 0
        yield admin


@pytest.fixture
def admin(tmp_path: Path) -> Iterator[Admin]:
    with administered(tmp_path) as admin:
        yield admin


def test_one_command_and_its_exit_code(admin: Admin) -> None:
    """0 done, 1 refused with the reason on standard error, 2 no such command."""
    with admin.chat.join("bob") as bob:
        assert admin.runs("kick bob spamming") == ["bob was kicked."]
        assert bob.reads_all() == ['!! You were kicked by admin: "spamming".']
    assert admin.is_refused("kick bob") == (1, "There is no bob here.")
    assert admin.is_refused("kik bob") == (2, "There is no kik. Did you mean kick?")
    assert admin.is_refused("ban 127.0.0.0/8") == (1, "Your own address, 127.0.0.1, is in 127.0.0.0/8.")
    assert admin.is_refused("ban 300.0.0.0/8") == (
        1,
        "300.0.0.0/8 is no nick, no address and no network. "
        "An address is like 192.0.2.7 or 2001:db8::7, a network like 192.0.2.0/24 or 2001:db8::/64.",
    )


def test_who_is_here_for_people_and_for_programs(admin: Admin) -> None:
    """As a table, or with ``--json`` behind the name or at the end."""
    with admin.chat.join("алиса"):
        heading, row = admin.runs("who")
        assert heading.split()[:6] == ["nick", "address", "encrypted", "room", "since", "idle"]
        assert row.startswith("алиса  127.0.0.1:")
        for line in ("who --json", "who --json алиса", "who алиса --json"):
            (answer,) = admin.runs(line)
            (member,) = json.loads(answer)["rows"]
            assert (member["nick"], member["room"], member["state"]) == ("алиса", "#lobby", "live")
    admin.runs("topic #lobby text --json")
    assert admin.runs("topic #lobby") == ["The topic is: text --json"]


def test_a_paste_that_is_never_ended_ends_by_itself(admin: Admin) -> None:
    """What came of it is in the row, and the keys are heard again."""
    with admin.ssh.at_terminal() as seat:
        seat.sees_line("help lists the commands")
        seat.types("\x1b[200~wh")
        seat.sees(lambda seat: seat.typed_row.endswith("> wh"))
        seat.types("o\r")
        seat.sees_line("Nobody is here.")


def test_a_room_is_closed_and_removed(tmp_path: Path) -> None:
    """In one go or at the prompt, asked again, in the audit log; and it is gone after a restart."""
    asked = "What was said in #dev, 2 lines, would go for good: room remove #dev --yes says that it is meant."
    closing, remove = "room close #dev too loud", "room remove #dev"
    with administered(tmp_path) as admin:
        with admin.chat.join("bob") as bob:
            bob.types("/join #dev", "/topic plans", "secret")
            bob.reads_until("<bob> secret")
            assert admin.runs(closing) == ["#dev was closed; 1 was in it."]
            bob.reads_until('-- #dev was closed by admin: "too loud".')
            bob.reads_until("-- You are bob in #lobby. /help lists the commands.")
            bob.types("/join #dev")
            assert "14:03" not in bob.reads_until_match("<bob> secret")
            assert admin.is_refused(remove) == (3, asked)
            with admin.ssh.at_terminal() as seat:
                seat.sees_line("help lists the commands")
                seat.types(f"{remove}\r")
                seat.sees_line("says that it is meant.")
                seat.types("yes\r")
                seat.sees_line("#dev was removed; 1 was in it.")
                seat.types("exit\r")
                assert seat.ends() == 0
            bob.reads_until("-- #dev was removed by admin.")
            bob.types("/search secret")
            bob.reads_until("-- There is no such line.")
        room = [(record["what"], record["result"]) for record in admin.records() if "room " in record["what"]]
        assert room == [(closing, "done"), (remove, asked), (remove, asked), (remove, "done")]
    with administered(tmp_path) as admin:
        assert admin.runs("rooms") == ["room    here  lines  topic", "#lobby  0     0"]
        with admin.chat.join("bob") as bob:
            bob.types("/join #dev", "hello")
            bob.reads_until("<bob> hello")
        assert admin.runs("rooms")[1:] == ["#dev    0     1", "#lobby  0     0"]


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_pipe_ends_when_its_room_is_closed(tmp_path: Path, options: tuple[str, ...]) -> None:
    """With the reason: what a script says to a room is not meant for the lobby."""
    with administered(tmp_path) as admin, admin.chat.join("bob") as bob:
        pipe = subprocess.PIPE
        room = ("--nick", "ci", "--room", "dev", *options)
        bob.types("/join #dev")
        bob.reads_until("-- 1 in #dev: bob (plain)")
        with running(admin.chat.port, *room, stdin=pipe) as ci:
            assert ci.stdin is not None and ci.stderr is not None
            ci.stdin.write("one\n")
            ci.stdin.flush()
            bob.reads_until("<ci> one")
            admin.runs("room close dev for today")
            assert ci.stderr.read() == 'lanchat-client: #dev was closed by admin: "for today".\n'
            assert ci.wait(PATIENCE_S) == 1


def test_the_prompt(admin: Admin) -> None:
    """Completion, history, refusals, and the way out."""
    with admin.chat.join("bob") as bob, admin.ssh.at_terminal() as seat:
        seat.sees_line("help lists the commands")
        seat.types("ki\t")
        seat.sees(lambda seat: seat.typed_row.endswith("> kick"))
        seat.types("b\tspamming\r")
        seat.sees_line("bob was kicked.")
        assert bob.reads_all() == ['!! You were kicked by admin: "spamming".']
        seat.types("\x1b[A\r")
        seat.sees_line("!! There is no bob here.")
        seat.types("topic #lob\t日本\r\x1b[A")
        seat.sees(lambda seat: seat.typed_row.endswith("> topic #lobby 日本"))
        seat.types("\x03exit\r")
        assert seat.ends() == 0
    assert admin.runs("topic #lobby") == ["The topic is: 日本"]


def test_the_prompt_remembers_what_was_typed_with_the_same_key(admin: Admin) -> None:
    """At the next login."""
    with admin.ssh.at_terminal() as seat:
        seat.sees_line("help lists")
        seat.types("stats\r\x04")
        assert seat.ends() == 0
    with admin.ssh.at_terminal() as seat:
        seat.sees_line("help lists")
        seat.types("\x1b[A")
        seat.sees(lambda seat: seat.typed_row.endswith("> stats"))


def test_lines_from_a_pipe_are_commands(admin: Admin) -> None:
    """Each in turn; the exit code is that of the last."""
    ran = admin.ssh.other(options=("-T",)).run(typed="say #lobby one\nkick nobody\nrooms\n")
    assert (ran.returncode, ran.stderr) == (0, "There is no nobody here.\n")
    assert ran.stdout.splitlines() == ["room    here  lines  topic", "#lobby  0     1"]


def test_whoever_reads_gets_all_that_was_asked_for(admin: Admin) -> None:
    """However much that is: the next command waits until the answer to the last one was taken."""
    one = len(admin.runs("limits"))
    ran = admin.ssh.other(options=("-T",)).run(typed="limits\n" * 400)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(ran.stdout) > 1_048_576
    assert len(ran.stdout.splitlines()) == 400 * one


def test_python_inside_the_daemon(tmp_path: Path) -> None:
    """For the keys in a file of its own: names, commands as functions, await, and any script."""
    key = make_key(tmp_path / "python", "carol@desk")
    keys = write_keys(tmp_path / "manhole_keys", public(key))
    with administered(tmp_path, f"--manhole-keys={keys}") as admin:
        python = admin.ssh.other(user="manhole", key=key)
        with admin.chat.join("bob") as bob, python.at_terminal() as seat:
            seat.sees_line("help() says what is there")
            seat.types("len(users), '日本 алиса'\r")
            seat.sees_line("(1, '日本 алиса')")
            seat.types("kick('nobody')\r")
            seat.sees_line("There is no nobody here.")
            seat.types("await ban('bob', 5, 'spam')\r")
            seat.sees_line("bob is banned until")
            assert bob.reads_all() == ['!! You were banned by admin: "spam".']
            seat.types("\x04")
            assert seat.ends() == 0
        ran = python.run("print(rooms['#lobby'].name)")
        assert (ran.returncode, ran.stdout) == (0, "#lobby\n")
        shown = python.run("help()").stdout
        assert "kick(nick, reason)" in shown and "users" in shown
        assert python.run("help(chat.leave)").stdout.startswith("Python Library Documentation: method leave")
        assert int(python.run("import gc; print(gc.get_freeze_count())").stdout) > 10_000
        assert python.run("1/0").returncode == 1
        assert admin.ssh.other(user="manhole").run("1").returncode == 255
        assert python.other(user="admin").run("who").returncode == 255
        typed = [(r["account"], r["what"], r["result"]) for r in admin.records() if r["account"] == "manhole"]
        assert ("manhole", "1/0", "entered") in typed
        assert ("manhole", "1/0", "ZeroDivisionError: division by zero") in typed
        assert all(r["comment"] == "carol@desk" for r in admin.records() if r["account"] == "manhole")


def test_without_a_file_of_keys_there_is_no_manhole(admin: Admin) -> None:
    """Not for administrators either."""
    assert admin.ssh.other(user="manhole").run("1").returncode == 255


def test_a_reader_that_never_reads_is_kicked_at_once(admin: Admin) -> None:
    """Its nick is free, and its connection gone."""
    for line in ("limits lines-per-s 100000", "limits burst-lines 100000", "limits bytes-per-s 100000000"):
        admin.runs(line)
    with Peer(admin.chat.port, receive_buffer=4_096) as frozen, admin.chat.join("bob") as bob:
        frozen.types("frozen")
        bob.reads_until("-- frozen joined")
        for _ in range(400):
            bob.types("x" * 4_000)
            bob.reads()
        (answer,) = admin.runs("who --json frozen")
        assert json.loads(answer)["rows"][0]["state"] == "lagging"
        admin.runs("kick frozen")
        bob.reads_until("-- frozen left (kicked by admin)")
        with admin.chat.join("frozen"):
            admin.chat.logged(r"closed: kicked.*nick frozen")


def test_a_ban_survives_being_killed(tmp_path: Path) -> None:
    """Right after it was answered; so do a mute and an operator."""
    with administered(tmp_path) as admin, admin.chat.join("bob"), admin.chat.join("carol") as carol:
        carol.types("/register correct horse")
        carol.reads_until("-- carol is yours now, by your password.")
        admin.runs("op carol")
        admin.runs("mute carol 60")
        assert admin.runs("ban bob spam") == ['bob is banned by admin: "spam".']
        admin.chat.ends(signal.SIGKILL)
    kept = tmp_path / "state" / "lanchatd" / "moderation.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with administered(tmp_path) as admin, admin.chat.connect() as bob, admin.chat.connect() as carol:
        bob.types("bob")
        assert bob.reads_until_match("^!!")[-1] == '!! That nick is banned: "spam".'
        carol.types("carol correct horse")
        carol.reads_until_match("^-- 1 in #lobby: @carol")
        carol.types("/bans", "hi")
        assert carol.reads() == '-- bob is banned by admin: "spam"'
        assert carol.reads().startswith("-- carol is muted until ")
        assert carol.reads().startswith("!! You are muted until ")


def test_everything_typed_is_in_the_audit_log(admin: Admin) -> None:
    """When, by which key, from where, what, and what came of it; for nobody else to read."""
    admin.runs("say #lobby hello")
    admin.is_refused("kick nobody")
    assert stat.S_IMODE((admin.state / "audit.log").stat().st_mode) == 0o600
    record = admin.records()[-1]
    fingerprint = subprocess.run(
        ["ssh-keygen", "-lf", str(admin.ssh.key)], capture_output=True, text=True, check=True
    ).stdout.split()[1]
    assert {name: text for name, text in record.items() if name != "at"} == {
        "account": "admin",
        "fingerprint": fingerprint,
        "comment": "alice@desk",
        "address": "127.0.0.1",
        "what": "kick nobody",
        "result": "There is no nobody here.",
    }
    assert [record["what"] for record in admin.records()] == ["who", "say #lobby hello", "kick nobody"]
    _, *rows = admin.runs("log 2")
    assert [row.split("127.0.0.1")[1].split() for row in rows] == [
        ["say", "#lobby", "hello", "done"],
        ["kick", "nobody", "There", "is", "no", "nobody", "here."],
    ]


def test_a_limit_is_changed_while_the_daemon_runs(admin: Admin) -> None:
    """It holds at once, also for those who are here, and not after a restart."""
    with admin.chat.join("bob") as bob:
        admin.runs("limits max-line-bytes 64")
        bob.types("x" * 65)
        assert bob.reads() == "!! A line has at most 64 bytes; that one was thrown away."
    assert admin.is_refused("limits max-line-bytes 1") == (
        1, "'1' is not a whole number of bytes from 64 to 65,536.",
    )  # fmt: skip


def test_sighup_reads_motd_keys_and_bans_again(tmp_path: Path) -> None:
    """Nobody is dropped. What is wrong with a file is in the log, and stays as it was."""
    motd = tmp_path / "motd"
    motd.write_text("Lunch at 12.\n")
    with administered(tmp_path, f"--motd={motd}") as admin, admin.chat.join("alice") as alice:
        kept = admin.state / "moderation.json"
        admin.runs("mute alice")
        document = json.loads(kept.read_text())
        document["bans"].append({"on": "bob", "until": None, "by": "hand", "reason": ""})
        kept.write_text(json.dumps(document))
        motd.write_text("Lunch at 13.\n")
        admin.chat.process.send_signal(signal.SIGHUP)
        admin.chat.logged("read again: the keys of admin")
        with admin.chat.connect() as bob:
            bob.types("bob")
            seen = bob.reads_until_match("^!!")
            assert "-- Lunch at 13." in seen
            assert seen[-1] == "!! That nick is banned."
        kept.write_text("{")
        motd.unlink()
        admin.chat.process.send_signal(signal.SIGHUP)
        admin.chat.logged(r"what was moderated stays as it was: .*moderation\.json: Expecting")
        admin.chat.logged("the motd stays as it was: --motd: .*motd: No such file or directory")
        with admin.chat.connect() as bob:
            bob.types("bob")
            assert "-- Lunch at 13." in bob.reads_until("!! That nick is banned.")
        alice.types("hi")
        assert alice.reads_until_match("^!!")[-1] == "!! You are muted."


def test_shutdown_tells_everybody_and_ends_well(tmp_path: Path) -> None:
    """With its reason; the administrator too."""
    with administered(tmp_path) as admin, admin.chat.join("bob") as bob, admin.ssh.at_terminal() as seat:
        seat.sees_line("help lists")
        assert admin.runs("shutdown --yes 3600") == [
            "The server shuts down in 3,600 s. Another shutdown takes the place of this one."
        ]
        assert bob.reads().startswith("* admin announces: the server shuts down at ")
        assert admin.runs("shutdown --yes new disk") == ["The server is shutting down."]
        assert bob.reads_all() == ["-- The server is shutting down: new disk"]
        assert admin.chat.ends() == 0
        seat.ends()


def test_two_daemons_never_share_their_state(tmp_path: Path) -> None:
    """The second says whose it is, and ends."""
    with daemon(cwd=tmp_path) as chat:
        second = subprocess.run(
            [TWISTD, "-n", "--pidfile=", "lanchat", "--no-announce", "--port=0"],
            cwd=tmp_path, env=environment_in(tmp_path), capture_output=True, text=True,
            timeout=PATIENCE_S, check=False,
        )  # fmt: skip
        assert second.returncode == 1
        state = tmp_path / "state" / "lanchatd"
        assert second.stderr == (
            f"lanchatd: {state} is used by another lanchatd (pid {chat.process.pid}): "
            "give this one a --state-dir of its own\n"
        )


def test_bans_that_can_not_be_read_are_no_reason_to_let_everybody_in(tmp_path: Path) -> None:
    """The daemon does not start, and says why."""
    kept = tmp_path / "state" / "lanchatd" / "moderation.json"
    kept.parent.mkdir(parents=True, mode=0o700)
    kept.write_text("{}")
    ended = subprocess.run(
        [TWISTD, "-n", "--pidfile=", "lanchat", "--no-announce", "--port=0"],
        cwd=tmp_path, env=environment_in(tmp_path), capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (1, f"lanchatd: {kept}: 'version' is missing\n")


def test_a_console_that_can_not_listen_ends_the_daemon(tmp_path: Path) -> None:
    """With one line, as a chat port that is taken does."""
    with administered(tmp_path) as admin:
        taken = admin.ssh.port
        ended = subprocess.run(
            [
                TWISTD, "-n", "--pidfile=", "lanchat", "--no-announce", "--port=0",
                f"--state-dir={tmp_path / 'other'}",
                f"--admin-port={taken}", f"--admin-keys={tmp_path / 'admin_keys'}",
            ],
            cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S, check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.startswith("lanchatd: ") and ended.stderr.count("\n") == 1
    assert str(taken) in ended.stderr


def test_the_state_directory_is_free_when_the_daemon_is_gone(tmp_path: Path) -> None:
    """However it went."""
    for by in (signal.SIGKILL, signal.SIGTERM, signal.SIGKILL):
        with daemon(cwd=tmp_path) as chat:
            chat.ends(by)
