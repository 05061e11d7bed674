"""What is asked in the row: another nick, whether a key is trusted, whether so many lines are said."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from lanchatd.client.trust import answer
from lanchatd.terminal.editor import LONGEST_LINE, Editor
from lanchatd.text import names
from lanchatd.text.refused import Refused

# More lines than this are asked about first.
LINES_AT_ONCE = 3


def about_key(server: str, fingerprint: str) -> tuple[str, ...]:
    """What is to be known before one answers whether a key is trusted."""
    return (
        f"You have not joined {server} from here before. Its key has this fingerprint:",
        fingerprint,
        "Ask whoever runs the server for theirs, by phone or in person: its log says it.",
        "If both are the same, this is the right server, and nobody reads along.",
        "Trust this key? Type yes or no.",
    )


class Questions:
    """One at a time. What was being typed is in the row again after the answer."""

    def __init__(
        self,
        editor: Editor,
        *,
        take_nick: Callable[[str, str], None],
        take_key: Callable[[str | None], None],
        say: Callable[[Sequence[str]], None],
        edit: Callable[[str], None],
        tell: Callable[[str], None],
        complain: Callable[[str], None],
        ring: Callable[[], None],
    ) -> None:
        """``take_nick`` gets a nick, and the password or code behind it, empty if there is none. ``take_key``
        gets the fingerprint that is trusted, or None for a no. ``edit`` gets a text.
        """
        self._editor = editor
        self._take_nick = take_nick
        self._take_key = take_key
        self._say = say
        self._edit = edit
        self._tell = tell
        self._complain = complain
        self._ring = ring
        self._several_rows = editor.several_rows
        self._nick = False
        self.key = ""  # the fingerprint that is asked about
        self.lines: tuple[str, ...] = ()
        self._draft = ""

    @property
    def asking(self) -> bool:
        return bool(self._nick or self.key or self.lines)

    def ask_nick(self) -> None:
        if not self._nick:
            self._nick = True
            self._ask("Your nick: ")

    def ask_key(self, fingerprint: str) -> None:
        self.key = fingerprint
        self._ask("Trust this key? (yes/no) ")

    def ask_lines(self, lines: Iterable[str], draft: str) -> None:
        """Whether they are said. ``draft`` is what is in the row again if not."""
        some = tuple(line for line in lines if line.strip())
        if self.asking:
            self._ring()  # an answer is one line
        elif some:
            self.lines = some
            question = f"Send {len(some):,} {'line' if len(some) == 1 else 'lines'}? (y/n/edit) "
            self._ask(question)
            self._draft = draft
            if not self._several_rows:  # nor any other: no row is painted in such a terminal
                self._tell(question.rstrip())

    def edited(self, text: str) -> None:
        """This came of an editor: it is in the row, or asked about if that has no room for it."""
        if len(text) > LONGEST_LINE or not self._several_rows:
            self.ask_lines(text.split("\n"), "")
        else:
            self._editor.set_line(text.rstrip("\n"))

    def drop_lines(self) -> None:
        self.lines = ()
        self._done()

    def submitted(self, line: str) -> None:
        """Take it for the answer; without a question, or if it is a command, it is said.

        Of many rows, after asking.
        """
        lines = line.split("\n")
        if self.lines:
            self._answer_lines(line.strip().lower())
        elif self.key and not line.startswith("/"):
            self._answer_key(line)
        elif self._nick and not line.startswith("/"):
            self._answer_nick(line)
        elif sum(bool(text.strip()) for text in lines) > LINES_AT_ONCE:
            self.ask_lines(lines, line)
        else:
            self._say(lines)

    def _answer_lines(self, text: str) -> None:
        lines = self.lines
        self.drop_lines()
        if text in ("y", "yes"):
            self._editor.set_line("")
            self._say(lines)
        elif text in ("e", "edit"):
            self._editor.set_line("")
            self._edit("\n".join((*lines, "")))

    def _answer_key(self, text: str) -> None:
        match answer(text, self.key):
            case True:
                key, self.key = self.key, ""
                self._done()
                self._take_key(key)
            case False:
                self._take_key(None)
            case None:
                self._complain("That is neither yes, nor no, nor that fingerprint.")

    def _answer_nick(self, text: str) -> None:
        typed, _, secret = text.strip().partition(" ")
        try:
            nick = names.nick(typed).shown
        except Refused as refused:
            self._complain(refused.text)
            return
        self._nick = False
        self._done()
        self._take_nick(nick, secret.strip())

    def _ask(self, question: str) -> None:
        self._draft = self._editor.line
        self._editor.several_rows = False  # an answer is one line
        self._editor.prompt = question
        self._editor.set_line("")

    def _done(self) -> None:
        self._editor.prompt = ""
        self._editor.several_rows = self._several_rows
        self._editor.set_line(self._draft)
