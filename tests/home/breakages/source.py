"""Ways to break the Python files."""

from typing import Final

from .copy import Breakage, Copy, appended


def _nameless_discovery(copy: Copy) -> None:
    copy.append("config_flow.py", "async def async_step_zeroconf(): ...")
    copy.replace("config_flow.py", "async_set_unique_id", "async_forget")


BREAKAGES: Final = (
    appended(
        "an undeclared component",
        "sensor.py",
        "from homeassistant.components import recorder",
        "homeassistant.components.recorder",
    ),
    appended(
        "an undeclared component, by its whole name",
        "sensor.py",
        "import homeassistant.components.http",
        "homeassistant.components.http",
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
    appended(
        "set-up without a schema",
        "__init__.py",
        "async def async_setup(hass, config): ...",
        "CONFIG_SCHEMA",
    ),
    appended(
        "actions without descriptions",
        "__init__.py",
        'def act(hass): hass.services.async_register("depin", "sell", print)',
        found_in="services.yaml",
    ),
    appended(
        "triggers without descriptions",
        "trigger.py",
        "async def async_get_triggers(hass): ...",
        found_in="triggers.yaml",
    ),
    appended(
        "conditions without descriptions",
        "condition.py",
        "async def async_get_conditions(hass): ...",
        found_in="conditions.yaml",
    ),
    appended("a platform without a limit", "switch.py", "", "PARALLEL_UPDATES"),
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
