"""The README and the pages in docs/ say what is so."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lanchatd.commands.all_commands import CONSOLE, MEMBERS
from lanchatd.limits import each_limit, option_name
from lanchatd.options import Options
from tests.daemon import daemon
from tests.test_architecture import CLIENT, DOCTOR, FOLDERS, MODULES, PACKAGE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def page(name: str) -> str:
    """The text of a page."""
    return (ROOT / "docs" / name).read_text("utf-8")


def rows(name: str, heading: str) -> list[list[str]]:
    """The cells of the first table under a heading of a page, without its head."""
    section = page(name).split(heading, 1)[1]
    lines = re.findall(
        r"^\|(.*)\|$", section.split("\n\n|", 1)[1].split("\n\n", 1)[0].join(("|", "")), re.MULTILINE
    )
    return [[cell.strip().strip("`") for cell in re.split(r"(?<!\\)\|", line)] for line in lines[2:]]


def test_every_limit_is_in_the_table_with_its_default_and_reason() -> None:
    """In the order of the code."""
    assert rows("running.md", "## Limits") == [
        [
            "--" + option_name(limit), f"{limit.default:,}", limit.metadata["unit"], limit.metadata["what"],
            limit.metadata["why"],
        ]
        for limit in each_limit()
    ]  # fmt: skip


def test_every_command_is_in_the_table() -> None:
    """With its help."""
    assert rows("protocol.md", "## Commands") == [
        [
            MEMBERS.usage(command).replace("|", r"\|"),
            command.help + (" (operators)" if command.operator else ""),
            " ".join(f"/{alias}" for alias in command.aliases),
        ]
        for command in MEMBERS
    ]


def test_every_command_of_the_console_is_in_the_table() -> None:
    """With its help, too."""
    assert rows("running.md", "## Administer it") == [
        [CONSOLE.usage(command).replace("|", r"\|"), command.help] for command in CONSOLE
    ]


def test_every_option_is_in_a_table() -> None:
    """There is no other."""
    documented = {row[0] for row in rows("running.md", "## Options") + rows("running.md", "## Limits")}
    options = {"--" + option.rstrip("=") for option in Options().longOpt}
    assert documented == options - {"--help", "--version"}


def test_every_code_is_listed() -> None:
    """What a program can get as the code of an error."""
    # Those of the console are for people: its exit code says what a program needs. Who is not let in at all
    # (`doors/connections.py`) is told in a line of text, and those of the IRC door are numbers of IRC.
    source = "".join(
        path.read_text("utf-8")
        for path in (Path(__file__).parent.parent / "lanchatd").rglob("*.py")
        if path.stem not in ("accounts", "administrators", "connections", "daemon")
        and path.parent.name != "irc"
    )
    codes = set(re.findall(r'(?:Refused|Unreadable|Refusal)\(\s*"(\w+)"', source))
    listed = page("protocol.md").split("## Codes of `error`\n\n", 1)[1].split("\n\n", 1)[0]
    assert codes <= set(re.findall(r"`(\w+)`", listed))
    assert codes


def test_what_it_says_of_speed_was_measured() -> None:
    """Each ratio is one of those in the results that are beside it."""
    measured = json.loads((ROOT / "benchmarks" / "results" / "results.json").read_text("utf-8"))
    found = {claim["what"]: claim["value"] for claim in measured["claims"]}
    assert not measured["quick"]
    told = [
        (f"{load}: deliveries a second, to {rival}", float(ratio))
        for load, *cells in rows("performance.md", "# How fast it is")
        for cell in cells
        if cell
        for ratio, rival in [cell.split(" × ")]
    ]
    assert len(told) > 10
    assert told == [(what, round(found[what], 2)) for what, _ in told]


PAGES = [
    path for folder in (".", "docs", "deploy", "benchmarks") for path in sorted((ROOT / folder).glob("*.md"))
]


def test_every_folder_is_in_the_list_for_newcomers() -> None:
    """In the order in which they may import each other."""
    told = [
        cells[0].removesuffix("/").removesuffix(".py")
        for cells in rows("how-it-works.md", "## What is where")
    ]
    assert told == [*FOLDERS, CLIENT, DOCTOR]


def test_every_file_that_newcomers_are_sent_to_is_there() -> None:
    """Whatever it is called by now."""
    folders = "|".join((*FOLDERS, CLIENT, DOCTOR))
    named = re.findall(rf"(?<![\w/.])(?:{folders})/[a-z_/]*(?:\.py)?", page("how-it-works.md"))
    assert len(named) > 40
    assert [name for name in named if not (PACKAGE / name).exists()] == []


def test_what_docstrings_name_of_other_modules_is_there() -> None:
    """By whatever name it goes by now."""
    named = {
        found
        for path in MODULES.values()
        for found in re.findall(r"`(lanchatd\.[\w.]+)`", path.read_text("utf-8"))
    }
    assert len(named) > 20
    assert [name for name in sorted(named) if not is_there(name)] == []


def is_there(name: str) -> bool:
    """Whether it is a module, or something in one."""
    if name in MODULES:
        importlib.import_module(name)
        return True
    inside, _, attribute = name.rpartition(".")
    return bool(inside) and is_there(inside) and hasattr(pkgutil.resolve_name(inside), attribute)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path: Path) -> None:
    """To a file that is there, and to a heading that it has."""
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8")):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text("utf-8").lower(), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings], link


def test_the_readme_is_one_page() -> None:
    """What is longer has a page in docs/."""
    assert len(README.splitlines()) <= 130


def test_the_commands_for_every_day_can_be_typed() -> None:
    """As they stand there."""
    typed = re.findall(r"^\| `/(\w+) ?(.*?)` \|", README, re.MULTILINE)
    assert len(typed) == 11  # ten, and /help
    for name, rest in typed:
        command = MEMBERS.find(name)
        assert command is not None
        MEMBERS.arguments(command, rest)


def test_the_bot_of_the_readme_works(tmp_path: Path) -> None:
    """It answers each roll once, and none from before it came."""
    found = re.search(r"<!-- bot -->\n```python\n(.*?)```", README, re.DOTALL)
    assert found
    assert len([line for line in found[1].splitlines() if line]) == 10
    with daemon(cwd=tmp_path) as chat, chat.join("alice") as alice:
        alice.types("!roll")
        alice.reads_until("<alice> !roll")
        program = found[1].replace('("chat.local", 8000)', f'("127.0.0.1", {chat.port})')
        assert program != found[1]
        bot = subprocess.Popen([sys.executable, "-c", program])
        try:
            alice.reads_until("-- dice joined")
            for _ in range(2):
                alice.types("!roll")
                asked, answered = alice.reads_until_match(r"^<dice> ")
                assert asked == "<alice> !roll"
                assert re.fullmatch(r"<dice> alice rolls [1-6]", answered)
        finally:
            bot.kill()
            bot.wait()
