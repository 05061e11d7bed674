"""Proving that a nick is one's own: SASL, and PASS (docs/accounts.md).

https://ircv3.net/specs/extensions/sasl-3.2; PLAIN is RFC 4616, EXTERNAL the key of the client's certificate.
"""

from __future__ import annotations

import base64
import binascii

from lanchatd.chat.accounts import codes
from lanchatd.chat.accounts.rows import Proof
from lanchatd.chat.answers import Answer
from lanchatd.chat.peer import Peer
from lanchatd.doors.irc.client import Client, Sasl, device_of
from lanchatd.doors.irc.lines import Message
from lanchatd.doors.irc.numerics import numeric
from lanchatd.formats.irc import HOST, ME, source
from lanchatd.text import names
from lanchatd.text.refused import Refused

# Of base64: the specification has the first, and two nicks and a password of 128 characters are less than the
# second.
PIECE_BYTES, SASL_BYTES = 400, 1_600

PLAIN, EXTERNAL = "PLAIN", "EXTERNAL"


def mechanisms(peer: Peer) -> tuple[str, ...]:
    """What a connection may prove itself by: a password where nobody else can read it, a key that it has."""
    plain = (PLAIN,) if peer.encrypted or peer.local else ()
    return (*plain, EXTERNAL) if peer.key is not None else plain


def pass_(irc: Client, message: Message) -> None:
    """Its password or code, in case that the nick needs one."""
    if irc.session is not None:
        raise Refused("registered", "You may not reregister")
    irc.password = " ".join(message.parameters)  # irssi puts no colon before one of several words


def secret_for(irc: Client, key: str) -> str | None:
    """What PASS gave, if a nick with this key needs it: many clients are set to send one everywhere."""
    wanted = irc.chat.accounts.named(key) is not None or codes.hash_of(irc.password) is not None
    return irc.password if irc.password and wanted else None


def refuse_nick(irc: Client, refused: Refused, nick: str) -> None:
    """Refuse a nick. Clients show no reason and take another: the owner is told what to do in a notice."""
    if refused.code == "nick_owned" and irc.chat.accounts.named(names.nick(nick).key) is not None:
        text = f"{nick} belongs to somebody. If that is you, prove it by SASL or a server password."
        refused = Refused(refused.code, text)
        if "standard-replies" not in irc.capabilities:
            irc.send(f":{HOST} NOTICE {ME} :{text}")
    elif refused.code == "wrong_secret":
        # Clients neither take another nick then nor close: they wait, until their user does something.
        again = "Connect again with the right server password, or under another nick."
        refused = Refused(refused.code, f"{refused.text} {again}")
    irc.refuse(refused, "NICK", nick)


def authenticate(irc: Client, message: Message) -> None:
    """A mechanism, and then what it needs, in pieces; ``*`` gives up."""
    word, sasl = message.parameters[0], irc.sasl
    if irc.session is not None or irc.proof is not None:
        irc.send(numeric(907, text="You have already authenticated using SASL"))
    elif word == "*":
        _end(irc, 906, "SASL authentication aborted")
    elif not sasl.mechanism:
        _begin(irc, word.upper())
    elif len(word) > PIECE_BYTES or len(sasl.encoded) + len(word) > SASL_BYTES:
        _end(irc, 905, "SASL message too long")
    else:
        sasl.encoded += "" if word == "+" else word
        if len(word) < PIECE_BYTES:
            _prove(irc)


def _begin(irc: Client, mechanism: str) -> None:
    offered = mechanisms(irc.peer)
    if mechanism in offered:
        irc.sasl.mechanism = mechanism
        irc.send("AUTHENTICATE +")
        return
    irc.send(numeric(908, ",".join(offered) or "*", text="are available SASL mechanisms"))
    _end(irc, 904, "SASL authentication failed")


def _prove(irc: Client) -> None:
    try:
        nick, secret = _plain(irc) if irc.sasl.mechanism == PLAIN else (_owner(irc), None)
    except ValueError:
        _end(irc, 904, "SASL authentication failed")
        return

    def proved(answer: Answer[Proof | None]) -> None:
        proof = answer.result() if answer.error is None else None
        account = None if proof is None else irc.chat.accounts.by_number.get(proof.account)
        if account is None:
            why = f": {answer.error.text}" if isinstance(answer.error, Refused) else ""
            _end(irc, 904, f"SASL authentication failed{why}")
            return
        irc.proof = proof
        shown = account.name.shown
        irc.send(numeric(900, source(shown), shown, text=f"You are now logged in as {shown}"))
        _end(irc, 903, "SASL authentication successful")

    irc.prove(nick, secret, device_of(irc), proved)


def _plain(irc: Client) -> tuple[str, str]:
    """The nick and the secret in what was sent. Raises ValueError."""
    wanted, nick, secret = (part.decode() for part in _decoded(irc.sasl.encoded).split(b"\0"))
    if wanted not in ("", nick):
        raise ValueError  # in the name of somebody else
    return nick, secret


def _owner(irc: Client) -> str:
    """The nick of whose key it is; it may be said which that should be. Raises ValueError."""
    device = irc.chat.accounts.device(irc.peer.key)
    account = None if device is None else irc.chat.accounts.by_number.get(device.account)
    wanted = _decoded(irc.sasl.encoded).decode()
    try:
        if account is not None and (not wanted or names.nick(wanted).key == account.name.key):
            return account.name.shown
    except Refused:
        pass  # no nick is no nick of theirs
    raise ValueError


def _decoded(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        raise ValueError from None


def _end(irc: Client, number: int, text: str) -> None:
    irc.sasl = Sasl()
    irc.send(numeric(number, text=text))
