"""Steps of the reconfigure flow, for administrators alone: the key, the node, and the room."""

from typing import Any, Final

import voluptuous as vol
from homeassistant.config_entries import ConfigEntryState, ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_ADDRESS, UnitOfInformation
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    TextSelector,
    TextSelectorConfig,
)

from .const import (
    CONF_COOP,
    CONF_INVITE,
    CONF_KEPT,
    CONF_LOG_KEY,
    CONF_MEMBER,
    CONF_NODE_KEY,
    CONF_SAMPLES_MIB,
)
from .home_key import (
    HomeKey,
    RecoveryError,
    RecoveryFile,
    key_of_phrase,
    make_key,
    phrase_of,
)
from .journal import JournalError
from .key_store import KeyUnreadableError, StoredKeys, async_load_keys, async_save_keys
from .membership import DepinConfigEntry, MembershipState
from .node import MemberNode, Node, NodeError, NodeRefusedError
from .pasted_invite import INVITE_FORM, read_pasted
from .protocol.encoding import to_text
from .protocol.identifiers import member_id
from .protocol.statements.membership import prove_possession
from .sample_store import DEFAULT_LIMIT

_SMALLEST_MIB: Final = 16
_LARGEST_MIB: Final = 16_384
_DEFAULT_MIB: Final = DEFAULT_LIMIT // 2**20
_RECOVERY_FORM: Final = vol.Schema(
    {vol.Required(CONF_KEPT): TextSelector(TextSelectorConfig(multiline=True))}
)


class _OlderKeyError(Exception):
    """The node knows this home by another key than this one of its own."""


class KeySteps(ConfigFlow):
    """What an owner does about a key: it never appears in a trace, an action or a log."""

    _replacement: HomeKey
    """What this flow made in the place of a lost key."""

    async def async_step_reconfigure(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - the step's interface
    ) -> ConfigFlowResult:
        """Ask what is to be done."""
        return self.async_show_menu(
            step_id="reconfigure",
            menu_options=[
                "show_key",
                "recover_key",
                "change_key",
                "replace_key",
                "node_moved",
                "samples",
                "voice",
            ],
        )

    async def async_step_show_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the key in the forms in which its owner can keep it."""
        if user_input is not None:
            return self.async_abort(reason="key_shown")
        entry: DepinConfigEntry = self._get_reconfigure_entry()
        coop, member = entry.data[CONF_COOP], entry.data[CONF_MEMBER]
        try:
            stored = await async_load_keys(self.hass, coop, member)
        except KeyUnreadableError:
            return self.async_abort(reason="no_key")
        is_loaded = entry.state is ConfigEntryState.LOADED
        # The newest may be one that the home did not come to change to.
        key = entry.runtime_data.key if is_loaded else stored.keys[0]
        return self.async_show_form(
            step_id="show_key",
            data_schema=vol.Schema({}),
            description_placeholders={
                "phrase": phrase_of(key),
                "file": RecoveryFile(coop, member, key).written(),
                "fingerprint": key.fingerprint,
            },
        )

    async def async_step_recover_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Bring a key back from what its owner kept."""
        errors: dict[str, str] = {}
        entry: DepinConfigEntry = self._get_reconfigure_entry()
        if user_input is not None:
            try:
                key = _kept_key(user_input[CONF_KEPT], entry.data[CONF_MEMBER])
                stored = await self._async_brought_back(key, entry)
            except RecoveryError:
                errors[CONF_KEPT] = "no_kept_key"
            except _OlderKeyError:
                errors["base"] = "older_key"
            except NodeRefusedError:
                errors["base"] = "key_of_somebody_else"
            except NodeError:
                errors["base"] = "node_away"
            else:
                await async_save_keys(self.hass, entry.data[CONF_MEMBER], stored)
                return self.async_update_reload_and_abort(entry, reason="key_recovered")
        return self.async_show_form(
            step_id="recover_key", data_schema=_RECOVERY_FORM, errors=errors
        )

    async def async_step_change_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Hand over to a new key."""
        entry: DepinConfigEntry = self._get_reconfigure_entry()
        if entry.state is not ConfigEntryState.LOADED:
            return self.async_abort(reason="no_key")
        if entry.runtime_data.state is not MembershipState.JOINED:
            return self.async_abort(reason="not_joined")
        if user_input is None:
            return self.async_show_form(step_id="change_key", data_schema=vol.Schema({}))
        if not await entry.runtime_data.attestation.async_is_key_settled():
            return self.async_abort(reason="key_unsettled")
        coop, member = entry.data[CONF_COOP], entry.data[CONF_MEMBER]
        try:
            stored = await async_load_keys(self.hass, coop, member)
            new = make_key()
            # On disk before anybody hears of it; what signs is what the outbox says.
            changed = StoredKeys((new, *stored.keys), stored.may_replace)
            await async_save_keys(self.hass, member, changed)
            await entry.runtime_data.attestation.async_change_key(new)
        except KeyUnreadableError, JournalError:
            return self.async_abort(reason="no_key")
        return self.async_update_reload_and_abort(entry, reason="key_changed")

    async def async_step_replace_key(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Make a key that the co-op can take in the place of a lost one."""
        entry: DepinConfigEntry = self._get_reconfigure_entry()
        if CONF_LOG_KEY not in entry.data:
            return self.async_abort(reason="not_joined")
        if user_input is None:
            return self.async_show_form(step_id="replace_key", data_schema=vol.Schema({}))
        self._replacement = new = make_key()
        there = await self._async_there(entry)
        await async_save_keys(
            self.hass, entry.data[CONF_MEMBER], StoredKeys((new, *there), may_replace=True)
        )
        # The home tries all its keys at the node, and goes on with this one when it counts.
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return await self.async_step_replacement()

    async def async_step_replacement(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what the co-op has to be told, and what the owner has to keep."""
        if user_input is not None:
            return self.async_abort(reason="key_awaited")
        data = self._get_reconfigure_entry().data
        coop, member, new = data[CONF_COOP], data[CONF_MEMBER], self._replacement
        return self.async_show_form(
            step_id="replacement",
            data_schema=vol.Schema({}),
            description_placeholders={
                "member": member,
                "key": to_text(new.public),
                "possession": to_text(prove_possession(new.seed, coop, member, new.public)),
                "phrase": phrase_of(new),
                "file": RecoveryFile(coop, member, new).written(),
            },
        )

    async def async_step_node_moved(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Follow a node to another address or key, as a newer invite of the same co-op says."""
        errors: dict[str, str] = {}
        entry: DepinConfigEntry = self._get_reconfigure_entry()
        if user_input is not None:
            invite = read_pasted(user_input[CONF_INVITE], errors)
            if invite is not None and invite.coop != entry.data[CONF_COOP]:
                errors[CONF_INVITE] = "another_coop"
            elif invite is not None:
                node = Node(async_get_clientsession(self.hass), invite.address, invite.coop)
                try:
                    described = await node.describe()
                except NodeError:
                    errors["base"] = "no_answer_there"
                else:
                    if described.node_key == invite.node_key:
                        moved = {
                            CONF_ADDRESS: invite.address,
                            CONF_NODE_KEY: to_text(invite.node_key),
                        }
                        return self.async_update_reload_and_abort(
                            entry, data_updates=moved, reason="node_followed"
                        )
                    errors["base"] = "node_key_differs"
        return self.async_show_form(
            step_id="node_moved",
            data_schema=self.add_suggested_values_to_schema(INVITE_FORM, user_input),
            errors=errors,
            description_placeholders={"address": entry.data[CONF_ADDRESS]},
        )

    async def async_step_samples(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask how much room fine samples may take."""
        entry: DepinConfigEntry = self._get_reconfigure_entry()
        if user_input is not None:
            options = {**entry.options, CONF_SAMPLES_MIB: int(user_input[CONF_SAMPLES_MIB])}
            return self.async_update_reload_and_abort(
                entry, options=options, reason="samples_limited"
            )
        form = vol.Schema(
            {
                vol.Required(
                    CONF_SAMPLES_MIB,
                    default=entry.options.get(CONF_SAMPLES_MIB, _DEFAULT_MIB),
                ): NumberSelector(
                    NumberSelectorConfig(
                        min=_SMALLEST_MIB,
                        max=_LARGEST_MIB,
                        step=1,
                        unit_of_measurement=UnitOfInformation.MEBIBYTES,
                    )
                )
            }
        )
        return self.async_show_form(step_id="samples", data_schema=form)

    async def _async_there(self, entry: DepinConfigEntry) -> tuple[HomeKey, ...]:
        """Return the keys that are here, if they can be read."""
        try:
            stored = await async_load_keys(
                self.hass, entry.data[CONF_COOP], entry.data[CONF_MEMBER]
            )
        except KeyUnreadableError:
            return ()
        return stored.keys

    async def _async_brought_back(self, key: HomeKey, entry: DepinConfigEntry) -> StoredKeys:
        """Put a key beside those that are here, once it is sure that it speaks for this home."""
        coop, member = entry.data[CONF_COOP], entry.data[CONF_MEMBER]
        is_first = member_id(coop, key.public) == member
        there = await self._async_there(entry)
        others = tuple(one for one in there if one != key)
        if is_first and not others and CONF_LOG_KEY not in entry.data:
            return StoredKeys((key,))
        session = async_get_clientsession(self.hass)
        node = MemberNode(Node(session, entry.data[CONF_ADDRESS], coop), member)
        try:
            await node.log_in(key.seed)
        except NodeRefusedError as error:
            if is_first or key in there:
                raise _OlderKeyError from error
            raise
        except NodeError:
            # A first key is the home's for sure; whether it still counts, the node will say.
            if others or not is_first:
                raise
        keys = (key, *others)
        return StoredKeys(keys, may_replace=member_id(coop, keys[-1].public) != member)


def _kept_key(text: str, member: str) -> HomeKey:
    if "{" not in text:
        return key_of_phrase(text)
    kept = RecoveryFile.read(text)
    if kept.member != member:
        msg = "the file is another member's"
        raise RecoveryError(msg)
    return kept.key
