"""From a pasted invite to a membership."""

import time
from asyncio import Lock
from collections.abc import Mapping
from contextlib import suppress
from secrets import token_bytes
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
)
from homeassistant.const import CONF_ADDRESS, CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import BooleanSelector, TextSelector
from yarl import URL

from .const import (
    CONF_COOP,
    CONF_INVITE,
    CONF_INVITE_CODE,
    CONF_LOG_KEY,
    CONF_MEMBER,
    CONF_NODE_KEY,
    CONF_ON_PAPER,
    CONF_ORIGIN,
    CONF_PSEUDONYM_SALT,
    DOMAIN,
    SUBENTRY_ENTITIES,
)
from .home_key import make_key
from .joining import Invited
from .key_steps import KeySteps
from .key_store import StoredKeys, async_remove_keys, async_save_keys
from .left_memberships import async_left
from .node import (
    Joined,
    Node,
    NodeAwayError,
    NodeError,
    NodeRefusedError,
    StrangeAnswerError,
    UnprovenWordError,
)
from .pasted_invite import INVITE_FORM, read_pasted
from .protocol.encoding import to_text
from .protocol.identifiers import ID_LENGTH, member_id
from .protocol.invite import (
    Invite,
)
from .protocol.joining import JoinError
from .protocol.keys import fingerprint
from .protocol.problems import ProblemCode
from .return_steps import ReturnSteps
from .subentry_flows import SUBENTRY_FLOWS
from .terms import Terms, ask_terms
from .voice_steps import VoiceSteps

_SHOWN_OF_COOP: Final = 6
_JOIN_FORM: Final = vol.Schema(
    {
        vol.Required(CONF_NAME): TextSelector(),
        vol.Required(CONF_ON_PAPER, default=False): BooleanSelector(),
    }
)


class DepinConfigFlow(KeySteps, VoiceSteps, ReturnSteps, domain=DOMAIN):
    """Take an invite, show where it leads, make the home's key, join and remember all of it."""

    VERSION = 1

    _invite: Invite
    _host: str
    _name: str | None = None
    """What the co-op is called, if its node has said so."""
    _currency = ""
    _terms: Terms | None = None
    """What holds in the co-op, if its node has said so."""
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
        """Ask for the invite until it is whole; who was in a co-op before may come back."""
        if user_input is None and await async_left(self.hass):
            return await self.async_step_returning()
        return await self.async_step_invite(user_input)

    async def async_step_invite(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the invite until it is whole."""
        errors: dict[str, str] = {}
        if user_input is not None:
            invite = read_pasted(user_input[CONF_INVITE], errors)
            if invite is not None:
                self._invite = invite
                self._host = str(URL(invite.address).raw_host)
                self._async_abort_entries_match({CONF_COOP: self._invite.coop})
                await self._async_ask_who_it_is(errors)
                if not errors:
                    return await self._async_offer()
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(INVITE_FORM, user_input),
            errors=errors,
            description_placeholders={
                "currency": self._currency,
                "own_currency": self.hass.config.currency,
            },
        )

    async def _async_offer(self) -> ConfigFlowResult:
        """Offer to join, or to come back to a co-op that the home was in."""
        self._again = self._invite
        if await self._async_left():
            return await self.async_step_back()
        return await self.async_step_confirm()

    async def _async_ask_who_it_is(self, errors: dict[str, str]) -> None:
        """Ask the node what the co-op is called; a node that is away may answer later."""
        self._name = self._terms = None
        node = self._node()
        try:
            described = await node.describe()
        except NodeRefusedError:
            errors["base"] = "coop_unknown"
        except StrangeAnswerError:
            errors["base"] = "no_node"
        except NodeAwayError:
            pass
        else:
            self._name = described.name
            self._currency = described.currency
            if described.node_key != self._invite.node_key:
                errors["base"] = "node_key_differs"
            elif described.currency != self.hass.config.currency:
                errors["base"] = "currency_differs"
            else:
                with suppress(NodeError):
                    self._terms = await ask_terms(node, described, time.time_ns() // 1_000_000)

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show whom the home is about to join, and ask what it is to be called there."""
        errors: dict[str, str] = {}
        if user_input is not None:
            async with self._pen:
                result = await self._async_accept(self._invite, user_input, errors)
            if result is not None:
                return result
        suggested = user_input or {CONF_NAME: self.hass.config.location_name}
        form = self.add_suggested_values_to_schema(_JOIN_FORM, suggested)
        told = self._terms
        if told is None:
            return self.async_show_form(
                step_id="confirm_untold",
                data_schema=form,
                errors=errors,
                description_placeholders={
                    "name": self._name or self._host,
                    "host": self._host,
                    "coop": self._invite.coop,
                    "fingerprint": fingerprint(self._invite.node_key),
                },
            )
        return self.async_show_form(
            step_id="confirm",
            data_schema=form,
            errors=errors,
            description_placeholders={
                "name": self._name or self._host,
                "host": self._host,
                "coop": self._invite.coop,
                "fingerprint": fingerprint(self._invite.node_key),
                "currency": told.currency,
                "minutes": told.minutes,
                "low": told.low,
                "high": told.high,
                "retail": told.retail,
                "feed_in": told.feed_in,
                "fees": told.fees,
                "pool_fees": told.pool_fees,
                "vat": told.vat,
                "credit": told.credit,
            },
        )

    async def async_step_confirm_untold(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask the same where the node has not said what holds in the co-op."""
        return await self.async_step_confirm(user_input)

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Lead on to the home's first device, unless it came back with its own."""
        entry = result["result"]
        if not entry.subentries:
            flow = await self.hass.config_entries.subentries.async_init(
                (entry.entry_id, SUBENTRY_ENTITIES), context={"source": SOURCE_USER}
            )
            result["next_flow"] = FlowType.CONFIG_SUBENTRIES_FLOW, flow["flow_id"]
        return result

    async def _async_accept(
        self, invite: Invite, chosen: Mapping[str, Any], errors: dict[str, str]
    ) -> ConfigFlowResult | None:
        """Make the key that names this home in the co-op, unless it has one there, and join.

        Where the node is away, the home joins when it is back.
        """
        # While the key is written, other flows into this co-op find it in progress.
        await self.async_set_unique_id(invite.coop)
        self._async_abort_entries_match({CONF_COOP: invite.coop})
        if self._member is not None:
            await async_remove_keys(self.hass, self._member)
        key = make_key()
        self._member = member = member_id(invite.coop, key.public)
        await async_save_keys(self.hass, member, StoredKeys((key,)))
        await self.async_set_unique_id(f"{invite.coop}_{member}")
        self._async_abort_entries_match({CONF_COOP: invite.coop})
        invited = Invited(invite.code, chosen[CONF_NAME], token_bytes(ID_LENGTH), invite.node_key)
        joined: Joined | None = None
        try:
            joined = await invited.join(self._node(), key)
        except JoinError:
            errors["base"] = "name_unfit"
        except UnprovenWordError:
            errors["base"] = "node_key_differs"
        except StrangeAnswerError:
            errors["base"] = "no_node"
        except NodeRefusedError as refused:
            _explain(refused, errors)
        except NodeAwayError:
            pass
        if errors:
            return None
        data = {
            CONF_COOP: invite.coop,
            CONF_MEMBER: member,
            CONF_ADDRESS: invite.address,
            CONF_NODE_KEY: to_text(invite.node_key),
            CONF_INVITE_CODE: to_text(invite.code),
            CONF_NAME: invited.name,
            CONF_ON_PAPER: chosen[CONF_ON_PAPER],
            CONF_PSEUDONYM_SALT: to_text(invited.pseudonym_salt),
        }
        if joined is not None:
            data |= {CONF_ORIGIN: joined.origin, CONF_LOG_KEY: joined.log_key}
        # Several co-ops may share a node that did not answer yet.
        unnamed = f"{self._host} {invite.coop[:_SHOWN_OF_COOP]}"
        return self.async_create_entry(title=self._name or unnamed, data=data)

    def _node(self) -> Node:
        session = async_get_clientsession(self.hass)
        return Node(session, self._invite.address, self._invite.coop)

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
                await async_remove_keys(self.hass, member)


def _explain(refused: NodeRefusedError, errors: dict[str, str]) -> None:
    """Say in the form why the node did not let the home join."""
    match refused.code:
        case "invite-unknown":
            errors["base"] = "invite_unknown"
        case "invite-used":
            errors["base"] = "invite_used"
        case "invite-expired":
            errors["base"] = "invite_expired"
        case ProblemCode.CLOCK_WRONG:
            errors["base"] = "clock_wrong"
        case "left":
            errors["base"] = "left"
        case _:
            errors["base"] = "join_refused"
