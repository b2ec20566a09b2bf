"""Steps of the reconfigure flow by which an owner lets voice assistants order."""

from typing import Any

import voluptuous as vol
from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.helpers.selector import BooleanSelector

from .const import CONF_VOICE_TRADING


class VoiceSteps(ConfigFlow):
    """What no automation may change: whether what is said aloud can cost money."""

    async def async_step_voice(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether voice assistants may order."""
        entry = self._get_reconfigure_entry()
        if user_input is not None:
            return self.async_update_and_abort(
                entry, options={**entry.options, **user_input}, reason="voice_decided"
            )
        allowed = entry.options.get(CONF_VOICE_TRADING, False)
        form = vol.Schema({vol.Required(CONF_VOICE_TRADING, default=allowed): BooleanSelector()})
        return self.async_show_form(step_id="voice", data_schema=form)
