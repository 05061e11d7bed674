"""Whether another daemon of the chat would let us in: asked before one is left that keeps no lines.

Its broker may be away from it alone, or from all. Who left it first might come in nowhere, not even there.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectingCancelledError
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from lanchatd.client.sanitize import parsed, text_of
from lanchatd.client.server_lines import ServerLines, ServerLinesFactory
from lanchatd.client.ways import Way

# How long one may take to answer.
ANSWERS_WITHIN_S = 10


class Asking:
    """Asks them one after the other, and each once."""

    def __init__(
        self,
        clock: IReactorTime,
        others: Callable[[], list[Way]],
        question: Callable[[], bytes],
        found: Callable[[Way], None],
    ) -> None:
        """``question`` gives a hello that is right but for its room; ``found`` is called with one."""
        self._clock = clock
        self._others = others
        self._question = question
        self._found = found
        self._under_way: Deferred[None] | None = None

    def begin(self) -> None:
        """Ask now, unless they are being asked."""
        if self._under_way is None:
            self._under_way = asking = Deferred.fromCoroutine(self._ask())
            asking.addErrback(lambda reason: reason.trap(CancelledError, ConnectingCancelledError))
            asking.addBoth(self._ended)

    def end(self) -> None:
        """Nobody wants to know any more."""
        if self._under_way is not None:
            self._under_way.cancel()

    def _ended(self, _: object) -> None:
        self._under_way = None

    async def _ask(self) -> None:
        for way in self._others():
            if await self._takes_us(way):
                self._found(way)
                return

    async def _takes_us(self, way: Way) -> bool:
        question = _Question(self._question())
        try:
            await way.endpoint.connect(ServerLinesFactory(question))
            return await question.answer.addTimeout(ANSWERS_WITHIN_S, self._clock)
        except (CancelledError, ConnectingCancelledError):
            raise
        except Exception:  # whatever it is, it is not there for us
            return False


class _Question:
    """To one of them. Implements `lanchatd.client.server_lines.Owner`."""

    def __init__(self, hello: bytes) -> None:
        self.answer: Deferred[bool] = Deferred(lambda _: self._close())
        self._hello = hello
        self._protocol: ServerLines | None = None

    def made(self, protocol: ServerLines) -> None:
        self._protocol = protocol
        protocol.transport.write(self._hello)

    def line_came(self, protocol: ServerLines, line: bytes) -> None:
        event = parsed(line)
        if event is None:
            if line.startswith(b"!! "):
                self.end(False)
        elif text_of(event, "type") == "error":
            self.end(text_of(event, "code") == "bad_room")

    def lines_came(self) -> None:
        pass

    def gone(self, protocol: ServerLines, reason: Failure) -> None:
        self.end(False)

    def end(self, takes_us: bool) -> None:
        """That is the answer, if there was none yet."""
        self._close()
        if not self.answer.called:
            self.answer.callback(takes_us)

    def _close(self) -> None:
        protocol, self._protocol = self._protocol, None
        if protocol is not None:
            protocol.transport.abortConnection()
