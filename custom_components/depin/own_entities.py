"""Which of the entities that an automation is aimed at are this integration's, of one kind."""

from collections.abc import Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN


@callback
def async_of_kind(hass: HomeAssistant, kind: str, entity_ids: Iterable[str]) -> set[str]:
    """Return those of a kind, which is what their translations are named by."""
    registry = er.async_get(hass)
    found = {entity_id: registry.async_get(entity_id) for entity_id in entity_ids}
    return {
        entity_id
        for entity_id, entity in found.items()
        if entity is not None and (entity.platform, entity.translation_key) == (DOMAIN, kind)
    }
