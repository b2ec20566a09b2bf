"""The fields of forms: each has a text, and each text a field."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from homeassistant import const

from .package import Finding, Package, called, constant

FILE: Final = "translations/en.json"
_MARKERS: Final = frozenset({"Required", "Optional", "Inclusive", "Exclusive"})


def check(package: Package) -> list[Finding]:
    """Compare all fields of the flows with all that English has a text for."""
    asked = set(_fields(package))
    told = {
        field: where
        for flow in ("config", "options")
        for step, texts in package.english.get(flow, {}).get("step", {}).items()
        for where, field in _told(f"{flow}.step.{step}", texts)
    }
    untold = sorted(asked - told.keys())
    return [
        *(Finding(FILE, f"data.{field}", "is asked for and has no text") for field in untold),
        *(Finding(FILE, told[field], "no form asks for it") for field in told.keys() - asked),
    ]


def _told(path: str, texts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for field in texts.get("data", {}):
        yield f"{path}.data.{field}", field
    for name, section in texts.get("sections", {}).items():
        yield f"{path}.sections.{name}", name
        yield from _told(f"{path}.sections.{name}", section)


def _fields(package: Package) -> Iterator[str]:
    names = {
        node.target.id: constant(node.value)
        for node in ast.walk(package.modules["const.py"])
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    nodes = (node for tree in package.flow_modules.values() for node in ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Call) and called(node.func) in _MARKERS and node.args:
            name = called(node.args[0])
            field = constant(node.args[0]) or names.get(name) or getattr(const, name, None)
            if field:
                yield field
