"""manifest.json: hassfest's schema for custom integrations, and our own rules."""

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlparse

import probatio
from awesomeversion import AwesomeVersion, AwesomeVersionException, AwesomeVersionStrategy
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from .core import constraints, core_domains, core_names
from .package import Finding, Package, schema_findings

FILE: Final = "manifest.json"

_CORE_DOCUMENTATION: Final = "https://www.home-assistant.io/integrations"
_VERSION_KINDS: Final = [
    AwesomeVersionStrategy.CALVER,
    AwesomeVersionStrategy.SEMVER,
    AwesomeVersionStrategy.SIMPLEVER,
    AwesomeVersionStrategy.BUILDVER,
    AwesomeVersionStrategy.PEP440,
]
_IOT_CLASSES: Final = (
    "assumed_state",
    "calculated",
    "cloud_polling",
    "cloud_push",
    "local_polling",
    "local_push",
)
_INTEGRATION_TYPES: Final = (
    "device",
    "entity",
    "hardware",
    "helper",
    "hub",
    "service",
    "system",
)
# Pins of these differ between releases of Home Assistant, whose `modbus` brings them.
_NEVER_REQUIRED: Final = frozenset({"pymodbus", "tmodbus", "modbus-connection"})


def check(package: Package) -> list[Finding]:
    """Check the manifest."""
    manifest = package.manifest
    return [
        *schema_findings(FILE, _SCHEMA, manifest),
        *_identity(package, manifest),
        *_config_flow(package, manifest),
        *_dependencies(manifest),
        *_requirements(manifest),
    ]


def _https(value: str) -> str:
    if urlparse(value).scheme != "https" or not urlparse(value).netloc:
        msg = "must be an address that begins with https"
        raise probatio.Invalid(msg)
    return value


def _documentation(value: str) -> str:
    if value.startswith(_CORE_DOCUMENTATION):
        msg = "must not be the documentation of Home Assistant's own integrations"
        raise probatio.Invalid(msg)
    return _https(value)


def _version(value: str) -> str:
    try:
        AwesomeVersion(value, ensure_strategy=_VERSION_KINDS)
    except AwesomeVersionException as error:
        msg = f"is no version that Home Assistant's loader takes: {error}"
        raise probatio.Invalid(msg) from error
    return value


def _mac_pattern(value: str) -> str:
    if value != value.upper() or "*" not in value:
        msg = "must be in capitals with a wildcard"
        raise probatio.Invalid(msg)
    return value


def _lower(value: str) -> str:
    if value != value.lower():
        msg = "must be in small letters"
        raise probatio.Invalid(msg)
    return value


_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required("domain"): str,
        probatio.Required("name"): str,
        probatio.Required("documentation"): probatio.All(str, _documentation),
        probatio.Required("codeowners"): probatio.All(
            probatio.Length(min=1), [probatio.Match(r"^@\S+$")]
        ),
        probatio.Required("iot_class"): probatio.In(_IOT_CLASSES),
        probatio.Required("version"): probatio.All(str, _version),
        # HACS demands it, and hassfest the type beside a config flow.
        probatio.Required("issue_tracker"): probatio.All(str, _https),
        probatio.Required("integration_type"): probatio.In(_INTEGRATION_TYPES),
        probatio.Optional("config_flow"): bool,
        probatio.Optional("single_config_entry"): bool,
        probatio.Optional("import_executor"): bool,
        probatio.Optional("disabled"): str,
        probatio.Optional("dependencies"): [str],
        probatio.Optional("after_dependencies"): [str],
        probatio.Optional("requirements"): [str],
        probatio.Optional("loggers"): [str],
        probatio.Optional("preview_features"): {str: {str: str}},
        probatio.Optional("zeroconf"): [
            probatio.Any(
                probatio.All(str, _lower),
                {
                    probatio.Required("type"): str,
                    probatio.Optional("name"): probatio.All(str, _lower),
                    probatio.Optional("properties"): {str: probatio.All(str, _lower)},
                },
            )
        ],
        probatio.Optional("dhcp"): [
            {
                probatio.Optional("macaddress"): probatio.All(str, _mac_pattern),
                probatio.Optional("hostname"): probatio.All(str, _lower),
                probatio.Optional("registered_devices"): bool,
            }
        ],
        probatio.Optional("ssdp"): [probatio.All(dict, probatio.Length(min=1))],
        probatio.Optional("usb"): [dict],
        probatio.Optional("mqtt"): [str],
        probatio.Optional("bluetooth"): [dict],
        probatio.Optional("homekit"): {"models": [str]},
    }
)


def _identity(package: Package, manifest: dict[str, Any]) -> Iterator[Finding]:
    keys = list(manifest)
    if keys != [*("domain", "name"), *sorted(set(keys) - {"domain", "name"})]:
        yield Finding(FILE, "", "keys must stand as domain, name, then in alphabetical order")
    if manifest.get("domain", package.domain) != package.domain:
        yield Finding(FILE, "domain", f"must be the folder's name, {package.domain}")
    if manifest.get("domain") in core_domains():
        yield Finding(FILE, "domain", "belongs to an integration of Home Assistant's own")
    if str(manifest.get("name")).lower() in core_names():
        yield Finding(FILE, "name", "belongs to an integration of Home Assistant's own")
    if "quality_scale" in manifest:
        yield Finding(FILE, "quality_scale", "a custom integration is shown as custom anyway")


def _config_flow(package: Package, manifest: dict[str, Any]) -> Iterator[Finding]:
    if bool(manifest.get("config_flow")) != package.has("config_flow.py"):
        yield Finding(FILE, "config_flow", "must be true exactly when config_flow.py exists")


def _dependencies(manifest: dict[str, Any]) -> Iterator[Finding]:
    for where in ("dependencies", "after_dependencies"):
        for domain in manifest.get(where, []):
            if domain == "modbus":
                problem = "one broken YAML hub of the owner's would keep us from loading"
                yield Finding(FILE, where, f"must not name modbus: {problem}")
            elif domain not in core_domains():
                yield Finding(FILE, where, f"{domain} is no integration of Home Assistant's")


def _requirements(manifest: dict[str, Any]) -> Iterator[Finding]:
    for text in manifest.get("requirements", []):
        problem = _requirement_problem(text)
        if problem:
            yield Finding(FILE, "requirements", f"{text}: {problem}")


def _requirement_problem(text: str) -> str | None:
    """Return why a requirement could conflict with those of Home Assistant, if it could."""
    if re.search(r"\s", text):
        return "must hold no blanks"
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return "is no requirement"
    name = canonicalize_name(requirement.name)
    operators = {specifier.operator for specifier in requirement.specifier}
    if name in _NEVER_REQUIRED:
        return "comes with Home Assistant's modbus and is never required here"
    constraint = constraints().get(name)
    if constraint is None:
        return None if operators == {"=="} else "must be pinned exactly"
    pins = [pin.version for pin in constraint.specifier if pin.operator == "=="]
    fits = all(requirement.specifier.contains(pin) for pin in pins)
    if operators != {">="} or not fits:
        return f"needs a lower bound alone, and none above Home Assistant's own {constraint}"
    return None
