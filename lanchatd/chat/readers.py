"""The readers of a log: the members of one room, each live or lagging (README, The way of one line).

A live member's cursor is at the end of the log, and it is pushed every batch: rendered once a format, and
the same bytes given to each in one send. One whose socket does not take them all is lagging from then on; it
pulls chunks from the log at its own pace (`Readers.catch_up`) until it is at the end and live again. Joining,
coming back after a lost connection and reading slowly are all that same pull.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from lanchatd.chat.events import TALK, Missed, Moment, Notice
from lanchatd.chat.format import Format
from lanchatd.chat.log import Found, Log
from lanchatd.chat.member import Member
from lanchatd.chat.replay_turns import Pulls
from lanchatd.clock import Clock
from lanchatd.limits import Limits
from lanchatd.text.refused import Refused

# What a member is shown on joining.
RECENT = 20


class Readers:
    """The readers of one log.

    ``newest`` is the id of the last event that was fanned out; nobody is given one beyond it. ``presences``
    counts what was told beside the log, so that who missed some of it is told who is here now.
    """

    def __init__(
        self,
        room: str,
        log: Log,
        clock: Clock,
        now: Callable[[], float],
        limits: Limits,
        who: Callable[[Format], bytes],
        pulls: Pulls,
    ) -> None:
        """``room`` is its name as it is shown; ``now`` tells seconds since the epoch.

        ``who`` renders who is here. All rooms share the ``pulls``.
        """
        self.newest = log.newest
        self.presences = 0
        self._room = room
        self._log = log
        self._clock = clock
        self._now = now
        self._limits = limits
        self._who = who
        self._pulls = pulls
        # The live ones, by what they are rendered for, and by the sockets' own send: a Python call for each
        # member would cost more than the send itself, and to touch each member a thirtieth (measured).
        self._live: dict[Format, dict[Callable[[bytes], int], Member]] = {}
        self._live_ignoring: set[Member] = set()

    # -- coming and going

    def enter(self, member: Member, after: int | None, log: str | None) -> bool:
        """Put a newcomer in its place: `RECENT` from the end, or ``after`` an id of the log of that name.

        Without a name it is this log. Returns False if it is another one. The newcomer is lagging until
        `begin`.
        """
        member.readers = self
        member.reading = False
        member.presence_seen = -1
        member.entered_at_id = self.newest
        member.gap_told = True
        if after is None:
            member.cursor = max(0, self.newest - RECENT)
        elif after > self.newest or log not in (None, self._log.name):
            member.cursor = 0
            return False
        else:
            member.cursor = after
            member.gap_told = False
        return True

    def leave(self, member: Member) -> None:
        """Give it nothing more."""
        member.readers = None
        self._unlive(member)

    def unread(self, member: Member) -> int:
        """How many events of the log it has not been given yet."""
        return 0 if member.live else self.newest - member.cursor

    def when_live(self, member: Member, call: Callable[[], None]) -> None:
        """Call it when the member has been given everything."""
        if member.live:
            call()
        else:
            member.when_live = call

    def ignores_changed(self, member: Member) -> None:
        """The member ignores somebody now, or nobody any more."""
        if member.live:
            self._unlive(member)
            self._make_live(member)

    # -- fan-out

    def fan_out(self, moments: Sequence[Moment]) -> None:
        """Push a batch to all that are live; its talk is in the log."""
        before, presences = self.newest, self.presences
        for moment in moments:
            if moment.kind in TALK:
                self.newest = moment.id
            else:
                self.presences += 1
        for form, readers in self._live.items():
            if not readers:
                continue
            pieces = [form.render(moment) for moment in moments]
            encoded = b"".join(pieces)
            size = len(encoded)
            if not size:
                continue
            behind: list[tuple[Callable[[bytes], int], int]] = []
            for send in readers:
                try:
                    taken = send(encoded)
                except OSError:
                    # BlockingIOError, or the connection is gone, which its transport is about to tell.
                    taken = 0
                if taken != size:
                    behind.append((send, taken))
            for send, taken in behind:
                self._fell_behind(readers[send], before, presences, moments, pieces, taken)
        # A copy, as who falls behind is taken out.
        for member in tuple(self._live_ignoring):
            self._fan_out_to(member, moments, before, presences)

    def _fan_out_to(self, member: Member, moments: Sequence[Moment], before: int, presences: int) -> None:
        pieces = [b"" if member.ignores(moment) else member.format.render(moment) for moment in moments]
        encoded = b"".join(pieces)
        if not encoded:
            return
        try:
            taken = member.outbox.send(encoded)
        except OSError:
            taken = 0
        if taken != len(encoded):
            self._fell_behind(member, before, presences, moments, pieces, taken)

    def _fell_behind(
        self,
        member: Member,
        before: int,
        presences: int,
        moments: Sequence[Moment],
        pieces: list[bytes],
        taken: int,
    ) -> None:
        """The socket took only so many bytes of the batch: finish the line that it broke off in, then pull.

        If it broke off between two lines, the next one waits: something must, to hear of a ready socket.
        """
        self._unlive(member)
        member.cursor = before
        member.presence_seen = presences
        end = 0
        for moment, piece in zip(moments, pieces, strict=True):
            if end > taken:
                break
            end += len(piece)
            member.cursor = moment.id or member.cursor
        member.outbox.wait(b"".join(pieces)[taken:end])

    # -- live and lagging

    def fell_behind(self, member: Member) -> None:
        """A direct message was not taken whole: the member is lagging, from the end of the log."""
        if member.live:
            self._unlive(member)
            member.cursor = self.newest
            member.presence_seen = self.presences

    def begin(self, newcomers: Sequence[Member]) -> None:
        """Begin those that entered in one turn: a thousand of them cost one list of who is here."""
        for member in newcomers:
            self.catch_up(member)

    def catch_up(self, member: Member) -> None:
        """Nothing waits for the member any more: give it the next chunk, or make it live."""
        if member.readers is not self or member.live or member.reading or member.outbox.waiting:
            return
        if member.cursor < self.newest:
            member.reading = True
            if self.newest - member.cursor <= RECENT:
                # A newcomer, or nearly live: not worth the wait.
                self._read(member.cursor, partial(self._was_read, member))
            else:
                self._pulls.ask(partial(self._pull, member, member.cursor))
        elif member.presence_seen != self.presences:
            self._give(member, [])
        else:
            self._make_live(member)

    def _pull(self, member: Member, after: int) -> bool:
        """`Pulls`: it is the member's turn, if it is still here."""
        if not self._still_reads(member, after):
            return False

        def was_read(after: int, until: int, events: Found) -> None:
            try:
                self._was_read(member, after, until, events)
            finally:
                self._pulls.done()

        self._read(after, was_read)
        return True

    def _read(self, after: int, was_read: Callable[[int, int, Found], None]) -> None:
        until = self.newest
        self._log.read(after, until, self._limits.chunk_bytes, partial(was_read, after, until))

    def _still_reads(self, member: Member, after: int) -> bool:
        """Whether it is still here, and where it was when it began to read."""
        return member.readers is self and member.reading and member.cursor == after

    def _was_read(self, member: Member, after: int, until: int, events: Found) -> None:
        if not self._still_reads(member, after):
            return  # it went away while the log was reading
        member.reading = False
        if isinstance(events, Refused):
            # It can come back and go on from where it was; left as it is, it would wait for ever.
            member.connection.dismiss(events.code, events.text, "the log can't be read")
            return
        if member.outbox.waiting:
            return  # something direct came in between; when that has drained, it is read again
        pieces: list[bytes] = []
        first = events[0].id if events else until + 1
        # What was lost of the time before it came does not count, if it did not say where it was.
        known = max(after, member.entered_at_id) if member.gap_told else after
        if first > known + 1:
            pieces.append(member.format.render(Missed(self._room, self._log.name, first - known - 1)))
        if first > after + 1:
            member.cursor = first - 1
        member.gap_told = False
        size, now = 0, self._now()
        for event in events:
            past = now if event.id <= member.entered_at_id else None
            piece = b"" if member.ignores(event) else member.format.render(event, past)
            size += len(piece)
            if size > self._limits.chunk_bytes and member.cursor > after:
                break
            pieces.append(piece)
            member.cursor = event.id
        self._give(member, pieces)

    def _give(self, member: Member, pieces: list[bytes]) -> None:
        if member.cursor == self.newest and member.presence_seen != self.presences:
            # Who came and went meanwhile was not stored: it is told who is here now.
            member.presence_seen = self.presences
            pieces.append(self._who(member.format))
        if not member.outbox.give(b"".join(pieces)):
            return
        if member.cursor == self.newest:
            self._make_live(member)
        else:
            self._clock.callLater(0, self.catch_up, member)  # others get their turn between two chunks

    def history(self, member: Member, lines: int) -> None:
        """Show it the last lines that it was given again, as many as fit in one chunk."""

        def was_read(events: Found) -> None:
            member.asking = False
            member.connection.answered()
            if isinstance(events, Refused):
                member.tell(events.answering(None))
                return
            now = self._now()
            pieces = [member.format.render(event, now) for event in events if not member.ignores(event)]
            size = sum(map(len, pieces))
            while pieces and size > self._limits.chunk_bytes:
                size -= len(pieces.pop(0))
            member.tell_encoded(
                b"".join(pieces) or member.format.render(Notice(("Nothing was said here yet.",)))
            )

        # Not beyond what a lagging member has been given: those lines are still to come, in their order.
        until = self.newest if member.live else member.cursor
        member.asking = True
        self._log.read(until - lines, until, lines * self._limits.chunk_bytes, was_read)

    def _make_live(self, member: Member) -> None:
        member.live = True
        member.gap_told = False
        if member.ignored is not None:
            self._live_ignoring.add(member)
        else:
            self._live.setdefault(member.format, {})[member.outbox.send] = member
        if member.when_live is not None:
            call, member.when_live = member.when_live, None
            call()

    def _unlive(self, member: Member) -> None:
        if member.live:
            member.live = False
            self._live_ignoring.discard(member)
            self._live.get(member.format, {}).pop(member.outbox.send, None)
