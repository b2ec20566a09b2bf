"""Steps of the flow for who was in a co-op before: come back, or be forgotten for good."""

from datetime import timedelta
from typing import Any

import voluptuous as vol
from homeassistant.config_entries import (
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryData,
)
from homeassistant.const import CONF_ADDRESS
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig
from homeassistant.util import dt as dt_util

from .const import CONF_COOP, CONF_MEMBER, CONF_NODE_KEY
from .left_memberships import KEPT, LeftMembership, async_forget, async_left
from .protocol.encoding import to_text
from .protocol.invite import Invite


class ReturnSteps(ConfigFlow):
    """What an owner does about memberships whose entries were removed."""

    _again: Invite | None = None
    """A new invite into a co-op that the home was in."""

    async def async_step_returning(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - the step's interface
    ) -> ConfigFlowResult:
        """Ask what is to be done, where the home was in a co-op before."""
        return self.async_show_menu(
            step_id="returning", menu_options=["invite", "resume", "forget"]
        )

    async def async_step_back(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - the step's interface
    ) -> ConfigFlowResult:
        """Offer to come back to the co-op of an invite, rather than to join it anew."""
        return self.async_show_menu(step_id="back", menu_options=["resume", "confirm"])

    async def async_step_resume(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take up a membership where it was left, with its devices."""
        left = await self._async_left()
        if not left:
            return self.async_abort(reason="forgotten")
        if user_input is None:
            return self.async_show_form(step_id="resume", data_schema=_form(left))
        (chosen,) = [one for one in left if one.member == user_input[CONF_MEMBER]]
        data = dict(chosen.data)
        if self._again is not None:
            data |= {
                CONF_ADDRESS: self._again.address,
                CONF_NODE_KEY: to_text(self._again.node_key),
            }
        await self.async_set_unique_id(f"{chosen.coop}_{chosen.member}")
        self._async_abort_entries_match({CONF_COOP: chosen.coop})
        return self.async_create_entry(
            title=chosen.title,
            data=data,
            options=chosen.options,
            subentries=[
                ConfigSubentryData(
                    data=device["data"],
                    subentry_type=device["subentry_type"],
                    title=device["title"],
                    unique_id=device["unique_id"],
                )
                for device in chosen.devices
            ],
        )

    async def async_step_forget(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Erase a membership's key and all that it said."""
        left = await self._async_left()
        if user_input is None and left:
            return self.async_show_form(step_id="forget", data_schema=_form(left))
        if user_input is not None:
            await async_forget(self.hass, user_input[CONF_MEMBER])
        return self.async_abort(reason="forgotten")

    async def _async_left(self) -> list[LeftMembership]:
        """Return the memberships that are meant: all, or those of the invite's co-op."""
        left = await async_left(self.hass)
        if self._again is None:
            return left
        return [one for one in left if one.coop == self._again.coop]


def _form(left: list[LeftMembership]) -> vol.Schema:
    options = [
        SelectOptionDict(value=one.member, label=f"{one.title} (… {_until(one)})") for one in left
    ]
    chooser = SelectSelector(SelectSelectorConfig(options=options))
    first = options[-1]["value"]
    return vol.Schema({vol.Required(CONF_MEMBER, default=first): chooser})


def _until(left: LeftMembership) -> str:
    """Say until when a membership is kept."""
    end = dt_util.utc_from_timestamp(left.left_at / 1000) + timedelta(milliseconds=KEPT)
    return dt_util.as_local(end).date().isoformat()
