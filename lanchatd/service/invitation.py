"""Who starts the daemon by hand is shown a QR code, for the phones of the others."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from twisted.application.service import Service

from lanchatd.doors.join_addresses import JoinAddresses
from lanchatd.lan import qr


class Invitation(Service):
    """Shows it once at the start, if standard error is a terminal with room for it."""

    def __init__(self, join: JoinAddresses) -> None:
        self._join = join

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]
        # twistd has made sys.stderr a part of its log by now.
        terminal, page = sys.__stderr__, next((one.page for one in self._join.all()), None)
        if terminal is None or page is None or not terminal.isatty():
            return
        lines = qr.as_lines(page)
        with suppress(OSError):  # a terminal that is gone is not written to
            size = os.get_terminal_size(terminal.fileno())
            if qr.columns(lines) <= size.columns and len(lines) < size.lines:
                terminal.write("\n".join([*lines, page, ""]))
                terminal.flush()
