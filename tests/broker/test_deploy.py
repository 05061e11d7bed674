"""What deploy/broker has: nats-server takes it, and its users may do what they need and no more."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from lanchatd.broker.address import address_from
from tests.broker.lanchat_broker import runs
from tests.broker.links import linked
from tests.broker.plain import Plain
from tests.broker.server import PATIENCE_S, Server, Servers, free_ports, program, running, until, why_not
from tests.broker.test_log_daemons import node

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3 * PATIENCE_S)]

DEPLOY = Path(__file__).parents[2] / "deploy" / "broker"
STREAM = {"name": "lanchat", "subjects": ["lanchat.people", "lanchat.room.*"]}


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """A directory with those that deploy/broker makes, for ``localhost``."""
    made = tmp_path / "certificates"
    made.mkdir()
    subprocess.run([DEPLOY / "make-certificates", "localhost"], cwd=made, check=True)
    return made / "localhost"


def edited(name: str, text: str, what: str, by: str) -> str:
    """The text of a file with something in it as an administrator, or a test, has to set it."""
    assert what in text, name
    return text.replace(what, by)


def servers(name: str, count: int, directory: Path, certificates: Path) -> Iterator[Server]:
    """So many, by a configuration; all on this machine, below a directory."""
    ports, routes = [free_ports(2) for _ in range(count)], free_ports(count)
    for number, (port, monitor) in enumerate(ports, 1):
        own = directory / f"n{number}"
        shutil.copytree(certificates, own)
        shutil.copy(DEPLOY / "users.conf", own)
        text = (DEPLOY / name).read_text("utf-8")
        text = edited(name, text, "server_name: n1", f"server_name: n{number}")
        text = edited(name, text, "0.0.0.0:4222", f"127.0.0.1:{port}")
        text = edited(name, text, "127.0.0.1:8222", f"127.0.0.1:{monitor}")
        text = edited(name, text, "/etc/nats", str(own))
        text = edited(name, text, "/var/lib/nats", str(own / "kept"))
        if count > 1:
            text = edited(name, text, "0.0.0.0:6222", f"127.0.0.1:{routes[number - 1]}")
            for other, route in enumerate(routes, 1):
                text = edited(name, text, f"n{other}.example:6222", f"localhost:{route}")
        yield Server(own, f"n{number}", text, port, monitor)


@contextmanager
def started(name: str, count: int, directory: Path, certificates: Path) -> Iterator[Servers]:
    """They run, until the block ends."""
    with running(list(servers(name, count, directory, certificates))) as together:
        yield together


@pytest.mark.parametrize(("name", "count"), [("one.conf", 1), ("three.conf", 3)])
def test_nats_server_takes_the_configuration(
    name: str, count: int, tmp_path: Path, certificates: Path
) -> None:
    """It knows every word in it."""
    if reason := why_not():
        pytest.skip(reason)
    for server in servers(name, count, tmp_path, certificates):
        command = [str(program()), "-t", "-c", str(server.config)]
        said = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (said.returncode, said.stderr.count("is valid")) == (0, 1), said.stderr


def test_one_keeps_what_it_is_told_before_it_answers(tmp_path: Path, certificates: Path) -> None:
    """By TLS and with a password."""
    with started("one.conf", 1, tmp_path, certificates) as one:
        (server,) = one.each
        assert server.asked("jsz")["config"]["sync_always"] is True
        assert server.asked("varz")["max_payload"] == 8 * 1024 * 1024
        with client(server, certificates, "lanchatd") as daemon:
            daemon.asks("$JS.API.STREAM.CREATE.lanchat", **STREAM)
            assert daemon.publishes("lanchat.people", b"{}")["seq"] == 1


def test_three_are_one(tmp_path: Path, certificates: Path) -> None:
    """One may die."""
    with started("three.conf", 3, tmp_path, certificates) as three:
        with client(three.each[0], certificates, "lanchatd") as daemon:
            daemon.asks("$JS.API.STREAM.CREATE.lanchat", **STREAM, num_replicas=3)
            daemon.publishes("lanchat.people", b"{}")
        three.leader().kill()
        leader = three.leader()

        def takes_more() -> bool:
            with client(leader, certificates, "lanchatd") as daemon, suppress(ConnectionError):
                return bool(daemon.publishes("lanchat.people", b"{}")["seq"] == 2)
            return False

        until("it takes more, once all know that it leads", takes_more)


def test_the_daemons_may_do_only_what_they_need(tmp_path: Path, certificates: Path) -> None:
    """They can neither delete their chat nor see another."""
    with started("one.conf", 1, tmp_path, certificates) as one:
        (server,) = one.each
        with client(server, certificates, "administrator") as administrator:
            administrator.asks("$JS.API.STREAM.CREATE.other", name="other", subjects=["lanchat.other"])
            administrator.asks("$JS.API.STREAM.CREATE.lanchat", **STREAM)
        for forbidden in (
            "$JS.API.STREAM.DELETE.lanchat",
            "$JS.API.STREAM.MSG.DELETE.lanchat",
            "$JS.API.STREAM.SNAPSHOT.lanchat",
            "$JS.API.STREAM.RESTORE.lanchat",
            "$JS.API.STREAM.INFO.other",
            "$JS.API.STREAM.CREATE.another",
            "$JS.API.CONSUMER.CREATE.other.mine",
            "$SYS.REQ.SERVER.PING",
            "elsewhere",
        ):
            refused = pytest.raises(ConnectionError, match="Permissions Violation")
            with client(server, certificates, "lanchatd") as daemon, refused:
                daemon.publishes(forbidden, b"{}")
        with pytest.raises(ssl.SSLCertVerificationError):
            Plain(server.url.replace("127.0.0.1", "localhost"))


def test_the_administrator_may_back_up_and_restore(tmp_path: Path, certificates: Path) -> None:
    """And the daemons' user may use the chat, and not that."""
    with started("one.conf", 1, tmp_path, certificates) as one:
        (server,) = one.each
        url, copy = f"tls://localhost:{server.port}", tmp_path / "copy"
        logins = {user: login_of(user, tmp_path, certificates) for user in ("lanchatd", "administrator")}
        with linked(url, address=address_from(url, logins["lanchatd"])) as daemon:
            daemon.publish("room.a", "hi")
            daemon.has(1)
        said = runs("backup", copy, "--broker", url, "--broker-login", logins["lanchatd"])
        assert said[0] == 1
        assert "permissions violation" in said[1]
        assert runs("backup", copy, "--broker", url, "--broker-login", logins["administrator"])[0] == 0
        with client(server, certificates, "administrator") as administrator:
            administrator.asks("$JS.API.STREAM.DELETE.lanchat")
        assert runs("restore", copy, "--broker", url, "--broker-login", logins["administrator"])[0] == 0
        with linked(url, address=address_from(url, logins["lanchatd"])) as daemon:
            daemon.has(1)


def test_real_daemons_need_no_more_than_they_may(tmp_path: Path, certificates: Path) -> None:
    """They talk, also to one another, and the broker has nothing to forbid them."""
    with started("one.conf", 1, tmp_path, certificates) as one:
        (server,) = one.each
        login = login_of("lanchatd", tmp_path, certificates)
        options = f"tls://localhost:{server.port}", f"--broker-login={login}", "--keep-events=5"
        at = [(options[0], tmp_path / name, *options[1:]) for name in ("a", "b")]
        with node(*at[0]) as first, node(*at[1]) as second:
            with first.join("alice") as alice, second.join("bob") as bob:
                for number in range(12):
                    alice.types(f"line {number}")
                bob.reads_until("<alice> line 11")
                bob.types("/msg alice psst")
                alice.reads_until("[bob -> alice] psst")
            with first.join("carol") as carol:
                carol.types("/who")
                carol.reads_until_match(r"^-- 1 in #lobby: carol")
        assert "iolation" not in server.log


def login_of(user: str, directory: Path, certificates: Path) -> Path:
    """The file for ``--broker-login``."""
    login = directory / f"{user}.toml"
    ca = certificates / "ca.pem"
    login.write_text(f'user = "{user}"\npassword = "{password_of(user)}"\nca = "{ca}"\n', "utf-8")
    login.chmod(0o600)
    return login


def password_of(user: str) -> str:
    """As it is in the file that is shipped."""
    found = re.search(rf'user: {user}\n\s+password: "(.*)"', (DEPLOY / "users.conf").read_text("utf-8"))
    assert found
    return found[1]


def client(server: Server, certificates: Path, user: str) -> Plain:
    """A connection of one of the users, by the name that is in the certificate."""
    trusted = ssl.create_default_context(cafile=str(certificates / "ca.pem"))
    return Plain(f"nats://{user}:{password_of(user)}@localhost:{server.port}", trusted)
