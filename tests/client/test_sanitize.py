"""Whatever a server sends in whatever field: the client shows it harmlessly, or does without it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from copy import deepcopy
from types import SimpleNamespace
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lanchatd.chat import events
from lanchatd.chat.events import Event, Here, Kind, RoomLine
from lanchatd.client.colours import NICK_COLOURS
from lanchatd.client.pipe import Pipe
from lanchatd.client.rendering import shape
from lanchatd.client.session import ClientSession
from lanchatd.client.settings import Settings
from lanchatd.client.ui import Ui
from lanchatd.formats.json_lines import JsonFormat
from lanchatd.terminal.screen import Screen
from lanchatd.text.refused import Refusal

NOON = 1_793_000_000.0
TALK = Event(Kind.SAID, "#lobby", "bob", "hi", NOON, id=7)

# One of each, with every field that it can have.
ITEMS: list[events.Item] = [
    *(
        Event(kind, "#lobby", "bob", "hi", NOON, id=7)
        for kind in (Kind.SAID, Kind.NOTICED, Kind.ACTED, Kind.TOPIC)
    ),
    Event(Kind.RENAMED, "#lobby", "bob", "rob", NOON),
    Event(Kind.AWAY, "#lobby", "bob", "lunch", NOON),
    Event(Kind.BACK, "#lobby", "bob", "", NOON),
    events.Presence(Kind.JOINED, "#lobby", ("bob", "carol"), 3, events.NO_REASON, 5, NOON),
    events.Presence(Kind.LEFT, "#lobby", ("bob",), 0, events.Reason("kicked by admin", "bye"), 4, NOON),
    events.Private("bob", "alice", "psst", NOON),
    events.Notice(("one", "two"), "shutdown"),
    events.Members("#lobby", (Here("alice", "lunch", True, True), Here("bob", None, False)), 2),
    events.Rooms((RoomLine("#lobby", 2, "lunch"),), 3),
    events.Welcome("alice", "#lobby", "log1", 7, events.Topic("lunch"), "test", "1.2", ("Lunch at 12.",)),
    events.Nodes((events.Node("b.local", 8000, "sha256:" + "A" * 43),)),
    events.Missed("#lobby", "log1", 3),
    events.Parted("#lobby"),
    events.Read("#lobby", 7),
    events.Challenge("q83vEjRW", "sha256:V2h5"),
    events.Past((TALK, TALK), True, True, NOON),
    events.Ok("ref", 7),
    Refusal("kicked", "No.", "ref"),
]
SENT = [json.loads(JsonFormat().render(item, NOON)) for item in ITEMS]

TIMES = [
    "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999999-23:59", "1969-12-31",
    "2026-W01-1", "2026-11-01T01:30:00", "2026-11-22T14:03:11.123Z", "T", "-0001-01-01",
]  # fmt: skip
AWKWARD: list[Any] = [
    None, True, False, 0, -1, 1 << 63, 1 << 4_000, 0.5, 1e308, "", " ", "x" * 20_000, "\ud800", "\x1b[2J\n",
    "#lobby", "alice", *TIMES, [], [[]], [None], {}, [{}], {"": {}}, [{"at": TIMES[0]}], [["a"] * 3] * 3,
]  # fmt: skip

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.sampled_from(AWKWARD),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where there is something in it, at any depth."""
    if path:
        yield path
    names = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in names:
        yield from places(value[name], (*path, name))


def with_other(event: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The event with something else there."""
    event = deepcopy(event)
    inner: Any = event
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return event


def shown(*sent: dict[str, Any], welcomed: bool = True) -> str:
    """What a person sees and a pipe prints when a server sends this. Nothing may be raised on the way."""
    session = ClientSession("alice", "", lambda: "ref")
    session.connect(0)
    if welcomed:
        session.received(json.dumps(SENT[10]).encode(), 0)
    session.say("/join #dev")
    session.outgoing(0)
    written: list[str] = []
    ui = Ui(
        session, "server", Screen(80, styles=True), written.append, lambda *_: None, (),
        suspend=lambda: None, edit=lambda text: None, rows=24,
        settings=Settings(), logs=None, palette=NICK_COLOURS, titles=False, notify="", links=True,
    )  # fmt: skip
    ui.connection = SimpleNamespace(encrypted=True)  # type: ignore[assignment]
    printed = Pipe.__new__(Pipe)
    printed._as_json, printed._session = True, session
    for event in sent:
        got = session.received(json.dumps(event).encode(), 1)
        ui.show(got.items)
        for item in got.items:
            written += shape(item, session.nick, time.time()).stamped + tuple(printed._printed(item))
    ui.typed(b"a\t\t#\t\t")
    return "".join(written)


def test_one_of_each_is_tried() -> None:
    """All that a server can send."""
    assert {type(item) for item in ITEMS} == set(get_args(events.Moment)) | set(get_args(events.Item))
    # What was noticed is sent as said, with a field more; and some is told to IRC clients alone.
    kinds = set(Kind) - {Kind.NOTICED} - events.TOLD_IRC
    assert {event["type"] for event in SENT} >= {kind.value for kind in kinds}


@pytest.mark.parametrize("event", SENT, ids=[event["type"] for event in SENT])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "America/New_York"])
def test_anything_in_any_field_is_shown_harmlessly(
    event: dict[str, Any], zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the wrong kind, far too long, before all time: no exception ends the connection."""
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    for path in places(event):
        awkward = [with_other(event, path, value) for value in AWKWARD]
        assert not re.search(r"\x1b\[2J|[\ud800-\udfff]", shown(*awkward))
        for each in awkward:
            shown(each, welcomed=False)


@given(st.data())
def test_anything_generated_in_any_field_is_shown_harmlessly(data: st.DataObject) -> None:
    """And in several at once, and more of them than a server would send."""
    event = data.draw(st.sampled_from(SENT))
    for path in data.draw(st.lists(st.sampled_from(list(places(event))), min_size=1, max_size=3)):
        try:
            event = with_other(event, path, data.draw(anything))
        except (LookupError, TypeError):
            continue  # that place is gone
    event |= data.draw(st.dictionaries(st.sampled_from(["at", "past", "id", "text", "code", "x"]), anything))
    assert "\x1b[2J" not in shown(event)
