"""The client and TLS as a user meets them: a real client on a real terminal or in a pipe, a real daemon, and
those who would like to be taken for it.
"""

from __future__ import annotations

import datetime
import os
import signal
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.certificates import Identity, issued, over_the_bounds, self_made
from tests.daemon import PATIENCE_S, Daemon, daemon
from tests.impostors import impostor, server_context
from tests.preloaded import CLIENT, run
from tests.pseudo_terminal import Seat, seat

ENTER, CTRL_C, CTRL_D = "\r", "\x03", "\x04"
QUESTION = "Trust this key? (yes/no)"
HOST = "0.0.0.0"  # noqa: S104  leads to this machine too, and is no name that the client trusts for that


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the files of this module are."""
    return tmp_path_factory.mktemp("certificates")


@pytest.fixture(scope="module")
def own(certificates: Path) -> Identity:
    """What a daemon makes for itself."""
    return self_made(certificates / "own.pem")


@pytest.fixture(scope="module")
def other(certificates: Path) -> Identity:
    """What somebody else has."""
    return self_made(certificates / "other.pem")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority of the office."""
    return trustme.CA(organization_name="Office")


@pytest.fixture(scope="module")
def ca(authority: trustme.CA, certificates: Path) -> str:
    """Its certificate, as a file for --ca."""
    file = certificates / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return str(file)


@contextmanager
def office(identity: Identity, home: Path, port: int = 0) -> Iterator[Daemon]:
    """A daemon that shows this."""
    (home / "daemon").mkdir(exist_ok=True)
    with daemon(identity.at(port), cwd=home / "daemon") as running:
        yield running


@pytest.fixture(scope="module")
def chat(own: Identity, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """One daemon with a key of its own, for the stories that don't mind each other."""
    with office(own, tmp_path_factory.mktemp("chat")) as running:
        yield running


def sits(port: int, home: Path, *more: str, **how: Any) -> AbstractContextManager[Seat]:
    """Somebody at a terminal who joins a port of this machine by TLS."""
    return seat(HOST, str(port), *more, home=home, **how)


def pipe(port: int, home: Path, *more: str, host: str = HOST, **environment: str) -> tuple[int, str]:
    """A script that says hi; its exit code, and what it was told on standard error."""
    inherited = {
        name: value for name, value in os.environ.items() if name not in ("XDG_CONFIG_HOME", "SSL_CERT_FILE")
    }
    ended = run(
        [*CLIENT, host, str(port), "--nick=ci", *more],
        input="hi\n",
        env=inherited | {"HOME": str(home)} | environment,
        timeout=PATIENCE_S,
    )
    assert ended.stdout == ""
    return ended.returncode, ended.stderr.removeprefix("lanchat-client: ").removesuffix("\n")


def known(home: Path) -> str:
    """What is in the file of known servers."""
    file = home / ".config" / "lanchatd" / "known_servers"
    return file.read_text() if file.exists() else ""


def knows(home: Path, port: int, identity: Identity) -> None:
    """This server has been joined before."""
    file = home / ".config" / "lanchatd" / "known_servers"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{HOST}:{port} {identity.fingerprint}\n")


def is_here(alice: Seat) -> None:
    """Wait until she is in the room."""
    alice.sees_line("-- You are alice in #lobby.")


def told(somebody: Seat) -> str:
    """What the screen says, without its line ends: a long line is in several rows, with its words whole."""
    return " ".join(row.strip() for row in somebody.screen)


def sees_told(somebody: Seat, *texts: str) -> None:
    """Wait until all of this is on the screen."""
    somebody.sees(lambda seat: all(text in told(seat) for text in texts))


# -- the first time


def test_who_joins_is_asked_once_and_never_again(tmp_path: Path, chat: Daemon, own: Identity) -> None:
    """As SSH does; and only the user can read the answer that is kept."""
    with sits(chat.port, tmp_path) as alice:
        alice.sees_line(f"-- {own.fingerprint}")
        alice.sees(lambda seat: seat.typed_row == QUESTION)
        assert known(tmp_path) == ""
        alice.types("yes" + ENTER)
        is_here(alice)
        alice.sees(lambda seat: seat.screen[-1] == " alice · [#lobby] · 1 here · connected")
        alice.types("hi" + ENTER)
        alice.sees_line("<alice> hi")
        alice.types("/quit" + ENTER)
        assert alice.ends() == 0
    assert known(tmp_path) == f"{HOST}:{chat.port} {own.fingerprint}\n"
    file = tmp_path / ".config" / "lanchatd" / "known_servers"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    with sits(chat.port, tmp_path) as alice:
        is_here(alice)
        assert b"fingerprint" not in alice.raw
    # The answer is no line to be called back.
    assert (tmp_path / ".local/state/lanchatd/history").read_text() == "hi\n/quit\n"


def test_what_was_being_typed_is_there_after_the_answer(tmp_path: Path, chat: Daemon, own: Identity) -> None:
    """What is neither yes nor no is asked again; the fingerprint itself is a yes."""
    with impostor() as nobody:
        port = nobody.port
    with sits(port, tmp_path) as alice:
        alice.sees_line(f"Nothing listens on {HOST} port {port}.")
        alice.types("hello?" + ENTER + "half a line")
        alice.sees(lambda seat: seat.typed_row == "half a line")
        with impostor(behind=chat.port, port=port):
            alice.sees(lambda seat: seat.typed_row == QUESTION)
            for text in ("y", "hello", "sha256:" + "A" * 43):
                alice.types(text + ENTER)
            alice.sees(lambda seat: sum("neither yes" in row for row in seat.screen) == 3)
            alice.types("\x1b[200~yes\nyes\n\x1b[201~")
            alice.types(own.fingerprint + ENTER)
            is_here(alice)
            alice.sees(lambda seat: seat.typed_row == "half a line")
            alice.types(ENTER)
            alice.sees_line("<alice> half a line")
            said = [row.split("> ")[1] for row in alice.screen if "<alice>" in row]
            assert said[-2:] == ["hello?", "half a line"]


@pytest.mark.parametrize("way", ["no" + ENTER, ENTER, CTRL_C, CTRL_D, "unsure" + CTRL_C, "/quit" + ENTER])
def test_who_says_no_has_said_nothing_to_the_server(tmp_path: Path, own: Identity, way: str) -> None:
    """Not even a nick; nothing is kept, the exit code is 1, and the terminal is given back."""
    with impostor(server_context(own.pem)) as server, sits(server.port, tmp_path) as alice:
        alice.sees(lambda seat: seat.typed_row == QUESTION)
        alice.types(way)
        assert alice.ends() == 1
        assert alice.settings() == alice.settings_before
        server.was_tried()
        assert (server.heard, server.connections) == (b"", 1)
    assert known(tmp_path) == ""


def test_on_a_dumb_terminal_it_is_asked_too(tmp_path: Path, chat: Daemon, own: Identity) -> None:
    """In lines."""
    with sits(chat.port, tmp_path, "--nick=dumb", TERM="dumb") as alice:
        alice.sees_line(own.fingerprint)
        alice.sees_line("Trust this key? Type yes or no.")
        alice.types("yes\n")
        alice.sees_line("-- You are dumb in #lobby.")


def test_a_yes_is_for_that_key_only(tmp_path: Path, own: Identity, other: Identity, chat: Daemon) -> None:
    """Somebody else who answers at the next connection is refused, and nothing is kept."""
    with impostor(server_context(other.pem)) as server:
        port = server.port
        with sits(port, tmp_path) as alice:
            alice.sees(lambda seat: seat.typed_row == QUESTION)
            server.was_tried()
            server.close()
            with impostor(server_context(own.pem), port=port) as second:
                alice.types("yes" + ENTER)
                assert alice.ends() == 1
                sees_told(alice, f"Given: {other.fingerprint}. Now: {own.fingerprint}.")
                second.was_tried()
                assert second.heard == b""
    assert known(tmp_path) == ""


def test_on_the_same_machine_nobody_is_asked(tmp_path: Path, own: Identity, other: Identity) -> None:
    """Neither a person nor a script; but the key is remembered, and another one still stops them."""
    with office(own, tmp_path) as chat:
        port = chat.port
        assert pipe(port, tmp_path, host="127.0.0.1") == (0, "")
        assert known(tmp_path) == f"127.0.0.1:{port} {own.fingerprint}\n"
        with seat("localhost", str(port), home=tmp_path) as alice:
            is_here(alice)
            assert b"fingerprint" not in alice.raw
            alice.types("/quit" + ENTER)
            assert alice.ends() == 0
    with impostor(server_context(other.pem), port=port) as later:
        code, why = pipe(port, tmp_path, host="127.0.0.1")
        assert (code, f"Known: {own.fingerprint}. Now: {other.fingerprint}." in why) == (1, True)
        later.was_tried()
        assert later.heard == b""


# -- the server is known


def test_another_key_under_the_same_name_is_refused(
    tmp_path: Path, own: Identity, other: Identity, chat: Daemon
) -> None:
    """With both fingerprints and what to do; after --forget it is asked as the first time."""
    knows(tmp_path, chat.port, other)
    with sits(chat.port, tmp_path) as alice:
        assert alice.ends() == 1
        sees_told(
            alice,
            f"The key of {HOST} port {chat.port} is not the known one. Known: {other.fingerprint}. "
            f"Now: {own.fingerprint}.",
            f"If the change is expected: lanchat-client --forget {HOST} {chat.port}",
        )
        assert alice.settings() == alice.settings_before
    with seat("--forget", HOST, str(chat.port), home=tmp_path) as alice:
        assert alice.ends() == 0
        alice.sees_line(f"{HOST}:{chat.port} is forgotten.")
    with sits(chat.port, tmp_path) as alice:
        alice.sees(lambda seat: seat.typed_row == QUESTION)


def test_a_man_in_the_middle_is_refused(tmp_path: Path, own: Identity, other: Identity, chat: Daemon) -> None:
    """He has another key, and learns nothing; who has not been there before is shown his."""
    with impostor(server_context(other.pem), behind=chat.port) as middle:
        with sits(middle.port, tmp_path) as alice:
            alice.sees_line(f"-- {other.fingerprint}")
        knows(tmp_path, middle.port, own)
        with sits(middle.port, tmp_path) as alice:
            assert alice.ends() == 1
            sees_told(alice, own.fingerprint, other.fingerprint, "Somebody may be listening in")
        code, why = pipe(middle.port, tmp_path)
        assert (code, other.fingerprint in why) == (1, True)
        middle.was_tried(3)
        assert (middle.heard, middle.connections) == (b"", 3)


@pytest.mark.parametrize(
    "says",
    [b"!! This is a chat server (lanchatd), without TLS.\n", b"-- Welcome.\n!! No.\n", b"HTTP/1.1 400\r\n"],
)
def test_who_takes_tls_away_is_refused(tmp_path: Path, own: Identity, says: bytes) -> None:
    """Nothing is said in plain. A server that was never known is named the option, and it is not taken."""
    with impostor(says=says) as stripping:
        where = f"{HOST} port {stripping.port}"
        assert pipe(stripping.port, tmp_path) == (
            1,
            f"{where} does not speak TLS. If it is a lanchat without it, --plain joins it: "
            "then everybody on the way can read what you say.",
        )
        knows(tmp_path, stripping.port, own)
        alarm = (
            f"{where} is known to speak TLS, and this does not: somebody may be listening in. "
            "Nothing was sent. Ask whoever runs the server."
        )
        assert pipe(stripping.port, tmp_path) == (1, alarm)
        with sits(stripping.port, tmp_path) as alice:
            assert alice.ends() == 1
            sees_told(alice, alarm)
        stripping.was_tried(3)
        assert stripping.connections == 3
        assert stripping.heard.startswith(b"\x16")
        assert b"nick" not in stripping.heard


def test_a_greeting_before_tls_does_no_harm(tmp_path: Path, own: Identity, chat: Daemon) -> None:
    """Our hello may come later than a server waits before it says something in plain; that is not read."""
    says = b"HTTP/1.1 100 Welcome to chat. What is your nick?\r\n\r\n"
    with impostor(says=says, behind=chat.port) as late:
        assert pipe(late.port, tmp_path, f"--fingerprint={own.fingerprint}") == (0, "")


def test_the_key_is_checked_again_at_each_connection(tmp_path: Path, own: Identity, other: Identity) -> None:
    """Who takes the server's place meanwhile is told nothing, and what was typed is still there."""
    with office(own, tmp_path) as chat:
        knows(tmp_path, chat.port, own)
        with sits(chat.port, tmp_path) as alice:
            is_here(alice)
            alice.types("half a line")
            alice.sees(lambda seat: seat.typed_row == "half a line")
            chat.ends(by=signal.SIGKILL)
            with impostor(server_context(other.pem), port=chat.port) as later:
                sees_told(alice, f"Known: {own.fingerprint}. Now: {other.fingerprint}.")
                sees_told(alice, "/reconnect tries again, /quit leaves.")
                alice.sees(lambda seat: seat.typed_row == "half a line")
                alice.types(CTRL_C + "/reconnect" + ENTER)
                later.was_tried(2)
                assert (later.heard, later.connections) == (b"", 2)
                alice.sees(lambda seat: seat.screen[-1].startswith(" closed · "))
                alice.types("/quit" + ENTER)
                assert alice.ends() == 1
    assert known(tmp_path) == f"{HOST}:{chat.port} {own.fingerprint}\n"


def test_a_server_is_forgotten_by_port_or_by_host(tmp_path: Path, own: Identity) -> None:
    """It says what there was; the exit code is 1 if there was nothing."""

    def forget(*where: str) -> tuple[int, str, str]:
        environment = os.environ | {"XDG_CONFIG_HOME": str(tmp_path / ".config")}
        ended = run([*CLIENT, "--forget", *where], env=environment, timeout=PATIENCE_S)
        return ended.returncode, ended.stdout, ended.stderr

    knows(tmp_path, 1, own)
    file = tmp_path / ".config" / "lanchatd" / "known_servers"
    file.write_text("".join(f"{HOST}:{port} {own.fingerprint}\n" for port in (1, 2, 3)))
    assert forget(HOST, "2") == (0, f"{HOST}:2 is forgotten.\n", "")
    assert forget(HOST, "2") == (1, "", f"lanchat-client: {HOST} port 2 was not known.\n")
    assert forget(HOST) == (0, f"{HOST}:1 is forgotten.\n{HOST}:3 is forgotten.\n", "")
    assert forget(HOST) == (1, "", f"lanchat-client: {HOST} was not known.\n")
    assert known(tmp_path) == ""
    assert forget()[0] == 2


# -- beforehand


def test_a_pipe_that_knows_nothing_says_what_to_give(tmp_path: Path, own: Identity) -> None:
    """In one line with the fingerprint and both options; and it has said nothing."""
    with impostor(server_context(own.pem)) as server:
        assert pipe(server.port, tmp_path) == (
            1,
            f"{HOST} port {server.port} is not known here. "
            f"The fingerprint of its key is {own.fingerprint}. "
            f"If whoever runs it says the same, give --fingerprint {own.fingerprint}; "
            "or give --ca FILE with the certificate of its authority.",
        )
        server.was_tried()
        assert (server.heard, server.connections) == (b"", 1)
    assert known(tmp_path) == ""


def test_a_fingerprint_answers_beforehand_and_is_remembered(
    tmp_path: Path, own: Identity, other: Identity, chat: Daemon
) -> None:
    """That key or none; for a server known by another one it is refused without a connection."""
    where = f"{HOST} port {chat.port}"
    assert pipe(chat.port, tmp_path, "--fingerprint", other.fingerprint) == (
        1,
        f"The key of {where} is not the one that you gave. Given: {other.fingerprint}. "
        f"Now: {own.fingerprint}. Somebody may be listening in: ask whoever runs the server.",
    )
    assert known(tmp_path) == ""
    assert pipe(chat.port, tmp_path, "--fingerprint", own.fingerprint) == (0, "")
    assert known(tmp_path) == f"{HOST}:{chat.port} {own.fingerprint}\n"
    assert pipe(chat.port, tmp_path) == (0, "")
    assert pipe(chat.port, tmp_path, "--fingerprint", own.fingerprint) == (0, "")
    assert pipe(chat.port, tmp_path, "--fingerprint", other.fingerprint) == (
        1,
        f"{where} is known by another key than you gave. Known: {own.fingerprint}. "
        f"Given: {other.fingerprint}. Ask whoever runs the server. "
        f"If the change is expected: lanchat-client --forget {HOST} {chat.port}",
    )


def test_what_cannot_be_remembered_is_told_and_it_goes_on(
    tmp_path: Path, own: Identity, chat: Daemon
) -> None:
    """But not if it can't be read whether the server is known."""
    (tmp_path / ".config").write_text("")
    code, why = pipe(chat.port, tmp_path, "--fingerprint", own.fingerprint)
    assert (code, why) == (1, f"Can't read {tmp_path}/.config/lanchatd/known_servers: Not a directory.")
    (tmp_path / ".config").unlink()
    (tmp_path / ".config" / "lanchatd" / "known_servers.lock").mkdir(parents=True)
    code, why = pipe(chat.port, tmp_path, "--fingerprint", own.fingerprint)
    assert (code, why) == (0, f"The key of {HOST} can't be remembered: Is a directory.")


def test_a_line_that_cannot_be_read_is_told(tmp_path: Path, own: Identity, chat: Daemon) -> None:
    """Once, and all others count."""
    knows(tmp_path, chat.port, own)
    file = tmp_path / ".config" / "lanchatd" / "known_servers"
    file.write_text(f"nonsense\n{file.read_text()}more of it\n")
    assert pipe(chat.port, tmp_path) == (
        0,
        f"{file} has lines that can't be read, and they are ignored: 1, 3.",
    )


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_an_authority_vouches_for_names_and_addresses(
    tmp_path: Path, authority: trustme.CA, ca: str, host: str
) -> None:
    """Nobody is asked, and no key is kept, as it is another one when the certificate is renewed."""
    pem = tmp_path / "server.pem"
    with office(issued(authority, pem, "localhost", "127.0.0.1"), tmp_path) as chat:
        assert pipe(chat.port, tmp_path, "--ca", ca, host=host) == (0, "")
        assert known(tmp_path) == ""
        # One that the system trusts is as good.
        assert pipe(chat.port, tmp_path, host=host, SSL_CERT_FILE=ca) == (0, "")
        with seat(host, str(chat.port), home=tmp_path, SSL_CERT_FILE=ca) as alice:
            is_here(alice)
        assert known(tmp_path) == ""


def test_who_may_not_vouch_does_not(tmp_path: Path) -> None:
    """The authority has set bounds to those below it, which are looked at last of all."""
    root = tmp_path / "root.pem"
    over_the_bounds(tmp_path / "server.pem", root, "localhost")
    with daemon("--port=0", f"--tls-cert={tmp_path / 'server.pem'}", cwd=tmp_path) as chat:
        code, why = pipe(chat.port, tmp_path, "--ca", str(root), host="localhost")
        assert code == 1
        assert "is not valid" in why
        assert not any("joined" in line or "said" in line for line in chat.log)


DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


@pytest.mark.parametrize(
    ("names", "how", "why"),
    [
        (("chat.example", "10.0.0.1"), {}, f"is for chat.example, 10.0.0.1, and not for {HOST}."),
        (
            (HOST,),
            {"not_before": NOW - 2 * DAY, "not_after": NOW - DAY},
            f"expired on {NOW - DAY:%Y-%m-%d %H:%M} UTC. Ask whoever runs the server.",
        ),
        (
            (HOST,),
            {"not_before": NOW + DAY},
            f"is not valid before {NOW + DAY:%Y-%m-%d %H:%M} UTC. Is the clock of this machine right?",
        ),
    ],
    ids=["name", "expired", "not yet"],
)
def test_a_certificate_that_is_not_right_is_one_line(
    tmp_path: Path, authority: trustme.CA, ca: str, names: tuple[str, ...], how: dict[str, Any], why: str
) -> None:
    """Which name was expected and which it has, since when; and nothing was said."""
    identity = issued(authority, tmp_path / "server.pem", *names, **how)
    with impostor(server_context(identity.pem)) as server:
        assert pipe(server.port, tmp_path, "--ca", ca) == (
            1,
            f"The certificate of {HOST} port {server.port} {why}",
        )
        server.was_tried()
        assert server.heard == b""


def test_another_authority_is_one_line(tmp_path: Path, own: Identity, ca: str) -> None:
    """By its name; and so is a server that vouches for itself, or whose certificate is for nobody at all."""
    others = trustme.CA(organization_name="Elsewhere")
    identity = issued(others, tmp_path / "server.pem", HOST)
    with impostor(server_context(identity.pem)) as server:
        code, why = pipe(server.port, tmp_path, "--ca", ca)
        assert code == 1
        assert why.startswith(f"The certificate of {HOST} port {server.port} is signed by ")
        assert "O=Elsewhere" in why and why.endswith(", which is not trusted.")
    with impostor(server_context(own.pem)) as server:
        where = f"The certificate of {HOST} port {server.port}"
        assert pipe(server.port, tmp_path, "--ca", ca) == (
            1, f"{where} is signed by nobody but itself, which is not trusted."
        )  # fmt: skip
        assert pipe(server.port, tmp_path, "--ca", str(own.pem)) == (
            1, f"{where} is for nobody, and not for {HOST}."
        )  # fmt: skip
        assert server.heard == b""


def test_a_known_server_has_to_fit_what_is_given_too(
    tmp_path: Path, authority: trustme.CA, ca: str, own: Identity
) -> None:
    """An authority that vouches for another key does not replace the known one."""
    identity = issued(authority, tmp_path / "server.pem", HOST)
    with impostor(server_context(identity.pem)) as server:
        knows(tmp_path, server.port, own)
        for options in ((), ("--ca", ca)):
            code, why = pipe(server.port, tmp_path, *options, SSL_CERT_FILE=ca)
            assert (code, f"Known: {own.fingerprint}. Now: {identity.fingerprint}." in why) == (1, True)
        assert server.heard == b""


# -- turned away


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--max-connections=1",), "The limit of 1 connections is reached."),
        (("--max-per-address=1",), "The limit of 1 connections from one address is reached."),
    ],
)
def test_who_is_turned_away_reads_why(tmp_path: Path, options: tuple[str, ...], why: str) -> None:
    """Also by TLS, which is not begun then: that is no reason to cry wolf."""
    with daemon("--port=0", *options, cwd=tmp_path) as chat, chat.connect() as first:
        first.reads_until_match("What is your nick")
        assert pipe(chat.port, tmp_path) == (1, f"{HOST} port {chat.port} turned us away: {why}")


def link_local() -> str:
    """An address of this machine that counts only together with its interface."""
    for line in Path("/proc/net/if_inet6").read_text("ascii").splitlines():
        address, _, _, _, _, interface = line.split()
        if address.startswith("fe80"):
            return f"{ip_address(bytes.fromhex(address))}%{interface}"
    pytest.skip("no interface has a link-local address")


def test_a_link_local_address_with_its_interface(tmp_path: Path) -> None:
    """The only way to a machine on a network where nobody gives out addresses; it is known by that name."""
    host = link_local()
    with daemon("--listen=tcp6:0", cwd=tmp_path) as chat:
        key = chat.logged("(sha256:[A-Za-z0-9+/]+)")[1]
        assert pipe(chat.port, tmp_path, f"--fingerprint={key}", host=host) == (0, "")
        assert pipe(chat.port, tmp_path, host=host) == (0, "")
        assert known(tmp_path) == f"[{host}]:{chat.port} {key}\n"


def test_who_had_to_give_way_reads_why(tmp_path: Path) -> None:
    """As one of many that were slow."""
    why = "256 connections have given no nick yet; try again in a minute."
    with impostor(says=f"!! {why}\n".encode()) as full:
        assert pipe(full.port, tmp_path) == (1, f"{HOST} port {full.port} turned us away: {why}")


def test_no_agreement_on_tls_is_one_line(tmp_path: Path) -> None:
    """And it is not tried for ever, as it would not be another one the next time."""
    with impostor(says=b"\x15\x03\x03\x00\x02\x02\x46") as old, sits(old.port, tmp_path) as alice:
        assert alice.ends() == 1
        sees_told(alice, f"{HOST} port {old.port} does not agree on TLS: ", "alert protocol version.")


# -- without TLS


def test_plain_is_for_servers_that_were_never_known(tmp_path: Path, own: Identity) -> None:
    """For a known one it is refused, without a connection."""
    with daemon(cwd=tmp_path) as chat:
        assert pipe(chat.port, tmp_path, "--plain") == (0, "")
        knows(tmp_path, chat.port, own)
        assert pipe(chat.port, tmp_path, "--plain") == (
            1,
            f"{HOST} port {chat.port} is known to speak TLS: it is not joined without. "
            f"If the change is expected: lanchat-client --forget {HOST} {chat.port}",
        )
