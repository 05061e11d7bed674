"""Metrics: the numbers that a program reads, who may read them, and that nobody's words are among them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from ipaddress import ip_network
from pathlib import Path

import h11
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from twisted.internet.task import Clock

from lanchatd.chat.counts import Counts
from lanchatd.chat.peer import Peer
from lanchatd.doors.web.door import WebDoor
from lanchatd.doors.web.messages import Request
from lanchatd.doors.web.site import Site
from lanchatd.service.figures import Collector
from lanchatd.service.metrics import Metrics
from lanchatd.service.slow_turns import LOOK_S, SLOW_S, SlowTurns
from lanchatd.ssh.login_limits import Guard
from tests.daemon import PATIENCE_S, TWISTD, Daemon, daemon, environment_in
from tests.irc import Client
from tests.preloaded import run
from tests.web import HOST, Page, answers, request, web_world
from tests.world import World

OPENMETRICS = ("Accept", "application/openmetrics-text; version=1.0.0")
ROOT = Path(__file__).parents[2]
LOCAL = Peer("127.0.0.1:5000", "127.0.0.1")


def asked(world: World, *headers: tuple[str, str], peer: Peer | None = LOCAL, **networks: str) -> str | None:
    """What a program is answered at /metrics; None if it is not to have it."""
    metrics = Metrics(Collector(world.connections, None), tuple(map(ip_network, networks.values())))
    known = tuple((name.lower(), value) for name, value in headers)
    answer = metrics.answer(Request("GET", "/metrics", "1.1", known, peer=peer))
    return None if answer is None else answer.body.decode()


def numbers(text: str | None) -> dict[str, float]:
    """Each number by its name and labels, as a reader of OpenMetrics has them."""
    assert text is not None
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in read_openmetrics(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


def busy() -> World:
    """A chat in which something of each kind has happened."""
    world = web_world(lines_per_s=1, burst_lines=5)
    Page.joins(world, "secret_page")
    Client.joins(world, "secret_irc", "#lobby")
    alice, bob = world.join("secret_alice", room="#secret"), world.join("secret_bob", "198.51.100.7")
    alice.types("a secret", "/nope", "/nope")
    bob.types("/quit secret")
    world.passes(60)
    bob = world.join("secret_bob")
    bob.types(*("secret" for _ in range(8)))
    return world


def test_the_numbers_are_those_of_the_chat() -> None:
    """Read as Prometheus does."""
    found = numbers(asked(busy(), OPENMETRICS))
    assert {name: found[name] for name in (
        "lanchat_users", "lanchat_rooms", "lanchat_sessions web no", "lanchat_sessions text no",
        "lanchat_sessions irc no", "lanchat_refused_lines_total unknown_command", "lanchat_closed_total quit",
        "lanchat_log_trouble", "lanchat_lagging_sessions", "lanchat_floods_total",
    )} == {
        "lanchat_users": 4, "lanchat_rooms": 2, "lanchat_sessions web no": 1, "lanchat_sessions text no": 2,
        "lanchat_sessions irc no": 1, "lanchat_refused_lines_total unknown_command": 2,
        "lanchat_closed_total quit": 1, "lanchat_log_trouble": 0, "lanchat_lagging_sessions": 0,
        "lanchat_floods_total": 1,
    }  # fmt: skip
    assert found["lanchat_lines_said_total"] == 5
    assert found["lanchat_append_seconds_count"] == found["lanchat_fan_out_seconds_count"] > 1
    assert found["lanchat_fan_out_seconds_bucket +Inf"] == found["lanchat_fan_out_seconds_count"]
    assert found["process_resident_memory_bytes"] > 1_000_000
    assert found["lanchat_certificate_expires_seconds"] > 1_795_356_191


def test_both_forms_say_the_same() -> None:
    """Who does not ask for OpenMetrics is given the older form, which all that read metrics know."""
    world = busy()
    older = {family.name for family in read_text(asked(world) or "")}
    text = asked(world, OPENMETRICS) or ""
    newer = {family.name for family in read_openmetrics(text)}  # type: ignore[no-untyped-call]
    assert {name.removesuffix("_info") for name in older} == {name.removesuffix("_info") for name in newer}


@pytest.mark.parametrize("headers", [(), (OPENMETRICS,)])
def test_nobodys_nick_room_text_or_address_is_in_it(headers: tuple[tuple[str, str], ...]) -> None:
    """Only words of ours stand in the labels."""
    text = asked(busy(), *headers)
    assert text is not None
    assert not re.search(r"secret|198\.51|192\.0|127\.0", text)
    assert set(re.findall(r'(\w+)="', text)) == {"door", "encrypted", "code", "reason", "le", "version"}


def documented(path: str) -> set[str]:
    """The metrics of ours that a file names, as they are exported."""
    found = re.findall(r"lanchat_[a-z_]+", (ROOT / path).read_text("utf-8"))
    return {re.sub("_bucket$", "", name) for name in found}


def test_the_page_the_dashboard_and_the_alerts_name_what_there_is(tmp_path: Path) -> None:
    """All of it, and nothing else."""
    with daemon("--port=0", "--metrics", cwd=tmp_path) as chat:
        _, text = ask(chat)
    exported = {name for name in re.findall(r"^# TYPE (\S+)", text, re.MULTILINE) if "process" not in name}
    assert documented("docs/running.md") == exported
    assert documented("deploy/alerts.yml") < exported
    shown = documented("deploy/grafana.json")
    assert shown <= exported
    assert exported - shown == {
        "lanchat_build_info", "lanchat_connections", "lanchat_connections_made_total",
    }  # fmt: skip


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_wrong() -> None:
    """Names, types and help are as Prometheus wants them."""
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=asked(busy()), capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_takes_the_alerts() -> None:
    """They can be named in its `rule_files`."""
    subprocess.run(["promtool", "check", "rules", ROOT / "deploy" / "alerts.yml"], check=True)


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("127.0.0.1", True), ("::1", True), (None, True), ("192.0.2.7", True), ("192.0.2.200", False),
        ("2001:db8::7", True), ("fe80::1%eth0", False), ("203.0.113.9", False),
    ],
)  # fmt: skip
def test_this_machine_and_the_networks_may_ask(world: World, address: str | None, given: bool) -> None:
    """And nobody else."""
    peer = Peer("x", address)
    text = asked(world, peer=peer, four="192.0.2.0/25", six="2001:db8::/64")
    assert (text is not None) is given


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_who_comes_by_a_proxy_of_this_machine_may_not(world: World, header: str) -> None:
    """They may be anywhere."""
    assert asked(world, (header, "203.0.113.9")) is None
    assert asked(world, peer=None) is None


@pytest.mark.parametrize("host", ["evil.example", "192.0.2.9:8000"])
def test_the_site_asks_first_whether_the_name_is_its_own(host: str) -> None:
    """A page that a browser here has open must not read them."""
    world = web_world()
    metrics = Metrics(Collector(world.connections, None))
    site = Site(["chat.local"], {}, metrics=metrics)
    answer = site.answer(Request("GET", "/metrics", "1.1", (("host", host),), peer=LOCAL))
    assert getattr(answer, "status", None) == (200 if host.startswith("192") else 421)


def test_it_is_one_answer_on_the_wire() -> None:
    """For HEAD without what is in it; nothing else can be done there."""
    world = World()
    metrics = Metrics(Collector(world.connections, None))
    world = World(web=WebDoor(Site([], {}, metrics=metrics)))
    for method, status in (("GET", 200), ("HEAD", 200), ("POST", 404)):
        visitor = world.connect("127.0.0.1").sends(request("/metrics", method=method, host=HOST))
        (answer,) = answers(visitor.wire.taken, to_head=method == "HEAD")
        assert answer.status == status
    assert visitor.gone is False
    (answer,) = answers(world.connect().sends(request("/metrics")).wire.taken)
    assert answer.status == 404


def ask(chat: Daemon, path: str = "/metrics") -> tuple[int, str]:
    """Ask the daemon over a socket."""
    with chat.connect() as peer:
        peer.socket.sendall(request(path, "Connection: close", host=f"127.0.0.1:{chat.port}"))
        connection = h11.Connection(h11.CLIENT)
        connection.send(h11.Request(method="GET", target=path, headers=[("Host", "x")]))
        connection.send(h11.EndOfMessage())
        connection.receive_data(peer._file.read())
        connection.receive_data(b"")
    head = connection.next_event()
    assert isinstance(head, h11.Response)
    body = b""
    while isinstance(event := connection.next_event(), h11.Data):
        body += event.data
    return head.status_code, body.decode()


def test_the_daemon_has_them_when_it_was_asked(tmp_path: Path) -> None:
    """What somebody says is there the next time."""
    with daemon("--port=0", "--metrics", cwd=tmp_path) as chat, chat.join("alice") as alice:
        alice.types("hi")
        alice.reads_until("<alice> hi")
        status, text = ask(chat)
        found = {sample.name: sample.value for family in read_text(text) for sample in family.samples}
        assert (status, found["lanchat_lines_said_total"], found["lanchat_users"]) == (200, 1, 1)
        assert found["lanchat_log_bytes"] > 0


def test_without_being_asked_there_is_no_such_page(tmp_path: Path) -> None:
    """Nor is the library loaded."""
    with daemon("--port=0", cwd=tmp_path) as chat:
        assert ask(chat) == (404, "There is no such page here.\n")
        maps = Path(f"/proc/{chat.process.pid}/maps").read_text("utf-8")
        assert "prometheus" not in maps


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--metrics-from=chat.example"], "--metrics-from: 'chat.example' is not a network"),
        (["--metrics-from=192.0.2.7/24"], "--metrics-from: '192.0.2.7/24' is not a network"),
        (["--metrics", "--no-web"], "--metrics are beside the page, which --no-web leaves out"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(tmp_path: Path, options: list[str], wrong: str) -> None:
    """And nothing is started."""
    ended = run(
        [TWISTD, "-n", "lanchat", *options],
        cwd=tmp_path,
        env=environment_in(tmp_path),
        timeout=PATIENCE_S,
    )
    assert (ended.returncode, ended.stderr) == (1, f"twistd lanchat: {wrong} (see twistd lanchat --help)\n")


def test_without_the_library_it_says_what_to_install(tmp_path: Path) -> None:
    """In a line, at the start."""
    code = (
        "import sys; sys.modules['prometheus_client'] = None\n"
        "from lanchatd.options import Options\n"
        "Options().parseOptions(['--port=0', '--metrics'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env=environment_in(tmp_path),
    )  # fmt: skip
    wrong = "--metrics needs more: pip install 'lanchatd[metrics]'"
    assert (ended.returncode, ended.stderr) == (1, f"twistd lanchat: {wrong} (see twistd lanchat --help)\n")


def test_slow_turns_are_seen() -> None:
    """One in which a timer could not come for so long."""
    clock, counts = Clock(), Counts()
    slow = SlowTurns(clock, counts)
    slow.startService()
    for seconds in (LOOK_S, LOOK_S + SLOW_S / 2, LOOK_S + 1.5 * SLOW_S, LOOK_S, 1.0):
        clock.advance(seconds)
    slow.stopService()
    assert counts.slow_turns == 2
    assert clock.getDelayedCalls() == []


def test_lockouts_of_the_console_are_counted(world: World) -> None:
    """Once for each time that an address is refused from then on."""
    counts = Counts()
    guard = Guard(world.clock, world.limits, counts.locked_out)
    for _ in range(world.limits.admin_tries + 2):
        guard.failed("192.0.2.1")
    assert counts.console_lockouts == 1


def test_the_status_says_the_same(world: World) -> None:
    """In a line, for `systemctl status`."""
    world.join("alice").types("hi")
    status = Collector(world.connections, None).status()
    delivered = world.chat.counts.deliveries.total()
    assert status == f"1 member in 1 room; 1 said, {delivered} delivered"
