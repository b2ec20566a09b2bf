"""Placeholders of texts: the code fills each of them."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from string import Formatter
from typing import Final

from .package import Finding, Package, argument, called, constant, leaves

FILE: Final = "translations/en.json"
_FILLERS: Final = ("description_placeholders", "translation_placeholders", "placeholders")
_NAMERS: Final = ("step_id", "translation_key", "reason")


def check(package: Package) -> list[Finding]:
    """Check the texts of steps, reasons, exceptions and issues, and all others together."""
    filled, anywhere = _filled(package)
    findings = []
    for where, text in leaves(package.english):
        names = {name for _, name, _, _ in Formatter().parse(str(text)) if name}
        # The name of a step, a reason or an exception is one of the steps of the path.
        known = [filled[step] for step in where.split(".") if step in filled]
        missing = names - (set[str]().union(*known) if known else anywhere)
        findings += [Finding(FILE, where, f"nobody fills {{{name}}}") for name in sorted(missing)]
    return findings


def _filled(package: Package) -> tuple[dict[str, set[str]], set[str]]:
    """Return what is filled for each named text, and all that is filled without a name."""
    filled: defaultdict[str, set[str]] = defaultdict(set)
    anywhere: set[str] = set()
    for tree in package.modules.values():
        for names, keys in _fillings(tree):
            anywhere |= keys
            for name in names:
                filled[name] |= keys
    return filled, anywhere


@cache
def _fillings(tree: ast.Module) -> list[tuple[set[str], set[str]]]:
    """Return what each call of a module fills, and the texts that it names."""
    return [filling for node in ast.walk(tree) for filling in _filled_by(node)]


def _filled_by(node: ast.AST) -> Iterator[tuple[set[str], set[str]]]:
    match node:
        case ast.Call():
            names = set(filter(None, (constant(argument(node, name)) for name in _NAMERS)))
            given = [argument(node, name) for name in _FILLERS]
            # What is handed on, as from an issue to its form, is filled elsewhere.
            handed_on = not all(value is None or isinstance(value, ast.Dict) for value in given)
            described = called(node.func).endswith("Description")
            yield set() if described or handed_on else names, _keys(*given)
        case ast.Assign(targets=[ast.Name(id="_attr_translation_placeholders")]):
            yield set(), _keys(node.value)


def _keys(*values: ast.expr | None) -> set[str]:
    return {
        key
        for value in values
        if isinstance(value, ast.Dict)
        for key in map(constant, value.keys)
        if key
    }
