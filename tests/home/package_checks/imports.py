"""Imports: what the code uses must be declared in the manifest."""

import ast
import sys
from collections.abc import Iterator
from typing import Final

from homeassistant.const import Platform
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from .core import core_domains, core_requirements, distributions
from .package import Finding, Package

# hassfest lets these be imported undeclared: they are set up in every Home Assistant.
_ALWAYS_THERE: Final = frozenset(
    {
        "automation",
        "conversation",
        "device_automation",
        "frontend",
        "group",
        "homeassistant",
        "labs",
        "media_source",
        "mjpeg",
        "onboarding",
        "panel_custom",
        "persistent_notification",
        "person",
        "script",
        "stream",
        "sun",
        "system_health",
        "system_log",
        "webhook",
        "websocket_api",
        "zone",
    }
)
_DISCOVERY: Final = frozenset({"bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf"})


def check(package: Package) -> list[Finding]:
    """Check each import that runs against the manifest's dependencies and requirements."""
    return [
        Finding(file, name, problem)
        for file, tree in package.modules.items()
        for name in sorted(set(_imports(tree)))
        if (problem := _problem(package, name))
    ]


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield the dotted names that are imported when the code runs."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and _is_type_checking(node.test):
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        pending.extend(ast.iter_child_nodes(node))


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _problem(package: Package, name: str) -> str | None:
    """Return why an import lacks its declaration, if it does."""
    top, *rest = name.split(".")
    if top in sys.stdlib_module_names:
        return None
    if top == "custom_components":
        return "must be a relative import"
    if top == "homeassistant":
        return _component_problem(package, rest[1]) if rest[:1] == ["components"] else None
    if distributions(top) & (core_requirements() | _declared(package)):
        return None
    return f"{top} is not in the manifest's requirements"


def _component_problem(package: Package, component: str) -> str | None:
    if component == "modbus":
        return "modbus is asked for at run time; import it under TYPE_CHECKING alone"
    declared = {
        *package.manifest.get("dependencies", []),
        *package.manifest.get("after_dependencies", []),
        *(_DISCOVERY & package.manifest.keys()),
    }
    implied = component in core_domains() and package.has(f"{component}.py")
    if component in declared | _ALWAYS_THERE | set(Platform) or implied:
        return None
    return f"{component} is in neither dependencies nor after_dependencies"


def _declared(package: Package) -> set[NormalizedName]:
    declared = set()
    for text in package.manifest.get("requirements", []):
        try:
            declared.add(canonicalize_name(Requirement(text).name))
        except InvalidRequirement:
            # The manifest's own check reports it.
            continue
    return declared
