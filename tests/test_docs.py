"""The pages in docs/ say what is so."""

from __future__ import annotations

import json
import re
from pathlib import Path

from lanchatd.commands import CONSOLE, MEMBERS
from lanchatd.limits import each_limit, option_name
from lanchatd.options import Options

ROOT = Path(__file__).parent.parent


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
    # Those of the console are for people: its exit code says what a program needs.
    source = "".join(
        path.read_text("utf-8")
        for path in (Path(__file__).parent.parent / "lanchatd").rglob("*.py")
        if path.stem not in ("administering", "daemon")
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
