"""What administrators type at the console, without the console: each command, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from lanchatd.chat import moderating
from lanchatd.chat.answers import Answer
from lanchatd.commands.administrators import Administrator
from lanchatd.commands.all_commands import CONSOLE
from lanchatd.commands.dispatch import administer
from lanchatd.commands.report import Cell, Report, Span, Table, as_json, as_text
from lanchatd.text import names
from lanchatd.text.refused import Refused
from tests.chat.test_late_log import LateWorld
from tests.commands.test_commands import ADDRESSES
from tests.world import NOON, World


class Daemon:
    """As much of the daemon as administrators ask for. Implements `administering.Daemon`."""

    most_connections = 5_000

    def __init__(self) -> None:
        self.changes = 0
        self.shutdowns: list[tuple[int, str]] = []

    def facts(self) -> dict[str, Cell]:
        return {"up": Span(3_700)}

    def addresses(self) -> list[str]:
        return ["http://192.0.2.7:8000/", "nc 192.0.2.7 8000"]

    def limits_changed(self) -> None:
        self.changes += 1

    def recorded(self, count: int) -> Table:
        return Table("log", ("count",), ((count,),), "")

    def shut_down_in(self, seconds: int, reason: str) -> None:
        self.shutdowns.append((seconds, reason))


class Console:
    """An administrator at 192.0.2.9."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.daemon = Daemon()
        self.reports: list[Report] = []
        self.done: list[Refused | None] = []
        self._administrator = Administrator("192.0.2.9", self.daemon, self.reports.append)

    def begins(self, line: str) -> None:
        """Type a command, and don't wait for its end."""
        administer(self.world.chat, self._administrator, line).when_known(self._is_done)

    def _is_done(self, answer: Answer[None]) -> None:
        assert answer.error is None or isinstance(answer.error, Refused)
        self.done.append(answer.error)

    def types(self, line: str) -> list[str]:
        """Type a command, and wait; the lines shown, a refusal with ``!!`` before it."""
        self.begins(line)
        self.world.settle()
        (refused,) = self.done
        self.done.clear()
        shown = "".join(as_text(report, self.world.now()) for report in self.reports).splitlines()
        self.reports.clear()
        return shown + ([] if refused is None else [f"!! {refused.text}"])

    def asks(self, line: str) -> dict[str, Any]:
        """Type a command, and read its one answer as a program does."""
        self.begins(line)
        self.world.settle()
        assert self.done == [None]
        self.done.clear()
        (report,) = self.reports
        self.reports.clear()
        answer: dict[str, Any] = json.loads(as_json(report))
        return answer


@pytest.fixture
def console(world: World) -> Console:
    return Console(world)


def test_who_tells_of_each_member(world: World, console: Console) -> None:
    """Where from, since when, how long silent, and how much was said."""
    world.make_operator(world.join("bob", "192.0.2.2"))
    world.passes(60)
    world.join("alice", "2001:db8::1", "#dev").types("hi", "there")
    world.passes(200)
    port = world.connections.open
    assert len(port) == 2
    rows = console.asks("who")["rows"]
    assert [{**row, "address": row["address"].rpartition(":")[0]} for row in rows] == [
        {
            "nick": "alice", "address": "[2001:db8::1]", "encrypted": False, "room": "#dev",
            "since": "2026-11-22T14:04:11.123Z", "idle": 200, "state": "live", "behind": 0,
            "lines_said": 2, "operator": False,
        },
        {
            "nick": "bob", "address": "192.0.2.2", "encrypted": False, "room": "#lobby",
            "since": "2026-11-22T14:03:11.123Z", "idle": 260, "state": "live", "behind": 0,
            "lines_said": 0, "operator": True,
        },
    ]  # fmt: skip
    heading, alice, bob = console.types("who")
    assert heading.split("  ")[0] == "nick"
    assert "3 min 20 s" in alice and alice.endswith("2")
    assert "14:03" in bob and bob.endswith("yes")


def test_a_room_may_be_named_without_its_hash_sign(world: World, console: Console) -> None:
    """In every command; of a nick and a room with the same name, `who` means the nick."""
    alice, bob = world.join("alice", room="dev"), world.join("bob", room="dev")
    world.join("dave", room="alice")
    nicks = [[row["nick"] for row in console.asks(line)["rows"]] for line in ("who dev", "who alice")]
    assert nicks == [["alice", "bob"], ["alice"]]
    assert console.types("who nobody") == ["!! There is no nobody here."]
    assert console.types("say dev hi") + console.types("topic dev tea") == []
    assert console.types("topic dev") == ["The topic is: tea"]
    assert bob.sees() == ["<admin> hi", "-- admin set the topic: tea"]
    assert alice.types("/who dev").sees()[-1] == "-- 2 in #dev: alice (plain) and bob (plain)"
    assert alice.types("/who nowhere").sees() == ["!! There is no #nowhere. /rooms lists what there is."]
    assert alice.types("/join Dev").sees() == ["!! You are in #dev already."]
    assert world.join_json("ci", room="dev").gets()[0]["room"] == "#dev"


def test_who_tells_who_lags_and_by_how_much(world: World, console: Console) -> None:
    """One who does not read, in lines of the log."""
    alice, bob = world.join("alice"), world.join("bob")
    bob.stops_reading()
    for text in "abc":
        alice.types(text)
    rows = {row["nick"]: (row["state"], row["behind"]) for row in console.asks("who")["rows"]}
    assert rows == {"alice": ("live", 0), "bob": ("lagging", 2)}
    assert console.asks("stats")["lagging"] == 1


def test_who_can_be_asked_of_one_nick_or_one_room(world: World, console: Console) -> None:
    """And refuses those that are not here."""
    world.join("alice", room="#dev"), world.join("bob"), world.join("carol", room="#dev")

    def nicks(line: str) -> list[str]:
        return [row["nick"] for row in console.asks(line)["rows"]]

    assert nicks("who ALICE") == ["alice"]
    assert nicks("who #dev") == ["alice", "carol"]
    assert console.types("who dave") == ["!! There is no dave here."]
    assert console.types("who #no") == ["!! There is no #no. rooms lists what there is."]


def test_an_empty_server_says_so(console: Console) -> None:
    """And has the lobby all the same."""
    assert console.types("who") == ["Nobody is here."]
    assert console.types("rooms") == ["room    here  lines  topic", "#lobby  0     0"]
    assert console.types("op") == ["Nobody is an operator."]
    assert console.types("bans") == ["Nobody is banned or muted."]


def test_rooms_tells_of_each_room(world: World, console: Console) -> None:
    """The fullest first."""
    world.join("alice", room="#dev").types("/topic work", "hi")
    assert console.asks("rooms") == {
        "type": "rooms",
        "rows": [
            {"room": "#dev", "here": 1, "lines": 2, "topic": "work"},
            {"room": "#lobby", "here": 0, "lines": 0, "topic": ""},
        ],
    }


def test_kick_closes_at_once(world: World, console: Console) -> None:
    """By admin, as everybody is told; one who reads nothing, too."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    bob.stops_reading()
    assert console.types("kick bob spamming a lot") == ["bob was kicked."]
    assert alice.sees() == ['-- bob left (kicked by admin: "spamming a lot")']
    assert "bob" not in world.chat.users
    world.passes(0.5)
    assert bob.gone
    assert console.types("kick bob") == ["!! There is no bob here."]


def test_a_ban_is_answered_when_it_is_kept(world: World, console: Console) -> None:
    """It holds before: who is banned is gone at once."""
    bob = world.join("bob")
    console.begins("ban bob 10 spam")
    assert "bob" not in world.chat.users
    assert (console.done, console.reports) == ([], [])
    world.settle()
    assert console.done == [None]
    assert bob.gone or bob.sees()
    (kept,) = world.kept
    assert json.loads(kept)["bans"] == [
        {"on": "bob", "until": "2026-11-22T14:13:11.123Z", "by": "admin", "reason": "spam"}
    ]


@pytest.mark.parametrize("line", ["ban bob", "mute bob", "op bob"])
def test_what_could_not_be_kept_is_said(world: World, console: Console, line: str) -> None:
    """It holds until the daemon ends, and the administrator knows."""
    world.make_owner(world.join("bob"))
    world.disk_error = OSError(28, "No space left on device")
    assert console.types(line) == [
        "!! That holds only until the daemon ends, as it could not be written: No space left on device."
    ]


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("ban 192.0.2.0/24", "Your own address, 192.0.2.9, is in 192.0.2.0/24."),
        ("ban 192.0.2.0/33", f"192.0.2.0/33 is no nick, no address and no network. {ADDRESSES}"),
        ("ban", "Usage: ban NICK|ADDRESS|NETWORK [MINUTES] [REASON]"),
        ("mute carol", "There is no carol here."),
        ("op carol", "carol belongs to nobody: first they /register it, or account add carol does."),
        ("deop carol", "carol is no operator."),
        ("unban carol", "There is no ban on carol. bans lists what there is."),
        ("say #no hi", "There is no #no. rooms lists what there is."),
        ("say a/b hi", f"A room is # and {names._RULE}."),
        ("say #lobby", "Usage: say ROOM TEXT"),
        ("topic", "Usage: topic ROOM [TEXT]"),
        ("announce", "Usage: announce TEXT"),
        ("nick bob", "There is no nick. Did you mean kick?"),
        ("", "There is no . help lists what there is."),
        ("limits nothing", "There is no limit nothing. limits lists what there is."),
        ("limits max-rooms many", "'many' is not a whole number of rooms from 1 to 1,000,000."),
        ("limits max-connections 5001", "The limit of open files allows 5,000 connections."),
        (
            "limits chunk-bytes 1048576",
            "--direct-bytes has to be at least twice --chunk-bytes: an answer may be a chunk.",
        ),
        ("shutdown --yes 86401", "Usage: shutdown [--yes] [SECONDS] [REASON] (SECONDS is from 0 to 86,400)"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_done(
    world: World, console: Console, line: str, refused: str
) -> None:
    """Nobody notices, and nothing is kept."""
    bob = world.join("bob", "192.0.2.2")
    before = vars(world.limits).copy()
    assert console.types(line) == [f"!! {refused}"]
    assert bob.sees() == []
    assert (world.kept, console.daemon.changes, vars(world.limits)) == ([], 0, before)


@pytest.mark.parametrize(
    "line", ["say #lobby \x1b[31mred", "topic #lobby a\nb", "kick bob \x07", "ban bob 5 \u202e"]
)
def test_what_could_harm_a_terminal_is_refused(world: World, console: Console, line: str) -> None:
    """From administrators too: a stray key in a script, or a paste."""
    bob = world.join("bob")
    (refused,) = console.types(line)
    assert refused.startswith("!! That line holds U+")
    assert (bob.sees(), world.kept) == ([], [])


def test_a_line_is_no_longer_than_anybodys(world: World, console: Console) -> None:
    """What is said or set as a topic is shown to everybody who comes."""
    world.join("alice")
    assert console.types("say #lobby " + "x" * 4_085) == []
    assert console.types("say #lobby " + "x" * 4_086) == ["!! A line has at most 4,096 bytes."]


@pytest.mark.parametrize(
    "target",
    [
        "192.0.2.300", "192.0.2", "10.1", "999.1.1.1", "1.2.3.4/33", "127.0.0.8-127.0.0.10", "127.0.0.8-10",
        "0x7f.0.0.8", "0X7F.0.0.0x8", "10.0.0.x", "10.0.0.*", "10.0.x.x", "192.0.2.7:8000", "1.2.3.4%lo",
        "fe80::5%", "[fe80::5]", "１２７.0.0.8-９",
    ],
)  # fmt: skip
def test_a_mistyped_address_is_no_ban_on_a_nick(world: World, console: Console, target: str) -> None:
    """It would keep nobody out, and look as if it did."""
    assert console.types(f"ban {target}") == [
        f"!! {target} is no nick, no address and no network. {ADDRESSES}"
    ]
    assert console.types("bans") == ["Nobody is banned or muted."]


@pytest.mark.parametrize("target", ["fe80::5%lo", "fe80::5%eth0.7", "fe80::5%2/128"])
def test_a_link_local_address_is_banned_as_who_shows_it(world: World, console: Console, target: str) -> None:
    """Whatever interface of this machine it comes in by."""
    bob = world.join("bob", "fe80::5%lo")
    assert "fe80::5%lo" in console.types("who")[-1]
    console.types(f"ban {target}")
    world.passes(1)
    assert bob.gone
    assert console.types("bans")[-1].startswith("fe80::5  ")
    assert world.connect("fe80::5%lo").types("bob").sees() == ["!! Your address is banned."]
    assert console.types(f"unban {target}") == ["fe80::5 is not banned any more."]


@pytest.mark.parametrize("minutes", ["0.5", "-5", "10m"])
def test_a_mistyped_number_is_no_reason(world: World, console: Console, minutes: str) -> None:
    """A ban for half a minute would be one for good."""
    (refused,) = console.types(f"ban bob {minutes} spam")
    assert refused.startswith("!! Usage: ban ")


def test_what_administrators_say_cannot_be_ignored(world: World) -> None:
    """It may be that the server shuts down."""
    alice = world.join("alice")
    assert alice.types("/ignore Admin").sees() == ["!! What administrators say can't be ignored."]


def test_commands_may_begin_with_a_slash(world: World, console: Console) -> None:
    """As in the chat."""
    world.join("alice")
    assert console.types("/KICK alice") == ["alice was kicked."]


def test_an_operator_is_a_nick(world: World, console: Console) -> None:
    """That belongs to somebody, who moderates under it, now and after coming back."""
    alice = world.join("alice", "127.0.0.1")
    assert console.types("op ALICE") == [
        "!! ALICE belongs to nobody: first they /register it, or account add ALICE does."
    ]
    world.make_owner(alice)
    assert console.types("op ALICE") == ["alice is an operator now."]
    assert alice.sees() == ["-- You are an operator now. /help lists what you may do."]
    assert alice.types("/bans").sees() == ["-- Nobody is banned or muted."]
    assert console.types("op alice") == ["!! alice is an operator already."]
    assert console.types("op") == ["nick   here", "alice  yes"]
    alice.hangs_up()
    assert console.types("op") == ["nick   here", "alice"]
    alice = world.join("Alice password", "127.0.0.1")
    assert alice.types("/bans").sees() == ["-- Nobody is banned or muted."]
    alice.hangs_up()
    assert console.types("deop alice") == ["alice is no operator any more."]
    assert console.types("op alice") == ["alice is an operator now."]  # also while it is elsewhere


def test_an_operator_may_take_another_nick(world: World, console: Console) -> None:
    """It is the account that moderates; and nobody gets the old nick, nor what it could do."""
    alice = world.join("alice", "127.0.0.1")
    world.make_operator(alice)
    assert alice.types("/nick alina").sees() == ["-- alice is now alina"]
    assert alice.types("/bans").sees() == ["-- Nobody is banned or muted."]
    assert console.types("op") == ["nick   here", "alina  yes"]
    held = "!! alice is held, and nobody can take it. Take another nick."
    assert world.connect().types("alice").sees()[-1] == held


def test_deop_takes_it_back(world: World, console: Console) -> None:
    """Whether they are here or not."""
    alice = world.join("alice")
    world.make_operator(alice)
    assert console.types("deop alice") == ["alice is no operator any more."]
    assert alice.sees() == ["-- You are no operator any more."]
    world.make_operator(alice)
    alice.hangs_up()
    assert console.types("deop alice") == ["alice is no operator any more."]
    alice = world.join("alice password", "127.0.0.1")
    assert alice.types("/bans").sees() == ["!! Only operators may /bans."]


def test_mutes_are_listed_with_the_bans(world: World, console: Console) -> None:
    """And lifted."""
    bob = world.join("bob")
    assert console.types("mute bob 5") == ["bob is muted until 14:08."]
    assert bob.types("hi").sees() == ["-- You are muted until 14:08.", "!! You are muted until 14:08."]
    console.types("ban 198.51.100.0/24")
    assert console.types("bans") == [
        "who              is      until  by     reason",
        "198.51.100.0/24  banned         admin",
        "bob              muted   14:08",
    ]
    assert console.types("unmute bob") == ["bob may talk again."]


def test_say_is_said_by_admin(world: World, console: Console) -> None:
    """In one room; it is in the log like any line. Nobody can take that nick."""
    alice, bob = world.join("alice", room="#dev"), world.join("bob")
    assert console.types("say #dev good morning") == []
    assert (alice.sees(), bob.sees()) == (["<admin> good morning"], [])
    assert world.connect().types("Admin").sees()[-1] == "!! That nick is taken."


def test_say_is_done_when_it_is_in_the_log() -> None:
    """Or not, if the log refused it."""
    world = LateWorld()
    console = Console(world)
    world.log.refusal = Refused("full", "The disk is full.")
    console.begins("say #lobby hi")
    world.settle()
    assert console.done == []
    world.log_answers()
    assert [refused and refused.text for refused in console.done] == ["The disk is full."]


def test_announce_is_said_in_every_room_with_somebody_in_it(world: World, console: Console) -> None:
    """And tells how many heard it."""
    alice, bob = world.join("alice", room="#dev"), world.join("bob")
    world.join("carol", room="#empty").types("hi").hangs_up()
    bob.sees()
    assert console.types("announce lunch is ready") == ["Told to 2 members in 2 rooms."]
    assert alice.sees() == bob.sees() == ["* admin announces: lunch is ready"]
    assert world.chat.rooms["#empty"].log.newest == 1


def test_announce_to_nobody_is_done(console: Console) -> None:
    """There was nothing to do."""
    assert console.types("announce hello") == ["Told to 0 members in 0 rooms."]


def test_topic_is_set_and_told(world: World, console: Console) -> None:
    """Of any room."""
    alice = world.join("alice")
    assert console.types("topic #lobby") == ["#lobby has no topic."]
    assert console.types("topic #lobby be nice") == []
    assert alice.sees() == ["-- admin set the topic: be nice"]
    assert console.types("topic #lobby") == ["The topic is: be nice"]


def test_what_others_type_to_join_is_shown(console: Console) -> None:
    """To be passed on."""
    assert console.types("address") == ["join with", "http://192.0.2.7:8000/", "nc 192.0.2.7 8000"]


def test_stats_are_facts(world: World, console: Console) -> None:
    """For people and for programs."""
    world.join("alice").types("hi")
    console.types("mute alice")
    stats = console.asks("stats")
    assert {name: stats[name] for name in ("members", "rooms", "lines_said", "bans", "mutes", "up")} == {
        "members": 1, "rooms": 1, "lines_said": 1, "bans": 0, "mutes": 1, "up": 3700,
    }  # fmt: skip
    assert "up            1 h 1 min" in console.types("stats")


def test_the_summary_is_one_line(world: World) -> None:
    """For whoever watches the service."""
    assert world.chat.summary() == "0 members in 0 rooms"
    world.join("alice")
    assert world.chat.summary() == "1 member in 1 room"
    world.join("bob", room="#dev"), world.join("carol").types("hi")
    assert world.chat.summary() == "3 members in 2 rooms"


def test_limits_are_listed(console: Console) -> None:
    """All, or one, whichever way its name is written."""
    listed = console.asks("limits")["rows"]
    assert [row["limit"] for row in listed][:2] == ["max-line-bytes", "max-long-lines"]
    for name in ("max-rooms", "--max-rooms", "max_rooms"):
        (row,) = console.asks(f"limits {name}")["rows"]
        assert (row["limit"], row["value"], row["unit"]) == ("max-rooms", 1_000, "rooms")


def test_a_limit_is_changed_while_it_runs(world: World, console: Console) -> None:
    """It holds at once, for those who are here too."""
    alice = world.join("alice")
    assert alice.types("x" * 4_097).sees() == ["!! A line has at most 4,096 bytes; that one was thrown away."]
    assert console.asks("limits max-line-bytes 64")["rows"][0]["value"] == 64
    assert console.daemon.changes == 1
    assert alice.types("x" * 65).sees() == ["!! A line has at most 64 bytes; that one was thrown away."]


def test_log_shows_the_last_records(console: Console) -> None:
    """20, or as many as asked for."""
    assert [console.asks(line)["rows"][0]["count"] for line in ("log", "log 3")] == [20, 3]


def test_shutdown_is_at_once_or_announced(world: World, console: Console) -> None:
    """With its reason."""
    alice = world.join("alice")
    assert console.types("shutdown --yes 90 new disk") == [
        "The server shuts down in 90 s. Another shutdown takes the place of this one."
    ]
    assert alice.sees() == ["* admin announces: the server shuts down at 14:04, in 90 s: new disk"]
    assert console.types("shutdown --yes") == ["The server is shutting down."]
    assert console.types("shutdown --yes 0") == ["The server is shutting down."]
    assert console.types("shutdown --yes now!") == ["The server is shutting down."]
    assert console.daemon.shutdowns == [(90, "new disk"), (0, ""), (0, ""), (0, "now!")]


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("shutdown", "--yes"),
        ("shutdown 90", "--yes 90"),
        ("shutdown 90 --yes", "--yes 90"),
        ("shutdown x", "--yes"),
    ],
)
def test_a_shutdown_has_to_be_meant(world: World, console: Console, line: str, meant: str) -> None:
    """A line of an old script, or the wrong window: it is said what would happen."""
    world.join("alice")
    assert console.types(line) == [
        f"!! The daemon would end, with 1 member in 1 room: shutdown {meant} says that it is meant."
    ]
    assert console.daemon.shutdowns == []


def test_help_is_made_from_the_rows(world: World, console: Console) -> None:
    """The same rows as operators have, and what is only here."""
    shown = console.types("help")
    assert len(shown) == 1 + len(list(CONSOLE))
    for row in CONSOLE:
        assert any(line.startswith(CONSOLE.usage(row)) and line.endswith(row.help) for line in shown)
    assert console.types("help kick") == ["kick NICK [REASON]: close a member's connection"]
    assert console.types("help nonsense")[0].startswith("!! There is no nonsense. help lists ")


def test_what_was_kept_holds_after_a_restart(world: World, console: Console) -> None:
    """Bans, mutes and operators, as the document has them."""
    alice = world.join("alice", "192.0.2.2")
    world.make_owner(alice)
    world.join("bob", "192.0.2.2"), world.join("carol", "192.0.2.2")
    for line in ("ban bob", "ban 198.51.100.0/24 10 spam", "mute carol 10", "op alice"):
        console.types(line)
    again = World()
    again.accounts.load(list(world.accounts), 1)
    moderating.load(again.chat, world.kept[-1])
    assert again.connect().types("bob").sees()[-1] == "!! That nick is banned."
    assert again.connect("198.51.100.7").types("dave").sees() == ["!! Your address is banned."]
    assert again.join("carol").types("hi").sees() == ["!! You are muted until 14:13."]
    alice = again.join("alice password", "127.0.0.1")
    assert "!! Only operators" not in alice.types("/bans").sees()[0]
    again.passes(600)
    assert again.connect("198.51.100.7").types("dave").sees()[-1].startswith("-- 3 in #lobby")


def test_what_is_loaded_while_it_runs_holds_at_once(world: World) -> None:
    """An administrator changed the file, and had it read again."""
    alice, bob = world.join("alice"), world.join("bob")
    world.make_owner(alice)
    ban = {"on": "bob", "until": None, "by": "me", "reason": ""}
    document = {"version": 1, "bans": [ban], "mutes": [], "operators": ["alice"]}
    moderating.load(world.chat, json.dumps(document).encode())
    world.passes(1)
    assert bob.gone
    assert alice.types("/bans").sees()[-1] == "-- bob is banned by me"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda d: d.update(version=2), "its version is 2, and not 1"),
        (lambda d: d.pop("bans"), "'bans' is missing"),
        (lambda d: d["bans"].append({"on": "bob"}), "'by' is missing"),
        (lambda d: d["bans"].append("bob"), "it is not the JSON that was written there"),
        (
            lambda d: d["bans"].append({"on": "a b", "until": None, "by": "", "reason": ""}),
            f"a b is no nick, no address and no network. {ADDRESSES}",
        ),
        (lambda d: d["mutes"].append({"nick": "bob", "until": "noon"}), "Invalid isoformat string: 'noon'"),
        (lambda d: d.update(operators="carol"), "it is not the JSON that was written there"),
        (
            lambda d: d["bans"].append({"on": 16909060, "until": None, "by": "", "reason": ""}),
            "it is not the JSON that was written there",
        ),
        (
            lambda d: d["mutes"].append({"nick": "bob", "until": "9999-12-31T23:59:59Z"}),
            "9999-12-31T23:59:59Z is too far away; null is for good",
        ),
        (lambda d: d.update(operators=[7]), "it is not the JSON that was written there"),
    ],
)
def test_a_document_that_is_wrong_changes_nothing(
    world: World, console: Console, change: Callable[[dict[str, Any]], object], why: str
) -> None:
    """It says what is wrong with it."""
    world.make_owner(world.join("bob"))
    console.types("op bob")
    document = json.loads(world.kept[-1])
    change(document)
    with pytest.raises(ValueError, match=why):
        moderating.load(world.chat, json.dumps(document).encode())
    with pytest.raises(ValueError, match="Expecting value"):
        moderating.load(world.chat, b"")
    with pytest.raises(ValueError, match="it is not the JSON"):
        moderating.load(world.chat, b"[" * 100_000)
    assert list(world.chat.moderation.operators.values()) == ["bob"]


def test_a_reason_that_could_harm_a_terminal_is_loaded_without_harm(world: World) -> None:
    """Somebody wrote it by hand; that is no reason to let everybody in."""
    ban = {"on": "bob", "until": None, "by": "me\n", "reason": "\x1b[31mspam"}
    moderating.load(
        world.chat, json.dumps({"version": 1, "bans": [ban], "mutes": [], "operators": []}).encode()
    )
    assert world.connect().types("bob").sees()[-1] == '!! That nick is banned: "\ufffd[31mspam".'


def test_what_can_be_kept_is_limited(world: World, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each kind; what is over makes room."""
    monkeypatch.setattr("lanchatd.chat.bans_and_mutes.MOST_KEPT", 1)
    world.join("alice")
    for nick in ("bob", "carol"):
        world.make_owner(world.join(nick))
    for command, what in (("ban dave 1", "bans"), ("mute alice 1", "mutes"), ("op bob", "operators")):
        console.types(command)
        word = command.split()[0]
        assert console.types(f"{word} carol") == [f"!! There are 1 {what}, which is the limit."]
    world.passes(60)
    assert console.types("mute carol") == ["carol is muted."]
    assert console.types("ban carol") == ["carol is banned by admin."]
    assert world.now() == NOON + 60
