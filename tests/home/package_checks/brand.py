"""brand/: the images that Home Assistant and HACS show."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from homeassistant.components.brands.const import ALLOWED_IMAGES
from PIL import Image

from .package import Finding, Package

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


def _image(path: Path) -> Iterator[Finding]:
    file = f"brand/{path.name}"
    if path.name not in ALLOWED_IMAGES:
        yield Finding(file, "", "is none of the names that Home Assistant serves")
        return
    image = _read(path)
    if image is None:
        yield Finding(file, "", "is no whole PNG image")
        return
    scale = 2 if "@2x" in path.name else 1
    sides = set(image.size)
    if "icon" in path.name and sides != {_ICON_SIDE * scale}:
        yield Finding(file, "size", f"must be {_ICON_SIDE * scale} by {_ICON_SIDE * scale}")
    if "logo" in path.name and (min(sides) % scale or min(sides) // scale not in _LOGO_SIDES):
        yield Finding(file, "size", "must have a shorter side of 128 to 256 pixels, twice at @2x")
    elif scale == 2 and not _is_twice(image, path):
        yield Finding(file, "size", "must be twice the image of single density")
    if "A" not in image.getbands() or image.getchannel("A").getextrema() != (0, 255):
        yield Finding(file, "alpha", "must be transparent around the drawing")


def _is_twice(image: Image.Image, path: Path) -> bool:
    single = _read(path.with_name(path.name.replace("@2x", "")))
    return single is None or image.size == (2 * single.width, 2 * single.height)


def _read(path: Path) -> Image.Image | None:
    """Decode an image to its last pixel."""
    try:
        with Image.open(path, formats=["PNG"]) as image:
            image.verify()
        with Image.open(path, formats=["PNG"]) as image:
            image.load()
            return image
    except OSError, SyntaxError:
        return None
