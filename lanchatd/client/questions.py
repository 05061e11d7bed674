"""What is asked in the row: another nick, whether a key is trusted, whether a paste is said."""

from __future__ import annotations

from collections.abc import Callable

from lanchatd.client.trust import answer
from lanchatd.terminal.editor import Editor
from lanchatd.text import names
from lanchatd.text.refused import Refused

# A paste of more lines than this is asked about first.
PASTE_AT_ONCE = 3


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
        take_nick: Callable[[str], None],
        take_key: Callable[[str | None], None],
        say: Callable[[tuple[str, ...]], None],
        complain: Callable[[str], None],
    ) -> None:
        """``take_key`` gets the fingerprint that is trusted, or None for a no."""
        self._editor = editor
        self._take_nick = take_nick
        self._take_key = take_key
        self._say = say
        self._complain = complain
        self._nick = False
        self.key = ""  # the fingerprint that is asked about
        self.paste: tuple[str, ...] = ()
        self._draft = ""

    @property
    def asking(self) -> bool:
        return bool(self._nick or self.key or self.paste)

    def ask_nick(self) -> None:
        if not self._nick:
            self._nick = True
            self._ask("Your nick: ")

    def ask_key(self, fingerprint: str) -> None:
        self.key = fingerprint
        self._ask("Trust this key? (yes/no) ")

    def ask_paste(self, lines: tuple[str, ...], draft: str) -> None:
        """``draft`` is what was in the row before the paste."""
        self.paste = lines
        self._ask(f"Send {len(lines):,} lines? (y/n) ")
        self._draft = draft

    def drop_paste(self) -> None:
        self.paste = ()
        self._done()

    def answered(self, line: str) -> bool:
        """Whether this line was an answer, which is taken; commands are none but to a paste."""
        if self.paste:
            lines = self.paste
            self.drop_paste()
            if line.strip().lower() in ("y", "yes"):
                self._editor.set_line("")
                self._say(lines)
        elif line.startswith("/") or not self.asking:
            return False
        elif self.key:
            self._answer_key(line)
        else:
            self._answer_nick(line)
        return True

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
        try:
            nick = names.nick(text).shown
        except Refused as refused:
            self._complain(refused.text)
            return
        self._nick = False
        self._done()
        self._take_nick(nick)

    def _ask(self, question: str) -> None:
        self._draft = self._editor.line
        self._editor.prompt = question
        self._editor.set_line("")

    def _done(self) -> None:
        self._editor.prompt = ""
        self._editor.set_line(self._draft)
