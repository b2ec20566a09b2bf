"""Ways to break the quality scale, the brand images and what HACS reads."""

from typing import Any, Final

from PIL import Image

from .copy import Breakage, Copy, appended, edited, removed

_SCALE: Final = "quality_scale.yaml"


def _rule(what: str, rule: str, status: object, where: str) -> Breakage:
    def change(scale: dict[str, Any]) -> None:
        scale["rules"][rule] = status

    return edited(what, _SCALE, change, where)


def _unfounded(rule: str, function: str) -> Breakage:
    """Say that a rule is done, and take away the function that would show it."""

    def damage(copy: Copy) -> None:
        for file in copy.path("").rglob("*.py"):
            file.write_text(file.read_text().replace(f"def {function}(", "def nothing("))
        copy.edit(_SCALE, lambda scale: scale["rules"].update({rule: "done"}))

    return Breakage(f"no {rule}, and done", damage, _SCALE, f"rules.{rule}")


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
    _unfounded("diagnostics", "async_get_config_entry_diagnostics"),
    _unfounded("reauthentication-flow", "async_step_reauth"),
    _unfounded("reconfiguration-flow", "async_step_reconfigure"),
    _unfounded("repair-issues", "async_create_fix_flow"),
    _rule("blanks", "brands", {"status": "todo", "comment": " " * 12}, "rules.brands.comment"),
    Breakage(
        "a rule twice",
        lambda copy: copy.replace(_SCALE, "  brands: done", "  brands: done\n  brands: done"),
        _SCALE,
    ),
    Breakage("not YAML", lambda copy: copy.append(_SCALE, "rules: ["), _SCALE),
    removed(_SCALE),
)


def _image(name: str, width: int, height: int, around: str = "#00000000") -> Breakage:
    """Put a drawing of a given size in the place of one."""

    def damage(copy: Copy) -> None:
        image = Image.new("RGBA", (width, height), around)
        image.putpixel((0, 0), (0, 0, 0, 255))
        image.save(copy.path(f"brand/{name}"))
        if "@2x" not in name:
            # It would be found to be no longer twice the size.
            copy.path(f"brand/{name}".replace(".png", "@2x.png")).unlink()

    where = "size" if around == "#00000000" else "alpha"
    return Breakage(f"{name} of {width} by {height}", damage, f"brand/{name}", where)


def _cut(copy: Copy) -> None:
    path = copy.path("brand/icon.png")
    path.write_bytes(path.read_bytes()[:-12])


def _garble(copy: Copy) -> None:
    path = copy.path("brand/icon.png")
    path.write_bytes(path.read_bytes()[:60] + bytes(400) + path.read_bytes()[460:])


BRAND: Final = (
    removed("brand/icon.png"),
    _image("icon.png", 128, 128),
    _image("icon.png", 256, 255),
    _image("icon@2x.png", 256, 256),
    _image("dark_icon.png", 256, 256, "white"),
    _image("logo.png", 400, 100),
    _image("logo@2x.png", 838, 255),
    _image("dark_logo@2x.png", 1676, 514),
    _image("dark_logo@2x.png", 1600, 512),
    Breakage("an image without its end", _cut, "brand/icon.png"),
    Breakage("an image that is garbled", _garble, "brand/icon.png"),
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
    edited("no country", "hacs.json", lambda hacs: hacs.update(country="Atlantis"), "country"),
    edited(
        "a folder outside",
        "hacs.json",
        lambda hacs: hacs.update(persistent_directory="../.."),
        "persistent_directory",
    ),
    Breakage("a list", lambda copy: copy.path("hacs.json").write_text("[]"), "hacs.json"),
    Breakage("nothing to read", lambda copy: copy.path("README.md").write_text(" "), "README.md"),
    Breakage("another licence", lambda copy: copy.path("LICENSE").write_text("Mine."), "LICENSE"),
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

DASHBOARD: Final = (
    Breakage(
        "a module that is not there",
        lambda copy: copy.path("dashboard/table.js").unlink(),
        "dashboard/prices_card.js",
        "table.js",
    ),
    appended("a module that nobody wants", "dashboard/poem.js", "export const poem = 1;"),
    appended(
        "a module of another machine",
        "dashboard/table.js",
        'import("https://charts.example/chart.js");',
        "https://charts.example/chart.js",
    ),
)
