"""The page as files: whole, small, and with nothing in it that could turn into something else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lanchatd.doors.web.files import PAGE, files_in

FILES = sorted(PAGE.iterdir())
SCRIPTS = [path for path in FILES if path.suffix == ".js"]
MOST_BYTES = 60 * 1024
DOCS = Path(__file__).parents[2] / "docs"


def test_it_is_small() -> None:
    """All of it together, as it is on the way to a browser: docs/page.md says so."""
    assert sum(len(file.packed) for name, file in files_in(PAGE).items() if name != "/") <= MOST_BYTES
    assert f"at most {MOST_BYTES // 1024} KiB on the way" in (DOCS / "page.md").read_text("utf-8")


def test_it_needs_only_what_lies_here() -> None:
    """Every script, style and picture that it names is one of its files, and every file is named."""
    named = {"index.html"}
    for path in FILES:
        text = path.read_text("utf-8")
        if path.suffix == ".html":
            named.update(re.findall(r'(?:src|href)="([^"]+)"', text))
        elif path.suffix == ".js":
            named.update(found.removeprefix("./") for found in re.findall(r'from "([^"]+)"', text))
    assert named == {path.name for path in FILES}


def test_scripts_that_are_needed_are_loaded_at_once() -> None:
    """Each is named in the page: none waits until another was read."""
    page = (PAGE / "index.html").read_text("utf-8")
    for path in SCRIPTS:
        assert f'"{path.name}"' in page, path.name


def test_nothing_is_inline() -> None:
    """The policy that comes with the page forbids it: who gets something in there would have it run."""
    page = (PAGE / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    assert not re.search(r"<script(?![^>]* src=)", page)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_what_people_write_never_becomes_markup(script: Path) -> None:
    """There is no way to make elements but one by one."""
    text = script.read_text("utf-8")
    forbidden = (
        r"\.(inner|outer)HTML|insertAdjacentHTML|setHTMLUnsafe|createContextualFragment|DOMParser|srcdoc"
        r"|document\.write|\beval\(|new Function"
    )
    assert not re.search(forbidden, text)
