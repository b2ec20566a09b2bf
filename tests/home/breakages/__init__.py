"""Ways to break a copy of the package, each of which the checks must find."""

from typing import Final

from . import files, manifest, source, texts
from .copy import Breakage

BREAKAGES: Final[tuple[Breakage, ...]] = (
    *manifest.BREAKAGES,
    *source.BREAKAGES,
    *texts.TRANSLATIONS,
    *texts.ICONS,
    *texts.SERVICES,
    *files.QUALITY_SCALE,
    *files.BRAND,
    *files.HACS,
    *files.DASHBOARD,
)
