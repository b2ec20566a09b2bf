"""Serves the dashboard and its cards: plain modules that the browser loads with Home Assistant."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from homeassistant.components.http.server import StaticPathConfig
from homeassistant.core import HomeAssistant

from .const import DOMAIN

MODULES: Final = Path(__file__).parent / "dashboard"
_FIRST: Final = "depin.js"


async def async_serve_dashboard(hass: HomeAssistant) -> None:
    """Have each page of Home Assistant load the modules, where it has pages at all."""
    if "frontend" not in hass.config.components:
        return
    # Loaded where it is there, and heavy where it is not.
    from homeassistant.components.frontend import add_extra_js_url  # noqa: PLC0415

    # A module names the others by bare names: with an address for each content, none is stale.
    address = f"/{DOMAIN}_dashboard/{await hass.async_add_executor_job(_content)}"
    await hass.http.async_register_static_paths([StaticPathConfig(address, str(MODULES))])
    add_extra_js_url(hass, f"{address}/{_FIRST}")


def _content() -> str:
    """Return a name for what all modules hold."""
    whole = sha256()
    for module in sorted(MODULES.rglob("*.js")):
        whole.update(f"{module.relative_to(MODULES).as_posix()}\n".encode() + module.read_bytes())
    return whole.hexdigest()[:16]
