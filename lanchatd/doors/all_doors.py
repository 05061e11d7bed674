"""The ways in: a row for each, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable

from lanchatd.doors import http
from lanchatd.doors.door import Door, Doors, Inner, Opening
from lanchatd.doors.irc.door import FIRST_BYTES, IrcDoor
from lanchatd.doors.irc.returning import Returning
from lanchatd.doors.refusal import LastLine, only_tls
from lanchatd.doors.typed import TypedChat
from lanchatd.doors.web.door import WebDoor
from lanchatd.text.refused import Refusal, Refused


def all_doors(web: WebDoor | None, returning: Returning) -> Doors:
    """All rows; without ``web`` there is no page. No nick has a space."""
    irc = IrcDoor(returning)
    return Doors(
        Door("tls", (b"\x16",), _tls, _tls),  # RFC 8446, 5.1
        Door("json", (b"{",), _json, _only_tls),
        Door("http", tuple(method + b" " for method in http.METHODS), *_http(web)),
        Door("irc", FIRST_BYTES, irc.open, irc.open_plain),
        Door("text", (), _text, _only_tls),
    )


def _text(opening: Opening) -> Inner:
    opening.greet()
    return TypedChat(opening, opening.connections.text)


def _json(opening: Opening) -> Inner:
    return TypedChat(opening, opening.connections.json)


def _tls(opening: Opening) -> Inner | None:
    # A hello that was lost on the way comes after the question for a nick, which clients of TLS skip then.
    if opening.peer.encrypted or opening.outbox.waiting:
        return _refused(
            opening, "tls", "TLS has to begin with the first byte of a connection, and only there."
        )
    opening.start_tls()
    return None


def _only_tls(opening: Opening) -> Inner:
    return _refused(opening, "tls_required", only_tls(opening.port))


def _refused(opening: Opening, code: str, text: str) -> Inner:
    return LastLine.at(opening, code, opening.connections.text.render(Refusal(code, text)))


def _http(
    web: WebDoor | None,
) -> tuple[
    Callable[[Opening], Inner],
    Callable[[Opening], Inner],
    Callable[[bytes, Refused, bool], bytes | None],
]:
    if web is not None:
        return web.open, web.open_plain, web.turn_away
    return _no_page, _no_page_in_plain, _turn_away


def _turn_away(begin: bytes, refused: Refused, late: bool) -> bytes:
    return http.answer("403 Forbidden", refused.text, to=begin)


def _no_page(opening: Opening) -> Inner:
    text = (
        f"This is a chat server (lanchatd), not a web server. Join it with: nc HOST {opening.port}".rstrip()
    )
    return LastLine.at(opening, "http", http.answer("404 Not Found", text, to=opening.begin))


def _no_page_in_plain(opening: Opening) -> Inner:
    return LastLine.at(
        opening, "tls_required", http.answer("403 Forbidden", only_tls(opening.port), to=opening.begin)
    )
