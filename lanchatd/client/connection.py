"""The connection to the server: made, kept, and made again. Lines of it go to the session and back.

Twisted's `ClientService` makes the connections; the pauses between them grow until the server has welcomed
us, not only until somebody has accepted. With TLS there is no connection here before its key is accepted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.internet import ClientService
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from lanchatd.chat.events import Node
from lanchatd.client.asking import Asking
from lanchatd.client.greeting import Greeting
from lanchatd.client.keepalive import keep_alive
from lanchatd.client.observer import Observer
from lanchatd.client.outgoing import Unsayable
from lanchatd.client.reasons import why_gone, why_not_made, why_not_trusted
from lanchatd.client.rendering import refusal
from lanchatd.client.server_lines import ServerLines, ServerLinesFactory
from lanchatd.client.session import ClientSession, State
from lanchatd.client.shown_event import ShownEvent
from lanchatd.client.timers import Timers
from lanchatd.client.tls import HandshakeFailed
from lanchatd.client.tries import Watched
from lanchatd.client.trust import Trust, UnknownKey, Untrusted
from lanchatd.client.ways import Way, Ways

# How long the server may take to say goodbye.
QUIT_S = 2


class ServerConnection:
    """The connection of a session, over all of its losses."""

    def __init__(
        self,
        clock: IReactorTime,
        ways: Ways,
        session: ClientSession,
        observer: Observer,
        pause: Callable[[int], float],
    ) -> None:
        """``ways`` are all encrypted, or none is. ``pause`` is `growing_pauses`."""
        self.encrypted = ways.current.trust is not None
        self.session = session
        self.observer = observer
        self._clock = clock
        self._ways = ways
        self._pause = pause
        self._service: Any = ClientService(
            Watched(ways, self._not_made),
            ServerLinesFactory(self),
            retryPolicy=self._next_try,
            clock=clock,
        )
        self._protocol: ServerLines | None = None
        self._items: list[ShownEvent] = []
        self._why = ""
        self._instead: Callable[[], None] | None = None  # of trying again
        self._tries = 0
        self._at_once = False
        self._asks_key = False
        self._ended = False
        self._paused = False
        self._quit: Deferred[None] | None = None
        self._timers = Timers(clock)
        self._asking = Asking(clock, lambda: ways.others, session.question, self._goes_to)
        self._greeting = Greeting(
            clock,
            self._timers,
            session,
            observer,
            lambda: ways.current.where,
            self._next_pause,
            self._close_for,
        )

    # -- what its user wants

    def start(self) -> None:
        """Connect, and stay connected."""
        self._ended = False
        self._service.startService()

    def say(self, text: str, room: str = "") -> str:
        """Say a line, or run a command, as soon as it can be sent; of several rooms in this one.

        Its ref; empty if it is refused here. Leaving is `quit`: the server would close, and we come back.
        """
        try:
            ref = self.session.say(text, room).ref
        except Unsayable as refused:
            self.observer.show([refusal(refused.code, refused.text)])
            return ""
        self._send_more()
        self.observer.changed()
        return ref

    def was_read(self) -> None:
        """Something was: the user's other devices are told, when it is time."""
        self._send_more()

    def take_nick(self, nick: str, secret: str = "") -> None:
        """Say hello by this nick, after `Observer.refused`; with what proves that it is ours, if it is."""
        if not self._greeting.take_nick(nick, secret):
            self.start()

    def accept_key(self, fingerprint: str) -> None:
        """This is the server's key, after `Observer.unknown_key`: connect, and remember it."""
        if (trust := self._ways.current.trust) is not None:
            trust.accept(fingerprint)
        self._asks_key = False
        self.start()

    def reconnect(self) -> None:
        """Try now, whatever it is waiting for; with a connection, a new one."""
        self._tries = 0
        self._timers.cancel()
        if self._protocol is not None:
            self._at_once = True
            self._why = "Reconnecting, as you asked."
            self._protocol.transport.abortConnection()
        elif not self._asks:
            if self._service.running:
                self._service.stopService()
            self.start()

    def quit(self, text: str = "") -> Deferred[None]:
        """Say goodbye; fires when the connection is gone, after `QUIT_S` at the latest."""
        if self._quit is not None:
            return self._quit
        leaving = self._quit = Deferred()
        if self._protocol is not None and self.session.connected:
            self._protocol.transport.write(self.session.goodbye(text))
            self._timers.set("quit", QUIT_S, self._give_up_goodbye)
        else:
            self._give_up_goodbye()
        return leaving

    def stop(self) -> None:
        """Close at once, and stay so; the observer is told nothing more."""
        self._ended = True
        self._timers.cancel()
        self._asking.end()
        self._greeting.end()
        if self._service.running:
            self._service.stopService()
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.transport.abortConnection()
        self.session.disconnected()

    def pause_reading(self) -> None:
        """Nothing more is wanted now: the server holds it."""
        self._paused = True
        if self._protocol is not None:
            self._protocol.pauseProducing()  # type: ignore[no-untyped-call]

    def resume_reading(self) -> None:
        """More is wanted again."""
        self._paused = False
        if self._protocol is not None:
            self._protocol.resumeProducing()  # type: ignore[no-untyped-call]

    # -- the protocol tells

    def made(self, protocol: ServerLines) -> None:
        """There is a connection."""
        self._protocol = protocol
        self._why = ""
        trust = self._ways.current.trust
        if trust is None:
            keep_alive(protocol.transport.getHandle())
        elif not self._key_kept(trust):
            protocol.transport.abortConnection()
            return
        self._greeting.begin(protocol.transport)
        if self._paused:
            protocol.pauseProducing()  # type: ignore[no-untyped-call]

    def line_came(self, protocol: ServerLines, line: bytes) -> None:
        """The server sent a line."""
        if protocol is not self._protocol or self._ended or self._why:
            return
        got = self.session.received(line, self._clock.seconds())
        if got.welcomed:
            self._tries = 0
            self._greeting.welcomed()
        if got.nodes is not None:
            self._others_are(got.nodes)
        if got.not_kept:
            self._asking.begin()
        if warning := got.warning:
            self._timers.set("not kept", 0, lambda: self.observer.warned(warning))
        if got.stranger:
            self._greeting.stranger()
        elif got.refused is not None:
            self._greeting.refused(*got.refused)
        self._items += got.items

    def _others_are(self, nodes: list[Node]) -> None:
        if self._ways.arrived(nodes):
            host, port = self._ways.current.where
            self._timers.set("moved", 0, lambda: self.observer.warned(f"Going on at {host} port {port}."))
        self.session.elsewhere = bool(self._ways.others)

    def _goes_to(self, way: Way) -> None:
        """Nothing can be kept where we are, and this one would let us in."""
        if self._protocol is not None and self.session.connected and self._quit is None:
            host, port = self._ways.current.where
            self._ways.current = way
            self._at_once = True
            self._why = f"Nothing can be said at {host} port {port} now."
            self._protocol.transport.abortConnection()

    def lines_came(self) -> None:
        """That was all for now."""
        if self._items:
            items, self._items = self._items, []
            self.observer.show(items)
        if not self._ended:
            self._send_more()
            self.observer.changed()

    def gone(self, protocol: ServerLines, reason: Failure) -> None:
        """There is no connection any more."""
        if protocol is not self._protocol:
            return
        greeting = self.session.state is State.GREETING
        where = self._ways.current.where
        self._protocol = None
        self._asking.end()
        self._greeting.end()
        self._timers.cancel("more")
        self.session.disconnected()
        if self._quit is not None:
            self._give_up_goodbye()
            return
        if self._asks:
            self._service.stopService()  # until there is another nick
            return
        if self.session.sent_away:
            self._fail(self.session.last_words)
            return
        self._why = self._why or self.session.last_words or why_gone(reason, *where, greeting)
        if greeting:
            self._ways.move_on()
        self.observer.changed()

    @property
    def _asks(self) -> bool:
        """Whether it waits for somebody to answer, and not for the server."""
        return self._asks_key or self._greeting.asks_nick

    # -- it goes wrong

    def _not_made(self, reason: Failure) -> None:
        error = reason.value
        if isinstance(error, Untrusted):
            self._instead = lambda: self._not_trusted(error)
        elif not isinstance(error, CancelledError):
            why = self._why = why_not_made(reason, *self._ways.current.where)
            if isinstance(error, HandshakeFailed) and not self.session.been_welcomed:
                self._instead = lambda: self._fail(why)

    def _next_pause(self) -> float:
        self._tries += 1
        return self._pause(self._tries)

    def _next_try(self, attempt: int) -> float:
        pause_s, why = self._next_pause(), self._why
        if self._at_once:
            self._at_once, pause_s = False, 0.0
        instead, self._instead = self._instead, None
        # Not from here, where the service is between two states and must not be stopped.
        self._timers.set("lost", 0, instead or (lambda: self.observer.lost(why, pause_s)))
        return pause_s

    def _key_kept(self, trust: Trust) -> bool:
        try:
            trust.keep()
        except Untrusted as error:
            other = error
            self._instead = lambda: self._not_trusted(other)
            return False
        except OSError as error:
            why = f"The key of {self._ways.current.where[0]} can't be remembered: {error.strerror}."
            self._timers.set("warned", 0, lambda: self.observer.warned(why))
        return True

    def _not_trusted(self, error: Untrusted) -> None:
        """Never again by itself: whoever is there, it would not become the right one."""
        way = self._ways.current
        speaks_tls = way.trust is not None and way.trust.speaks_tls
        why = why_not_trusted(error, *way.where, speaks_tls)
        if isinstance(error, UnknownKey):
            self.stop()
            self._asks_key = True
            self.observer.unknown_key(error.fingerprint, why)
        else:
            self._fail(why)

    def _close_for(self, why: str, for_good: bool) -> None:
        if for_good:
            self._fail(why)
        else:
            self._why = why
            if self._protocol is not None:
                self._protocol.transport.abortConnection()

    def _fail(self, why: str) -> None:
        self.stop()
        self._timers.set("failed", 0, lambda: self.observer.failed(why))

    def _give_up_goodbye(self) -> None:
        self.stop()
        if self._quit is not None:
            leaving, self._quit = self._quit, None
            leaving.callback(None)

    # -- lines go

    def _send_more(self) -> None:
        self._timers.cancel("more")
        if self._protocol is None or self._ended:
            return
        now = self._clock.seconds()
        if lines := self.session.outgoing(now):
            self._protocol.transport.write(b"".join(lines))
        if (again_s := self.session.next_in(now)) is not None:
            self._timers.set("more", again_s, self._send_more)
