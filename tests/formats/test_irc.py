"""The IRC format: what each thing that can be told looks like, for each set of capabilities that matters."""

from __future__ import annotations

import pytest

from lanchatd.chat import events
from lanchatd.chat.events import Event, Here, Item, Kind, Members, Presence, Reason
from lanchatd.formats.irc import IrcFormat, IrcFormats
from lanchatd.limits import Limits
from lanchatd.text.refused import Refusal
from tests.irc import Client
from tests.world import NOON, World

TIME, ID = "time=2026-11-22T14:03:11.123Z", "msgid=7-1795356191123000"
FORMATS = IrcFormats(Limits())


def event(kind: Kind, text: str = "hi", id_: int = 7) -> Event:
    return Event(kind, "#lobby", "bob", text, NOON, id_)


def rendered(item: Item, *capabilities: str, now: float | None = None) -> list[str]:
    """Its lines; "\0" stands for the nick of who reads it."""
    encoded = FORMATS.format_for(frozenset(capabilities)).render(item, now).decode()
    assert not encoded or encoded.endswith("\r\n")
    return encoded.split("\r\n")[:-1]


@pytest.mark.parametrize(
    ("item", "lines"),
    [
        (event(Kind.SAID), [":bob!u@lan PRIVMSG #lobby :hi"]),
        (event(Kind.NOTICED), [":bob!u@lan NOTICE #lobby :hi"]),
        (event(Kind.ACTED), [":bob!u@lan PRIVMSG #lobby :\x01ACTION hi\x01"]),
        (event(Kind.TOPIC), [":bob!u@lan TOPIC #lobby :hi"]),
        (event(Kind.RENAMED, "rob", 0), [":bob!u@lan NICK rob"]),
        (event(Kind.AWAY, "lunch", 0), []),
        (event(Kind.BACK, "", 0), []),
        (event(Kind.TOPIC, ""), [":bob!u@lan TOPIC #lobby :"]),
        (event(Kind.JOINED, "Bob B.", 0), [":bob!u@lan JOIN #lobby"]),
        (event(Kind.LEFT, "", 0), [":bob!u@lan PART #lobby"]),
        (Event(Kind.LEFT, "#lobby", "bob", "", NOON, reason=Reason("kicked by al", "spam"), gone=True),
         [":bob!u@lan QUIT :kicked by al: spam"]),
        (event(Kind.REAL_NAME, "Robert", 0), []),
        (event(Kind.OPERATOR, "", 0), [":irc.lan MODE #lobby +o bob"]),
        (event(Kind.NO_OPERATOR, "", 0), [":irc.lan MODE #lobby -o bob"]),
        (Presence(Kind.JOINED, "#lobby", ("al", "bo"), 0, Reason(), 2, NOON), []),
        (events.Private("bob", "al", "psst", NOON), [":bob!u@lan PRIVMSG al :psst"]),
        (events.Private("bob", "al", "nods", NOON, acted=True),
         [":bob!u@lan PRIVMSG al :\x01ACTION nods\x01"]),
        (events.Private("bob", "al", "psst", NOON, notice=True), [":bob!u@lan NOTICE al :psst"]),
        (events.Notice(("one", "")), [":lanchat!u@lan NOTICE \0 :one", ":lanchat!u@lan NOTICE \0 : "]),
        (Refusal("x", "No."), [":lanchat!u@lan NOTICE \0 :No."]),
        (Members("#lobby", (Here("al", None, False), Here("bo", "", True)), 2),
         [":irc.lan 353 \0 = #lobby :al @bo", ":irc.lan 366 \0 #lobby :End of /NAMES list"]),
        (Members("#dev", (), 0), [":irc.lan 366 \0 #dev :End of /NAMES list"]),
        (events.Rooms((events.RoomLine("#lobby", 2, "tea"),), 1),
         [":irc.lan 321 \0 Channel :Users  Name", ":irc.lan 322 \0 #lobby 2 :tea",
          ":irc.lan 323 \0 :End of /LIST"]),
        (events.Welcome("al", "#lobby", "9f3c", 7, events.Topic(), "test", "1"),
         [":\0!u@lan JOIN #lobby"]),
        (events.Welcome("al", "#lobby", "9f3c", 7, events.Topic("tea"), "test", "1"),
         [":\0!u@lan JOIN #lobby", ":irc.lan 332 \0 #lobby :tea"]),
        (events.Welcome("al", "#lobby", "9f3c", 7, events.Topic("tea", "bo", NOON), "test", "1"),
         [":\0!u@lan JOIN #lobby", ":irc.lan 332 \0 #lobby :tea",
          ":irc.lan 333 \0 #lobby bo 1795356191"]),
        (events.Parted("#lobby"), [":\0!u@lan PART #lobby"]),
        (events.Missed("#lobby", "9f3c", 1),
         [":irc.lan NOTICE #lobby :You missed 1 line, which the log of #lobby no longer holds."]),
        (events.Missed("#lobby", "9f3c", 1_000),
         [":irc.lan NOTICE #lobby :You missed 1,000 lines, which the log of #lobby no longer holds."]),
        (events.Missed("#lobby", "9f3c", None),
         [":irc.lan NOTICE #lobby :The server has a new log of #lobby; this is all that it holds."]),
        (events.Past((), False, True, NOON), [":lanchat!u@lan NOTICE \0 :There is no such line."]),
        (events.Past((event(Kind.SAID),), True, True, NOON + 1),
         [":lanchat!u@lan NOTICE \0 :14:03 #lobby <bob> hi",
          ":lanchat!u@lan NOTICE \0 :There are more: /search alone shows them."]),
        (events.Ok("17", 7), []),
    ],
)  # fmt: skip
def test_what_is_told(item: Item, lines: list[str]) -> None:
    assert rendered(item) == lines


def test_an_old_topic_is_told_in_words() -> None:
    """A client would take it for the topic."""
    cleared = [":irc.lan NOTICE #lobby :bob cleared the topic"]
    assert rendered(event(Kind.TOPIC, ""), now=NOON) == cleared
    assert rendered(event(Kind.TOPIC), now=NOON) == [":irc.lan NOTICE #lobby :bob set the topic: hi"]


def test_times_and_ids_for_who_asks_for_them() -> None:
    said, came = event(Kind.SAID), event(Kind.JOINED, "Bob B.", 0)
    line, join = ":bob!u@lan PRIVMSG #lobby :hi", ":bob!u@lan JOIN #lobby"
    assert rendered(said, "server-time") == [f"@{TIME} {line}"]
    assert rendered(said, "message-tags") == [f"@{ID} {line}"]
    assert rendered(said, "server-time", "message-tags") == [f"@{TIME};{ID} {line}"]
    assert rendered(came, "message-tags") == [join]
    assert rendered(came, "server-time", "message-tags") == [f"@{TIME} {join}"]
    assert rendered(came, "extended-join") == [f"{join} * :Bob B."]
    assert rendered(event(Kind.REAL_NAME, "Robert", 0), "setname") == [":bob!u@lan SETNAME :Robert"]


def test_a_format_is_made_once_for_what_makes_a_difference() -> None:
    """A line is rendered once for all of them."""
    assert FORMATS.format_for(frozenset({"echo-message", "batch"})) is FORMATS.format_for(frozenset())
    assert FORMATS.format_for(frozenset({"server-time"})) is not FORMATS.format_for(frozenset())


def test_a_thousand_are_told_a_line_that_was_rendered_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """For each set of capabilities, and the talker's own is left out."""
    world = World()
    clients = [Client.joins(world, f"n{number}", "#lobby") for number in range(30)]
    clients += [Client.joins(world, f"t{number}", "#lobby", caps="server-time") for number in range(30)]
    world.passes(1)
    for client in clients:
        client.sees()
    times: list[Item] = []
    render = IrcFormat.render

    def counted(form: IrcFormat, item: Item, now: float | None = None) -> bytes:
        times.append(item)
        return render(form, item, now)

    monkeypatch.setattr(IrcFormat, "render", counted)
    clients[0].sends("PRIVMSG #lobby :hi")
    assert [client.sees() for client in clients[:2]] == [[], [":n0!u@lan PRIVMSG #lobby :hi"]]
    assert clients[-1].sees() == [f"@{TIME.replace('11.123', '12.123')} :n0!u@lan PRIVMSG #lobby :hi"]
    assert len(times) == 2
