"""The dashboard's modules: each is there and wanted, and asks nothing of other machines."""

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Final

from .package import Finding, Package

_FOLDER: Final = "dashboard"
_FIRST: Final = "depin.js"
_IMPORT: Final = re.compile(r"""^\s*import\b[^"';]*["']([^"']+)["'];?$""", re.MULTILINE)
_ADDRESS: Final = re.compile(r"""\bhttps?://[^\s"'`]+""")
# What a drawing is named by, and what a person may open.
_NAMED: Final = ("http://www.w3.org/2000/svg",)


def check(package: Package) -> list[Finding]:
    """Follow the imports from the first module on."""
    folder = package.folder / _FOLDER
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*.js")}
    wanted = _reached(folder, there)
    missing = [
        Finding(f"{_FOLDER}/{by}", name, "is imported and not there")
        for name, by in wanted.items()
        if name not in there
    ]
    idle = [
        Finding(f"{_FOLDER}/{name}", "", "is imported by no module")
        for name in there - wanted.keys()
    ]
    return [*missing, *idle, *_foreign(package, folder, there)]


def _reached(folder: Path, there: set[str]) -> dict[str, str]:
    """Return all modules that are imported, each with one that does."""
    reached = {_FIRST: "__init__.py"}
    pending = [_FIRST]
    while pending:
        name = pending.pop()
        if name not in there:
            continue
        for target in _IMPORT.findall((folder / name).read_text()):
            path = normpath(str(PurePosixPath(name).parent / target))
            if path not in reached:
                reached[path] = name
                pending.append(path)
    return reached


def _foreign(package: Package, folder: Path, there: set[str]) -> Iterator[Finding]:
    named = (*_NAMED, package.manifest.get("documentation", _NAMED[0]))
    for name in sorted(there):
        for address in _ADDRESS.findall((folder / name).read_text()):
            if not address.startswith(named):
                yield Finding(f"{_FOLDER}/{name}", address, "is an address of another machine")
