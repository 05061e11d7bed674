"""Owned nicks by IRC: SASL by a password and by a key, PASS, and what others see of it."""

from __future__ import annotations

import base64

import pytest

from lanchatd.doors.irc.proving import PIECE_BYTES, SASL_BYTES
from tests.accounts import HOME, KEY, OTHER_KEY, PASSWORD, Owners
from tests.irc import Client

FAILED = ":irc.lan 904 * :SASL authentication failed"


@pytest.fixture
def world() -> Owners:
    return Owners()


def comes(world: Owners, key: str | None = None, peer: str = "192.0.2.1", encrypted: bool = True) -> Client:
    """A client, by TLS, that begins to choose capabilities."""
    client = Client(world, peer)
    client.person.wire.protocol.peer = world.peer(key, peer, encrypted)
    return client.sends("CAP LS 302", "NICK alice", "USER u 0 * :A").sends("CAP REQ :sasl")


def plain(nick: str, secret: str, wanted: str = "") -> str:
    return base64.b64encode(f"{wanted}\0{nick}\0{secret}".encode()).decode()


def test_the_password_lets_in_under_the_nick(world: Owners) -> None:
    """The nick is not refused before there was time to prove it, though its owner is here elsewhere."""
    world.owner("alice")
    client = comes(world)
    assert client.sees()[-1] == ":irc.lan CAP * ACK :sasl"
    assert client.asks("AUTHENTICATE PLAIN") == ["AUTHENTICATE +"]
    assert client.asks(f"AUTHENTICATE {plain('alice', PASSWORD)}") == [
        ":irc.lan 900 * alice!u@lan alice :You are now logged in as alice",
        ":irc.lan 903 * :SASL authentication successful",
    ]
    assert client.asks("AUTHENTICATE PLAIN") == [":irc.lan 907 * :You have already authenticated using SASL"]
    assert client.asks("CAP END")[0].startswith(":irc.lan 001 alice ")
    assert ":irc.lan 330 alice alice alice :is logged in as" in client.asks("WHOIS alice")
    assert client.asks("AUTHENTICATE PLAIN")[0].startswith(":irc.lan 907 alice ")


def test_who_asks_for_another_nick_has_the_one_that_it_owns(world: Owners) -> None:
    """As clients that found theirs taken do, with another device of their own."""
    world.owner("alice")
    client = comes(world).sends("NICK alice_", "AUTHENTICATE PLAIN")
    client.sends(f"AUTHENTICATE {plain('alice', PASSWORD, wanted='alice')}").sees()
    assert client.asks("CAP END")[0].startswith(":irc.lan 001 alice ")


def test_a_key_lets_in_with_sasl_and_without(world: Owners) -> None:
    world.owner("alice", KEY)
    client = comes(world, KEY)
    assert "sasl=PLAIN,EXTERNAL" in client.sees()[0]
    client.sends("AUTHENTICATE EXTERNAL").sees()
    assert client.asks("AUTHENTICATE +")[-1] == ":irc.lan 903 * :SASL authentication successful"
    assert client.asks("CAP END")[0].startswith(":irc.lan 001 alice ")
    assert comes(world, KEY).asks("CAP END")[0].startswith(":irc.lan 001 alice ")
    named = comes(world, KEY).sends("AUTHENTICATE EXTERNAL")
    named.sends(f"AUTHENTICATE {base64.b64encode(b'ALICE').decode()}")
    assert named.sees()[-1] == ":irc.lan 903 * :SASL authentication successful"


@pytest.mark.parametrize("name", [b"bob", b"no nick", b"\xff"])
def test_a_key_is_no_proof_of_anything_else(world: Owners, name: bytes) -> None:
    world.owner("alice", KEY)
    client = comes(world, KEY).sends("AUTHENTICATE EXTERNAL")
    assert client.asks(f"AUTHENTICATE {base64.b64encode(name).decode()}")[-1] == FAILED
    stranger = comes(world, OTHER_KEY).sends("AUTHENTICATE EXTERNAL")
    assert stranger.asks("AUTHENTICATE +")[-1] == FAILED


def test_the_ways_that_there_are(world: Owners) -> None:
    """No password where others read along: those see no SASL at all."""
    client = comes(world, encrypted=False)
    assert "sasl" not in client.sees()[0]
    assert client.asks("AUTHENTICATE PLAIN") == [
        ":irc.lan 908 * * :are available SASL mechanisms",
        FAILED,
    ]
    client = comes(world, encrypted=False, peer=HOME)
    assert " sasl=PLAIN " in client.sees()[0]
    assert client.asks("AUTHENTICATE EXTERNAL") == [
        ":irc.lan 908 * PLAIN :are available SASL mechanisms",
        FAILED,
    ]
    assert " sasl " in Client(world, HOME).asks("CAP LS")[0]


@pytest.mark.parametrize(
    "sent",
    [
        *("?", "====", base64.b64encode(b"alice").decode(), base64.b64encode(b"\0\xff\0x").decode()),
        plain("alice", PASSWORD, wanted="bob"),
    ],
)
def test_what_is_no_proof_fails(world: Owners, sent: str) -> None:
    """And one may begin again."""
    world.owner("alice")
    client = comes(world).sends("AUTHENTICATE PLAIN")
    assert client.asks(f"AUTHENTICATE {sent}") == [FAILED]
    assert client.asks("AUTHENTICATE PLAIN") == ["AUTHENTICATE +"]
    assert client.asks("AUTHENTICATE *") == [":irc.lan 906 * :SASL authentication aborted"]


def test_a_wrong_password_says_so(world: Owners) -> None:
    """And the nick is refused, with how to prove it."""
    world.owner("alice")
    client = comes(world).sends("AUTHENTICATE PLAIN")
    text = "That is neither the password of alice nor a code that is good now."
    assert client.asks(f"AUTHENTICATE {plain('alice', 'wrong horse')}") == [f"{FAILED}: {text}"]
    how = "alice belongs to somebody. If that is you, prove it by SASL or a server password."
    assert client.asks("CAP END") == [f":irc.lan NOTICE * :{how}", f":irc.lan 433 * alice :{how}"]
    assert client.asks("NICK eve")[0].startswith(":irc.lan 001 eve ")


def test_a_nick_that_is_nobodys_is_not_proved_by_a_password(world: Owners) -> None:
    client = comes(world).sends("AUTHENTICATE PLAIN")
    assert client.asks(f"AUTHENTICATE {plain('alice', PASSWORD)}")[0].startswith(FAILED)
    assert client.asks("CAP END")[0].startswith(":irc.lan 001 alice ")


def test_long_secrets_come_in_pieces(world: Owners) -> None:
    """And what is longer than any is refused."""
    world.owner("alice")
    client = comes(world).sends("AUTHENTICATE PLAIN")
    encoded = base64.b64encode(b"\0alice\0" + b"x" * 293).decode()
    assert len(encoded) == PIECE_BYTES
    assert client.asks(f"AUTHENTICATE {encoded}") == []
    assert client.asks("AUTHENTICATE +")[0].startswith(FAILED)
    too_long = ":irc.lan 905 * :SASL message too long"
    client.sends("AUTHENTICATE PLAIN").sees()
    assert client.asks("AUTHENTICATE " + "x" * (PIECE_BYTES + 1)) == [too_long]
    client.sends("AUTHENTICATE PLAIN").sees()
    assert client.asks(*[f"AUTHENTICATE {'A' * PIECE_BYTES}"] * (SASL_BYTES // PIECE_BYTES + 1)) == [too_long]


def test_pass_is_for_who_needs_it(world: Owners) -> None:
    """Many clients are set to send one everywhere: a guest is a guest all the same."""
    world.owner("alice")
    client = comes(world).sends(f"PASS :{PASSWORD}")
    assert client.asks("CAP END")[0].startswith(":irc.lan 001 alice ")
    assert client.asks("PASS x") == [":irc.lan 462 alice :You may not reregister"]
    assert (
        comes(world).sends("NICK bob", f"PASS :{PASSWORD}").asks("CAP END")[0].startswith(":irc.lan 001 bob ")
    )
    wrong = comes(world).sends("PASS :wrong horse")
    text = "That is neither the password of alice nor a code that is good now."
    again = "Connect again with the right server password, or under another nick."
    assert wrong.asks("CAP END") == [f":irc.lan 464 * :{text} {again}"]
    assert wrong.sends("PASS").asks("NICK alice")[-1].startswith(":irc.lan 433 * alice ")


def test_who_gave_a_nick_that_was_refused_is_told_so_at_the_end(world: Owners) -> None:
    """Clients wait after a wrong server password, and have not forgotten to give a nick."""
    world.owner("alice")
    client = comes(world).sends("PASS :wrong horse", "CAP END")
    client.sees()
    world.passes(60)
    refused = "Your nick was refused, and you gave no other within 60 s."
    assert client.sees() == [f"ERROR :Closing link: {refused}"]
    plain_text = world.connect()
    plain_text.types("alice")
    plain_text.sees()
    world.passes(60)
    assert plain_text.sees()[-1] == f"!! {refused}"


def test_pass_may_have_spaces_without_a_colon(world: Owners) -> None:
    """So does irssi send it."""
    world.owner("alice")
    client = comes(world).sends(f"PASS {PASSWORD}")
    assert " " in PASSWORD
    assert client.asks("CAP END")[0].startswith(":irc.lan 001 alice ")
    assert world.chat.users["alice"].account is not None


def test_others_see_who_is_the_owner(world: Owners) -> None:
    """In the tags of what is said, who asks for accounts, and on joining."""
    world.owner("alice")
    bob = Client.joins(world, "bob", "#dev", caps="account-tag extended-join")
    alice = comes(world).sends(f"PASS :{PASSWORD}", "CAP REQ :extended-join", "CAP END")
    assert alice.asks("JOIN #dev")[0] == ":alice!u@lan JOIN #dev alice :alice"
    assert bob.sees() == ["@account=alice :alice!u@lan JOIN #dev alice :A"]
    alice.sends("PRIVMSG #dev :hi", "PRIVMSG bob :psst")
    assert bob.sees() == [
        "@account=alice :alice!u@lan PRIVMSG bob :psst",
        "@account=alice :alice!u@lan PRIVMSG #dev :hi",
    ]
    assert ":irc.lan 354 bob alice alice" in bob.asks("WHO #dev %na")
    eve = Client.joins(world, "eve", "#dev", caps="extended-join")
    assert ":eve!u@lan JOIN #dev * :eve" in bob.sees()
    assert eve.asks("PRIVMSG #dev :hi") == []


def test_others_are_told_when_a_nick_is_somebodys(world: Owners) -> None:
    """Once, whatever rooms they share; and under another nick again. JSON and text are told nothing."""
    bob = Client.joins(world, "bob", "#dev", "#lobby", caps="account-notify")
    eve, carol = Client.joins(world, "eve", "#dev"), world.join("carol", room="#dev")
    alice = world.join("alice", HOME, "#dev")
    for client in (bob, eve):
        client.sees()
    carol.sees()
    alice.types(f"/register {PASSWORD}")
    assert bob.sees() == [":alice!u@lan ACCOUNT alice"]
    assert (eve.sees(), carol.sees()) == ([], [])
    alice.types("/nick ally")
    assert bob.sees() == [":alice!u@lan NICK ally", ":ally!u@lan ACCOUNT ally"]


def test_who_is_gone_before_it_was_known_is_not_let_in(world: Owners) -> None:
    world.owner("alice")
    world.hashing.held = True
    client = comes(world).sends("AUTHENTICATE PLAIN", f"AUTHENTICATE {plain('alice', PASSWORD)}", "CAP END")
    assert "AUTHENTICATE +" in client.sees()
    world.ends(client.person)
    world.lets_hash()
    assert client.sees() == []


def test_what_is_answered_later_has_its_label(world: Owners) -> None:
    """A password is looked at in a thread, and a nick of an owner's is another one when that is kept."""
    world.owner("alice")
    world.owner("bob")
    client = comes(world).sends("CAP REQ :labeled-response batch", "AUTHENTICATE PLAIN")
    assert client.asks(f"@label=1 AUTHENTICATE {plain('alice', 'wrong horse')}") == [
        "@label=1 :irc.lan 904 * :SASL authentication failed: That is neither the password of alice nor a "
        "code that is good now."
    ]
    wrong = comes(world).sends("PASS :wrong horse", "CAP REQ :labeled-response batch")
    assert wrong.asks("@label=1 CAP END")[0].startswith("@label=1 :irc.lan 464 * :")
    client.sends("AUTHENTICATE PLAIN").sees()
    assert client.asks(f"@label=2 AUTHENTICATE {plain('alice', PASSWORD)}") == [
        "@label=2 :irc.lan BATCH +b2 labeled-response",
        "@batch=b2 :irc.lan 900 * alice!u@lan alice :You are now logged in as alice",
        "@batch=b2 :irc.lan 903 * :SASL authentication successful",
        ":irc.lan BATCH -b2",
    ]
    client.sends("CAP END").sees()
    assert client.asks("@label=3 NICK bob")[2].startswith("@batch=b3 :irc.lan 433 alice bob :")
    assert client.asks("@label=4 NICK ally") == ["@label=4 :alice!u@lan NICK ally"]
    come = comes(world).sends("NICK bob", f"PASS :{PASSWORD}", "CAP REQ :labeled-response batch")
    come.sees()
    burst = come.asks("@label=5 CAP END")
    assert burst[0] == "@label=5 :irc.lan BATCH +b1 labeled-response"
    assert burst[1].startswith("@batch=b1 :irc.lan 001 bob ")
    assert burst[-1] == ":irc.lan BATCH -b1"


def test_another_nick_is_told_with_the_label_where_it_was_asked_for(world: Owners) -> None:
    """Once, and nowhere else; what comes while it is being kept is no part of it, and what it asks waits."""
    bob = world.owner("bob")
    devices = [
        comes(world).sends("CAP REQ :labeled-response batch", f"PASS :{PASSWORD}", "NICK bob", "CAP END")
        for _ in range(2)
    ]
    for device in devices:
        device.sees()
    world.held_back = True
    assert devices[0].asks("@label=1 NICK rob", "@label=2 NICK robert", "@label=3 PING x") == []
    bob.types("/msg bob psst")
    assert devices[0].sees() == [":bob!u@lan PRIVMSG bob :psst"]
    world.lets_go()
    assert devices[0].sees() == [
        "@label=1 :bob!u@lan NICK rob",
        "@label=2 :rob!u@lan NICK robert",
        "@label=3 :irc.lan PONG irc.lan :x",
    ]
    assert devices[1].sees()[1:] == [":bob!u@lan NICK rob", ":rob!u@lan NICK robert"]
    assert devices[1].asks("@label=4 NICK robert") == ["@label=4 :irc.lan ACK"]


def test_a_device_is_called_after_the_user_name_and_irc(world: Owners) -> None:
    """Many are called as somebody logs in to a machine, and so are those that come otherwise."""
    alice = comes(world, key=KEY).sends("CAP END")
    alice.sends("PRIVMSG lanchat :/register").sees()
    (device,) = alice.asks("PRIVMSG lanchat :/devices")
    assert device.startswith(f":lanchat!u@lan NOTICE alice :1. IRC of u, tls {KEY}, since ")
