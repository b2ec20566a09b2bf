"""From a pasted invite to a membership."""

from asyncio import Lock
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
)
from homeassistant.const import CONF_ADDRESS
from homeassistant.core import callback
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig
from yarl import URL

from .attestation import async_remove_key, async_save_key, make_key
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
    NoInviteError,
    parse_invite,
)
from .protocol.keys import fingerprint
from .subentry_flows import SUBENTRY_FLOWS

_SHOWN_OF_COOP: Final = 6
_INVITE_FORM: Final = vol.Schema(
    {vol.Required(CONF_INVITE): TextSelector(TextSelectorConfig(multiline=True))}
)


class DepinConfigFlow(ConfigFlow, domain=DOMAIN):
    """Take an invite, show where it leads, make the home's key and remember both."""

    VERSION = 1

    _invite: Invite
    _host: str
    _member: str | None = None
    """Whom this flow has made a key for."""

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Let devices of each kind be added."""
        return dict(SUBENTRY_FLOWS)

    def __init__(self) -> None:
        """Begin with the pen free: one key is written or erased at a time."""
        self._pen = Lock()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the invite until it is whole."""
        errors: dict[str, str] = {}
        if user_input is not None:
            try:
                self._invite = parse_invite(user_input[CONF_INVITE])
                self._host = str(URL(self._invite.address).raw_host)
            except NoInviteError:
                errors[CONF_INVITE] = "no_invite"
            except DamagedInviteError:
                errors[CONF_INVITE] = "invite_damaged"
            # Of yarl too: for an address that has the form of one, with a port that none can have.
            except ValueError:
                errors[CONF_INVITE] = "invite_unusable"
            else:
                self._async_abort_entries_match({CONF_COOP: self._invite.coop})
                return await self.async_step_confirm()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(_INVITE_FORM, user_input),
            errors=errors,
        )

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show whom the home is about to join."""
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                description_placeholders={
                    "host": self._host,
                    "coop": self._invite.coop,
                    "fingerprint": fingerprint(self._invite.node_key),
                },
            )
        async with self._pen:
            return await self._async_accept(self._invite)

    async def _async_accept(self, invite: Invite) -> ConfigFlowResult:
        """Make the key that names this home in the co-op, unless it has one there already."""
        # While the key is written, other flows into this co-op find it in progress.
        await self.async_set_unique_id(invite.coop)
        self._async_abort_entries_match({CONF_COOP: invite.coop})
        key = make_key()
        self._member = member = member_id(invite.coop, key.public)
        await async_save_key(self.hass, member, key)
        await self.async_set_unique_id(f"{invite.coop}_{member}")
        self._async_abort_entries_match({CONF_COOP: invite.coop})
        return self.async_create_entry(
            # Several co-ops may share a node, which has not told their names yet.
            title=f"{self._host} {invite.coop[:_SHOWN_OF_COOP]}",
            data={
                CONF_COOP: invite.coop,
                CONF_MEMBER: member,
                CONF_ADDRESS: invite.address,
                CONF_NODE_KEY: to_text(invite.node_key),
                CONF_INVITE_CODE: to_text(invite.code),
            },
        )

    @override
    @callback
    def async_remove(self) -> None:
        """Keep no key when the flow ends, however it does, without a membership."""
        if self._member:
            self.hass.async_create_task(self._async_erase_unused(self._member))

    async def _async_erase_unused(self, member: str) -> None:
        async with self._pen:
            entries = self.hass.config_entries.async_entries(DOMAIN)
            if all(entry.data[CONF_MEMBER] != member for entry in entries):
                await async_remove_key(self.hass, member)
