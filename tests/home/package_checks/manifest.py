"""manifest.json: hassfest's schema for custom integrations, and our own rules."""

import re
from collections.abc import Iterator
from typing import Any, Final

import probatio
from awesomeversion import AwesomeVersion, AwesomeVersionException, AwesomeVersionStrategy

from .core import brought_by, core_domains, core_manifest, core_names
from .package import Finding, Package, functions, schema_findings

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
_SERVICE_TYPE: Final = r"^_[a-z0-9-]+\._(tcp|udp)\.local\.$"
DISCOVERY: Final = ("bluetooth", "dhcp", "homekit", "mqtt", "ssdp", "usb", "zeroconf")


def form(package: Package) -> list[Finding]:
    """Check which keys there are and what they hold."""
    return schema_findings(FILE, _SCHEMA, package.manifest)


def check(package: Package) -> list[Finding]:
    """Check that the manifest fits its integration and Home Assistant's."""
    manifest = package.manifest
    return [
        *_identity(package, manifest),
        *_config_flow(package, manifest),
        *_dependencies(manifest),
    ]


def _https(value: str) -> str:
    if not re.fullmatch(r"https://[^\s/]+(/\S*)?", value):
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


_TEXT: Final = probatio.All(str, probatio.Length(min=1))
_LOWER: Final = probatio.All(_TEXT, _lower)
_NUMBER: Final = probatio.Match(r"^[0-9A-F]{4}$")
_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required("domain"): str,
        probatio.Required("name"): _TEXT,
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
        probatio.Optional("dependencies"): [str],
        probatio.Optional("after_dependencies"): [str],
        probatio.Optional("requirements"): [str],
        probatio.Optional("loggers"): [_TEXT],
        probatio.Optional("preview_features"): {str: {str: str}},
        probatio.Optional("zeroconf"): [
            probatio.Any(
                probatio.Match(_SERVICE_TYPE),
                {
                    probatio.Required("type"): probatio.Match(_SERVICE_TYPE),
                    probatio.Optional("name"): _LOWER,
                    probatio.Optional("properties"): {str: _LOWER},
                },
            )
        ],
        probatio.Optional("dhcp"): [
            probatio.All(
                {
                    probatio.Optional("macaddress"): probatio.All(str, _mac_pattern),
                    probatio.Optional("hostname"): _LOWER,
                    probatio.Optional("registered_devices"): bool,
                },
                probatio.Length(min=1),
            )
        ],
        probatio.Optional("ssdp"): [probatio.All({str: _TEXT}, probatio.Length(min=1))],
        probatio.Optional("usb"): [
            {
                probatio.Optional("vid"): _NUMBER,
                probatio.Optional("pid"): _NUMBER,
                probatio.Optional("serial_number"): _LOWER,
                probatio.Optional("manufacturer"): _LOWER,
                probatio.Optional("description"): _LOWER,
                probatio.Optional("known_devices"): [str],
            }
        ],
        probatio.Optional("mqtt"): [_TEXT],
        probatio.Optional("bluetooth"): [
            {
                probatio.Optional("connectable"): bool,
                probatio.Optional("service_uuid"): _LOWER,
                probatio.Optional("service_data_uuid"): _LOWER,
                probatio.Optional("local_name"): _TEXT,
                probatio.Optional("manufacturer_id"): int,
                probatio.Optional("manufacturer_data_start"): [int],
            }
        ],
        probatio.Optional("homekit"): {"models": [_TEXT]},
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
    steps = functions(package.modules["config_flow.py"])
    for kind in DISCOVERY:
        if kind in manifest and f"async_step_{kind}" not in steps:
            yield Finding(FILE, kind, f"config_flow.py has no async_step_{kind}")


def _dependencies(manifest: dict[str, Any]) -> Iterator[Finding]:
    for where in ("dependencies", "after_dependencies"):
        for domain in manifest.get(where, []):
            if domain not in core_domains():
                yield Finding(FILE, where, f"{domain} is no integration of Home Assistant's")
            elif core_manifest(domain).get("integration_type") == "virtual":
                yield Finding(FILE, where, f"{domain} is a name alone, and cannot be loaded")
            elif "modbus" in brought_by(domain):
                problem = "one broken YAML hub of the owner's would keep us from loading"
                yield Finding(FILE, where, f"{domain} brings modbus: {problem}")
