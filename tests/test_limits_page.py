"""docs/limits.md says what is so."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import lanchatd
from lanchatd.limits import each_limit, option_name

PAGE = (Path(__file__).parent.parent / "docs" / "limits.md").read_text("utf-8")
PACKAGE = Path(lanchatd.__file__).parent


def number(text: str) -> float:
    return float(text.replace(",", ""))


def module_of(name: str, constant: str) -> object:
    """The module of that name, of all packages, that has the constant."""
    paths = sorted(PACKAGE.rglob(f"{name}.py"))
    names = [".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) for path in paths]
    (module,) = [module for module in map(importlib.import_module, names) if hasattr(module, constant)]
    return module


def test_every_limit_is_on_the_page_with_its_default() -> None:
    """A new one has to say what it bounds there."""
    named = {option: number(value) for option, value in re.findall(r"`--([a-z-]+)` ([\d,.]*\d)", PAGE)}
    assert named == {option_name(limit): limit.default for limit in each_limit()}


def test_every_constant_on_the_page_has_that_value() -> None:
    """Not the one that it had once."""
    found = re.findall(r"`(\w+)\.([A-Z_]+)` = ([\d,.]*\d)", PAGE)
    assert len(found) > 30
    assert [row for row in found if getattr(module_of(row[0], row[1]), row[1]) != number(row[2])] == []
    assert len(re.findall(r"`\w+\.[A-Z_]+`", PAGE)) == len(found) + 1  # the example at the top
