"""`lanchat-client`: its options, and which of its two ways it goes: on a terminal, or in a pipe."""

from __future__ import annotations

import argparse
import getpass
import os
import random
import re
import secrets
import signal
import sys
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ReactorNotRunning
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd import __version__, nicks
from lanchatd.client.connection import CONNECT_S, Connection, Observer, growing_pauses
from lanchatd.client.pipe import Pipe
from lanchatd.client.session import Session, counted_refs
from lanchatd.client.streams import complainer
from lanchatd.client.untrusted import clean

EXIT_FAILED = 1


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for. ``room`` is empty for the server's first one; ``own_nick`` says it was given."""

    host: str
    port: int
    nick: str
    own_nick: bool
    room: str
    as_json: bool
    bell: bool


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script. Exit codes: 0 done, 1 could not connect or was closed, 2 usage."""
    _fill_standard_streams()
    options = parse(sys.argv[1:] if arguments is None else arguments)
    from twisted.internet import reactor  # noqa: PLC0415  it is installed by the first import

    raise SystemExit(run(reactor, options))


def parse(arguments: Sequence[str]) -> Options:
    """The options; a wrong one ends with exit code 2 and a line on standard error."""
    parser = argparse.ArgumentParser(
        prog="lanchat-client",
        description="Talk in a lanchat. In a pipe, say the lines of standard input; "
        "with nothing on it, print the room.",
        epilog="Exit codes: 0 said and acknowledged, 1 could not connect or was closed, 2 usage.",
        allow_abbrev=False,
    )
    parser.add_argument("host", nargs="?", default="127.0.0.1", metavar="HOST", help="default: 127.0.0.1")
    parser.add_argument("port", nargs="?", default=8000, type=_port, metavar="PORT", help="default: 8000")
    parser.add_argument("--nick", type=_nick, help="default: the login name")
    parser.add_argument("--room", type=_room, help="the room to begin in; # may be left out")
    parser.add_argument("--json", action="store_true", dest="as_json", help="in a pipe, print events as JSON")
    parser.add_argument("--no-bell", action="store_false", dest="bell", help="don't ring when you are named")
    parser.add_argument("--version", action="version", version=f"lanchat-client {__version__}")
    given = parser.parse_args(arguments)
    if not given.host or clean(given.host) != given.host:
        parser.error("argument HOST: that is not a host")
    return Options(
        host=given.host,
        port=given.port,
        nick=given.nick or login_nick(),
        own_nick=given.nick is not None,
        room=given.room or "",
        as_json=given.as_json,
        bell=given.bell,
    )


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
    fit = re.sub(r"[^\w.-]+", "_", text).lstrip("-.")[: nicks.LONGEST].rstrip("_")
    try:
        return nicks.nick(fit).shown
    except Exception:  # whatever is wrong with it, nobody has asked for this nick
        return "guest"


def connection_for(reactor: Any, options: Options, session: Session, observer: Observer) -> Connection:
    """The connection that the options ask for; for both ways."""
    return Connection(
        reactor,
        HostnameEndpoint(reactor, options.host, options.port, timeout=CONNECT_S),
        options.host,
        options.port,
        session,
        observer,
        growing_pauses(random.random),
    )


def session_for(options: Options) -> Session:
    """A new session."""
    return Session(options.nick, options.room, counted_refs(secrets.token_hex(6)))


def run_pipe(reactor: Any, options: Options) -> Deferred[int]:
    """Not on a terminal; fires with the exit code."""
    session = session_for(options)
    pipe = Pipe(
        reactor,
        session,
        stdin=0,
        stdout=1,
        complain=complainer(2),
        as_json=options.as_json,
        own_nick=options.own_nick,
    )
    return pipe.run(connection_for(reactor, options, session, pipe))


def run(reactor: Any, options: Options) -> int:
    """Run the reactor until it is over; the exit code. A fault of our own is one line, not a traceback."""
    codes: list[int] = []
    faults: list[str] = []

    @implementer(ILogObserver)
    def observe(event: LogEvent) -> None:
        failure = event.get("log_failure")
        if event.get("log_level") == LogLevel.critical and failure is not None and not faults:
            faults.append(_fault(failure))

    globalLogBeginner.beginLoggingTo([observe], redirectStandardIO=False, discardBuffer=True)

    def ended_by(number: int) -> None:
        codes.append(128 + number)  # as a shell counts it
        stop(None)

    def start() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda number, _: reactor.callFromThread(ended_by, number))
        maybeDeferred(_way(), reactor, options).addCallbacks(codes.append, failed).addBoth(stop)

    def failed(failure: Failure) -> None:
        if isinstance(failure.value, SystemExit):
            codes.append(failure.value.code if isinstance(failure.value.code, int) else EXIT_FAILED)
        else:
            faults.insert(0, _fault(failure))

    def stop(_: object) -> None:
        with suppress(ReactorNotRunning):
            reactor.stop()

    reactor.callWhenRunning(start)
    reactor.run()
    if faults:
        complainer(2)(f"Something went wrong inside; please report it: {faults[0]}")
        return codes[0] or EXIT_FAILED if codes else EXIT_FAILED
    return codes[0] if codes else EXIT_FAILED


def _way() -> Any:
    if os.isatty(0) and os.isatty(1):
        return import_module("lanchatd.client.terminal").run
    return run_pipe


def _fault(failure: Failure) -> str:
    where = failure.getTracebackObject()
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = "" if where is None else f" ({where.tb_frame.f_code.co_qualname}, line {where.tb_lineno})"
    return f"{failure.type.__name__ if failure.type else 'error'}: {failure.getErrorMessage()}{place}"


def _fill_standard_streams() -> None:
    """One that is closed becomes /dev/null: else the next file opened, a socket, would take its number."""
    for fd in (0, 1, 2):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number, which is this


def _port(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65_535:  # noqa: PLR2004
        raise argparse.ArgumentTypeError(f"{clean(text)!r} is not a port from 1 to 65535")
    return int(text)


def _nick(text: str) -> str:
    try:
        return nicks.nick(text).shown
    except Exception as refused:
        raise argparse.ArgumentTypeError(str(refused)) from None


def _room(text: str) -> str:
    # A shell takes an unquoted #room for a comment.
    try:
        return nicks.room(text if text.startswith("#") else "#" + text).shown
    except Exception as refused:
        raise argparse.ArgumentTypeError(str(refused)) from None


if __name__ == "__main__":
    main()
