"""What the owner is asked where the energy dashboard counts energy twice."""

from typing import TYPE_CHECKING, Any, Final

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

from .energy_dashboard import async_beside, async_replace, key_of
from .membership import DepinConfigEntry

if TYPE_CHECKING:
    from homeassistant.components.energy.data import GridSourceType

_REPLACED: Final = "replaced"


class DashboardFlow(RepairsFlow):
    """Lets the owner choose what the home's own series replace on the energy dashboard."""

    def __init__(self, entry: DepinConfigEntry) -> None:
        """Ask about an entry."""
        self._entry = entry

    async def async_step_init(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - the flow's interface
    ) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_replace()

    async def async_step_replace(
        self, user_input: dict[str, Any] | None = None
    ) -> RepairsFlowResult:
        """Show what else counts energy of the grid, and replace what was chosen."""
        errors = {}
        if user_input is not None:
            if user_input[_REPLACED]:
                await async_replace(self.hass, self._entry, user_input[_REPLACED])
                return self.async_create_entry(data={})
            errors[_REPLACED] = "none_chosen"
        options = [
            SelectOptionDict(value=key_of(source), label=self._label(source))
            for source in await async_beside(self.hass)
        ]
        chosen = SelectSelector(
            SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.LIST)
        )
        default = [options[0]["value"]] if len(options) == 1 else []
        return self.async_show_form(
            step_id="replace",
            data_schema=vol.Schema({vol.Required(_REPLACED, default=default): chosen}),
            description_placeholders={"coop": self._entry.title},
            errors=errors,
        )

    def _label(self, source: GridSourceType) -> str:
        key = key_of(source)
        state = self.hass.states.get(key)
        name = source.get("name") or (state.name if state is not None else None)
        return f"{name} ({key})" if name else key
