"""Exceptions that people see: their words stand in the translations."""

import ast
from collections.abc import Iterator
from functools import cache
from typing import Final

from homeassistant import exceptions
from homeassistant.exceptions import HomeAssistantError

from .package import Finding, Package, argument, called

_SEEN: Final = frozenset(
    {"UpdateFailed"}
    | {
        name
        for name, kind in vars(exceptions).items()
        if isinstance(kind, type) and issubclass(kind, HomeAssistantError)
    }
)


def check(package: Package) -> list[Finding]:
    """Check each exception of Home Assistant's that the code makes."""
    return [
        Finding(file, called(call.func), problem)
        for file, tree in package.modules.items()
        for call in _seen(tree)
        for problem in _problems(call)
    ]


@cache
def _seen(tree: ast.Module) -> list[ast.Call]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in calls if called(call.func) in _SEEN]


def _problems(call: ast.Call) -> Iterator[str]:
    if argument(call, "translation_key") is None:
        yield "needs a translation_key, so that people read it in their language"
    elif argument(call, "translation_domain") is None:
        yield "needs a translation_domain beside its key"
