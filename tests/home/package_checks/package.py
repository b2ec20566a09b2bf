"""The files of the integration as the checks see them."""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import probatio
from homeassistant.util.yaml import load_yaml_dict


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong: in which file, at which place, and why."""

    file: str
    where: str
    problem: str


@cache
def parse(source: bytes) -> ast.Module:
    """Parse a Python file, once for all copies of it: what is said of it can be kept too."""
    return ast.parse(source)


@dataclass(frozen=True)
class Package:
    """A repository with one integration in it."""

    root: Path
    domain: str = "depin"

    @cached_property
    def folder(self) -> Path:
        """Return the folder that HACS installs."""
        return self.root / "custom_components" / self.domain

    @cached_property
    def modules(self) -> dict[str, ast.Module]:
        """Return every Python file, parsed, by its path in the folder."""
        return {
            path.relative_to(self.folder).as_posix(): parse(path.read_bytes())
            for path in sorted(self.folder.rglob("*.py"))
        }

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Return the manifest."""
        return self.json("manifest.json")

    @property
    def flow_modules(self) -> dict[str, ast.Module]:
        """The modules that have steps of the entry's flow, or say what is wrong in one."""
        return {
            file: tree
            for file, tree in self.modules.items()
            if file in {"config_flow.py", "pasted_invite.py"} or file.endswith("_steps.py")
        }

    @cached_property
    def english(self) -> dict[str, Any]:
        """Return the master of all texts."""
        return self.json("translations/en.json")

    @cached_property
    def icons(self) -> dict[str, Any]:
        """Return the icons, none where there is no file."""
        return self.json("icons.json") if self.has("icons.json") else {}

    def has(self, name: str) -> bool:
        """Tell whether the folder holds the file."""
        return (self.folder / name).exists()

    def json(self, name: str) -> dict[str, Any]:
        """Read a JSON file of the folder."""
        value: dict[str, Any] = json.loads((self.folder / name).read_text())
        return value

    def yaml(self, name: str) -> dict[str, Any]:
        """Read a YAML file of the folder, none where there is no file."""
        return load_yaml_dict(str(self.folder / name)) if self.has(name) else {}


def schema_findings(file: str, schema: probatio.Schema, value: object) -> list[Finding]:
    """Check a value against a schema, with one finding for each place that departs from it."""
    try:
        schema(value)
    except probatio.MultipleInvalid as invalid:
        return [
            Finding(file, ".".join(str(step) for step in error.path), str(error))
            for error in invalid.errors
        ]
    return []


def leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Yield every innermost value with its dotted path."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


@cache
def functions(tree: ast.Module) -> frozenset[str]:
    """Return the names of all functions of a module, methods too."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def called(node: ast.expr) -> str:
    """Return the last part of the name of what is called."""
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """Return what a call gives for an argument, if it does."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    return call.args[position] if position is not None and position < len(call.args) else None


def constant(node: ast.expr | None) -> str | None:
    """Return the text that is written there, if one is."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case _:
            return None
