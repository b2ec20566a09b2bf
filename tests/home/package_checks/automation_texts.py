"""triggers.yaml and conditions.yaml: there when the code offers any, described and usable."""

import ast
from collections.abc import Iterator
from typing import Any, Final

import probatio
from homeassistant.helpers.selector import TargetSelector, validate_selector

from .package import Finding, Package, schema_findings

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
    english = package.english.get(group, {})
    for name, described in package.yaml(file).items():
        # A name that begins with a dot is only an anchor to refer to.
        if name.startswith("."):
            continue
        if name not in english:
            yield Finding(file, name, "has no text in English")
            continue
        for found in schema_findings(file, _DESCRIPTION, described):
            yield Finding(file, f"{name}.{found.where}", found.problem)
        yield from _fields(file, name, described, english[name])


_DESCRIPTION: Final = probatio.Schema(
    {
        probatio.Optional("target"): TargetSelector.CONFIG_SCHEMA,
        probatio.Optional("fields"): {
            str: {
                probatio.Optional("selector"): validate_selector,
                probatio.Optional("required"): bool,
                probatio.Optional("default"): object,
            }
        },
    }
)


def _fields(
    file: str, name: str, described: dict[str, Any], english: dict[str, Any]
) -> Iterator[Finding]:
    """Find fields without a text."""
    for field in described.get("fields", {}):
        if field not in english.get("fields", {}):
            yield Finding(file, f"{name}.fields.{field}", "has no text in English")
