"""The commands, as people use them."""

from __future__ import annotations

import re

import pytest

from lanchatd.commands.actor import Does
from lanchatd.commands.all_commands import CONSOLE, MEMBERS
from lanchatd.commands.dispatch import CONSOLE_DOES, MEMBERS_DO
from lanchatd.commands.parsing import Commands, one_slip
from tests.world import Person, World

ADDRESSES = "An address is like 192.0.2.7 or 2001:db8::7, a network like 192.0.2.0/24 or 2001:db8::/64."


def operator(world: World, nick: str = "op", peer: str = "192.0.2.9") -> Person:
    """Somebody whom an administrator made an operator."""
    person = world.join(nick, peer)
    world.make_operator(person)
    return person


def test_help_lists_what_one_may_do(world: World) -> None:
    """The list is made from the table, and shows operators' commands to operators."""
    shown = world.join("alice").types("/help").sees()
    assert len(shown) == 1 + sum(not command.operator for command in MEMBERS)
    assert any(re.fullmatch("-- /nick NICK +take another nick", line) for line in shown)
    assert len(operator(world).types("/help").sees()) == 1 + len(list(MEMBERS))


@pytest.mark.parametrize(("table", "does"), [(MEMBERS, MEMBERS_DO), (CONSOLE, CONSOLE_DOES)])
def test_each_row_does_something_and_nothing_else_is_done(table: Commands, does: dict[str, Does]) -> None:
    """What can be typed is in the table, also for those who only read that."""
    assert {row.name for row in table} == set(does)


def test_help_for_one_command(world: World) -> None:
    """With or without its slash."""
    usage = ["-- /ignore NICK: hide what somebody says and sends to you, under any nick"]
    alice = world.join("alice")
    assert alice.types("/help ignore").sees() == usage
    assert alice.types("/help /IGNORE").sees() == usage


@pytest.mark.parametrize(
    ("typed", "refused"),
    [
        ("/mgs bob", "!! There is no /mgs. Did you mean /msg? //mgs says it."),
        ("/hsitory", "!! There is no /hsitory. Did you mean /history? //hsitory says it."),
        ("/Qurey bob", "!! There is no /Qurey. Did you mean /query? //Qurey says it."),
        ("/whoo", "!! There is no /whoo. Did you mean /who? //whoo says it."),
        ("/part", "!! You are in the lobby, where everybody begins. /quit leaves the chat."),
        ("/leave #dev", "!! You are not in #dev."),
        ("/dm bob", "!! Usage: /msg NICK TEXT"),
        ("/w nobody hi", "!! There is no nobody here."),
        ("/", "!! There is no /. /help lists what there is. // says it."),
        ("/help nick name", "!! Usage: /help [COMMAND]"),
        ("/nick", "!! Usage: /nick NICK"),
        ("/nick two words", "!! Usage: /nick NICK"),
        ("/msg bob", "!! Usage: /msg NICK TEXT"),
        ("/me", "!! Usage: /me TEXT"),
        ("/rooms all", "!! Usage: /rooms"),
        ("/history many", "!! Usage: /history [N] [before TIME]"),
        ("/history 0", "!! Usage: /history [N] [before TIME] (N is from 1 to 100)"),
        ("/history 101", "!! Usage: /history [N] [before TIME] (N is from 1 to 100)"),
        ("/history " + "9" * 3_000, "!! Usage: /history [N] [before TIME] (N is from 1 to 100)"),
        ("/history ١", "!! Usage: /history [N] [before TIME] (N is from 1 to 100)"),
        ("/history before", "!! Usage: /history [N] [before TIME]"),
        ("/history 5 before", "!! Usage: /history [N] [before TIME]"),
        ("/history before long", "!! A time is like 14:03, 2026-11-22 or 2026-11-22 14:03."),
        ("/search x", "!! This server keeps nothing that could be searched."),
        ("/msg nobody hi", "!! There is no nobody here."),
        ("/reply hi", "!! Nobody has written to you."),
        ("/who #nowhere", "!! There is no #nowhere. /rooms lists what there is."),
        ("/join #LOBBY", "!! You are in #lobby already."),
        ("/nick alice", "!! You are alice already."),
        ("/back", "!! You are not away."),
        ("/ignore ALICE", "!! You can't ignore yourself."),
        ("/unignore bob", "!! You don't ignore bob."),
        *((f"/{row.name} x", f"!! Only operators may /{row.name}.") for row in MEMBERS if row.operator),
    ],
)
def test_a_wrong_command_is_one_line_and_nothing_happens(world: World, typed: str, refused: str) -> None:
    """The line says what is wrong; nobody else sees a thing."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    assert alice.types(typed).sees() == [refused]
    assert bob.sees() == []


@pytest.mark.parametrize(
    "typed", ["zzzz", "mee", "ma", "whois", "kock", "mutee", "clear", "login", "x" * 3_000, "nic" + "k" * 9]
)
def test_a_hint_is_given_only_where_it_is_near(world: World, typed: str) -> None:
    """One slip away, and of what one may do; never /me, which would tell everybody what was for one."""
    refused = f"!! There is no /{typed}. /help lists what there is. //{typed} says it."
    assert world.join("alice").types(f"/{typed} bob").sees() == [refused]


def test_operators_are_given_hints_at_what_they_may_do(world: World) -> None:
    """Nobody else is."""
    refused = "!! There is no /kock. Did you mean /kick? //kock says it."
    assert operator(world).types("/kock bob").sees() == [refused]


@pytest.mark.parametrize(
    ("typed", "name", "slip"),
    [
        ("jion", "join", True), ("oin", "join", True), ("joi", "join", True), ("jojn", "join", True),
        ("joinn", "join", True), ("jooin", "join", True), ("join", "join", False), ("jonix", "join", False),
        ("nioj", "join", False), ("jo", "join", False), ("abab", "baba", False), ("", "me", False),
    ],
)  # fmt: skip
def test_a_slip_is_one_character(typed: str, name: str, slip: bool) -> None:
    """Wrong, missing, too many, or swapped with the next."""
    assert one_slip(typed, name) is slip


def test_commands_go_by_the_names_of_other_chats_too(world: World) -> None:
    """Whoever comes from one finds what it was called there."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    for alias in ("m", "dm", "PM", "query", "w"):
        assert alice.types(f"/{alias} bob psst").sees() == bob.sees() == ["[alice -> bob] psst"]
    assert alice.types("/names").sees() == alice.types("/who").sees()
    assert alice.types("/list").sees() == alice.types("/rooms").sees()
    assert alice.types("/?").sees() == alice.types("/help").sees()
    usage = ["-- /msg NICK TEXT: say something to one member only (also /m, /dm, /pm, /query, /w)"]
    assert alice.types("/help pm").sees() == usage
    alice.types("/j dev")
    assert bob.sees() == ["-- alice left (went to #dev)"]
    alice.types("/leave")
    assert alice.sees()[-2] == "-- You are alice in #lobby. /help lists the commands."
    alice.types("/q bye")
    assert bob.sees()[-1] == '-- alice left ("bye")'


def test_who_thinks_better_of_it_leaves_by_any_name(world: World) -> None:
    """Before a nick was given as well."""
    assert world.connect().types("/exit").sees()[-1] == "-- Goodbye."


def test_nick_renames_and_frees_the_old_nick(world: World) -> None:
    """Everybody is told."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    alice.types("/nick Alice")
    alice.types("/nick robin")
    assert alice.sees() == bob.sees() == ["-- alice is now Alice", "-- Alice is now robin"]
    assert bob.types("/nick ROBIN").sees() == ["!! That nick is taken."]
    assert bob.types("/nick alice").sees() == ["-- bob is now alice"]


def test_me_and_topic_are_told_to_the_room(world: World) -> None:
    """What is done and what it is about."""
    alice = world.join("alice")
    assert alice.types("/topic").sees() == ["-- #lobby has no topic."]
    assert alice.types("/me  waves ").sees() == ["* alice waves"]
    assert alice.types("/topic food and wine").sees() == ["-- alice set the topic: food and wine"]
    assert alice.types("/topic -").sees() == ["-- alice cleared the topic"]
    assert alice.types("/topic").sees() == ["-- #lobby has no topic."]
    assert alice.types("/topic food and wine").sees() == ["-- alice set the topic: food and wine"]
    assert alice.types("/topic").sees() == ["-- The topic is: food and wine"]


def test_a_private_message_is_shown_to_both_and_can_be_answered(world: World) -> None:
    """To nobody else."""
    alice, bob, carol = world.join("alice"), world.join("bob"), world.join("carol")
    alice.sees(), bob.sees()
    alice.types("/msg BOB psst")
    assert alice.sees() == bob.sees() == ["[alice -> bob] psst"]
    bob.types("/reply what?")
    assert alice.sees() == bob.sees() == ["[bob -> alice] what?"]
    assert carol.sees() == []


def test_a_note_to_oneself_is_shown_once(world: World) -> None:
    """Both are the same."""
    assert world.join("alice").types("/msg alice milk").sees() == ["[alice -> alice] milk"]


def test_away_is_told_to_who_writes_and_shown_in_who(world: World) -> None:
    """Until one is back."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    assert bob.types("/away lunch").sees() == ["-- You are away."]
    assert alice.types("/msg bob hi").sees() == ["[alice -> bob] hi", '-- bob is away: "lunch".']
    assert alice.types("/who").sees() == ['-- 2 in #lobby: alice (plain) and bob (plain, away: "lunch")']
    assert bob.types("/back", "/away").sees()[1:] == ["-- You are back.", "-- You are away."]
    assert alice.types("/msg bob hi").sees() == ["[alice -> bob] hi", "-- bob is away."]
    assert alice.types("/who").sees() == ["-- 2 in #lobby: alice (plain) and bob (plain, away)"]


def test_away_and_operators_in_json(world: World) -> None:
    """Programs see it too."""
    bob = operator(world, "bob")
    bob.types("/away lunch")
    assert world.join_json("ci").gets()[-1]["members"] == [
        {"nick": "bob", "away": "lunch", "operator": True, "known": True},
        {"nick": "ci"},
    ]
    assert bob.types("/who").sees()[-1] == '-- 2 in #lobby: @bob (plain, away: "lunch") and ci (plain)'


def test_who_names_a_hundred_and_counts_the_others(world: World) -> None:
    """A list of 10,000 helps nobody."""
    for number in range(150):
        person = world.join(f"p{number}")
    world.passes(1)
    person.sees()
    (line,) = person.types("/who").sees()
    assert line.startswith("-- 150 in #lobby: p0 (plain), p1 (plain), p10 (plain), p11 (plain),")
    assert line.endswith(" and 50 others")


def test_who_of_a_room_with_nobody_in_it(world: World) -> None:
    """It is still there for what was said in it."""
    alice = world.join("alice", room="#dev").types("hi", "/join #lobby")
    alice.sees()
    assert alice.types("/who #dev").sees() == ["-- Nobody is in #dev."]


def test_rooms_are_listed_the_fullest_first(world: World) -> None:
    """With their topics."""
    alice = world.join("alice", room="#dev").types("/topic code")
    world.join("bob", room="#dev")
    world.join("carol", room="#art")
    alice.sees()
    assert alice.types("/rooms").sees() == ["-- #dev (2 here) code", "-- #art (1 here)", "-- #lobby (0 here)"]
    rooms = world.join_json("ci").asks({"line": "/rooms"}).gets()[-1]
    assert rooms == {
        "type": "rooms",
        "total": 3,
        "rooms": [
            {"room": "#dev", "here": 2, "topic": "code", "last": 1},
            {"room": "#art", "here": 1, "topic": "", "last": 0},
            {"room": "#lobby", "here": 1, "topic": "", "last": 0},
        ],
    }


def test_a_long_list_of_rooms_is_cut(world: World) -> None:
    """A hundred, and how many others."""
    alice = world.join("alice")
    for number in range(102):
        world.join(f"p{number}", room=f"#r{number}")
    alice.sees()
    assert alice.types("/rooms").sees()[-1] == "-- and 3 others"


def test_join_goes_to_another_room(world: World) -> None:
    """It is made if there is none; both rooms are told."""
    alice, bob = world.join("alice"), world.join("bob", room="#dev")
    alice.sees()
    alice.types("/join #dev")
    assert alice.sees() == [
        "-- You are alice in #dev. /help lists the commands.",
        "-- 2 in #dev: alice (plain) and bob (plain)",
    ]
    assert bob.sees() == ["-- alice joined"]
    bob.types("/join #lobby")
    assert alice.sees() == ["-- bob left (went to #lobby)"]


def test_a_room_with_nobody_and_nothing_in_it_goes(world: World) -> None:
    """One where something was said stays, and the lobby does."""
    alice = world.join("alice")
    alice.types("/join #empty", "/join #full", "hello", "/join #lobby")
    assert list(world.chat.rooms) == ["#lobby", "#full"]
    alice.types("/quit")
    assert list(world.chat.rooms) == ["#lobby", "#full"]


def test_history_shows_the_last_lines_again(world: World) -> None:
    """20, or as many as asked for."""
    alice = world.join("alice")
    assert alice.types("/history").sees() == ["-- Nothing was said here yet."]
    alice.types(*(f"line {n}" for n in range(1, 31)))
    alice.sees()
    assert alice.types("/history").sees() == [f"14:03 <alice> line {n}" for n in range(11, 31)]
    assert alice.types("/history 2").sees() == ["14:03 <alice> line 29", "14:03 <alice> line 30"]
    assert len(alice.types("/history 100").sees()) == 30


def test_history_is_at_most_a_chunk() -> None:
    """The newest lines that fit."""
    world = World(bytes_per_s=1_000_000)
    alice = world.join("alice")
    for number in range(100):
        alice.types(f"{number:04}" + "x" * 4_000)
    alice.sees()
    shown = alice.types("/history 100").sees()
    assert shown[-1].startswith("14:03 <alice> 0099")
    assert 60_000 < sum(len(line) + 1 for line in shown) <= 65_536


def test_ignore_hides_what_a_nick_says_and_sends(world: World) -> None:
    """For the one who ignores only; joins and topics are still told."""
    alice, bob, carol = world.join("alice"), world.join("bob"), world.join("carol")
    for person in (alice, bob, carol):
        person.sees()
    assert alice.types("/ignore Bob").sees() == ["-- You ignore Bob now."]
    bob.types("hi", "/me waves", "/msg alice psst", "/topic fish")
    carol.types("bob, are you there?")
    assert bob.sees()[0] == "[bob -> alice] psst"
    carol_saw = carol.sees()
    assert carol_saw == [
        "<bob> hi", "* bob waves", "-- bob set the topic: fish", "<carol> bob, are you there?",
    ]  # fmt: skip
    assert alice.sees() == carol_saw[2:]
    assert alice.types("/history").sees() == [f"14:03 {line}" for line in carol_saw[2:]]
    assert alice.types("/reply hi").sees() == ["!! Nobody has written to you."]
    assert alice.types("/unignore BOB").sees() == ["-- You don't ignore BOB any more."]
    bob.types("again")
    assert alice.sees() == ["<bob> again"]


def test_ignore_holds_for_the_person_whatever_nick_they_take(world: World) -> None:
    """For talk, private messages and what is shown again; `/unignore` with the new nick undoes it."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.types("/ignore bob")
    bob.types("/nick rob", "one", "/nick robin", "two", "/msg alice psst", "/me waves")
    assert alice.sees()[-2:] == ["-- bob is now rob", "-- rob is now robin"]
    assert alice.types("/history").sees() == ["-- Nothing was said here yet."]
    assert world.join("carol").types("/history").sees()[-1] == "14:03 * robin waves"
    assert alice.types("/unignore ROBIN").sees()[-1] == "-- You don't ignore ROBIN any more."
    bob.types("three", "/nick bob", "four")
    assert alice.sees() == ["<robin> three", "-- robin is now bob", "<bob> four"]
    assert alice.types("/unignore bob").sees() == ["!! You don't ignore bob."]


def test_ignore_goes_along_with_who_came_later(world: World) -> None:
    """A nick can be ignored before somebody comes with it, and then it is they who are."""
    alice = world.join("alice").types("/ignore bob")
    bob = world.join("bob")
    bob.types("/nick rob", "hi")
    assert alice.sees()[-1] == "-- bob is now rob"


def test_who_takes_a_nick_that_an_ignored_one_passed_through_is_heard(world: World) -> None:
    """The nick that was ignored stays so, as a muted one does."""
    alice, bob, carol = world.join("alice"), world.join("bob"), world.join("carol")
    alice.types("/ignore bob")
    bob.types("/nick rob", "/nick robin")
    alice.sees()
    carol.types("/nick rob", "hi")
    carol.types("/nick bob", "hidden", "/nick carol", "hidden too")
    assert alice.sees() == [
        "-- carol is now rob", "<rob> hi", "-- rob is now bob", "-- bob is now carol",
    ]  # fmt: skip
    bob.vanishes()
    carol.types("/nick caro")
    assert alice.sees() == ["-- robin left (connection lost)", "-- carol is now caro"]
    assert alice.types("/unignore bob").sees() == ["-- You don't ignore bob any more."]
    assert carol.types("heard").sees()[-1] == alice.sees()[-1] == "<caro> heard"


def test_one_can_ignore_a_hundred_nicks(world: World) -> None:
    """And no more."""
    alice = world.join("alice")
    answers = alice.types(*(f"/ignore n{n}" for n in range(101))).sees()
    assert answers[99] == "-- You ignore n99 now."
    assert answers[100] == "!! You ignore 100 nicks, which is the limit."


def test_quit_says_goodbye_and_tells_the_room(world: World) -> None:
    """With the text, if there is one; what was said before is seen to come back."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.sees()
    bob.types("one more", "/quit see you", "too late")
    assert bob.sees() == ["<bob> one more", "-- Goodbye."]
    assert alice.sees() == ["<bob> one more", '-- bob left ("see you")']
    world.passes(1)
    assert bob.gone


def test_kick_closes_at_once_and_frees_the_nick(world: World) -> None:
    """A member that reads nothing as well."""
    op, bob, carol = operator(world), world.join("bob"), world.join("carol")
    op.sees(), carol.sees(), bob.sees()
    carol.stops_reading()
    op.types("/kick bob be kind", "/kick CAROL")
    assert op.sees() == [
        "-- bob was kicked.",
        "-- carol was kicked.",
        '-- bob left (kicked by op: "be kind")',
        "-- carol left (kicked by op)",
    ]
    assert bob.sees() == ['!! You were kicked by op: "be kind".']
    world.join("carol")
    world.passes(1)
    assert bob.gone and carol.gone
    assert op.types("/kick bob").sees()[-1] == "!! There is no bob here."


def test_a_ban_on_a_nick(world: World) -> None:
    """Who has it is closed, and nobody can take it."""
    op, bob = operator(world), world.join("bob")
    op.sees()
    op.types("/ban BOB spam")
    assert op.sees() == ['-- bob left (banned by op: "spam")', '-- BOB is banned by op: "spam".']
    assert bob.sees() == ['!! You were banned by op: "spam".']
    assert world.connect().types("Bob").sees()[-1] == '!! That nick is banned: "spam".'
    carol = world.join("carol")
    assert carol.types("/nick bob").sees() == ['!! That nick is banned: "spam".']
    assert op.types("/bans").sees()[-1] == '-- BOB is banned by op: "spam"'
    assert op.types("/unban bob").sees() == ["-- bob is not banned any more."]
    assert carol.types("/nick bob").sees() == ["-- carol is now bob"]
    assert op.types("/unban bob").sees()[-1] == "!! There is no ban on bob. /bans lists what there is."
    assert op.types("/bans").sees() == ["-- Nobody is banned or muted."]


@pytest.mark.parametrize("target", ["192.0.2.77", "192.0.2.64/27", "192.0.2.70/27"])
def test_a_ban_on_an_address_or_network_ends_after_its_minutes(world: World, target: str) -> None:
    """Who is there is closed, and who comes from there is told so."""
    op, bob, carol = operator(world), world.join("bob", "192.0.2.77"), world.join("carol", "192.0.2.7")
    op.types(f"/ban {target} 10")
    world.passes(1)
    assert bob.gone and not carol.gone
    assert world.connect("192.0.2.77").types("bob").sees() == ["!! Your address is banned."]
    world.passes(10 * 60)
    told = "-- 3 in #lobby: carol (plain), dave (plain) and @op (plain)"
    assert told in world.connect("192.0.2.77").types("dave").sees()


@pytest.mark.parametrize(
    ("typed", "refused"),
    [
        ("/ban OP", "!! You can't ban yourself."),
        ("/ban 192.0.2.9", "!! Your own address, 192.0.2.9, is in 192.0.2.9."),
        ("/ban 192.0.2.0/24", "!! Your own address, 192.0.2.9, is in 192.0.2.0/24."),
        ("/ban 192.0.2.0/33", f"!! 192.0.2.0/33 is no nick, no address and no network. {ADDRESSES}"),
        ("/ban !", f"!! ! is no nick, no address and no network. {ADDRESSES}"),
        ("/ban", "!! Usage: /ban NICK|ADDRESS|NETWORK [MINUTES] [REASON]"),
        (
            "/ban bob 0",
            "!! Usage: /ban NICK|ADDRESS|NETWORK [MINUTES] [REASON] (MINUTES is from 1 to 5,256,000)",
        ),
        ("/mute bob ten", "!! Usage: /mute NICK [MINUTES] (MINUTES is from 1 to 5,256,000)"),
        ("/mute carol", "!! There is no carol here."),
        ("/unmute bob", "!! bob is not muted."),
        ("/unban 10.0.0.0/8", "!! There is no ban on 10.0.0.0/8. /bans lists what there is."),
    ],
)
def test_a_wrong_order_of_an_operator_is_refused(world: World, typed: str, refused: str) -> None:
    """One line, and nothing done."""
    op, bob = operator(world), world.join("bob")
    op.sees()
    assert op.types(typed).sees() == [refused]
    assert not bob.gone
    assert list(world.chat.moderation.bans.all(world.now())) == []


def test_a_ban_on_ipv6_leaves_ipv4_alone(world: World) -> None:
    """And an operator without an address, on a UNIX socket, can ban any."""
    op, bob = operator(world), world.join("bob")
    op.sees()
    op.types("/ban 2001:db8::/32 10")
    assert op.sees() == ["-- 2001:db8::/32 is banned until 14:13 by op."]
    assert not bob.gone


def test_a_long_list_of_bans_is_cut(world: World) -> None:
    """A hundred, and how many others."""
    op = operator(world)
    op.types(*(f"/ban n{n}" for n in range(102)))
    op.sees()
    shown = op.types("/bans").sees()
    assert (len(shown), shown[-1]) == (101, "-- and 2 others")


def test_a_muted_member_only_reads(world: World) -> None:
    """Until the minutes are over, under any nick."""
    op, bob = operator(world), world.join("bob")
    op.types("/mute bob 57")
    assert bob.sees()[-1] == "-- You are muted until 15:00."
    for typed in ("hi", "/me waves", "/topic x", "/msg op psst", "/nick rob", "hi"):
        bob.types(typed)
    muted = "!! You are muted until 15:00."
    assert bob.sees() == [muted, muted, muted, muted, "-- bob is now rob", muted]
    bob.hangs_up()
    bob = world.join("bob")
    assert bob.types("hi").sees() == [muted]
    world.passes(57 * 60)
    assert bob.types("hi").sees() == ["<bob> hi"]


def test_who_is_muted_says_nothing_on_the_way_out(world: World) -> None:
    """The text of /quit is talk too."""
    op, bob = operator(world), world.join("bob")
    op.types("/mute bob")
    op.sees()
    bob.types("/quit you all stink")
    assert op.sees() == ["-- bob left"]


def test_a_mute_is_not_left_behind_on_nicks(world: World) -> None:
    """Once, every nick that a muted member passed through stayed muted for whoever took it next."""
    op, bob = operator(world), world.join("bob")
    op.types("/mute bob")
    bob.types("/nick robert", "/nick rob")
    bob.sees()
    assert world.join("robert").types("hi").sees() == ["<robert> hi"]
    assert bob.types("hi").sees()[-1] == "!! You are muted."
    op.types("/unmute rob")
    assert bob.types("hi").sees()[-2:] == ["-- You may talk again.", "<rob> hi"]


def test_a_mute_of_days_says_the_date(world: World) -> None:
    """The time of day alone would be today's."""
    op, bob = operator(world), world.join("bob")
    op.types("/mute bob 1440")
    assert bob.types("hi").sees()[-1] == "!! You are muted until 2026-11-23 14:03."


def test_a_reply_goes_to_who_wrote_and_not_to_who_took_the_nick(world: World) -> None:
    """Alice changed her nick, and mallory took the old one."""
    alice, bob = world.join("alice"), world.join("bob")
    alice.types("/msg bob psst", "/nick al")
    mallory = world.join("mallory").types("/nick alice")
    mallory.sees(), bob.sees()
    assert bob.types("/reply the password").sees() == ["[bob -> al] the password"]
    assert mallory.sees() == []
    alice.hangs_up()
    bob.sees()
    assert bob.types("/reply still there?").sees() == ["!! Who wrote to you last is gone."]


def test_long_away_texts_and_reasons_are_cut_in_lists(world: World) -> None:
    """A list for everybody who comes in must not grow to a megabyte."""
    op = operator(world)
    op.types("/away " + "x" * 4_000, "/ban spammer " + "y" * 4_000)
    op.sees()
    assert op.types("/who").sees() == ['-- 1 in #lobby: @op (plain, away: "' + "x" * 80 + '")']
    assert op.types("/bans").sees() == ['-- spammer is banned by op: "' + "y" * 80 + '"']


def test_a_ban_on_an_address_holds_for_connections_made_before(world: World) -> None:
    """Who was still reading the greeting does not come in."""
    op, evil = operator(world), world.connect("192.0.2.66")
    op.types("/ban 192.0.2.66")
    assert evil.types("evil").sees()[-1] == "!! Your address is banned."
    assert list(world.chat.users) == ["op"]


def test_unmute_lets_talk_again(world: World) -> None:
    """Whoever is here is told."""
    op, bob = operator(world), world.join("bob")
    op.types("/mute bob")
    op.sees(), bob.sees()
    assert bob.types("hi").sees() == ["!! You are muted."]
    op.types("/unmute bob")
    assert bob.sees() == ["-- You may talk again."]
    op.types("/mute bob")
    bob.hangs_up()
    op.sees()
    assert op.types("/unmute bob").sees() == ["-- bob may talk again."]
