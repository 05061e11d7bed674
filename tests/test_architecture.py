"""What may know what: the arrows between the folders point one way."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import lanchatd

PACKAGE = Path(lanchatd.__file__).parent

# The lowest first: a folder imports from those before it in this list, and from itself.
FOLDERS = (
    "limits", "clock", "program", "text", "lan", "terminal", "chat", "state", "formats", "net",
    "history", "commands", "ssh", "doors", "broker", "console", "service", "options", "tap",
)  # fmt: skip
# The program at the other end knows what both ends share, and nobody knows it.
CLIENT = "client"
CLIENT_KNOWS = {
    "limits",
    "clock",
    "program",
    "text",
    "lan",
    "terminal",
    "chat",
    "formats",
    "commands",
    CLIENT,
}
# What looks at both ends.
DOCTOR = "doctor"
# They can be read, tested and used without a network; every branch of theirs is tested (`.ci/run`).
RULES = ("limits", "clock", "text", "terminal", "chat", "formats", "commands")


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def folder(module: str) -> str:
    """The folder of a module, or its own name if it lies beside the folders; empty for the package itself."""
    return f"{module}.".split(".")[1]


@cache
def imports(module: str) -> frozenset[str]:
    """All modules that it names in an import, wherever that stands, also for types only."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                found.add(inner if inner in MODULES else node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            found |= {str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)}
    return frozenset(found)


def ours(module: str) -> set[str]:
    return {name for name in imports(module) if name in MODULES and folder(name)}


@pytest.mark.parametrize("module", [name for name in MODULES if folder(name) not in ("", CLIENT, DOCTOR)])
def test_imports_point_one_way(module: str) -> None:
    """Rules know rules, doors know the rules, the tap knows everything, and nothing imports the tap."""
    mine = FOLDERS.index(folder(module))
    assert [name for name in ours(module) if folder(name) not in FOLDERS[: mine + 1]] == []


@pytest.mark.parametrize("module", [name for name in MODULES if folder(name) == CLIENT])
def test_the_client_knows_what_both_ends_share(module: str) -> None:
    """It is a program of its own at the other end."""
    assert {folder(name) for name in ours(module)} <= CLIENT_KNOWS


@pytest.mark.parametrize("module", [name for name in MODULES if folder(name) != DOCTOR])
def test_nobody_knows_the_doctor(module: str) -> None:
    """It looks at both ends, and neither needs it."""
    assert DOCTOR not in {folder(name) for name in ours(module)}


def test_there_are_no_circles() -> None:
    """Each module can be read after those that it names, also for types only."""
    left = {module: ours(module) - {module} for module in MODULES}
    while ready := {module for module, needs in left.items() if not needs & left.keys()}:
        left = {module: needs for module, needs in left.items() if module not in ready}
    assert left == {}


def test_the_client_loads_no_server() -> None:
    """Of the rules it needs the rows of the commands, and what is rendered: nothing that is done."""
    asks = "import sys, lanchatd.client.main, lanchatd.client.terminal; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asks], check=True, capture_output=True, text=True).stdout
    rules = {name for name in loaded.split() if re.match(r"lanchatd\.(chat|commands)\.", name)}
    assert rules == {
        "lanchatd.chat.events", "lanchatd.chat.format",
        "lanchatd.commands.all_commands", "lanchatd.commands.parsing", "lanchatd.commands.expected",
    }  # fmt: skip
    assert {name.split(".")[1] for name in loaded.split() if name.startswith("lanchatd.")} <= CLIENT_KNOWS


@pytest.mark.parametrize("module", [name for name in MODULES if folder(name) in RULES])
def test_the_rules_know_nothing_of_twisted_or_sockets(module: str) -> None:
    outside = {name.split(".")[0] for name in imports(module)}
    assert outside.isdisjoint({"twisted", "zope", "socket", "select", "asyncio"})


@pytest.mark.parametrize("module", MODULES)
def test_nobody_imports_the_reactor_at_the_top(module: str) -> None:
    """It is handed in."""
    tree = ast.parse(MODULES[module].read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            assert not (node.module == "twisted.internet" and any(a.name == "reactor" for a in node.names))


def test_every_folder_has_its_place_and_says_what_is_in_it() -> None:
    """A new one belongs in the list."""
    assert {folder(module) for module in MODULES} == {"", *FOLDERS, CLIENT, DOCTOR}
    for path in PACKAGE.iterdir():
        if (path / "__init__.py").exists():
            assert ast.get_docstring(ast.parse((path / "__init__.py").read_text("utf-8"))), path
