"""From a new connection to the server's welcome: our hello, what it is refused for, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime, ITransport

from lanchatd.client.observer import Observer
from lanchatd.client.reasons import why_not_welcomed, why_stranger
from lanchatd.client.session import ClientSession
from lanchatd.client.timers import Timers

# How long the server may take to answer our hello.
WELCOME_S = 10

# How long our nick may be held by our own old connection: the server notices a dead one within 120 s.
NICK_HELD_S = 150

# The nick is somebody's, and a secret may prove that it is ours.
OWNED_CODES = frozenset({"nick_owned", "wrong_secret", "members_only"})

_NICK_CODES = OWNED_CODES | {
    *("nick_taken", "bad_nick", "banned", "control", "no_nick", "not_encrypted", "too_many_tries")
}

# It does not let us into one of the rooms that we named.
_ROOM_CODES = frozenset({"bad_room", "too_many_rooms", "bad_field"})


class Greeting:
    """Of all connections of a session. ``asks_nick``: nothing is said before somebody gives another nick."""

    def __init__(
        self,
        clock: IReactorTime,
        timers: Timers,
        session: ClientSession,
        observer: Observer,
        where: Callable[[], tuple[str, int]],
        next_pause: Callable[[], float],
        close_for: Callable[[str, bool], None],
    ) -> None:
        """``where`` gives host and port, for the sentences. ``next_pause`` says how long to wait before the
        next try, which it counts; ``close_for`` takes a reason, and whether it is for good.
        """
        self.asks_nick = False
        self._clock = clock
        self._timers = timers
        self._session = session
        self._observer = observer
        self._where = where
        self._next_pause = next_pause
        self._close_for = close_for
        self._transport: ITransport | None = None
        self._nick_held_since: float | None = None

    def begin(self, transport: ITransport) -> None:
        """There is a connection."""
        self._transport = transport
        self._say(self._session.connect(self._clock.seconds()))

    def end(self) -> None:
        """There is none any more."""
        self._transport = None
        self._timers.cancel("welcome", "hello")

    def welcomed(self) -> None:
        self._timers.cancel("welcome", "hello")
        self._nick_held_since = None
        self._observer.welcomed()

    def take_nick(self, nick: str, secret: str = "") -> bool:
        """Say hello by this one; false if there is no connection to say it on.

        ``secret`` is a password or code, if the nick is one that belongs to somebody.
        """
        self._session.nick = nick
        self._session.secret = secret
        self.asks_nick = False
        self._nick_held_since = None
        self._again()
        return self._transport is not None

    def refused(self, code: str, text: str) -> None:
        """Our hello was."""
        self._timers.cancel("welcome")
        if code in _ROOM_CODES and self._session.places.ask_for_less():
            self._again()
        elif code not in _NICK_CODES:
            # A hello that was taken before is a good one: half of it got there, or the server is full.
            self._close_for(text, not self._session.been_welcomed)
        elif self._session.been_welcomed and code == "nick_taken" and self._nick_may_come_free():
            pause_s = self._next_pause()
            self._timers.set("hello", pause_s, self._again)
            why = f"{text} The server may not have noticed yet that your old connection is gone."
            self._timers.set("lost", 0, lambda: self._observer.lost(why, pause_s))
        else:
            self.asks_nick = True
            self._timers.set("refused", 0, lambda: self._observer.refused(code, text))

    def stranger(self) -> None:
        """What came is of no lanchat."""
        self._close_for(why_stranger(*self._where()), not self._session.been_welcomed)

    def _too_slow(self) -> None:
        self._close_for(why_not_welcomed(*self._where(), WELCOME_S), not self._session.been_welcomed)

    def _nick_may_come_free(self) -> bool:
        now = self._clock.seconds()
        if self._nick_held_since is None:
            self._nick_held_since = now
        return now - self._nick_held_since < NICK_HELD_S

    def _again(self) -> None:
        self._say(self._session.hello())

    def _say(self, hello: bytes) -> None:
        if self._transport is not None:
            self._transport.write(hello)
            self._timers.set("welcome", WELCOME_S, self._too_slow)
