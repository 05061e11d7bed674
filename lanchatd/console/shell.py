"""What an administrator types is run, answered and recorded here, whether at the prompt or in one go."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lanchatd.chat.answers import Answer, begin
from lanchatd.chat.chat import Chat
from lanchatd.commands.administrators import NOT_SURE, Administrator, Daemon
from lanchatd.commands.all_commands import CONSOLE
from lanchatd.commands.dispatch import administer
from lanchatd.commands.expected import FREE, expected
from lanchatd.commands.report import Report, as_json, as_text
from lanchatd.console.dialogue import REFUSED, Ended
from lanchatd.console.prompt import UNSURE
from lanchatd.console.session_audit import SessionAudit
from lanchatd.limits import each_limit, option_name
from lanchatd.ssh.application import Identity
from lanchatd.text.refused import Refused

JSON = "--json"

# How a command ended, for the shell of whoever ran it.
DONE, NOT_A_COMMAND = 0, 2
_CODES = {"unknown_command": NOT_A_COMMAND, NOT_SURE: UNSURE}


class Shell:
    """One administrator's commands. Implements `lanchatd.console.prompt.CommandRunner`."""

    def __init__(self, chat: Chat, daemon: Daemon, identity: Identity, audit: SessionAudit) -> None:
        self.prompt = f"{chat.name}> "
        self._chat = chat
        self._daemon = daemon
        self._address = identity.address
        self._audit = audit

    def run(
        self,
        line: str,
        show: Callable[[str], None],
        columns: int | None = None,
        sure: bool = False,
    ) -> Answer[Ended]:
        """Run a command; ``show`` gets what it shows. It answers with its exit code and why it was refused.

        Tables are made to fit in so many ``columns``. ``sure``: that it is meant has been said.
        """
        line = line.strip()
        command, for_programs = _as_asked(line)

        def tell(report: Report) -> None:
            show(as_json(report) if for_programs else as_text(report, self._chat.now(), columns))

        async def ended() -> Ended:
            try:
                await answer
            except Refused as refused:
                self._audit.record(line, refused.text)
                return Ended(_CODES.get(refused.code, REFUSED), refused.text)
            self._audit.record(line, "done")
            return Ended(DONE)

        administrator = Administrator(self._address, self._daemon, tell, sure)
        try:
            answer = administer(self._chat, administrator, command)
        except Exception:
            self._audit.record(line, "failed")
            raise
        return begin(ended())

    def complete(self, word: str, before: str) -> Sequence[str]:
        """What can stand at the end of a line: commands, and then what each of them takes there."""
        name, *given = before.split() or [""]
        command = CONSOLE.find(name)
        kinds = ("COMMAND",) if not name else expected(command.arguments, len(given)) if command else ()
        free = not FREE.isdisjoint(kinds)
        names = [kind for kind in kinds if kind.islower()]
        if "COMMAND" in kinds:
            names += [row.name for row in CONSOLE]
        if "NAME" in kinds:
            names += [option_name(limit) for limit in each_limit()]
        if free or "ROOM" in kinds:
            names += [room.name for room in self._chat.rooms.values()]
        if free or "NICK" in kinds:
            names += [user.nick for user in self._chat.users.values()]
        return [f"{name} " for name in sorted(names) if name.casefold().startswith(word.casefold())]

    def history(self) -> Sequence[str]:
        """What was typed with this key before, the oldest first."""
        return self._audit.history()


def _as_asked(line: str) -> tuple[str, bool]:
    """The command without ``--json``, and whether its answer is for programs.

    It counts right behind the name; at the end too, where that can't be a part of what is said.
    """
    name, _, rest = line.partition(" ")
    first, _, others = rest.lstrip().partition(" ")
    if first == JSON:
        return f"{name} {others}".rstrip(), True
    command = CONSOLE.find(name.removeprefix("/"))
    if command is None:
        return line, False
    arguments = command.arguments.split()
    # What is said may end with it; as the whole of it, nobody means it.
    free_text = bool(arguments) and arguments[-1].strip("[]") in ("TEXT", "REASON")
    if line.endswith(f" {JSON}") and (not free_text or len(rest.split()) <= len(arguments)):
        return line.removesuffix(JSON).rstrip(), True
    return line, False
