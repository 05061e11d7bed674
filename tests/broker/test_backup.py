"""``lanchat-broker``: what a chat has in its broker is copied and brought back, also into a larger broker."""

from __future__ import annotations

import json
from pathlib import Path
from secrets import token_hex

import pytest

from tests.broker.lanchat_broker import runs
from tests.broker.links import linked
from tests.broker.plain import Plain
from tests.broker.server import PATIENCE_S, Server, Servers, one_server

pytestmark = [pytest.mark.broker, pytest.mark.timeout(3 * PATIENCE_S)]


def says(url: str, *texts: str) -> str:
    """Put some messages into a room's log; its name."""
    with linked(url) as daemon:
        for text in texts:
            daemon.publish("room.a", text)
        daemon.until("they are in it", lambda: set(texts) <= set(daemon.bodies))
        return daemon.opened[0].log


def forgets(broker: Server) -> None:
    """It has the chat no more."""
    with Plain(broker.url) as client:
        client.asks("$JS.API.STREAM.DELETE.lanchat")


def has(url: str) -> tuple[str, list[str]]:
    """The name of the log, and what is in it."""
    with linked(url) as daemon:
        return daemon.opened[0].log, daemon.bodies


def test_a_copy_of_one_is_brought_into_three(broker: Server, three: Servers, tmp_path: Path) -> None:
    """It is how one grows; people go on where they were."""
    log = says(broker.url, "1", "2", "3")
    file = tmp_path / "copy"
    assert runs("backup", file, "--broker", broker.url)[1].startswith(f"{file} has 3 messages, ")
    assert file.stat().st_mode & 0o777 == 0o600
    assert runs("restore", file, "--moved", "--broker", three.url)[1].startswith(
        "The broker has 3 messages, "
    )
    assert has(three.url) == (log, ["1", "2", "3"])
    three.leader()
    code, said = runs("check", "--broker", three.url)
    while code:  # they copy it to each other
        code, said = runs("check", "--broker", three.url)
    assert "3 have it: n1, n2, n3; " in said
    three.followers()[0].kill()
    three.leader()
    while not code:
        code, said = runs("check", "--broker", three.url)
    assert "not all have all of it: " in said


def test_a_broker_that_takes_little_as_one_message_is_brought_all(broker: Server, tmp_path: Path) -> None:
    """It was refused, as if the broker did not answer."""
    texts = [token_hex(20_000) for _ in range(10)]
    says(broker.url, *texts)
    file = tmp_path / "copy"
    runs("backup", file, "--broker", broker.url)
    with one_server(tmp_path / "small", payload="64KB") as small:
        assert runs("restore", file, "--broker", small.url)[0] == 0
        assert has(small.url)[1] == texts


def test_what_was_brought_back_is_another_log(broker: Server, tmp_path: Path) -> None:
    """What was said since the copy was made is not in it, and its ids are given again."""
    log = says(broker.url, "1")
    file = tmp_path / "copy"
    runs("backup", file, "--broker", broker.url)
    says(broker.url, "2")
    again = f"{broker.url}/lanchat"
    assert runs("restore", file, "--broker", again) == (
        1, f"the broker at {broker.url}: there is a chat named lanchat already\n"
    )  # fmt: skip
    forgets(broker)
    runs("restore", file, "--broker", again)
    other, texts = has(broker.url)
    assert (other != log, texts) == (True, ["1"])
    assert "One nats-server has it." in runs("check", "--broker", broker.url)[1]


def test_a_damaged_copy_changes_nothing(broker: Server, tmp_path: Path) -> None:
    """It is looked at first, as a whole."""
    says(broker.url, *map(str, range(100)))
    file, other = tmp_path / "copy", tmp_path / "other"
    runs("backup", file, "--broker", broker.url)
    forgets(broker)
    whole = file.read_bytes()
    head, rest = whole.split(b"\n", 1)
    newer = json.dumps(json.loads(head) | {"lanchat.backup": 2}).encode()
    for content, why in (
        (whole[:-1], "is damaged, or is not whole"),
        (whole[: len(whole) // 2], "is damaged, or is not whole"),
        (head + b"\n" + rest.replace(rest[100:101], b"\0"), "is damaged, or is not whole"),
        (b"", "is no copy of what a broker has"),
        (b"[]\n", "is no copy of what a broker has"),
        (newer + b"\n" + rest, "was written by a newer lanchatd: use that one"),
    ):
        other.write_bytes(content)
        assert runs("restore", other, "--broker", broker.url) == (1, f"{other} {why}\n")
    assert runs("restore", file, "--broker", broker.url)[0] == 0


def test_what_cannot_be_is_one_line(broker: Server, tmp_path: Path) -> None:
    """And nothing is left behind."""
    file = tmp_path / "copy"
    assert runs("backup", file, "--broker", broker.url) == (
        1, f"the broker at {broker.url} refuses it: stream not found\n"
    )  # fmt: skip
    says(broker.url, "1")
    assert runs("backup", file, "--broker", broker.url)[0] == 0
    assert runs("backup", file, "--broker", broker.url) == (1, f"{file} is there already\n")
    assert runs("restore", file, "--broker", f"{broker.url}/other") == (
        1, f"{file} is of lanchat: give that name in the URL, behind a /\n"
    )  # fmt: skip
    assert runs("restore", tmp_path / "none", "--broker", broker.url) == (
        1, f"{tmp_path / 'none'}: No such file or directory\n"
    )  # fmt: skip
    assert runs("check", "--broker", "http://x")[1].startswith("--broker: that is not a URL")
    broker.stop()
    assert runs("check", "--broker", broker.url) == (1, f"the broker at {broker.url}: Connection refused\n")
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".new")] == []
