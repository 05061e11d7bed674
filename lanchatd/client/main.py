"""`lanchat-client`: what has to be right before it runs, and which way it goes: a terminal, or a pipe."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import ReactorNotRunning
from twisted.logger import ILogObserver, LogEvent, LogLevel, globalLogBeginner
from twisted.python.failure import Failure
from zope.interface import implementer

from lanchatd import program
from lanchatd.client import finding, known_servers, settings
from lanchatd.client.options import Options, parse
from lanchatd.client.pipe import Pipe
from lanchatd.client.streams import complainer
from lanchatd.client.trust import Trust
from lanchatd.client.wiring import EXIT_FAILED, connection_for, session_for, trust_for

# What ends a program that does nothing about it, and would leave the terminal as ours; others can send these.
ENDING = (
    signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2,
    signal.SIGXCPU,
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The console script. Exit codes: 0 done, 1 could not connect or was closed, 2 usage."""
    program.run("lanchat-client", partial(_main, sys.argv[1:] if arguments is None else arguments))


def _main(arguments: Sequence[str]) -> int:
    complain = complainer(2)
    options = parse(arguments, lambda: settings.read(settings.path()))
    if options.forget:
        return forget(options, complain)
    if options.find:
        return finding.print_found(options, sys.stdout.write, complain)
    if not on_terminal():
        for mistake in options.settings.mistakes:
            complain(mistake)
    elif options.anywhere:
        chosen = finding.choose(options, input, print_now, complain)
        if chosen is None:
            return EXIT_FAILED
        options = chosen
    trust = trust_for(options, complain)
    from twisted.internet import reactor  # noqa: PLC0415  it is installed by the first import

    return run(reactor, options, trust)


def print_now(text: str) -> None:
    """Write it to standard output, which gathers otherwise."""
    sys.stdout.write(text)
    sys.stdout.flush()


def forget(options: Options, complain: Callable[[str], None]) -> int:
    """`--forget`; the exit code."""
    try:
        forgotten = known_servers.forget(
            known_servers.path(), options.host, None if options.every_port else options.port
        )
    except OSError as error:
        complain(f"Can't change {known_servers.path()}: {error.strerror}.")
        return EXIT_FAILED
    for name in forgotten:
        sys.stdout.write(f"{name} is forgotten.\n")
    if not forgotten:
        port = "" if options.every_port else f" port {options.port}"
        complain(f"{options.host}{port} was not known.")
    return 0 if forgotten else EXIT_FAILED


def run_pipe(reactor: Any, options: Options, trust: Trust | None) -> Deferred[int]:
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
    return pipe.run(connection_for(reactor, options, trust, session, pipe))


def run(reactor: Any, options: Options, trust: Trust | None) -> int:
    """Run the reactor until it is over; the exit code. A fault of our own is one line, not a traceback."""
    # Twisted's timers run on the wall clock by default: set back an hour, we would come back an hour late.
    reactor.seconds = time.monotonic
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
        for number in ENDING:
            signal.signal(number, lambda number, _: reactor.callFromThread(ended_by, number))
        maybeDeferred(_way(), reactor, options, trust).addCallbacks(codes.append, failed).addBoth(stop)

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


def on_terminal() -> bool:
    return os.isatty(0) and os.isatty(1)


def _way() -> Any:
    if on_terminal():
        from lanchatd.client import terminal  # noqa: PLC0415  there is no termios on Windows

        return terminal.run
    return run_pipe


def _fault(failure: Failure) -> str:
    where = failure.getTracebackObject()
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    place = "" if where is None else f" ({where.tb_frame.f_code.co_qualname}, line {where.tb_lineno})"
    return f"{failure.type.__name__ if failure.type else 'error'}: {failure.getErrorMessage()}{place}"


if __name__ == "__main__":
    main()
