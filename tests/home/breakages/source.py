"""Ways to break the Python files."""

from collections.abc import Callable
from typing import Final

from .copy import Breakage, Copy, appended, removed


def _nameless_discovery(copy: Copy) -> None:
    copy.append("config_flow.py", "async def async_step_zeroconf(): ...")
    copy.replace("config_flow.py", "async_set_unique_id", "async_forget")


def _siren(file: str) -> Callable[[Copy], None]:
    """Add a platform, and list it."""

    def damage(copy: Copy) -> None:
        copy.append(file, "")
        copy.replace("__init__.py", "PLATFORMS: Final = [", "PLATFORMS: Final = [Platform.SIREN, ")

    return damage


_ENGLISH: Final = "translations/en.json"

BREAKAGES: Final = (
    appended(
        "an undeclared component",
        "sensor.py",
        "from homeassistant.components import history",
        "homeassistant.components.history",
    ),
    appended(
        "an undeclared component, by its whole name",
        "sensor.py",
        "import homeassistant.components.history",
        "homeassistant.components.history",
    ),
    appended(
        "modbus imported",
        "sensor.py",
        "from homeassistant.components.modbus import async_get_unit",
        "homeassistant.components.modbus.async_get_unit",
    ),
    appended("an undeclared library", "market.py", "import msgspec", "msgspec"),
    appended(
        "ourselves by the long name",
        "market.py",
        "import custom_components.depin",
        "custom_components.depin",
    ),
    Breakage(
        "set-up without a schema",
        lambda copy: copy.replace("__init__.py", "CONFIG_SCHEMA", "SCHEMA"),
        "__init__.py",
        "CONFIG_SCHEMA",
    ),
    appended(
        "actions without descriptions",
        "__init__.py",
        'def act(hass): hass.services.async_register("depin", "sell", print)',
        "sell",
        found_in="services.yaml",
    ),
    removed("triggers.yaml"),
    removed("conditions.yaml"),
    Breakage("a platform without a limit", _siren("siren.py"), "siren.py", "PARALLEL_UPDATES"),
    Breakage(
        "a folder for a platform, without a limit",
        _siren("siren/__init__.py"),
        "siren/__init__.py",
        "PARALLEL_UPDATES",
    ),
    appended(
        "a platform that is not listed",
        "siren.py",
        "PARALLEL_UPDATES = 0",
        "PLATFORMS.siren",
        "__init__.py",
    ),
    Breakage(
        "a list without a platform",
        lambda copy: copy.replace("__init__.py", "    Platform.SENSOR,\n", ""),
        "__init__.py",
        "PLATFORMS.sensor",
    ),
    Breakage(
        "another domain in the code",
        lambda copy: copy.replace("const.py", '"depin"', '"street"'),
        "const.py",
        "DOMAIN",
    ),
    Breakage(
        "a flow of another domain",
        lambda copy: copy.replace("config_flow.py", "domain=DOMAIN", 'domain="street"'),
        "config_flow.py",
        "domain",
    ),
    appended(
        "a relative import that leaves us",
        "market.py",
        "from ..street import price",
        "custom_components.street",
    ),
    appended(
        "a module imported by its text",
        "market.py",
        'import importlib\nimportlib.import_module("homeassistant.components.history")',
        "homeassistant.components.history",
    ),
    appended(
        "a module imported by a computed text",
        "market.py",
        "import importlib\nimportlib.import_module(__name__)",
        "import_module",
    ),
    appended(
        "all components at once",
        "market.py",
        "from homeassistant import components",
        "homeassistant.components",
    ),
    appended(
        "actions by another name",
        "__init__.py",
        'def act(hass):\n    does = hass.services\n    does.async_register(DOMAIN, "sell", 1)',
        "sell",
        found_in="services.yaml",
    ),
    appended(
        "words in an exception",
        "market.py",
        'def fail(): raise HomeAssistantError("boom")',
        "HomeAssistantError",
    ),
    appended(
        "an exception without a domain",
        "market.py",
        'def fail(): raise HomeAssistantError(translation_key="key_unreadable")',
        "HomeAssistantError",
    ),
    appended(
        "an entity of a class, without a name",
        "sensor.py",
        'class Price:\n    _attr_translation_key = "price"',
        "entity.sensor.price",
        _ENGLISH,
    ),
    *(
        appended(
            f"{code} without a text", "config_flow.py", f"def more(self): {code}", at, _ENGLISH
        )
        for code, at in (
            ('self.async_show_form(step_id="user", errors={"base": "late"})', "config.error.late"),
            ('raise AbortFlow("gone")', "config.abort.gone"),
            ('self.async_abort("gone")', "config.abort.gone"),
            ('self.async_abort(reason="gone")', "config.abort.gone"),
            (
                'self.async_show_menu(step_id="user", menu_options=["buy"])',
                "config.step.user.menu_options.buy",
            ),
            ('async_create_issue(self, DOMAIN, "x", translation_key="lost")', "issues.lost"),
        )
    ),
    *(removed(name) for name in ("__init__.py", "const.py", "entity.py", "config_flow.py")),
    Breakage(
        "a platform that lost its limit",
        lambda copy: copy.replace("sensor.py", "PARALLEL_UPDATES", "LIMIT"),
        "sensor.py",
        "PARALLEL_UPDATES",
    ),
    Breakage(
        "a discovery that names nothing",
        _nameless_discovery,
        "config_flow.py",
        "async_step_zeroconf",
    ),
    appended("a module that core would load", "energy.py", ""),
    appended("a folder that core would load", "recorder/__init__.py", "", found_in="recorder"),
    appended("old texts", "strings.json", "{}"),
    appended("a slip of the pen", "market.py", "def ("),
    appended(
        "an entity without a name",
        "sensor.py",
        'PRICE = SensorEntityDescription(key="price", translation_key="price")',
        "entity.sensor.price",
        found_in="translations/en.json",
    ),
    appended(
        "an error without a text",
        "config_flow.py",
        'def fail(errors): errors["base"] = "too_late"',
        "config.error.too_late",
        found_in="translations/en.json",
    ),
    appended(
        "an exception without a text",
        "market.py",
        'def fail(): raise ValueError(translation_key="closed")',
        "exceptions.closed",
        found_in="translations/en.json",
    ),
)
