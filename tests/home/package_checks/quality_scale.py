"""quality_scale.yaml: all rules of the Integration Quality Scale, each with an honest status."""

from typing import Final

import probatio

from .package import Finding, Package, functions, schema_findings

FILE: Final = "quality_scale.yaml"

# hassfest checks this file of Home Assistant's own integrations alone.
RULES: Final = (
    # Bronze
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow-test-coverage",
    "config-flow",
    "dependency-transparency",
    "docs-actions",
    "docs-triggers",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
    # Silver
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
    # Gold
    "devices",
    "diagnostics",
    "discovery-update-info",
    "discovery",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
    # Platinum
    "async-dependency",
    "inject-websession",
    "strict-typing",
)

_REASONED: Final = {
    probatio.Required("status"): probatio.In(("done", "todo", "exempt")),
    probatio.Required("comment"): probatio.All(str, str.strip, probatio.Length(min=10)),
}
_STATUS: Final = probatio.Any("done", _REASONED)
_SCHEMA: Final = probatio.Schema(
    {probatio.Required("rules"): {probatio.Required(rule): _STATUS for rule in RULES}}
)


# A rule that is done has this function somewhere.
_SIGNS: Final = {
    "diagnostics": "async_get_config_entry_diagnostics",
    "reauthentication-flow": "async_step_reauth",
    "reconfiguration-flow": "async_step_reconfigure",
    "repair-issues": "async_create_fix_flow",
    "config-entry-unloading": "async_unload_entry",
    "config-flow": "async_step_user",
}


def form(package: Package) -> list[Finding]:
    """Check that each rule stands there once: done, or todo or exempt with a reason."""
    return schema_findings(FILE, _SCHEMA, package.yaml(FILE))


def check(package: Package) -> list[Finding]:
    """Check that what is done can be seen in the code."""
    rules = package.yaml(FILE)["rules"]
    there = set[str]().union(*map(functions, package.modules.values()))
    return [
        Finding(FILE, f"rules.{rule}", f"is not done: there is no {sign}")
        for rule, sign in _SIGNS.items()
        if _status(rules[rule]) == "done" and sign not in there
    ]


def _status(rule: object) -> object:
    return rule["status"] if isinstance(rule, dict) else rule
