"""That every text the code asks for exists, and every text is asked for."""

import ast
from collections.abc import Iterator
from typing import Any, Final

from homeassistant.const import Platform

from .package import Finding, Package

FILE: Final = "translations/en.json"

# Calls that end a flow with a reason of Home Assistant's own choice.
_IMPLIED_ABORTS: Final = {
    "_async_abort_entries_match": "already_configured",
    "_abort_if_unique_id_configured": "already_configured",
    "_abort_if_unique_id_mismatch": "unique_id_mismatch",
}


def check(package: Package) -> list[Finding]:
    """Compare the texts that the code names with those that English has."""
    used = set(_used(package))
    there = set(_there(package.english))
    missing = [
        Finding(FILE, where, f"{file} asks for it")
        for file, where in sorted(used)
        if where not in there
    ]
    idle = there - {where for _, where in used}
    return [*missing, *(Finding(FILE, where, "no code asks for it") for where in idle)]


def _there(english: dict[str, Any]) -> Iterator[str]:
    config = english.get("config", {})
    for kind in ("step", "error", "abort"):
        yield from (f"config.{kind}.{key}" for key in config.get(kind, {}))
    yield from (f"exceptions.{key}" for key in english.get("exceptions", {}))
    for platform, entities in english.get("entity", {}).items():
        yield from (f"entity.{platform}.{key}" for key in entities)


def _used(package: Package) -> Iterator[tuple[str, str]]:
    for file, tree in package.modules.items():
        for node in ast.walk(tree):
            for where in _named(file, node):
                yield file, where


def _named(file: str, node: ast.AST) -> Iterator[str]:
    """Yield the texts that one node of a module names."""
    platform = file.removesuffix(".py")
    match node:
        case ast.Raise(exc=ast.Call() as call):
            yield from (f"exceptions.{key}" for key in _keyword(call, "translation_key"))
        case ast.Call() if platform in set(Platform) and _name(node.func).endswith("Description"):
            keys = _keyword(node, "translation_key")
            yield from (f"entity.{platform}.{key}" for key in keys)
    if file == "config_flow.py":
        yield from _flow_texts(node)


def _flow_texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="errors"))]):
            yield from (f"config.error.{text}" for text in _constant(node.value))
        case ast.Call():
            name = _name(node.func)
            if name == "async_show_form":
                yield from (f"config.step.{key}" for key in _keyword(node, "step_id"))
            if name == "async_abort":
                yield from (f"config.abort.{key}" for key in _keyword(node, "reason"))
            if name in _IMPLIED_ABORTS:
                yield f"config.abort.{_IMPLIED_ABORTS[name]}"


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _keyword(call: ast.Call, name: str) -> list[str]:
    return [
        text
        for keyword in call.keywords
        if keyword.arg == name
        for text in _constant(keyword.value)
    ]


def _constant(node: ast.expr) -> list[str]:
    match node:
        case ast.Constant(value=str(text)):
            return [text]
        case _:
            return []
