"""icons.json: icons that differ by state and belong to texts that exist."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

import probatio
from homeassistant.const import Platform

from .package import Finding, Package, schema_findings

FILE: Final = "icons.json"


def check(package: Package) -> list[Finding]:
    """Check that icons belong to something."""
    return list(_without_text(package.icons, package.english))


def form(package: Package) -> list[Finding]:
    """Check the groups and the icons' names."""
    return schema_findings(FILE, _SCHEMA, package.icons)


_ICON: Final = probatio.Match(r"^mdi:[a-z0-9]+(-[a-z0-9]+)*$")


def _by_state(value: dict[str, Any]) -> dict[str, Any]:
    """Accept state icons that differ from the default."""
    same = [state for state, icon in value.get("state", {}).items() if icon == value.get("default")]
    if same:
        msg = f"the icon of {same[0]} is the default"
        raise probatio.Invalid(msg)
    return value


def _ascending(value: dict[str, str]) -> dict[str, str]:
    """Accept ranges whose starts rise."""
    try:
        starts = [float(start) for start in value]
    except ValueError as error:
        msg = "a range begins with a number"
        raise probatio.Invalid(msg) from error
    if any(later <= earlier for earlier, later in pairwise(starts)):
        msg = "ranges must rise"
        raise probatio.Invalid(msg)
    return value


_VALUE: Final = {
    probatio.Optional("default"): _ICON,
    probatio.Optional("state"): {str: _ICON},
    probatio.Optional("range"): probatio.All({str: _ICON}, _ascending),
}
_ENTITY: Final = probatio.All(
    probatio.Length(min=1),
    {
        **_VALUE,
        probatio.Optional("state_attributes"): {str: probatio.All(_VALUE, _by_state)},
    },
    _by_state,
)
_FLOW: Final = {probatio.Optional("step"): {str: {probatio.Optional("sections"): {str: _ICON}}}}
_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional("entity"): {probatio.In(list(Platform)): {str: _ENTITY}},
        probatio.Optional("services"): {
            str: {
                probatio.Optional("service"): _ICON,
                probatio.Optional("sections"): {str: _ICON},
            }
        },
        probatio.Optional("triggers"): {str: {probatio.Required("trigger"): _ICON}},
        probatio.Optional("conditions"): {str: {probatio.Required("condition"): _ICON}},
        probatio.Optional("config"): _FLOW,
        probatio.Optional("options"): _FLOW,
        probatio.Optional("issues"): {str: {probatio.Required("fix_flow"): _FLOW}},
    }
)


def _without_text(icons: dict[str, Any], english: dict[str, Any]) -> Iterator[Finding]:
    """Find icons of entities, states and actions that have no name."""
    for platform, entities in icons.get("entity", {}).items():
        named = english.get("entity", {}).get(platform, {})
        for key, icon in entities.items():
            where = f"entity.{platform}.{key}"
            if key not in named:
                yield Finding(FILE, where, "belongs to no text in English")
                continue
            for state in icon.get("state", {}).keys() - named[key].get("state", {}).keys():
                yield Finding(FILE, f"{where}.state.{state}", "belongs to no text in English")
    for group in ("services", "triggers", "conditions"):
        for key in icons.get(group, {}).keys() - english.get(group, {}).keys():
            yield Finding(FILE, f"{group}.{key}", "belongs to no text in English")
