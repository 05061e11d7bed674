"""Bans, mutes and operators of the whole chat: one document in the stream, which is written whole each time.

A change is made on the document that is known here, and stored on the condition that it is the newest. If
another node was faster, the same change is made again on that one. So a ban made here and one made there are
both there in the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable
from typing import Any

from twisted.logger import Logger

from lanchatd.broker.direct import Direct
from lanchatd.broker.long_messages import LongMessages
from lanchatd.broker.packing import as_json
from lanchatd.broker.stream import AGAIN_S, FROM, MODERATION, ROLLUP, Fate, Message, Published, Stream
from lanchatd.chat import moderating
from lanchatd.chat.answers import Answer
from lanchatd.chat.bans_and_mutes import VERSION, target_from
from lanchatd.chat.chat import Chat
from lanchatd.clock import Clock
from lanchatd.text import names
from lanchatd.text.refused import Refused

# How long somebody waits for the answer; what they changed is stored when that can be.
KEPT_WITHIN_S = 5

Document = dict[str, Any]

NOTHING: Document = {"version": VERSION, "bans": [], "mutes": [], "operators": []}


class SharedModeration:
    """This node's end of it; `keep` is what `lanchatd.chat.bans_and_mutes` asks."""

    log = Logger("lanchatd")

    def __init__(self, stream: Stream, clock: Clock, direct: Direct) -> None:
        self._stream = stream
        self._clock = clock
        self._direct = direct
        self._chat: Chat
        self._me = stream.node
        self._long = LongMessages(stream, clock, MODERATION)
        # The newest document in the stream; and what it is to be, if something was changed.
        self._newest = NOTHING
        self._last = 0  # the sequence of the last message
        self._wanted: Document | None = None
        self._version = 0
        # The version that is on its way, and behind which sequence.
        self._under_way: tuple[int, int] | None = None
        self._waiting: list[tuple[int, Answer[None]]] = []

    def serve(self, chat: Chat) -> None:
        """Begin, before anything arrives."""
        self._chat = chat
        self._stream.subscribe(MODERATION, self._arrived)
        self._stream.watch(self._link_changed)

    def keep(self, document: bytes) -> Answer[None]:
        """Store what there is now; answered when it holds at all nodes."""
        answer: Answer[None] = Answer()
        wanted = json.loads(document)
        if self._wanted is None and wanted == self._newest:
            answer.settle(None)
            return answer
        self._wanted = wanted
        self._version += 1
        if self._stream.up:
            self._waiting.append((self._version, answer))
            self._clock.callLater(KEPT_WITHIN_S, self._too_late, answer)
            self._publish()
        else:
            answer.fail(_HERE_ONLY)
        return answer

    def _too_late(self, answer: Answer[None]) -> None:
        if any(waiting is answer for _, waiting in self._waiting):
            self._waiting = [one for one in self._waiting if one[1] is not answer]
            answer.fail(_HERE_ONLY)

    def _publish(self) -> None:
        if self._wanted is None or not self._stream.up or self._under_way is not None:
            return
        if self._long.is_busy:
            self._clock.callLater(AGAIN_S, self._publish)
            return
        tried = self._under_way = self._version, self._last
        headers = {FROM: f"{self._me} {self._version}", **ROLLUP}
        body = as_json(self._wanted)

        def answered(published: Published) -> None:
            if self._under_way is not tried:
                return  # it came back
            self._under_way = None
            if tried[1] != self._last:
                self._publish()
            elif published.fate is Fate.FAILED:
                self._clock.callLater(AGAIN_S, self._publish)
            # Else the one that was faster is about to arrive.

        self._long.publish(body, headers, self._last, answered)

    def _link_changed(self, why: str | None) -> None:
        self._under_way = None
        if why is not None:
            return
        here = json.loads(self._chat.moderation.document())
        if self._newest is NOTHING and self._wanted is None and here != NOTHING:
            # The first node of a new chat brings along what its own file has.
            self._wanted = here
            self._version += 1
        self._publish()

    def _arrived(self, message: Message) -> None:
        if message.sequence <= self._last:
            return  # it was read before, and then the broker was lost
        if (body := self._long.read(message)) is None:
            self._last = message.sequence
            self._publish()  # if no more comes
        else:
            self._is_read(body, message)
        self._direct.look_again()

    def _is_read(self, body: bytes, message: Message) -> None:
        try:
            document = json.loads(body)
            by, _, version = message.headers.get(FROM, "").partition(" ")
            if by == self._me:
                self._own_arrived(document, message.sequence, int(version))
            else:
                self._foreign_arrived(document, message.sequence)
        except ValueError as error:
            text = "what another node has moderated can't be read: {why}"
            self.log.error(text, why=str(error))  # noqa: TRY400

    def _own_arrived(self, document: Document, sequence: int, version: int) -> None:
        self._newest, self._last = document, sequence
        if version == self._version:
            self._wanted = None
        self._under_way = None
        self._is_kept(sequence, version)
        self._publish()

    def _is_kept(self, sequence: int, version: int) -> None:
        kept = [answer for waiting, answer in self._waiting if waiting <= version]
        self._waiting = [one for one in self._waiting if one[0] > version]

        def everywhere(_: Answer[None]) -> None:
            for answer in kept:
                answer.settle(None)

        if kept:
            self._direct.applied_everywhere(sequence).when_known(everywhere)

    def _foreign_arrived(self, document: Document, sequence: int) -> None:
        whole = document if self._wanted is None else changed_again(self._newest, self._wanted, document)
        moderating.load(self._chat, json.dumps(whole).encode())
        self._newest, self._last = document, sequence
        # What was on a nick that an owner had before is on the one that they have now, when it is taken here.
        here = json.loads(self._chat.moderation.document())
        if here != document:
            self._wanted = here
            self._version += 1
            self._publish()
        else:
            self._wanted = None
            self._is_kept(sequence, self._version)


_HERE_ONLY = Refused("not_kept", "That holds at this server only, until the broker can be reached.")


def changed_again(before: Document, after: Document, newest: Document) -> Document:
    """What was changed in a document, changed in another one too."""
    changed: Document = {"version": newest["version"]}
    for kind, key_of in _KEYS.items():
        old, new = _by_key(before[kind], key_of), _by_key(after[kind], key_of)
        rows = _by_key(newest[kind], key_of)
        for key in old.keys() - new.keys():
            rows.pop(key, None)
        for key, row in new.items():
            if old.get(key) != row:
                rows[key] = row
        changed[kind] = list(rows.values())
    return changed


def _by_key(rows: list[Any], key_of: Callable[[Any], Hashable]) -> dict[Hashable, Any]:
    return {key_of(row): row for row in rows}


_KEYS: dict[str, Callable[[Any], Hashable]] = {
    "bans": lambda row: target_from(row["on"])[0],
    "mutes": lambda row: names.key_of(row["nick"]),
    "operators": names.key_of,
}
