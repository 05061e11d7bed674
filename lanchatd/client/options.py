"""What `lanchat-client` is asked for on its command line."""

from __future__ import annotations

import argparse
import getpass
import re
import sys
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from cryptography import x509

from lanchatd import __version__
from lanchatd.client.sanitize import clean
from lanchatd.client.settings import EXAMPLE, Settings
from lanchatd.text import names
from lanchatd.text.fingerprint import fingerprint_from

HOST, PORT = "127.0.0.1", 8000

# As addresses are written elsewhere: chat.local:8000, [::1]:8000. An IPv6 address alone has more colons.
_HOST_AND_PORT = re.compile(r"(?:\[([^\[\]]+)\]|([^:]+)):([0-9]+)")

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. ``room`` is empty for the server's first one; ``own_nick`` says it was given.

    ``fingerprint`` is empty if none was given; ``every_port`` says that no port was, ``anywhere`` no host.
    ``settings`` is the file of the user, where what was given on the command line is in its place.
    """

    host: str
    port: int
    every_port: bool
    nick: str
    own_nick: bool
    room: str
    as_json: bool
    save: bool
    fingerprint: str
    authorities: tuple[x509.Certificate, ...]
    plain: bool
    forget: bool
    anywhere: bool
    find: bool
    settings: Settings


def parse(arguments: Sequence[str], read: Callable[[], Settings] = Settings) -> Options:
    """The options; a wrong one ends with exit code 2 and a line on standard error.

    ``read`` reads the user's settings; what is on the command line goes before them.
    """
    parser = argparse.ArgumentParser(
        prog="lanchat-client",
        usage="lanchat-client [HOST [PORT]] [--nick NICK] [--room ROOM] [--json] [--[no-]bell]\n"
        "                      [--[no-]notify] [--no-save]\n"
        "                      [--fingerprint sha256:...] [--ca FILE] | [--plain]\n"
        "       lanchat-client --find [--json]\n"
        "       lanchat-client --forget HOST [PORT]\n"
        "       lanchat-client --print-config",
        description="Talk in a lanchat. In a pipe, say the lines of standard input; "
        "with nothing on it, print the room.",
        epilog="Exit codes: 0 said and acknowledged, 1 could not connect or was closed, 2 usage.",
        allow_abbrev=False,
    )
    parser.add_argument("host", nargs="?", metavar="HOST", help=f"default: whom it finds; in a pipe {HOST}")
    parser.add_argument("port", nargs="?", type=port_from, metavar="PORT", help=f"default: {PORT}")
    parser.add_argument("--nick", type=_nick, help="default: the login name")
    parser.add_argument("--room", type=_room, help="the room to begin in; # may be left out")
    parser.add_argument("--json", action="store_true", dest="as_json", help="in a pipe, print events as JSON")
    parser.add_argument(
        "--bell", action=argparse.BooleanOptionalAction, default=None, help="ring when you are named"
    )
    parser.add_argument(
        "--notify", action=argparse.BooleanOptionalAction, default=None,
        help="notify the desktop when you are named, in a terminal that can",
    )  # fmt: skip
    parser.add_argument(
        "--no-save", action="store_false", dest="save",
        help="neither read nor keep a file of what is typed, nor of the rooms and how far they were read",
    )  # fmt: skip
    parser.add_argument(
        "--fingerprint", type=_fingerprint, metavar="sha256:...",
        help="join only a server whose key has this fingerprint, and remember it",
    )  # fmt: skip
    parser.add_argument(
        "--ca", type=_authorities, metavar="FILE",
        help="join only a server for whose name an authority of this file (PEM) vouches",
    )  # fmt: skip
    parser.add_argument("--plain", action="store_true", help="without TLS; not for a server known with it")
    parser.add_argument("--find", action="store_true", help="show who is announced on this network, and end")
    parser.add_argument("--forget", action="store_true", help="forget the key of a server, and end")
    parser.add_argument("--print-config", action=_PrintConfig, help="write a file of settings to begin with")
    parser.add_argument("--version", action="version", version=f"lanchat-client {__version__}")
    given = parser.parse_args(arguments)
    if given.host is not None:
        given.host, given.port = place(parser, given.host, given.port)
    if given.plain and (given.fingerprint or given.ca):
        parser.error("argument --plain: not allowed with --fingerprint or --ca")
    if given.find and (given.host is not None or given.forget):
        parser.error("argument --find: not allowed with a HOST or --forget")
    if given.forget and given.host is None:
        parser.error("argument --forget: HOST is required")
    settings = read()
    bell = settings.bell if given.bell is None else given.bell
    notify = settings.notify if given.notify is None else given.notify
    return Options(
        host=given.host or HOST,
        port=given.port or PORT,
        every_port=given.port is None,
        nick=given.nick or settings.nick or login_nick(),
        own_nick=given.nick is not None,
        room=given.room or "",
        as_json=given.as_json,
        save=given.save,
        fingerprint=given.fingerprint or "",
        authorities=given.ca or (),
        plain=given.plain,
        forget=given.forget,
        anywhere=given.host is None,
        find=given.find,
        settings=replace(settings, bell=bell, notify=notify),
    )


class _PrintConfig(argparse.Action):
    """Writes it, and ends."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        sys.stdout.write(EXAMPLE)
        parser.exit()


def place(parser: argparse.ArgumentParser, host: str, port: int | None) -> tuple[str, int | None]:
    """The host and the port that were typed, which may be in one word; a wrong one is an error."""
    if (both := _HOST_AND_PORT.fullmatch(host)) is not None:
        if port is not None:
            parser.error("argument PORT: HOST has one already")
        host, port = both[1] or both[2], _typed(parser, "HOST", port_from, both[3])
    return _typed(parser, "HOST", _host, host), port


def _typed(parser: argparse.ArgumentParser, name: str, kind: Callable[[str], _T], text: str) -> _T:
    """What a part of an argument is; a wrong one ends as a wrong argument does."""
    try:
        return kind(text)
    except argparse.ArgumentTypeError as wrong:
        parser.error(f"argument {name}: {wrong}")


def login_nick() -> str:
    """The login name, made fit for a nick."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user id without a name, as in containers
        login = ""
    return fit_nick(login)


def fit_nick(text: str) -> str:
    """The nearest nick to a text; ``guest`` if there is none."""
    text = unicodedata.normalize("NFKC", text).rpartition("\\")[2].partition("@")[0]
    fit = re.sub(r"[^\w.-]+", "_", text).lstrip("-.")[: names.LONGEST].rstrip("_")
    try:
        return names.nick(fit).shown
    except Exception:  # whatever is wrong with it, nobody has asked for this nick
        return "guest"


def _host(text: str) -> str:
    # Not in a name or an address, and it would mean something else in the file of known servers.
    if not text or clean(text) != text or re.search(r"[\s#\[\]]", text):
        raise argparse.ArgumentTypeError(f"{clean(text)!r} is not a host")
    return text


def port_from(text: str) -> int:
    """The type of an argument that is a port."""
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65_535:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{clean(text)!r} is not a port from 1 to 65535")
    return int(text)


def _nick(text: str) -> str:
    try:
        return names.nick(text).shown
    except Exception as refused:
        raise argparse.ArgumentTypeError(str(refused)) from None


def _room(text: str) -> str:
    # A shell takes an unquoted #room for a comment.
    try:
        return names.room(text).shown
    except Exception as refused:
        raise argparse.ArgumentTypeError(str(refused)) from None


def _fingerprint(text: str) -> str:
    try:
        return fingerprint_from(text)
    except ValueError as wrong:
        raise argparse.ArgumentTypeError(str(wrong)) from None


def _authorities(name: str) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(Path(name).read_bytes()))
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{clean(name)}: {error.strerror}") from None
    except ValueError:
        raise argparse.ArgumentTypeError(f"{clean(name)}: there is no certificate in it (PEM)") from None
