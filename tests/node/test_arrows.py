"""Which of the node's folders may import which: the arrows point one way."""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

NODE: Final = Path(__file__).resolve().parents[2] / "settlement_node"

EVERYWHERE: Final = {"foreign_json", "instants"}
"""Modules beside the folders that stand on nothing, and are for all."""

ARROWS: Final[dict[str, set[str]]] = {
    "oracle": set(),
    "store": set(),
    "log": {"store"},
    "intake": {"log", "store"},
    "governance": {"intake", "log", "store"},
    "keeping": {"governance", "intake", "log", "store"},
    "ledger": {"keeping", "governance", "intake", "log", "store"},
    "market": {"ledger", "governance", "intake", "log", "store"},
    "coop": {"market", "ledger", "keeping", "governance", "intake", "log", "store"},
    "replay": {"coop", "market", "ledger", "keeping", "governance", "intake", "log", "store"},
    "hosting": {"coop", "governance", "intake", "log", "store"},
    "simulation": {"hosting", "coop", "market", "ledger", "governance", "store"},
    "api": {
        *("hosting", "coop", "market", "ledger", "keeping", "governance", "intake", "log"),
        "store",
    },
    "commands": {
        *("api", "simulation", "hosting", "replay", "coop", "market", "ledger", "keeping"),
        *("governance", "log", "store", "output"),
    },
}
"""Each folder comes after all that it may import, so that no two import each other."""

HTTP: Final = {"aiohttp"}
SPEAK_HTTP: Final = {"api", "commands"}


def imported(source: str) -> Iterator[str]:
    """Name every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "modules of the node are imported by their full names"
            assert node.module is not None
            if node.module == NODE.name:
                yield from (f"{node.module}.{one.name}" for one in node.names)
            else:
                yield node.module


def arrows(folder: str) -> dict[str, list[str]]:
    """Return what a folder imports of the node outside itself, with the files that do."""
    found: dict[str, list[str]] = {}
    for file in sorted((NODE / folder).rglob("*.py")):
        for name in imported(file.read_text()):
            top, _, rest = name.partition(".")
            there = rest.partition(".")[0]
            if top == NODE.name and there != folder:
                found.setdefault(there, []).append(str(file.relative_to(NODE)))
    return found


def test_no_two_folders_may_import_each_other() -> None:
    """Whatever a folder may import stands before it in the list."""
    before: set[str] = {"output"}
    for folder, allowed in ARROWS.items():
        assert allowed <= before, f"{folder} comes before {allowed - before}"
        before.add(folder)


def test_every_folder_has_its_place() -> None:
    """A new folder says what it may import."""
    folders = {file.relative_to(NODE).parts[0] for file in NODE.glob("*/**/*.py")}
    assert folders == set(ARROWS)


@pytest.mark.parametrize("folder", ARROWS)
def test_a_folder_imports_what_it_may(folder: str) -> None:
    """What is not allowed is named with the files that import it."""
    found = arrows(folder)
    surplus = {name: files for name, files in found.items() if name not in EVERYWHERE}
    assert {name: surplus[name] for name in surplus.keys() - ARROWS[folder]} == {}


@pytest.mark.parametrize("folder", ARROWS)
def test_no_arrow_is_allowed_for_nothing(folder: str) -> None:
    """What no file imports any more leaves the list, so that it stays a description."""
    assert ARROWS[folder] - arrows(folder).keys() == set()


@pytest.mark.parametrize("folder", sorted(ARROWS.keys() - SPEAK_HTTP))
def test_a_domain_folder_knows_no_http(folder: str) -> None:
    """Only the node's edges know how they are asked."""
    for file in (NODE / folder).rglob("*.py"):
        roots = {name.partition(".")[0] for name in imported(file.read_text())}
        assert not roots & HTTP, file


def test_the_list_sees_an_import_wherever_it_stands() -> None:
    """One inside a function, or of the whole folder, counts as well."""
    hidden = "def f():\n    import settlement_node.api.serving\nfrom settlement_node import coop\n"
    assert set(imported(hidden)) == {"settlement_node.api.serving", "settlement_node.coop"}


def module(file: Path) -> str:
    """Name a file as imports do."""
    parts = file.relative_to(NODE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def members(source: str) -> Iterator[str]:
    """Name all that a file imports from somewhere, as if each were a module."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{one.name}" for one in node.names)


def test_no_file_needs_one_that_needs_it() -> None:
    """So it is all one what was loaded before: system tests fork commands that are loaded."""
    sources = {module(file): file.read_text() for file in NODE.rglob("*.py")}
    TopologicalSorter(
        {
            name: {*imported(source), *members(source)} & sources.keys()
            for name, source in sources.items()
        }
    ).prepare()
