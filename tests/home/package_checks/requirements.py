"""The manifest's requirements: they can never conflict with what Home Assistant installs."""

import re
from collections.abc import Iterator
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from .core import constraints, distributions
from .imports import imported
from .manifest import FILE
from .package import Finding, Package

# Pins of these differ between releases of Home Assistant, whose `modbus` brings them.
_NEVER_REQUIRED: Final = frozenset({"pymodbus", "tmodbus", "modbus-connection"})
# What the oldest Home Assistant that we support pins.
_OLDEST: Final = {"numpy": Version("2.3.2"), "pynacl": Version("1.6.2")}


def check(package: Package) -> list[Finding]:
    """Check each requirement, and that there is a use for it."""
    return [
        Finding(FILE, "requirements", f"{text}: {problem}")
        for text in package.manifest.get("requirements", [])
        for problem in _problems(package, text)
    ]


def _problems(package: Package, text: str) -> Iterator[str]:
    if re.search(r"\s", text):
        yield "must hold no blanks"
        return
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        yield "is no requirement"
        return
    name = canonicalize_name(requirement.name)
    if name in _NEVER_REQUIRED:
        yield "comes with Home Assistant's modbus and is never required here"
        return
    if requirement.marker:
        yield "must hold on every machine"
    if problem := _bound_problem(requirement):
        yield problem
    if not any(name in distributions(module.partition(".")[0]) for module in imported(package)):
        yield "is imported nowhere"
    written = [entry for entry in package.manifest["requirements"] if entry.startswith(text[:1])]
    names = [re.split(r"[^A-Za-z0-9._-]", entry)[0] for entry in written]
    if [canonicalize_name(other) for other in names].count(name) > 1:
        yield "stands there twice"


def _bound_problem(requirement: Requirement) -> str | None:
    """Return why a requirement could ask for another version than Home Assistant installs."""
    name = canonicalize_name(requirement.name)
    constraint = constraints().get(name)
    specifiers = list(requirement.specifier)
    operators = {specifier.operator for specifier in specifiers}
    if constraint is None:
        exact = operators == {"=="} and "*" not in specifiers[0].version
        return None if exact else "must be pinned exactly"
    pins = [pin.version for pin in constraint.specifier if pin.operator == "=="]
    if operators != {">="} or not all(requirement.specifier.contains(pin) for pin in pins):
        return f"needs a lower bound alone, and none above Home Assistant's own {constraint}"
    if name in _OLDEST and Version(specifiers[0].version) < _OLDEST[name]:
        return f"needs a lower bound of {_OLDEST[name]}"
    return None
