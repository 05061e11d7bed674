"""Six hundred strings that attack whoever shows them, sent everywhere that the real daemon takes a text."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.console.test_admin import Admin, administered
from tests.daemon import PATIENCE_S, Peer
from tests.escapes import ESCAPES, harm_in, texts_in
from tests.openssh import needs_ssh
from tests.pseudo_terminal import Seat

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240), needs_ssh]

# What is typed in a room with the string in it; the rest is to be where one was before.
TYPED = (
    "%s", "/%s", "/me %s", "/msg bob %s", "/reply %s", "/topic %s", "/away %s", "/who", "/back",
    "/nick %s", "/nick eve", "/join #%s", "/topic %s", "/rooms", "/join #lobby", "/join %s", "/join #lobby",
    "/ignore %s", "/unignore %s", "/msg %s hi", "/who %s", "/history before %s", "/search %s", "/help %s",
    "/mute %s", "/unmute %s", "/ban %s", "/unban %s", "/ban mallory 1 %s", "/bans", "/unban mallory",
    "/kick nobody %s", "/account %s", "/devices %s", "/devices name 1 %s",
)  # fmt: skip
TYPED_AT_THE_CONSOLE = (
    "%s", "say #lobby %s", "announce %s", "topic #lobby %s", "kick nobody %s", "kick %s",
    "ban %s 1 %s", "unban %s", "ban mallory 1 %s", "op %s", "deop %s", "limits %s 1", "log %s", "help %s",
    "who %s", "who --json %s",
)  # fmt: skip

# The whole of what a prompt is painted with (`lanchatd.terminal.screen`).
PAINTED = re.compile(r"\x1b\[(?:[0127]?m|38;5;\d+m|\d*[AC]|[JKH]|2J|\?2004[hl])")

SHAPES = re.compile(r"(?:\d\d:\d\d )?(?:<\S+> |\* \S+ |\[\S+ -> \S+\] |-- |!! )")


class Witness:
    """Somebody who keeps every byte that comes."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.came = b""

    def sends(self, *lines: bytes) -> None:
        self.peer.socket.sendall(b"".join(line + b"\n" for line in lines))

    def reads_until(self, marker: bytes) -> None:
        """Until it has come, in what comes from here on."""
        begin = len(self.came)
        while marker not in self.came[max(0, begin - len(marker)) :]:
            came = self.peer.socket.recv(65_536)
            assert came, self.came[-500:]
            self.came += came

    def reads_all(self) -> None:
        """Until the end of the connection."""
        while came := self.peer.socket.recv(65_536):
            self.came += came
        self.peer.close()


class Battered:
    """What everybody and every file got of all of it."""

    def __init__(self, admin: Admin) -> None:
        self.admin = admin
        join = admin.chat.join
        self.bob, self.carol = Witness(join("bob")), Witness(admin.chat.connect())
        self.carol.sends(b'{"nick": "carol"}')
        self.eve = Witness(join("eve"))
        self.passers_by: list[Witness] = []
        self.programs: list[Witness] = []
        self.eve.sends(b"/register correct horse")
        self.eve.reads_until(b"yours now")
        admin.runs("op eve")
        for number, (_, escape) in enumerate(ESCAPES):
            self._goes_through(number, escape)
        lines = [
            typed.encode().replace(b"%s", escape) for _, escape in ESCAPES for typed in TYPED_AT_THE_CONSOLE
        ]
        without_terminal = replace(admin.ssh, options=("-T",))
        self.console = subprocess.run(
            without_terminal.command(),
            input=b"\n".join(lines),
            capture_output=True,
            timeout=PATIENCE_S * 5,
            check=False,
        )
        self._says_done(b"over")
        with admin.ssh.at_terminal(size=(200, 50)) as seat:
            self.terminal = self._looked_at(seat)

    def close(self) -> None:
        for witness in (self.bob, self.carol, self.eve):
            witness.peer.close()

    def _goes_through(self, number: int, escape: bytes) -> None:
        kicked, quitter = (Witness(self.admin.chat.join(f"{kind}{number}")) for kind in "kq")
        quitter.sends(b"/quit " + escape, b"/quit")
        quitter.reads_all()
        kick = f"/kick k{number} ".encode()
        self.eve.sends(*(typed.encode().replace(b"%s", escape) for typed in TYPED), kick + escape)
        self._says_done(f"{number} is done".encode())
        kicked.sends(b"/quit")
        kicked.reads_all()
        self.passers_by += kicked, quitter
        for encoded in _as_json(escape):
            self._comes_as_a_program(f"d{number}".encode(), encoded)

    def _says_done(self, done: bytes) -> None:
        self.eve.sends(b"/nick eve", b"/join #lobby", done)
        self.eve.reads_until(b"<eve> " + done + b"\n")
        self.bob.reads_until(b"<eve> " + done + b"\n")
        self.carol.reads_until(b'"text": "' + done + b'"')

    def _comes_as_a_program(self, nick: bytes, encoded: bytes) -> None:
        program = Witness(self.admin.chat.connect())
        program.sends(
            b'{"nick": %s}' % encoded,
            b'{"nick": "%s", "room": %s}' % (nick, encoded),
            b'{"nick": "%s", "log": %s, "after": 1}' % (nick, encoded),
            b'{"nick": "%s"}' % nick,
            *(
                b'{"line": %s}' % encoded.replace(b'"', b'"' + typed, 1)
                for typed in (b"", b"/me ", b"/away ", b"/nick ")
            ),
            b'{"line": "hi", "ref": %s}' % encoded,
            b'{%s: "hi"}' % encoded,
            b'{"line": "/quit"}',
        )  # fmt: skip
        program.reads_all()
        self.programs.append(program)

    def _looked_at(self, seat: Seat) -> str:
        seat.sees_line("help lists the commands")
        seat.types("rooms\rbans\rop\rlog 100\rwho\r")
        for _ in range(60):  # what was typed before, with all its strings
            seat.types("\x1b[A")
        seat.types("\x15help exit\r")
        seat.sees_line("help exit")
        seat.types("\x15exit\r")
        seat.ends()
        return seat.raw.decode()


def _as_json(escape: bytes) -> Iterator[bytes]:
    """As the bytes are, and with everything escaped that can be."""
    yield b'"' + escape.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    text = escape.decode("utf-8", "surrogateescape")
    yield b'"' + "".join(f"\\u{unit:04x}" for unit in _utf16(text)).encode() + b'"'


def _utf16(text: str) -> Iterator[int]:
    encoded = text.encode("utf-16-be", "surrogatepass")
    for high, low in zip(encoded[::2], encoded[1::2], strict=True):
        yield high << 8 | low


def _typed(escape: bytes) -> str:
    """A line with it as the console takes it; empty if it is not UTF-8, which is no line at all."""
    try:
        return f"say #lobby {escape.decode()}".strip()
    except UnicodeDecodeError:
        return ""


@pytest.fixture(scope="module")
def battered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Battered]:
    options = (
        *("--lines-per-s=100000", "--burst-lines=1000000", "--bytes-per-s=1000000000"),
        "--max-per-address=1000",  # all of them come from this machine
    )
    with administered(tmp_path_factory.mktemp("daemon"), *options) as admin:
        battered = Battered(admin)
        yield battered
        battered.close()


def test_there_are_more_than_five_hundred() -> None:
    """And no two are the same."""
    assert len({escape for _, escape in ESCAPES}) == len(ESCAPES) > 500


def test_no_control_reaches_another_terminal(battered: Battered) -> None:
    """Nor the one that it came from, nor those that come and go meanwhile; and all of it is UTF-8."""
    for witness in (battered.bob, battered.eve, *battered.passers_by):
        assert harm_in(witness.came.decode()) == []


def test_no_text_looks_like_another_shape(battered: Battered) -> None:
    """Every line begins as the five shapes do, and what pretends to be the server has a nick before it."""
    lines = battered.bob.came.decode().splitlines()
    assert [line for line in lines if not SHAPES.match(line)] == []
    assert "<eve> -- bob left" in lines and "<eve> !! You are banned." in lines
    assert "-- bob left" not in lines and "!! You are banned." not in lines


def test_no_control_reaches_a_program(battered: Battered) -> None:
    """Not as an escape of JSON either."""
    for witness in (battered.carol, *battered.programs):
        for line in witness.came.decode().splitlines():
            for text in texts_in(json.loads(line)):
                assert harm_in(text) == []


def test_nobody_was_taken_for_somebody_else(battered: Battered) -> None:
    """Of all that were tried, these are the nicks that somebody got: nobody reads bob, carol or admin."""
    renamed = re.findall(r"^-- \S+ is now (\S+)$", battered.bob.came.decode(), re.MULTILINE)
    assert set(renamed) == {"eve", "ev3", "8ob", "ᴀdmin", "admi\u0331n"}


def test_no_control_reaches_the_log(battered: Battered) -> None:
    """Each record is one line that begins with its time."""
    log = battered.admin.chat.log
    assert len(log) > 2 * len(ESCAPES)
    assert [line for line in log if not re.match(r"\d{4}-\d\d-\d\dT", line)] == []
    assert harm_in("\n".join(log)) == []
    assert not [line for line in log if "Traceback" in line or "#critical" in line or "#error" in line]


def test_no_control_reaches_the_audit_log(battered: Battered) -> None:
    """Everything typed is in it, and nothing in it moves a cursor."""
    written = (battered.admin.state / "audit.log").read_text("utf-8")
    assert harm_in(written) == []
    lines = {record["what"] for record in battered.admin.records()}
    assert [text for _, escape in ESCAPES if (text := _typed(escape)) and text not in lines] == []


def test_no_control_reaches_a_console_without_a_terminal(battered: Battered) -> None:
    """What is answered, and why something was refused, go into the files of scripts."""
    assert harm_in(battered.console.stdout.decode()) == []
    assert harm_in(battered.console.stderr.decode()) == []
    assert battered.console.stderr.count(b"which is not allowed here") > len(ESCAPES)


def test_no_control_reaches_an_administrators_terminal(battered: Battered) -> None:
    """Of what others wrote, and of what was typed before; only the prompt itself is painted."""
    left = PAINTED.sub("", battered.terminal).replace("\r", "")
    assert harm_in(left) == []
    assert len(left) > 10_000
