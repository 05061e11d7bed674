"""Lines as people type them with `nc`, and programs in JSON: each is the hello, or run as it stands."""

from __future__ import annotations

from dataclasses import replace

from lanchatd.chat.accounts.rows import SIGNED
from lanchatd.chat.events import Notice
from lanchatd.chat.format import Hello, LineFormat, Unreadable
from lanchatd.commands.all_commands import command_in
from lanchatd.commands.dispatch import run
from lanchatd.doors.door import Opening
from lanchatd.doors.line_protocol import LISTENING, ChatProtocol, State
from lanchatd.net.allowances import Verdict
from lanchatd.net.key_proof import KeyProofs
from lanchatd.net.owners import AT_ONCE
from lanchatd.text.refused import Refused

TAKE, CLOSE = Verdict.TAKE, Verdict.CLOSE
JOINED = State.JOINED


class TypedChat(ChatProtocol):
    """One connection whose lines are typed."""

    def __init__(self, opening: Opening, form: LineFormat, origin: str = "") -> None:
        """``origin`` is where the page came from that speaks here, empty if it is none."""
        super().__init__(opening, form)
        self._reads = form
        self._origin = origin
        self._key_proofs: KeyProofs | None = None

    def line_came(self, line: bytes) -> None:
        if self.state not in LISTENING:
            return
        self.lines += 1
        now = self._clock.seconds()
        verdict = self._allowance.line_came(now)
        if verdict is TAKE:
            if self.state is JOINED:
                self._later_line(line, now)
            else:
                self._first_line(line)
        elif verdict is CLOSE:
            self._close_flood()
        else:
            self._too_fast(verdict, line)

    def _too_fast(self, verdict: Verdict, line: bytes) -> None:
        lines, size = self.limits.lines_per_s, self.limits.bytes_per_s
        text = f"More than {lines:g} lines or {size:,} bytes a second; that line was dropped."
        if verdict is Verdict.DROP_FOR_ADDRESS:
            most = self.limits.max_per_address
            text = (
                f"Your address sends more than {most * lines:,g} lines or {most * size:,} bytes a second;"
                " that line was dropped."
            )
        elif verdict is Verdict.DROP_FOR_OWNER:
            text = (
                f"You send more than {AT_ONCE * lines:,g} lines or {AT_ONCE * size:,} bytes a second"
                " on all your connections; that line was dropped."
            )
        self._connections.flooded(self.peer, self._allowance)
        self._refuse(Refused("too_fast", text), self._reads.ref_of(line))

    def _first_line(self, line: bytes) -> None:
        if self.format is self._connections.text and line.startswith(b"{"):
            # A program, or somebody who types like one, that was greeted before its first line.
            self.format = self._reads = self._connections.json
        if self.format is self._connections.text and not line.strip():
            return  # who presses Enter to see whether it works has been greeted
        try:
            hello = self._reads.read_hello(line)
            if command_in(hello.nick) == "quit":
                self.close("quit", Notice(("Goodbye.",)))
                return
            if not self._is_to_prove(hello):
                self.come_in(hello)
        except Refused as refused:
            self._refuse(refused)

    def _is_to_prove(self, hello: Hello) -> bool:
        """Whether it shows a key that it has to prove first: it is told what to sign, and says hello again.

        Others could take over a connection in the clear, so a key is no proof there.
        """
        if hello.key is None or self.peer.key is not None or not (self.peer.encrypted or self.peer.local):
            return False
        if self._key_proofs is None:
            self._key_proofs = KeyProofs(self._origin, self._connections.credentials.fingerprint)
        if hello.proof is None:
            self._tell(self._key_proofs.ask())
            return True
        print_ = self._key_proofs.check(hello.key, hello.proof)
        self.peer = replace(self.peer, key=print_, key_kind=SIGNED)
        return False

    def _later_line(self, encoded: bytes, now: float) -> None:
        try:
            line = self._reads.read_line(encoded)
        except Unreadable as refused:
            self._refuse(refused, refused.ref)
            return
        except Refused as refused:
            self._refuse(refused)
            return
        if (session := self.session) is not None:
            session.spoke_at = now
            run(self.chat, session, line, self._answer)
