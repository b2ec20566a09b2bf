"""From a pasted invite to a membership."""

from typing import Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_ADDRESS
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
from yarl import URL

from .attestation import async_save_key, make_key
from .const import (
    CONF_COOP,
    CONF_INVITE,
    CONF_INVITE_CODE,
    CONF_MEMBER,
    CONF_NODE_KEY,
    DOMAIN,
)
from .protocol.encoding import to_text
from .protocol.identifiers import member_id
from .protocol.invite import (
    DamagedInviteError,
    Invite,
    InviteError,
    NoInviteError,
    parse_invite,
)

_INVITE_FORM: Final = vol.Schema(
    {vol.Required(CONF_INVITE): TextSelector(TextSelectorConfig(multiline=True))}
)


class DepinConfigFlow(ConfigFlow, domain=DOMAIN):
    """Take an invite, make the home's key and remember both."""

    VERSION = 1

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the invite until it is whole."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                invite = parse_invite(user_input[CONF_INVITE])
            except NoInviteError:
                errors[CONF_INVITE] = "no_invite"
            except DamagedInviteError:
                errors[CONF_INVITE] = "invite_damaged"
            except InviteError:
                errors[CONF_INVITE] = "invite_unusable"
            else:
                return await self._async_accept(invite)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_INVITE_FORM, user_input),
            errors=errors,
        )

    async def _async_accept(self, invite: Invite) -> ConfigFlowResult:
        """Make the key that names this home in the co-op, unless it has one there already."""
        self._async_abort_entries_match({CONF_COOP: invite.coop})
        key = make_key()
        member = member_id(invite.coop, key.public)
        await self.async_set_unique_id(f"{invite.coop}_{member}")
        await async_save_key(self.hass, member, key)
        return self.async_create_entry(
            title=URL(invite.address).host or invite.address,
            data={
                CONF_COOP: invite.coop,
                CONF_MEMBER: member,
                CONF_ADDRESS: invite.address,
                CONF_NODE_KEY: to_text(invite.node_key),
                CONF_INVITE_CODE: to_text(invite.code),
            },
        )
