"""Imports: what the code uses must be declared in the manifest."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import PurePath
from typing import Final

from homeassistant.const import Platform
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import NormalizedName, canonicalize_name

from .core import core_domains, core_requirements, distributions
from .package import Finding, Package, argument, called, constant

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
# Home Assistant's modbus brings it once the first Modbus device is added: see test_first_need.py.
_OF_MODBUS: Final = "modbus_connection"
_COMPUTED: Final = "import_module"
_DISCOVERY: Final = frozenset({"bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf"})


def check(package: Package) -> list[Finding]:
    """Check each import that runs against the manifest's dependencies and requirements."""
    return [
        Finding(file, name, problem)
        for file, tree in package.modules.items()
        for name in sorted(_imports(file, tree))
        if (problem := _problem(package, name))
    ]


def imported(package: Package) -> set[str]:
    """Return the dotted names of all that the code imports when it runs."""
    return {name for file, tree in package.modules.items() for name in _imports(file, tree)}


@cache
def _imports(file: str, tree: ast.Module) -> frozenset[str]:
    """Return the dotted names that are imported when the code runs."""
    return frozenset(_walk(file, tree))


def _walk(file: str, tree: ast.Module) -> Iterator[str]:
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
        elif isinstance(node, ast.ImportFrom) and node.level > len(PurePath(file).parts):
            yield f"custom_components.{node.module or ''}"
        elif isinstance(node, ast.Call) and called(node.func) in {"import_module", "__import__"}:
            yield constant(argument(node, "name", 0)) or _COMPUTED
        pending.extend(ast.iter_child_nodes(node))


def _is_type_checking(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def _problem(package: Package, name: str) -> str | None:
    """Return why an import lacks its declaration, if it does."""
    top, *rest = name.split(".")
    if top in sys.stdlib_module_names or top == _OF_MODBUS:
        return None
    if top == "custom_components":
        return "must be a relative import, and of ourselves"
    if name == _COMPUTED:
        return "must be written out, for all to see"
    if top == "homeassistant":
        return _component_problem(package, rest[1:]) if rest[:1] == ["components"] else None
    if distributions(top) & (core_requirements() | _declared(package)):
        return None
    return f"{top} is not in the manifest's requirements"


def _component_problem(package: Package, path: list[str]) -> str | None:
    if not path:
        return "must name the component"
    component = path[0]
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
