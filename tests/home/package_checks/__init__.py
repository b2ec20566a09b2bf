"""What hassfest and HACS check of a custom integration, and a few rules of our own.

hassfest itself is on no package index. The real action runs beside these checks on GitHub.
"""

from collections.abc import Callable
from typing import Final

from . import (
    automation_texts,
    brand,
    exceptions,
    files,
    forms,
    hacs,
    icons,
    imports,
    manifest,
    page_modules,
    placeholders,
    quality_scale,
    requirements,
    services,
    source,
    translation_use,
    translations,
)
from .package import Finding, Package

FORMS: Final[tuple[Callable[[Package], list[Finding]], ...]] = (
    manifest.form,
    translations.form,
    icons.form,
    services.form,
    quality_scale.form,
    hacs.form,
)
SENSE: Final[tuple[Callable[[Package], list[Finding]], ...]] = (
    manifest.check,
    requirements.check,
    imports.check,
    page_modules.check,
    source.check,
    exceptions.check,
    translations.check,
    translation_use.check,
    forms.check,
    placeholders.check,
    icons.check,
    services.check,
    automation_texts.check,
    quality_scale.check,
    brand.check,
    hacs.check,
)


def check_package(package: Package) -> list[Finding]:
    """Return all that is wrong, in order.

    What files mean is only asked when their form is right, and their form when they can be read.
    """
    for checks in ((files.check,), FORMS, SENSE):
        if findings := [finding for check in checks for finding in check(package)]:
            return sorted(findings)
    return []
