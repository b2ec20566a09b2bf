"""What the owner can answer to troubles."""

from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .membership import DepinConfigEntry
from .troubles import Trouble


class CloneFlow(ConfirmRepairFlow):
    """Lets the owner say that this is the home that speaks from now on."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Ask about an entry."""
        self._delivery_of = hass, entry_id

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Take over once it is confirmed."""
        if user_input is not None:
            hass, entry_id = self._delivery_of
            entry: DepinConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
            is_loaded = entry is not None and entry.state is ConfigEntryState.LOADED
            delivery = entry.runtime_data.delivery if entry is not None and is_loaded else None
            if delivery is None:
                return self.async_abort(reason="not_loaded")
            delivery.take_over()
        return await super().async_step_confirm(user_input)


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,  # noqa: ARG001 - the platform's interface
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return what the owner is asked about a trouble."""
    if data is not None and data["trouble"] == Trouble.CLONE:
        return CloneFlow(hass, str(data["entry_id"]))
    return ConfirmRepairFlow()
