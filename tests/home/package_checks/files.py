"""The files: those that must be there, and that each can be read."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped]
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.yaml import load_yaml

from .package import Finding, Package, parse

_NEEDED: Final = (
    "__init__.py",
    "config_flow.py",
    "const.py",
    "entity.py",
    "icons.json",
    "manifest.json",
    "quality_scale.yaml",
    "translations/en.json",
)
# Files of other names may hold anything.
_OBJECTS: Final = frozenset(
    {
        "conditions.yaml",
        "icons.json",
        "manifest.json",
        "quality_scale.yaml",
        "services.yaml",
        "triggers.yaml",
    }
)


def check(package: Package) -> list[Finding]:
    """Return what is missing or cannot be read, which nothing else can be said about."""
    missing = [Finding(name, "", "is missing") for name in _NEEDED if not package.has(name)]
    readers: dict[str, Callable[[Path], object]] = {
        "*.json": _json,
        "*.yaml": _yaml,
        "*.py": lambda path: parse(path.read_bytes()),
    }
    unreadable = [
        finding
        for pattern, read in readers.items()
        for path in sorted(package.folder.rglob(pattern))
        for finding in _try(read, path, path.relative_to(package.folder).as_posix())
    ]
    return [*missing, *unreadable, *_try(_json, package.root / "hacs.json", "hacs.json")]


def _try(read: Callable[[Path], object], path: Path, name: str) -> Iterator[Finding]:
    try:
        value = read(path)
    except (OSError, ValueError, SyntaxError, HomeAssistantError, yaml.YAMLError) as error:
        yield Finding(name, "", f"cannot be read: {error}")
        return
    must_be_object = name in _OBJECTS or name.startswith("translations/") or name == "hacs.json"
    if must_be_object and not isinstance(value, dict):
        yield Finding(name, "", "is no object")


def _json(path: Path) -> object:
    return json.loads(path.read_text(), object_pairs_hook=_without_twins)


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if twins := {key for key in keys if keys.count(key) > 1}:
        msg = f"{min(twins)} stands there twice"
        raise ValueError(msg)
    return dict(pairs)


def _yaml(path: Path) -> object:
    """Read as Home Assistant does, which only logs that a key stands there twice."""
    value = load_yaml(str(path))
    _find_twins(path.read_text())
    return value


@cache
def _find_twins(text: str) -> None:
    pending = [yaml.compose(text, yaml.SafeLoader)]
    while pending:
        node = pending.pop()
        if isinstance(node, yaml.MappingNode):
            _without_twins([(key.value, None) for key, _ in node.value])
            pending += [inner for _, inner in node.value]
        elif isinstance(node, yaml.SequenceNode):
            pending += node.value
