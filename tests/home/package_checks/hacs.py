"""hacs.json and the repository around the integration, as HACS checks them."""

import json
from collections.abc import Iterator
from typing import Final

import probatio
from awesomeversion import AwesomeVersion

from .package import Finding, Package, schema_findings

FILE: Final = "hacs.json"

_OLDEST_HOME_ASSISTANT: Final = "2026.10.0"
_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required("name"): probatio.All(str, probatio.Length(min=1)),
        probatio.Required("homeassistant"): str,
        probatio.Optional("content_in_root"): False,
        probatio.Optional("country"): probatio.Any(str, [str]),
        probatio.Optional("filename"): str,
        probatio.Optional("hacs"): str,
        probatio.Optional("hide_default_branch"): bool,
        probatio.Optional("persistent_directory"): str,
        probatio.Optional("render_readme"): bool,
        # The built-in marketplace installs the folder of a release, not an archive of ours.
        probatio.Optional("zip_release"): False,
    }
)


def check(package: Package) -> list[Finding]:
    """Check the repository's root."""
    try:
        hacs = json.loads((package.root / FILE).read_text())
    except (OSError, ValueError) as error:
        return [Finding(FILE, "", f"cannot be read: {error}")]
    findings = schema_findings(FILE, _SCHEMA, hacs)
    findings.extend(_repository(package))
    oldest = hacs.get("homeassistant")
    if isinstance(oldest, str) and AwesomeVersion(oldest) != _OLDEST_HOME_ASSISTANT:
        problem = f"must be {_OLDEST_HOME_ASSISTANT}, the oldest that is tested"
        findings.append(Finding(FILE, "homeassistant", problem))
    return findings


def _repository(package: Package) -> Iterator[Finding]:
    for name in ("README.md", "LICENSE"):
        if not (package.root / name).is_file():
            yield Finding(name, "", "is missing")
    folders = [
        path for path in package.folder.parent.iterdir() if (path / "manifest.json").exists()
    ]
    if len(folders) != 1:
        yield Finding("custom_components", "", "must hold exactly one integration")
