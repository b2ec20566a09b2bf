"""hacs.json and the repository around the integration, as HACS checks them."""

import json
import re
from collections.abc import Iterator
from typing import Final

import probatio
from homeassistant.generated.countries import COUNTRIES

from .package import Finding, Package, schema_findings

FILE: Final = "hacs.json"

_OLDEST_HOME_ASSISTANT: Final = "2026.10.0"
_COUNTRY: Final = probatio.In(sorted(COUNTRIES))
_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required("name"): probatio.All(str, probatio.Length(min=1)),
        probatio.Required("homeassistant"): str,
        probatio.Optional("content_in_root"): False,
        probatio.Optional("country"): probatio.Any(_COUNTRY, [_COUNTRY]),
        probatio.Optional("filename"): str,
        probatio.Optional("hacs"): str,
        probatio.Optional("hide_default_branch"): bool,
        probatio.Optional("persistent_directory"): probatio.Match(r"^\w+(/\w+)*$"),
        probatio.Optional("render_readme"): bool,
        # The built-in marketplace installs the folder of a release, not an archive of ours.
        probatio.Optional("zip_release"): False,
    }
)


def form(package: Package) -> list[Finding]:
    """Check which keys there are and what they hold."""
    return schema_findings(FILE, _SCHEMA, json.loads((package.root / FILE).read_text()))


def check(package: Package) -> list[Finding]:
    """Check the repository's root."""
    findings = list(_repository(package))
    if json.loads((package.root / FILE).read_text())["homeassistant"] != _OLDEST_HOME_ASSISTANT:
        problem = f"must be {_OLDEST_HOME_ASSISTANT}, the oldest that is tested"
        findings.append(Finding(FILE, "homeassistant", problem))
    return findings


def _repository(package: Package) -> Iterator[Finding]:
    for name in ("README.md", "LICENSE"):
        path = package.root / name
        text = path.read_text() if path.is_file() else ""
        if not text.strip():
            yield Finding(name, "", "is missing or empty")
        elif name == "LICENSE" and not re.search(r"Apache License\s+Version 2\.0", text):
            yield Finding(name, "", "is not the Apache License 2.0")
    folders = [
        path for path in package.folder.parent.iterdir() if (path / "manifest.json").exists()
    ]
    if len(folders) != 1:
        yield Finding("custom_components", "", "must hold exactly one integration")
