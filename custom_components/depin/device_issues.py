"""What the owner is told of what is read goes with what it is said of."""

from collections.abc import Iterable
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN

_WHILE_IT_IS_SO: Final = ("counters_unheard_", "entity_set_back_", "values_held_")


@callback
def async_withdraw_device_issues(hass: HomeAssistant, ids: Iterable[str]) -> None:
    """Take back all that was said of devices, or of all of a co-op, by ids of their entries."""
    names = tuple(ids)
    for domain, issue in list(ir.async_get(hass).issues):
        if domain == DOMAIN and any(name in issue for name in names):
            ir.async_delete_issue(hass, domain, issue)


@callback
def async_look_anew(hass: HomeAssistant, device: str) -> None:
    """Take back what is said of a device while it is so: whoever begins to read it says it anew."""
    for domain, issue in list(ir.async_get(hass).issues):
        if domain == DOMAIN and device in issue and issue.startswith(_WHILE_IT_IS_SO):
            ir.async_delete_issue(hass, domain, issue)
