"""Troubles that the owner mends in a form: a new address, a new invite, another entity, a clock."""

from abc import ABC, abstractmethod
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigSubentry
from homeassistant.const import CONF_ADDRESS, CONF_ENTITY_ID
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
    TextSelector,
)

from .chosen_entity import choose
from .const import (
    CONF_COOP,
    CONF_ENTITIES,
    CONF_INVITE,
    CONF_INVITE_CODE,
    CONF_NODE_KEY,
    SUBENTRY_SENSOR,
)
from .membership import DepinConfigEntry
from .node import Node, NodeAwayError, NodeError, NodeRefusedError
from .node_watch import clocks_differ
from .pasted_invite import INVITE_FORM, read_pasted
from .protocol.encoding import to_text
from .protocol.invite import is_address
from .sources.entity_source import entity_problem
from .sources.observable import observation_problem

_ADDRESS_FORM: Final = vol.Schema({vol.Required(CONF_ADDRESS): TextSelector()})
_ENTITY_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_ENTITY_ID): EntitySelector(
            EntitySelectorConfig(filter=EntityWithDeviceFilterSelectorConfig(domain="sensor"))
        )
    }
)
_CLOCK_FORM: Final = vol.Schema({})


class _FormFlow(RepairsFlow, ABC):
    """One form, asked until what is in it mends the trouble."""

    _form: vol.Schema = _CLOCK_FORM

    def __init__(self, entry: DepinConfigEntry) -> None:
        """Mend something of an entry."""
        self._entry = entry

    async def async_step_init(
        self,
        user_input: dict[str, Any] | None = None,  # noqa: ARG002 - the step's interface
    ) -> RepairsFlowResult:
        """Begin with what is known."""
        return await self.async_step_mend()

    async def async_step_mend(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Ask, and ask again as long as something is wrong."""
        errors: dict[str, str] = {}
        if user_input is not None:
            errors = await self._async_mend(user_input)
            if not errors:
                return self.async_create_entry(data={})
        issue = ir.async_get(self.hass).async_get_issue(self.handler, self.issue_id)
        return self.async_show_form(
            step_id="mend",
            data_schema=self.add_suggested_values_to_schema(self._form, user_input or self._known),
            errors=errors,
            description_placeholders=None if issue is None else issue.translation_placeholders,
        )

    @property
    def _known(self) -> dict[str, Any]:
        """What stands in the form at first."""
        return {}

    @abstractmethod
    async def _async_mend(self, given: dict[str, Any]) -> dict[str, str]:
        """Mend it, or say by field what is wrong."""

    def _node(self, address: str) -> Node:
        return Node(async_get_clientsession(self.hass), address, self._entry.data[CONF_COOP])

    def _keep(self, **changes: str) -> None:
        """Begin anew with what has changed of the entry."""
        data = {**self._entry.data, **changes}
        self.hass.config_entries.async_update_entry(self._entry, data=data)
        self.hass.config_entries.async_schedule_reload(self._entry.entry_id)


class NodeMovedFlow(_FormFlow):
    """Lets the owner say where the node is now; only the same node is taken."""

    _form = _ADDRESS_FORM

    @property
    @override
    def _known(self) -> dict[str, Any]:
        return {CONF_ADDRESS: self._entry.data[CONF_ADDRESS]}

    @override
    async def _async_mend(self, given: dict[str, Any]) -> dict[str, str]:
        address = given[CONF_ADDRESS].strip().rstrip("/")
        if not is_address(address):
            return {CONF_ADDRESS: "no_address"}
        try:
            described = await self._node(address).describe()
        except NodeAwayError:
            return {CONF_ADDRESS: "node_away"}
        except NodeRefusedError:
            return {CONF_ADDRESS: "coop_unknown"}
        except NodeError:
            return {CONF_ADDRESS: "no_node"}
        if to_text(described.node_key) != self._entry.data[CONF_NODE_KEY]:
            return {CONF_ADDRESS: "node_key_differs"}
        self._keep(**{CONF_ADDRESS: address})
        return {}


class NewInviteFlow(_FormFlow):
    """Lets the owner go on joining with another invite of the same co-op."""

    _form = INVITE_FORM

    @override
    async def _async_mend(self, given: dict[str, Any]) -> dict[str, str]:
        errors: dict[str, str] = {}
        invite = read_pasted(given[CONF_INVITE], errors)
        if invite is None:
            return errors
        if invite.coop != self._entry.data[CONF_COOP]:
            return {CONF_INVITE: "another_coop"}
        self._keep(
            **{
                CONF_ADDRESS: invite.address,
                CONF_NODE_KEY: to_text(invite.node_key),
                CONF_INVITE_CODE: to_text(invite.code),
            }
        )
        return {}


class ClockFlow(_FormFlow):
    """Lets the owner say that the clock was set, and looks."""

    @override
    async def _async_mend(self, given: dict[str, Any]) -> dict[str, str]:
        node = self._node(self._entry.data[CONF_ADDRESS])
        try:
            await node.describe()
        except NodeError:
            return {"base": "node_away"}
        return {"base": "clock_still_wrong"} if clocks_differ(node) else {}


class AnotherEntityFlow(_FormFlow):
    """Lets the owner choose the entity that takes the place of one that is gone."""

    _form = _ENTITY_FORM

    def __init__(self, entry: DepinConfigEntry, subentry: ConfigSubentry, point: str) -> None:
        """Mend one point of a device, or a contributed sensor."""
        super().__init__(entry)
        self._subentry = subentry
        self._point = point

    @override
    async def _async_mend(self, given: dict[str, Any]) -> dict[str, str]:
        chosen = choose(self.hass, given[CONF_ENTITY_ID])
        if isinstance(chosen, str):
            return {CONF_ENTITY_ID: chosen}
        registry_id, state = chosen
        is_sensor = self._subentry.subentry_type == SUBENTRY_SENSOR
        unfit = observation_problem if is_sensor else entity_problem
        problem = unfit(self._point, state)
        if problem is not None:
            return {CONF_ENTITY_ID: problem}
        data = dict(self._subentry.data)
        if registry_id in [
            data[CONF_ENTITIES][name] for name in data[CONF_ENTITIES] if name != self._point
        ]:
            return {CONF_ENTITY_ID: "same_entity"}
        data[CONF_ENTITIES] = {**data[CONF_ENTITIES], self._point: registry_id}
        self.hass.config_entries.async_update_subentry(self._entry, self._subentry, data=data)
        return {}
