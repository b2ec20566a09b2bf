"""Ways to break the quality scale, the brand images and what HACS reads."""

import struct
import zlib
from typing import Any, Final

from .copy import Breakage, Copy, edited, removed

_SCALE: Final = "quality_scale.yaml"


def _rule(what: str, rule: str, status: object, where: str) -> Breakage:
    def change(scale: dict[str, Any]) -> None:
        scale["rules"][rule] = status

    return edited(what, _SCALE, change, where)


QUALITY_SCALE: Final = (
    edited("a rule missing", _SCALE, lambda scale: scale["rules"].pop("brands"), "rules.brands"),
    _rule("a rule that does not exist", "docs-poems", "done", "rules.docs-poems"),
    _rule("an exemption without reason", "brands", "exempt", "rules.brands"),
    _rule("an empty reason", "brands", {"status": "exempt", "comment": ""}, "rules.brands.comment"),
    _rule(
        "half done",
        "brands",
        {"status": "half", "comment": "Only the icon."},
        "rules.brands.status",
    ),
    Breakage("not YAML", lambda copy: copy.append(_SCALE, "rules: ["), _SCALE),
    removed(_SCALE),
)


def _image(name: str, width: int, height: int, colours: int) -> Breakage:
    """Put an image of a given form in the place of one."""

    def damage(copy: Copy) -> None:
        header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, colours, 0, 0, 0)
        chunk = struct.pack(">I", len(header) - 4) + header
        check = struct.pack(">I", zlib.crc32(header))
        copy.path(f"brand/{name}").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + check)

    where = "alpha" if colours == 2 else "size"
    return Breakage(f"{name} of {width} by {height}", damage, f"brand/{name}", where)


BRAND: Final = (
    removed("brand/icon.png"),
    _image("icon.png", 128, 128, 6),
    _image("icon.png", 256, 255, 6),
    _image("icon@2x.png", 256, 256, 6),
    _image("dark_icon.png", 256, 256, 2),
    _image("logo.png", 400, 100, 6),
    _image("logo@2x.png", 838, 255, 6),
    _image("dark_logo@2x.png", 1676, 514, 6),
    Breakage(
        "an image that nobody asks for",
        lambda copy: copy.path("brand/icon.png").copy(copy.path("brand/banner.png")),
        "brand/banner.png",
    ),
    Breakage(
        "an image of another kind",
        lambda copy: copy.path("brand/logo.png").write_text("<svg/>"),
        "brand/logo.png",
    ),
)


def _second_integration(copy: Copy) -> None:
    second = copy.root / "custom_components" / "street"
    second.mkdir()
    (second / "manifest.json").write_text("{}")


HACS: Final = (
    removed("hacs.json"),
    removed("README.md"),
    removed("LICENSE"),
    Breakage("not JSON", lambda copy: copy.append("hacs.json", "}"), "hacs.json"),
    edited("no name", "hacs.json", lambda hacs: hacs.pop("name"), "name"),
    edited("an unknown key", "hacs.json", lambda hacs: hacs.update(domains=[]), "domains"),
    edited("an archive", "hacs.json", lambda hacs: hacs.update(zip_release=True), "zip_release"),
    edited(
        "an older Home Assistant",
        "hacs.json",
        lambda hacs: hacs.update(homeassistant="2024.1.0"),
        "homeassistant",
    ),
    edited(
        "no Home Assistant", "hacs.json", lambda hacs: hacs.pop("homeassistant"), "homeassistant"
    ),
    Breakage("two integrations", _second_integration, "custom_components"),
)
