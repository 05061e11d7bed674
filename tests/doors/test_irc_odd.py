"""Odd parameters: an answer names what a client sent, and is a line of IRC all the same."""

from __future__ import annotations

import pytest

from tests.irc import BAD_ROOM, Client
from tests.world import World


@pytest.fixture
def alice(world: World) -> Client:
    return Client.joins(world, "alice", "#lobby", caps="standard-replies batch draft/read-marker")


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("JOIN ::x", f"403 alice _x :{BAD_ROOM}"),
        ("PART ::", f"403 alice _ :{BAD_ROOM}"),
        ("MODE #lobby ::", "472 alice _ :is unknown mode char to me"),
        ("NAMES :a b", "366 alice a_b :End of /NAMES list"),
        ("NAMES ,", "366 alice * :End of /NAMES list"),
        ("WHOIS ::x", "318 alice _x :End of /WHOIS list"),
        ("WHOIS ,", "318 alice * :End of /WHOIS list"),
        ("WHOWAS ::x y", "406 alice _x_y :There was no such nickname"),
        ("WHO ::", "315 alice _ :End of /WHO list"),
        ("MARKREAD : bob", "MARKREAD _bob *"),
        ("CHATHISTORY :", "FAIL CHATHISTORY INVALID_PARAMS * :There is no CHATHISTORY ."),
        ("WHO #lobby :%tn,a b", "354 alice 0 alice"),
        ("WHO #lobby %tn,\x1b[A", "354 alice 0 alice"),
        ("WHO #lobby %tn,\0", "354 alice 0 alice"),
        ("WHO #lobby %tn,1234", "354 alice 0 alice"),
        ("WHO #lobby %tn,7", "354 alice 7 alice"),
    ],
)
def test_what_a_client_sent_is_one_word_of_the_answer(alice: Client, asked: str, answer: str) -> None:
    """Whatever is in it: else clients would take the words behind it for others."""
    assert f":irc.lan {answer}" in alice.asks(asked)
