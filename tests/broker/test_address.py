"""Where the broker is, and the secrets that let a daemon in."""

from __future__ import annotations

from pathlib import Path

import pytest

from lanchatd.broker.address import address_from
from lanchatd.state.files import StateError


def test_a_url_names_the_broker_the_user_and_the_chat() -> None:
    """No secret is in what is shown."""
    address = address_from("nats://me:secret@broker.example/room, tls://me:secret@[::1]:4333/room")
    assert address.name == "room"
    assert str(address) == "nats://broker.example:4222 or tls://[::1]:4333"
    assert (address.login["user"], address.login["password"]) == ("me", "secret")
    assert "tls" in address.login
    assert "secret" not in repr(address)
    assert address_from("nats://broker.example").name == "lanchat"
    assert address_from("nats://token@broker.example").login == {"token": "token"}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "broker.example",
        "http://broker.example",
        "nats://",
        "nats://a:b:c",
        "nats://a:99999",
        "nats://a?x=1",
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^that is not a URL such as nats://broker\.example:4222$"):
        address_from(url)


@pytest.mark.parametrize("url", ["nats://a/b.c", "nats://a/x,nats://b/y", "nats://a:1@b,nats://c:2@d"])
def test_servers_of_one_broker_have_one_name_and_one_user(url: str) -> None:
    with pytest.raises(ValueError, match=r"(is|are) .*for all|the same for all"):
        address_from(url)


def login_of(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "login"
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


def test_secrets_are_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    path = login_of(tmp_path, 'user = "me"\npassword = "secret"\n')
    assert address_from("nats://a", path).login == {"user": "me", "password": "secret"}
    with pytest.raises(ValueError, match="not in both"):
        address_from("nats://me:secret@a", path)
    path.chmod(0o640)
    with pytest.raises(StateError, match=r"login can be read by others: chmod 600 it$"):
        address_from("nats://a", path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('user = "secret', "is not TOML"),
        ('secret = "x"', "secret is none of user, password"),
        ("user = 1", "user is none of user, password"),
        ('ca = "nowhere.pem"', "the certificates can't be used: No such file"),
    ],
)
def test_a_file_that_is_wrong_is_refused(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(StateError, match=why):
        address_from("nats://a", login_of(tmp_path, text))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="nowhere: No such file"):
        address_from("nats://a", tmp_path / "nowhere")
    with pytest.raises(StateError, match="Is a directory"):
        address_from("nats://a", tmp_path)
