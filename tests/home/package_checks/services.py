"""services.yaml: needed when actions are registered, with selectors that Home Assistant takes."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import probatio
from homeassistant.helpers.selector import TargetSelector, validate_selector

from .package import Finding, Package, argument, called, constant, schema_findings

FILE: Final = "services.yaml"

_REGISTER: Final = frozenset(
    {
        "async_register_entity_service",
        "async_register_admin_service",
        "async_register_platform_entity_service",
    }
)


def check(package: Package) -> list[Finding]:
    """Check the actions' descriptions, where there are any."""
    findings = list(_undescribed(package))
    for name, action in package.yaml(FILE).items():
        findings.extend(_texts(package, name, action or {}))
    return findings


def form(package: Package) -> list[Finding]:
    """Check each description in itself."""
    return [
        Finding(FILE, f"{name}.{found.where}" if found.where else name, found.problem)
        for name, action in package.yaml(FILE).items()
        for found in schema_findings(FILE, _SCHEMA, {} if action is None else action)
    ]


_FIELD: Final = {
    probatio.Optional("selector"): validate_selector,
    probatio.Optional("required"): bool,
    probatio.Optional("advanced"): bool,
    probatio.Optional("example"): object,
    probatio.Optional("default"): object,
    probatio.Optional("filter"): dict,
}


_SECTION: Final = {
    probatio.Required("fields"): {str: _FIELD},
    probatio.Optional("collapsed"): bool,
}


def _field_or_section(value: object) -> object:
    """Judge by the one form that is meant, so that a fault is reported once."""
    is_section = isinstance(value, dict) and "fields" in value
    return probatio.Schema(_SECTION if is_section else _FIELD)(value)


def _consistent(action: dict[str, Any]) -> dict[str, Any]:
    """Accept field names that are unique over sections, and filters beside a target."""
    fields = list(_fields(action))
    twice = [name for name, count in Counter(name for name, _ in fields).items() if count > 1]
    if twice:
        msg = f"the field {twice[0]} stands twice"
        raise probatio.Invalid(msg)
    if "target" not in action and any("filter" in field for _, field in fields):
        msg = "a filter needs a target"
        raise probatio.Invalid(msg)
    return action


def _fields(action: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, field in action.get("fields", {}).items():
        if isinstance(field, dict) and isinstance(field.get("fields"), dict):
            yield from field["fields"].items()
        else:
            yield name, field or {}


_SCHEMA: Final = probatio.Schema(
    probatio.All(
        {
            probatio.Optional("target"): probatio.Any(None, TargetSelector.CONFIG_SCHEMA),
            probatio.Optional("fields"): {str: _field_or_section},
        },
        _consistent,
    )
)


def _undescribed(package: Package) -> Iterator[Finding]:
    for file, tree in package.modules.items():
        registering = _registering(package.domain, tree)
        if registering and not package.has(FILE):
            yield Finding(FILE, "", f"is missing, and {file} registers an action")
            continue
        names = _constants(tree)
        for node in registering:
            action = argument(node, "service", 1) if isinstance(node, ast.Call) else None
            name = constant(action) or names.get(called(action) if action else "")
            if name and name not in package.yaml(FILE):
                yield Finding(FILE, name, f"is not described, and {file} registers it")


@cache
def _registering(ours: str, tree: ast.Module) -> list[ast.AST]:
    return [node for node in ast.walk(tree) if _registers(ours, node)]


def _constants(tree: ast.Module) -> dict[str, str]:
    """Return the texts that a module's constants stand for."""
    return {
        node.target.id: text
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if (text := constant(node.value)) is not None
    }


def _registers(ours: str, node: ast.AST) -> bool:
    """Tell whether a node is `hass.services.async_register` or one of its kin."""
    if isinstance(node, ast.Call) and called(node.func) in {"register", "async_register"}:
        # By whatever name the code calls Home Assistant's actions.
        domain = argument(node, "domain", 0)
        return domain is not None and "DOMAIN" in {called(domain), _domain(ours, domain)}
    if isinstance(node, ast.Name):
        return node.id in _REGISTER
    if not isinstance(node, ast.Attribute):
        return False
    of_services = isinstance(node.value, ast.Attribute) and node.value.attr == "services"
    return node.attr in _REGISTER or (of_services and node.attr in {"register", "async_register"})


def _domain(ours: str, node: ast.expr) -> str:
    return "DOMAIN" if constant(node) == ours else ""


def _texts(package: Package, name: str, action: dict[str, Any]) -> Iterator[Finding]:
    """Find fields without a text."""
    texts = package.english.get("services", {}).get(name, {})
    for field, _ in _fields(action):
        if field not in texts.get("fields", {}):
            yield Finding(FILE, f"{name}.fields.{field}", "has no text in English")
