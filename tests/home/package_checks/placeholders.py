"""Placeholders of texts: the code fills each of them."""

import ast
from collections import defaultdict
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
        for node in ast.walk(tree):
            match node:
                case ast.Call():
                    given = [argument(node, name) for name in _FILLERS]
                    keys = _keys(*given)
                    # What is handed on, as from an issue to its form, is filled elsewhere.
                    plain = all(value is None or isinstance(value, ast.Dict) for value in given)
                    for name in filter(None, (constant(argument(node, n)) for n in _NAMERS)):
                        if plain and not called(node.func).endswith("Description"):
                            filled[name] |= keys
                    anywhere |= keys
                case ast.Assign(targets=[ast.Name(id="_attr_translation_placeholders")]):
                    anywhere |= _keys(node.value)
    return filled, anywhere


def _keys(*values: ast.expr | None) -> set[str]:
    return {
        key
        for value in values
        if isinstance(value, ast.Dict)
        for key in map(constant, value.keys)
        if key
    }
