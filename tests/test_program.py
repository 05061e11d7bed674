"""Standard streams that take nothing: a program says so in one line, and does not say that all is well."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from lanchatd.chat.accounts.rows import Change
from lanchatd.state.accounts_file import ACCOUNTS
from tests.daemon import TWISTD, environment_in
from tests.disk import DiskWorld
from tests.state.test_accounts_file import ROWS, Kept

BIN = Path(TWISTD).parent


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a log in it, of more than fits in a buffer, and an account; nothing here changes them."""
    folder = tmp_path_factory.mktemp("home")
    world = DiskWorld(folder / "history.sqlite")
    alice = world.join("alice")
    for number in range(300):
        alice.types(f"{number} " + "x" * 100)
    world.store.close()
    accounts = Kept(folder / ACCOUNTS)
    accounts.keeps(Change(ROWS))
    accounts.closes()
    return folder


def ended(home: Path, command: str, unbuffered: str = "") -> tuple[int, str, str]:
    """What a shell says of it: exit code, standard output and standard error."""
    done = subprocess.run(
        ["sh", "-c", f"exec {BIN}/{command}"],
        env=environment_in(home) | {"PYTHONUNBUFFERED": unbuffered},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "lanchat-log --state-dir . check",
        "lanchat-log --state-dir . export '#lobby'",
        "lanchat-log --help",
        "lanchat-accounts --state-dir . export",
        "lanchat-accounts --help",
        "lanchat-log export --help",
        "lanchat-client --help",
        "lanchat-client --version",
    ],
)
@pytest.mark.parametrize(
    ("output", "why"), [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")]
)
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_cannot_be_written_is_told_in_one_line(
    home: Path, command: str, output: str, why: str, unbuffered: str
) -> None:
    """Exit code 1; the help is no exception."""
    name = command.split(maxsplit=1)[0]
    told = f"{name}: Can't write to standard output: {why}.\n"
    assert ended(home, f"{command.replace(' . ', f' {home} ')} {output}", unbuffered) == (1, "", told)


@pytest.mark.parametrize("output", ["2>/dev/full", "2>&-", ">&- 2>&-", ">/dev/full 2>/dev/full"])
def test_where_nothing_can_be_told_the_exit_code_does(home: Path, output: str) -> None:
    """There is nowhere left to say why."""
    assert ended(home, f"lanchat-log --state-dir {home} export '#nowhere' {output}") == (1, "", "")
    assert ended(home, f"lanchat-log nonsense {output}")[0] == 2
    assert ended(home, f"lanchat-client 127.0.0.1 nonsense {output}")[0] == 2


def exporting(home: Path) -> subprocess.Popen[bytes]:
    """An export of which the first line was read, and that cannot go on."""
    process = subprocess.Popen(
        [BIN / "lanchat-log", "--state-dir", home, "export", "#lobby"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pipesize=4_096,
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


def test_a_reader_that_has_seen_enough_is_no_failure(home: Path) -> None:
    """As in `| head -1`."""
    with exporting(home) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert (process.wait(), process.stderr.read()) == (0, b"")


def test_ctrl_c_ends_it_with_no_word(home: Path) -> None:
    """At once, also if nobody reads what it prints; with the exit code that shells know."""
    with exporting(home) as process:
        assert process.stderr is not None
        process.send_signal(signal.SIGINT)
        assert (process.wait(), process.stderr.read()) == (130, b"")


def test_a_closed_input_is_an_empty_one(home: Path) -> None:
    """Nothing else takes its number."""
    code, told, error = ended(home, f"lanchat-log --state-dir {home} check <&-")
    assert (code, error) == (0, "")
    assert told == "The file is whole: 300 lines in 1 rooms.\n"
