"""What may know what: the arrows between the files point one way."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lanchatd

PACKAGE = Path(lanchatd.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*.py"))

# The lowest first; a module imports only from rows above its own, or from its own.
LAYERS = (
    {"lanchatd"},
    {"clock", "limits", "events", "wire", "nicks", "log", "rates", "refs", "moderation", "formats",
     "formats.text", "formats.json_lines", "member", "presences", "pulls", "readers", "room", "chat", "times",
     "commands", "commands.command", "commands.talking", "commands.moderating", "commands.administering",
     "confusables", "entrance", "later", "looks", "past", "report", "fingerprint", "keys", "row", "editor",
     "screen"},
    {"outbox", "lines", "protocol", "encrypted", "doors", "turned_away", "factory"},
    {"disk", "disk.schema", "disk.words", "disk.rows", "disk.commits", "disk.log", "disk.wal", "disk.worker",
     "disk.index", "disk.opening", "disk.belief", "disk.pruning", "disk.store", "disk.tool", "state", "audit",
     "systemd", "journal", "kernel", "certificate", "tls", "running"},
    {"console", "console.seat", "console.host_key", "console.authorized", "console.guard", "console.quiet",
     "console.turned_away", "console.trail", "console.shell", "console.namespace", "console.turns",
     "console.plain", "console.terminal", "console.dialogue", "console.prompt", "console.interpreter",
     "console.names", "console.colours", "console.manhole"},
    {"console.channels", "console.session", "console.login", "console.connection", "console.ssh"},
    {"console.accounts"},
    {"service"},
    {"options"},
    {"tap"},
    {"client", "client.untrusted", "client.session", "client.shapes", "client.screen", "client.xdg",
     "client.history", "client.observer", "client.outgoing", "client.known_servers", "client.trust",
     "client.options"},
    {"client.streams", "client.keepalive", "client.server_lines", "client.tls", "client.why",
     "client.connection", "client.ui", "client.pipe"},
    {"client.main", "client.terminal"},
)  # fmt: skip
RULES = LAYERS[1]
CLIENT = set().union(*LAYERS[-3:])
PURE = RULES | LAYERS[-3]


def name_of(path: Path) -> str:
    parts = path.with_suffix("").parts[1:]
    return ".".join(parts).removesuffix("__init__").rstrip(".") or "lanchatd"


def imports(path: Path) -> set[str]:
    """The modules that a file imports when it runs, whole names."""
    found: set[str] = set()
    tree = ast.parse((PACKAGE.parent / path).read_text("utf-8"))
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def layer(name: str) -> int:
    return next(index for index, names in enumerate(LAYERS) if name in names)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_one_way(path: Path) -> None:
    """Rules know rules, protocols know the rules, the tap knows everything, and nothing imports the tap."""
    known = {name for names in LAYERS for name in names}
    mine = layer(name_of(path))
    for name in imports(path):
        other = name.removeprefix("lanchatd.")
        if name.startswith("lanchatd.") and other in known:
            assert layer(other) <= mine, f"{path} imports {name}"


@pytest.mark.parametrize("path", [path for path in MODULES if name_of(path) in CLIENT], ids=str)
def test_the_client_knows_the_rules_and_itself_only(path: Path) -> None:
    """It is a program of its own at the other end; and as the rows go, no part of the server knows it."""
    ours = {name.removeprefix("lanchatd.") for name in imports(path) if name.startswith("lanchatd.")}
    known = set().union(*LAYERS)
    assert ours & known <= RULES | CLIENT


@pytest.mark.parametrize("path", [path for path in MODULES if name_of(path) in PURE], ids=str)
def test_the_rules_know_nothing_of_twisted_or_sockets(path: Path) -> None:
    """They can be read, tested and used without a network."""
    outside = {name.split(".")[0] for name in imports(path)}
    assert outside.isdisjoint({"twisted", "zope", "socket", "select", "asyncio"})


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_nobody_imports_the_reactor_at_the_top(path: Path) -> None:
    """It is handed in."""
    tree = ast.parse((PACKAGE.parent / path).read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            assert not (node.module == "twisted.internet" and any(a.name == "reactor" for a in node.names))


def test_every_module_has_its_place() -> None:
    """A new file belongs in a row."""
    assert {name_of(path) for path in MODULES} == {name for names in LAYERS for name in names}
