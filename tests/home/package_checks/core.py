"""What the installed Home Assistant knows: its integrations, constraints and requirements."""

import json
from collections.abc import Mapping
from functools import cache
from importlib.metadata import packages_distributions, requires
from pathlib import Path
from typing import Any

import homeassistant
from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

# Home Assistant gives its validator the name that it had before, too.
_PROBATIO = frozenset({canonicalize_name("probatio")})
_ROOT = Path(homeassistant.__file__).parent


@cache
def core_domains() -> frozenset[str]:
    """Return the domains of all integrations of Home Assistant's own."""
    return frozenset(path.parent.name for path in _ROOT.glob("components/*/manifest.json"))


@cache
def core_manifest(domain: str) -> dict[str, Any]:
    """Return the manifest of an integration of Home Assistant's own."""
    manifest: dict[str, Any] = json.loads(
        (_ROOT / "components" / domain / "manifest.json").read_text()
    )
    return manifest


@cache
def brought_by(domain: str) -> frozenset[str]:
    """Return an integration of Home Assistant's own and all that is loaded before it."""
    needed = core_manifest(domain).get("dependencies", [])
    return frozenset({domain}).union(*(brought_by(inner) for inner in needed))


@cache
def core_names() -> frozenset[str]:
    """Return the names that Home Assistant's own integrations have, in small letters."""
    tables = json.loads((_ROOT / "generated" / "integrations.json").read_text())
    return frozenset(
        entry["name"].lower()
        for kind in ("integration", "helper")
        for entry in tables[kind].values()
        if entry.get("name")
    )


@cache
def constraints() -> dict[NormalizedName, Requirement]:
    """Return what Home Assistant holds every installed package to."""
    lines = (_ROOT / "package_constraints.txt").read_text().splitlines()
    found = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {canonicalize_name(requirement.name): requirement for requirement in found}


@cache
def core_requirements() -> frozenset[NormalizedName]:
    """Return the packages that are there wherever Home Assistant is."""
    return frozenset(
        canonicalize_name(Requirement(line).name) for line in requires("homeassistant") or []
    )


@cache
def _installed() -> Mapping[str, list[str]]:
    return packages_distributions()


@cache
def distributions(module: str) -> frozenset[NormalizedName]:
    """Return the packages that bring a module."""
    if module == "voluptuous":
        return _PROBATIO
    return frozenset(canonicalize_name(name) for name in _installed().get(module, []))
