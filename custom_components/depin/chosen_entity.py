"""The entity that an owner chose in a form."""

from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .sources.entity_source import says_nothing


def choose(hass: HomeAssistant, entity_id: str) -> tuple[str, State] | str:
    """Return an entity's registry id and state, or why nothing can be made of it."""
    entry = er.async_get(hass).async_get(entity_id)
    if entry is None:
        # What has no id of its own cannot be followed when it is renamed.
        return "not_registered"
    if entry.platform == DOMAIN:
        return "own_entity"
    state = hass.states.get(entity_id)
    if state is None or says_nothing(state):
        return "no_state"
    return entry.id, state
