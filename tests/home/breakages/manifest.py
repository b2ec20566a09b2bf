"""Ways to break manifest.json."""

from typing import Any, Final

from .copy import Breakage, edited, removed

_FILE: Final = "manifest.json"


def _without(key: str) -> Breakage:
    return edited(f"no {key}", _FILE, lambda manifest: manifest.pop(key), key)


def _with(what: str, where: str, **changes: object) -> Breakage:
    return edited(what, _FILE, lambda manifest: _put(manifest, changes), where)


def _put(manifest: dict[str, Any], changes: dict[str, object]) -> None:
    """Change keys and keep the order that hassfest asks for."""
    changed = {**manifest, **changes}
    first = {key: changed.pop(key) for key in ("domain", "name")}
    manifest.clear()
    manifest.update(first, **dict(sorted(changed.items())))


def _reverse(manifest: dict[str, Any]) -> None:
    keys = reversed(list(manifest.items()))
    manifest_reversed = dict(keys)
    manifest.clear()
    manifest.update(manifest_reversed)


def _requires(text: str) -> Breakage:
    return edited(
        f"requires {text}",
        _FILE,
        lambda manifest: manifest["requirements"].append(text),
        "requirements",
    )


def _requires_of_numpy(what: str, *texts: str) -> Breakage:
    """Put other requirements in the place of numpy's."""

    def change(manifest: dict[str, Any]) -> None:
        others = [one for one in manifest["requirements"] if not one.startswith("numpy")]
        manifest["requirements"] = [*others, *texts]

    return edited(what, _FILE, change, "requirements")


BREAKAGES: Final = (
    _without("documentation"),
    _without("codeowners"),
    _without("iot_class"),
    _without("version"),
    _without("issue_tracker"),
    _without("integration_type"),
    _with("another domain", "domain", domain="street"),
    _with("the name of a core integration", "name", name="Tibber"),
    _with("plain http", "documentation", documentation="http://street.example"),
    _with(
        "core's documentation",
        "documentation",
        documentation="https://www.home-assistant.io/integrations/depin",
    ),
    _with("an owner without @", "codeowners.0", codeowners=["somebody"]),
    _with("no owner", "codeowners", codeowners=[]),
    _with("an unknown class", "iot_class", iot_class="push"),
    _with("an unknown type", "integration_type", integration_type="virtual"),
    _with("a version that cannot be ordered", "version", version="first"),
    _with("an unknown key", "categories", categories=["energy"]),
    _with("a grade of its own", "quality_scale", quality_scale="platinum"),
    _with("flow not declared", "config_flow", config_flow=False),
    _with("a text for a truth value", "config_flow", config_flow="yes"),
    _with("modbus before us", "dependencies", dependencies=["modbus"]),
    edited(
        "modbus after us",
        _FILE,
        lambda manifest: manifest["after_dependencies"].append("modbus"),
        "after_dependencies",
    ),
    _with("an unknown dependency", "dependencies", dependencies=["street"]),
    _with("capitals in a discovery", "zeroconf.0", zeroconf=["_Depin._tcp.local."]),
    _with("a MAC in small letters", "dhcp.0.macaddress", dhcp=[{"macaddress": "aabb*"}]),
    _with("a flat preview", "preview_features.x", preview_features={"x": "y"}),
    _with("no name", "name", name=""),
    _with("blanks in an address", "documentation", documentation="https://street.example/a b"),
    _with("what brings modbus", "dependencies", dependencies=["solaredge_modbus"]),
    _with("a service of no type", "zeroconf.0", zeroconf=["depin"]),
    _with("a discovery without a step", "zeroconf", zeroconf=["_depin._tcp.local."]),
    _with("a device that is not described", "dhcp.0", dhcp=[{}]),
    _with("an unknown USB key", "usb.0.foo", usb=[{"foo": 1}]),
    _with("an unknown Bluetooth key", "bluetooth.0.foo", bluetooth=[{"foo": 1}]),
    _with("a number in a discovery", "ssdp.0.st", ssdp=[{"st": 5}]),
    _with("a number required", "requirements.0", requirements=[5]),
    removed(_FILE),
    Breakage("a list", lambda copy: copy.path(_FILE).write_text("[]"), _FILE),
    Breakage(
        "a key twice",
        lambda copy: copy.replace(_FILE, '"domain": "depin"', '"domain": "a", "domain": "depin"'),
        _FILE,
    ),
    edited("keys out of order", _FILE, _reverse),
    _requires("PyNaCl==1.6.2"),
    _requires("numpy>=99"),
    _requires("numpy"),
    _requires("msgspec==0.*"),
    _requires("aiomqtt>=2.0"),
    _requires_of_numpy("numpy older than any", "numpy>=1.0"),
    _requires_of_numpy("a marker", "numpy>=2.3.2;os_name=='a'"),
    _requires_of_numpy("one twice", "numpy>=2.3.2", "numpy>=2.3.2"),
    _requires("paho-mqtt>=2.1.0,<3"),
    _requires("pymodbus>=3.0"),
    _requires("tmodbus==1.1.0"),
    _requires("modbus_connection[tmodbus]>=4"),
    _requires("msgspec>=0.1"),
    _requires("msgspec == 0.22.0"),
    _requires("=1"),
)
