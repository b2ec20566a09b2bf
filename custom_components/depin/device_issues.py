"""What the owner is told of what is read goes with what it is said of."""

from collections.abc import Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN


@callback
def async_withdraw_device_issues(hass: HomeAssistant, ids: Iterable[str]) -> None:
    """Take back all that was said of devices, or of all of a co-op, by ids of their entries."""
    names = tuple(ids)
    for domain, issue in list(ir.async_get(hass).issues):
        if domain == DOMAIN and any(name in issue for name in names):
            ir.async_delete_issue(hass, domain, issue)
