"""What somebody who has logged in can open: the ``ssh-connection`` service of RFC 4254, for sessions only."""

# Conch is untyped for the most part, and has names of its own.
# mypy: allow-untyped-calls
# ruff: noqa: N802, N803, N815

from __future__ import annotations

import struct
from collections.abc import Callable

from twisted.conch.ssh.common import NS, getNS
from twisted.conch.ssh.connection import (
    MSG_CHANNEL_FAILURE,
    MSG_CHANNEL_OPEN_FAILURE,
    MSG_CHANNEL_SUCCESS,
    OPEN_ADMINISTRATIVELY_PROHIBITED,
    OPEN_RESOURCE_SHORTAGE,
    SSHConnection,
)
from twisted.logger import Logger

from lanchatd.ssh.application import Application, Output
from lanchatd.ssh.authorized_keys import harmless
from lanchatd.ssh.connection import Connection
from lanchatd.ssh.quiet_log import QUIET
from lanchatd.ssh.session import SessionChannel

# The least that a client can want a packet to be, in bytes: with none, output would be sent without end.
LEAST_PACKET = 256


class Channels(SSHConnection):
    """The sessions of one connection. Nothing is forwarded, and no files are transferred."""

    log = Logger("lanchatd")
    _log = QUIET

    def __init__(
        self,
        connection: Connection,
        application: Callable[[Output], Application],
        may_open: Callable[[], bool],
    ) -> None:
        """``application`` makes what runs in a session; ``may_open`` says whether there can be one more."""
        super().__init__()
        self.connection = connection
        self._application = application
        self._may_open = may_open

    @property
    def open_sessions(self) -> list[SessionChannel]:
        """Those that have not been closed from here."""
        return [session for session in self.channels.values() if not session.localClosed]

    def go_on(self) -> None:
        """There is room for output again."""
        for session in self.open_sessions:
            session.flush()

    def refuse(self, what: bytes) -> None:
        """Log what was asked for in vain."""
        self.log.info(
            "{peer} asked for {what}, which there is not",
            peer=self.connection.peer,
            what=harmless(what.decode(errors="replace")),
        )

    # What Conch calls.

    def ssh_CHANNEL_OPEN(self, packet: bytes) -> None:
        kind, rest = getNS(packet)
        sender, _window, largest = struct.unpack(">3L", rest[:12])
        if kind != SessionChannel.name:
            self.refuse(kind)
            self._refuse_channel(sender, OPEN_ADMINISTRATIVELY_PROHIBITED, "There are only sessions here.")
        elif not self._may_open():
            self._refuse_channel(sender, OPEN_RESOURCE_SHORTAGE, "Too many sessions are open.")
        elif largest < LEAST_PACKET:
            self._refuse_channel(sender, OPEN_RESOURCE_SHORTAGE, "Those packets are too small.")
        else:
            super().ssh_CHANNEL_OPEN(packet)

    def getChannel(self, channelType: bytes, windowSize: int, maxPacket: int, data: bytes) -> SessionChannel:
        return SessionChannel(self, self._application, windowSize, maxPacket)

    def ssh_CHANNEL_REQUEST(self, packet: bytes) -> None:
        (number,) = struct.unpack(">L", packet[:4])
        kind, rest = getNS(packet[4:])
        session: SessionChannel = self.channels[number]
        granted = session.requested(kind, rest[1:])
        if rest[0] and not session.localClosed:  # an answer is wanted
            message = MSG_CHANNEL_SUCCESS if granted else MSG_CHANNEL_FAILURE
            self.connection.sendPacket(message, struct.pack(">L", self.localToRemoteChannel[number]))
        # Behind the answer, as it may end the session.
        session.begin()

    def gotGlobalRequest(self, requestType: bytes, data: bytes) -> int:
        if b"forward" in requestType:
            self.refuse(requestType)
        return 0

    def ssh_CHANNEL_OPEN_CONFIRMATION(self, packet: bytes) -> None:
        raise ValueError("no channel is opened from here")

    ssh_CHANNEL_OPEN_FAILURE = ssh_CHANNEL_OPEN_CONFIRMATION

    def _refuse_channel(self, sender: int, code: int, why: str) -> None:
        self.connection.sendPacket(
            MSG_CHANNEL_OPEN_FAILURE, struct.pack(">2L", sender, code) + NS(why) + NS("")
        )
