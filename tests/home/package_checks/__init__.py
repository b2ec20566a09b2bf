"""What hassfest and HACS check of a custom integration, and a few rules of our own.

hassfest itself is on no package index. The real action runs beside these checks on GitHub.
"""

from collections.abc import Callable
from typing import Final

from . import (
    automation_texts,
    brand,
    hacs,
    icons,
    imports,
    manifest,
    quality_scale,
    services,
    source,
    translation_use,
    translations,
)
from .package import Finding, Package

CHECKS: Final[tuple[Callable[[Package], list[Finding]], ...]] = (
    manifest.check,
    imports.check,
    source.check,
    translations.check,
    translation_use.check,
    icons.check,
    services.check,
    automation_texts.check,
    quality_scale.check,
    brand.check,
    hacs.check,
)


def check_package(package: Package) -> list[Finding]:
    """Return all that is wrong, in order; a file that does not parse ends it at that."""
    findings = package.unreadable() or [finding for check in CHECKS for finding in check(package)]
    return sorted(findings)
