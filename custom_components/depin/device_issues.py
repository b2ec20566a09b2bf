"""What the owner is told of devices goes with them."""

from collections.abc import Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN


@callback
def async_withdraw_device_issues(hass: HomeAssistant, devices: Iterable[str]) -> None:
    """Take back all that was said of devices, by the ids of their subentries."""
    names = tuple(devices)
    for domain, issue in list(ir.async_get(hass).issues):
        if domain == DOMAIN and any(name in issue for name in names):
            ir.async_delete_issue(hass, domain, issue)
