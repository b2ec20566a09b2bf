"""triggers.yaml and conditions.yaml: there when the code offers any, and described."""

import ast
from collections.abc import Iterator
from typing import Final

from .package import Finding, Package

_OFFERS: Final = {
    "trigger": ("triggers", frozenset({"async_get_triggers", "async_attach_trigger"})),
    "condition": ("conditions", frozenset({"async_get_conditions"})),
}


def check(package: Package) -> list[Finding]:
    """Check both kinds."""
    return [finding for kind in _OFFERS for finding in _kind(package, kind)]


def _kind(package: Package, kind: str) -> Iterator[Finding]:
    group, functions = _OFFERS[kind]
    file = f"{group}.yaml"
    tree = package.modules.get(f"{kind}.py", ast.Module([], []))
    defined = {node.name for node in tree.body if isinstance(node, ast.AsyncFunctionDef)}
    if defined & functions and not package.has(file):
        yield Finding(file, "", f"is missing, and {kind}.py offers some")
    for name in package.yaml(file):
        # A name that begins with a dot is only an anchor to refer to.
        if not name.startswith(".") and name not in package.english.get(group, {}):
            yield Finding(file, name, "has no text in English")
