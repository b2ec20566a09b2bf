"""The kinds of contribution: each file here is one, and its `KIND` says all of it."""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import MappingProxyType

from settlement_node.oracle.kind import Kind


@cache
def kinds() -> Mapping[str, Kind[object]]:
    """Return every kind by its name, in the order of the names."""
    names = sorted(module.name for module in iter_modules(__path__))
    found = (import_module(f"{__name__}.{name}").KIND for name in names)
    return MappingProxyType({kind.name: kind for kind in found})
