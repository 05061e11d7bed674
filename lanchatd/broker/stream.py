"""The stream that all daemons of a chat read in one order: what is asked of it, and what it has to be like.

Nothing here speaks to a broker.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from lanchatd.chat.answers import Answer

# The subjects, below the name of the chat.
PEOPLE, MODERATION, ACCOUNTS = "people", "moderation", "accounts"
STATE = (PEOPLE, MODERATION, ACCOUNTS)
"""Each is read from its beginning at every start; the rest from where the daemon was."""

FROM, SNAPSHOT = "Lanchat-From", "Lanchat-Snapshot"
"""Headers of a message: who sent it, and as which of theirs; that it is all there is, and behind what."""

ROLLUP = {"Nats-Rollup": "sub"}
"""With this header a message takes the place of all that its subject had."""

AGAIN_S = 0.25
"""How long after a try that failed it is tried again, of whatever the broker is asked."""

LOG, FORMAT = "lanchat.log", "lanchat.version"  # in the stream's metadata
TODAY = 1  # the version of what is written into it

# The conditions on a message hold over a change of leaders since 2.12, and so does `sync_interval: always`.
LEAST_VERSION = (2, 12)

Heard = Callable[[bytes, Callable[[bytes], None] | None], None]
"""Called with what another daemon sent to this one, and with what answers it if it was asked."""


class Unfit(Exception):
    """This broker, or its stream, can't be used; the text is a sentence for who starts the daemon."""


class Fate(Enum):
    """What became of a message, as far as the broker said."""

    STORED = "it is in the stream"
    CONFLICT = "another message of the subject came first"
    FAILED = "nobody knows: it may be in the stream, or get there yet"


@dataclass(frozen=True, slots=True)
class Published:
    """``why`` is for `Fate.FAILED`, as it ends a sentence."""

    fate: Fate
    why: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the stream.

    ``subject`` is below the chat's name; ``sequence`` is its place in the stream; ``at`` is the broker's
    time, in seconds since the epoch.
    """

    subject: str
    sequence: int
    at: float
    headers: Mapping[str, str]
    body: bytes


class Stream(Protocol):
    """What the parts of a chat need of the stream. All is called in the reactor's thread."""

    node: str
    """This daemon's name in the chat: random, new at every start."""

    up: bool
    """Whether the broker can be reached, and all that was in the stream then has arrived."""

    largest: int
    """How many bytes the body of a message may have."""

    applied: int
    """The sequence of the newest message that has arrived here."""

    def subscribe(self, subject: str, arrived: Callable[[Message], None]) -> None:
        """Call with each message of a subject, such as ``people`` or ``room.*``, in the order of the stream.

        All that count are asked for before anything arrives.
        """
        ...

    def publish(
        self,
        subject: str,
        body: bytes,
        headers: Mapping[str, str],
        expected: int | None,
        answered: Callable[[Published], None],
    ) -> None:
        """Put a message into the stream.

        ``expected`` is the sequence that the last message of the subject has to have, 0 for none; with None
        it is put there in any case. ``answered`` is called once, later, if the broker does not say that it
        is stored, and is a hint: what counts is the message that comes back.
        """
        ...

    def send(self, node: str | None, body: bytes) -> None:
        """Tell another daemon, or all of them but this one; it is not stored, and may get lost."""
        ...

    def ask(self, node: str, body: bytes, within_s: float) -> Answer[bytes]:
        """Ask another daemon. LookupError if nobody is there, `Refused` if it does not answer in time."""
        ...

    def heard(self, call: Heard) -> None:
        """Call with all that others send or ask."""
        ...

    def renew(self) -> None:
        """Take another name: the others think that this daemon is gone."""
        ...

    def watch(self, changed: Callable[[str | None], None]) -> None:
        """Call with None when it is up, else with why it is not, as it ends a sentence."""
        ...

    def purge(self, subject: str, below: int) -> Answer[None]:
        """Take the messages of a subject with a lower sequence out. `Refused` if that can't be."""
        ...

    def sequence_since(self, subject: str, at: float) -> Answer[int]:
        """The sequence of a subject's first message since a moment, or just before; 0 if there is none."""
        ...


def room_subject(key: str) -> str:
    """The subject of a room, by its key, which may have any character."""
    return "room." + base64.b32encode(key.encode()).decode().rstrip("=").lower()


def room_key(subject: str) -> str:
    """The key again. Raises ValueError."""
    encoded = subject.removeprefix("room.").upper()
    return base64.b32decode(encoded + "=" * (-len(encoded) % 8)).decode()


def settings(name: str, log: str, replicas: int) -> dict[str, Any]:
    """How the stream of a chat is made; ``log`` is the new name of its log."""
    return {
        "name": name,
        "subjects": _subjects(name),
        "num_replicas": replicas,
        "metadata": {LOG: log, FORMAT: str(TODAY)},
        **_HAVE_TO_BE,
    }


# What it would lose messages without, or could not be used. The last message of a room is what the next one
# counts from, so nothing may go by its age or number. Replicas, and where it lies, are the operator's.
_HAVE_TO_BE = {
    "retention": "limits",
    "storage": "file",
    "discard": "old",
    "max_age": 0,
    "max_msgs": -1,
    "max_bytes": -1,
    "max_msgs_per_subject": -1,
    "allow_direct": True,
    "allow_rollup_hdrs": True,
    "deny_delete": True,
}


def _subjects(name: str) -> list[str]:
    return [f"{name}.room.*", *(f"{name}.{subject}" for subject in STATE)]


NO_JETSTREAM = "the broker has no JetStream: put `jetstream { … }` into its configuration"


def refuse_broker(version: str) -> None:
    """Raises `Unfit` if this nats-server is too old."""
    numbers = tuple(map(int, re.findall(r"[0-9]+", version)[:2]))
    if numbers < LEAST_VERSION:
        least = ".".join(map(str, LEAST_VERSION))
        raise Unfit(f"the broker is nats-server {version}: it has to be {least} or newer")


def log_name(config: Mapping[str, Any]) -> str:
    """The name of the log that a stream with this configuration holds. Raises `Unfit`."""
    name, metadata = config.get("name", ""), config.get("metadata") or {}
    log, version = metadata.get(LOG), str(metadata.get(FORMAT, ""))
    if not log or not version.isdecimal():
        raise Unfit(f"the stream {name} of the broker is not one of lanchatd: give another name in the URL")
    if int(version) > TODAY:
        raise Unfit(f"the stream {name} of the broker was written by a newer lanchatd: use that one")
    for setting, wanted in {"subjects": _subjects(name), **_HAVE_TO_BE}.items():
        found = config.get(setting, type(wanted)())
        if (sorted(found) if setting == "subjects" else found) != (
            sorted(wanted) if isinstance(wanted, list) else wanted
        ):
            raise Unfit(f"the stream {name} of the broker has {setting} {found}: it has to be {wanted}")
    return str(log)
