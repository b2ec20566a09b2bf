"""brand/: the images that Home Assistant and HACS show."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from homeassistant.components.brands.const import ALLOWED_IMAGES

from .package import Finding, Package

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_WITH_ALPHA: Final = frozenset({4, 6})
_ICON_SIDE: Final = 256
# The shorter side of a logo, as the brands repository asks it.
_LOGO_SIDES: Final = range(128, 257)


def check(package: Package) -> list[Finding]:
    """Check names, sizes and transparency."""
    folder = package.folder / "brand"
    paths = sorted(folder.iterdir()) if folder.exists() else []
    if folder / "icon.png" not in paths:
        return [Finding("brand/icon.png", "", "is missing")]
    return [finding for path in paths for finding in _image(path)]


@dataclass(frozen=True, slots=True)
class _Header:
    width: int
    height: int
    colours: int


def _image(path: Path) -> Iterator[Finding]:
    file = f"brand/{path.name}"
    if path.name not in ALLOWED_IMAGES:
        yield Finding(file, "", "is none of the names that Home Assistant serves")
        return
    header = _read(path)
    if header is None:
        yield Finding(file, "", "is no PNG image")
        return
    scale = 2 if "@2x" in path.name else 1
    sides = {header.width, header.height}
    if "icon" in path.name and sides != {_ICON_SIDE * scale}:
        yield Finding(file, "size", f"must be {_ICON_SIDE * scale} by {_ICON_SIDE * scale}")
    if "logo" in path.name and (min(sides) % scale or min(sides) // scale not in _LOGO_SIDES):
        yield Finding(file, "size", "must have a shorter side of 128 to 256 pixels, twice at @2x")
    if header.colours not in _WITH_ALPHA:
        yield Finding(file, "alpha", "must be transparent around the drawing")


def _read(path: Path) -> _Header | None:
    """Return what the image's first chunk says of it."""
    start = path.read_bytes()[:26]
    if len(start) < 26 or not start.startswith(_SIGNATURE) or start[12:16] != b"IHDR":
        return None
    width, height, _, colours = struct.unpack(">IIBB", start[16:26])
    return _Header(width, height, colours)
