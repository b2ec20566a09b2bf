"""That every text the code asks for exists, and every text is asked for."""

import ast
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from homeassistant.const import Platform

from .package import Finding, Package, argument, called, constant, functions

FILE: Final = "translations/en.json"

_ISSUES: Final = "Trouble"
"""The enumeration whose members are issues by their values."""

# Calls that end a flow with a reason that they name.
_ENDING: Final = frozenset(
    ("async_abort", "AbortFlow", "async_update_and_abort", "async_update_reload_and_abort")
)
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
    for flow in ("config", "options"):
        for kind in ("step", "error", "abort"):
            yield from (f"{flow}.{kind}.{key}" for key in english.get(flow, {}).get(kind, {}))
        for step, texts in english.get(flow, {}).get("step", {}).items():
            options = texts.get("menu_options", {})
            yield from (f"{flow}.step.{step}.menu_options.{option}" for option in options)
    for group in ("config_subentries", "device", "exceptions", "issues", "selector", "services"):
        yield from (f"{group}.{key}" for key in english.get(group, {}))
    if "system_health" in english:
        yield "system_health"
    for platform, entities in english.get("entity", {}).items():
        for key, texts in entities.items():
            if "name" in texts:
                yield f"entity.{platform}.{key}"


def _used(package: Package) -> Iterator[tuple[str, str]]:
    for file, tree in package.modules.items():
        yield from ((file, where) for where in _named(file, tree))
    for file, tree in package.flow_modules.items():
        yield from ((file, where) for where in _asked_in_flows(tree))
    if "async_get_supported_subentry_types" in functions(package.modules["config_flow.py"]):
        for kind in package.english.get("config_subentries", {}):
            yield "config_flow.py", f"config_subentries.{kind}"
    if "system_health.py" in package.modules:
        yield "system_health.py", "system_health"
    for name in package.yaml("services.yaml"):
        yield "services.yaml", f"services.{name}"
    for key in _selector_keys(package.yaml("services.yaml")):
        yield "services.yaml", f"selector.{key}"


def _asked_in_flows(tree: ast.Module) -> Iterator[str]:
    for flow, nodes in _flows(tree):
        for node in nodes:
            yield from (f"{flow}.{where}" for where in _flow_texts(node))


def _selector_keys(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "translation_key" and isinstance(inner, str):
                yield inner
            yield from _selector_keys(inner)


@cache
def _named(file: str, tree: ast.Module) -> frozenset[str]:
    """Return the texts that a module names, outside of flows."""
    platform = _platform(file)
    return frozenset(where for node in ast.walk(tree) for where in _named_by(platform, node))


def _named_by(platform: str, node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Call() if key := constant(argument(node, "translation_key")):
            name = called(node.func)
            if name.endswith("Description"):
                if platform in set(Platform):
                    yield f"entity.{platform}.{key}"
            elif name.endswith("SelectorConfig"):
                yield f"selector.{key}"
            elif name == "DeviceInfo":
                yield f"device.{key}"
            elif name == "async_create_issue":
                yield f"issues.{key}"
            else:
                yield f"exceptions.{key}"
        case ast.ClassDef(name=name, body=body) if name == _ISSUES:
            values = (constant(one.value) for one in body if isinstance(one, ast.Assign))
            yield from (f"issues.{value}" for value in values if value)
        case ast.Assign(targets=[ast.Name(id="_attr_translation_key")]):
            if platform in set(Platform) and (key := constant(node.value)):
                yield f"entity.{platform}.{key}"


def _platform(file: str) -> str:
    """Return the platform that a module is of: sensor.py and market_sensor.py are of sensors."""
    stem = file.partition("/")[0].removesuffix(".py")
    ends = [one for one in Platform if stem == one or stem.endswith(f"_{one}")]
    return max(ends, key=len, default="")


def _flows(tree: ast.Module) -> Iterator[tuple[str, list[ast.AST]]]:
    """Yield each top-level piece of the flows' module, and the group that its texts are in."""
    for node in tree.body:
        bases = [called(base) for base in node.bases] if isinstance(node, ast.ClassDef) else []
        options = any(base.startswith("OptionsFlow") for base in bases)
        if "ConfigSubentryFlow" not in bases:
            yield "options" if options else "config", list(ast.walk(node))


def _flow_texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Assign(targets=[ast.Subscript(value=ast.Name(id="errors"))]):
            if text := constant(node.value):
                yield f"error.{text}"
        case ast.Call():
            name = called(node.func)
            step = constant(argument(node, "step_id"))
            if name in {"async_show_form", "async_show_menu"} and step:
                yield f"step.{step}"
                yield from _menu(step, argument(node, "menu_options"))
            if isinstance(errors := argument(node, "errors"), ast.Dict):
                yield from (f"error.{text}" for text in map(constant, errors.values) if text)
            if name in _ENDING:
                reason = constant(argument(node, "reason", 0))
                yield from [f"abort.{reason}"] if reason else []
            if name in _IMPLIED_ABORTS:
                yield f"abort.{_IMPLIED_ABORTS[name]}"


def _menu(step: str, options: ast.expr | None) -> Iterator[str]:
    chosen = options.keys if isinstance(options, ast.Dict) else getattr(options, "elts", [])
    for option in map(constant, chosen):
        if option:
            yield f"step.{step}.menu_options.{option}"
