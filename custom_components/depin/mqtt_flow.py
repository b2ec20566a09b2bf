"""Adding devices that send MQTT messages."""

import asyncio
import time
from typing import Any, Final, override

import voluptuous as vol
from homeassistant.config_entries import SubentryFlowResult
from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .const import CONF_BROKER, CONF_CERTIFICATE, CONF_PARAMETERS, CONF_PROFILE, CONF_TLS
from .device_flow import UNUSED, ProfileFlow, grid_fault, whole
from .devices.points import NO_POINTS, Role
from .sources.mqtt_source import BrokerError, MessageSource, async_encryption, async_listen

_OF_HOME_ASSISTANT: Final = "home_assistant"
_OWN: Final = "own"
_UNHEARD: Final = "unheard"
_BROKERS: Final = SelectSelector(
    SelectSelectorConfig(options=[_OF_HOME_ASSISTANT, _OWN], translation_key="broker")
)
LISTENED_S: Final = 15.0
"""How long a device has to say something while it is added."""


_LONGEST_TOPIC: Final = 65_535
_SHOWN_OF_TOPIC: Final = 80


def _can_be_a_topic(text: str) -> bool:
    """Tell whether a text is the name of one topic, not the pattern of many."""
    return not set(text) & set("+#\0") and 0 < len(text.encode()) <= _LONGEST_TOPIC


class MqttFlow(ProfileFlow):
    """Adds a device whose messages a profile describes, and listens until all of it was heard."""

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask which device it is, and whose broker carries its messages."""
        if user_input is not None:
            self._data[CONF_PROFILE] = user_input[CONF_PROFILE]
            return await self._async_broker(user_input[CONF_BROKER])
        there = "mqtt" in self.hass.config.components
        return self.async_show_form(
            step_id="user",
            data_schema=vol.Schema(
                {
                    vol.Required(CONF_PROFILE): await self._async_profiles({"mqtt"}),
                    vol.Required(
                        CONF_BROKER, default=_OF_HOME_ASSISTANT if there else _OWN
                    ): _BROKERS,
                }
            ),
        )

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Begin with whose broker it is."""
        if user_input is not None:
            return await self._async_broker(user_input[CONF_BROKER])
        self._data = dict(self._get_reconfigure_subentry().data)
        before = _OWN if self._data[CONF_BROKER] else _OF_HOME_ASSISTANT
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=vol.Schema({vol.Required(CONF_BROKER, default=before): _BROKERS}),
        )

    async def _async_broker(self, whose: str) -> SubentryFlowResult:
        if whose == _OWN:
            return await self.async_step_broker()
        self._data[CONF_BROKER] = None
        return await self.async_step_choices()

    async def async_step_broker(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for the owner's own broker."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._data[CONF_BROKER] = user_input
            try:
                await async_encryption(self.hass, user_input)
            except BrokerError:
                errors[CONF_CERTIFICATE] = "no_certificate"
            else:
                return await self.async_step_choices()
        form = vol.Schema(
            {
                vol.Required(CONF_HOST): TextSelector(),
                vol.Required(CONF_PORT, default=1883): whole(1, 0xFFFF),
                vol.Required(CONF_TLS, default=False): BooleanSelector(),
                vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
                vol.Optional(CONF_CERTIFICATE): TextSelector(TextSelectorConfig(multiline=True)),
                vol.Optional(CONF_USERNAME): TextSelector(),
                vol.Optional(CONF_PASSWORD): TextSelector(
                    TextSelectorConfig(type=TextSelectorType.PASSWORD)
                ),
            }
        )
        return self.async_show_form(
            step_id="broker",
            data_schema=self.add_suggested_values_to_schema(form, self._data.get(CONF_BROKER)),
            errors=errors,
        )

    @override
    async def _async_after_choices(self) -> SubentryFlowResult:
        return await self.async_step_topics()

    async def async_step_topics(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask for what differs in topics from home to home, until a message was heard."""
        errors: dict[str, str] = {}
        why = ""
        if user_input is not None:
            unheard = user_input.pop(_UNHEARD, False)
            self._data[CONF_PARAMETERS] = user_input
            problem, why = await self._async_probe()
            if problem is None or (problem == "nothing_heard" and unheard):
                self._abort_if_known()
                return await self.async_step_roles()
            errors["base"] = problem
        fields: dict[Any, Any] = {
            vol.Optional(name)
            if parameter.default is not None or parameter.examples
            else vol.Required(name): TextSelector()
            for name, parameter in self._profile.parameters.items()
        }
        if errors.get("base") == "nothing_heard":
            fields[vol.Required(_UNHEARD, default=False)] = BooleanSelector()
        known = {
            name: parameter.default
            for name, parameter in self._profile.parameters.items()
            if parameter.default is not None
        } | self._data.get(CONF_PARAMETERS, {})
        return self.async_show_form(
            step_id="topics",
            data_schema=self.add_suggested_values_to_schema(vol.Schema(fields), known),
            errors=errors,
            description_placeholders={
                "device": self._profile.name,
                "parameters": "\n".join(
                    f"- **{name}**: {parameter.about}"
                    for name, parameter in self._profile.parameters.items()
                )
                or "-",
                "error": why,
            },
        )

    async def _async_probe(self) -> tuple[str | None, str]:
        """Listen for a while; return what is wrong, if anything, and why."""
        source = MessageSource(self._profile, self._data[CONF_PARAMETERS])
        if impossible := [topic for topic in source.topics if not _can_be_a_topic(topic)]:
            return "wrong_topic", impossible[0][:_SHOWN_OF_TOPIC]
        heard = asyncio.Event()

        def tell() -> None:
            said = source.reading(time.time_ns() // 1_000_000).parts
            if source.has_heard and all(
                said.get(role, NO_POINTS) != NO_POINTS for role in self._profile.roles
            ):
                heard.set()

        listening = self.hass.async_create_task(
            async_listen(self.hass, source, self._data[CONF_BROKER], tell)
        )
        waiting = self.hass.async_create_task(heard.wait())
        try:
            await asyncio.wait(
                (listening, waiting), timeout=LISTENED_S, return_when=asyncio.FIRST_COMPLETED
            )
            self._reading = source.reading(time.time_ns() // 1_000_000)
            if listening.done():
                listening.result()
        except BrokerError as error:
            return "no_broker", str(error)
        finally:
            listening.cancel()
            waiting.cancel()
        return (None, "") if source.has_heard else ("nothing_heard", "")

    @override
    def _could_count(self, part: Role) -> set[str]:
        """Count what no message has brought yet as what may come."""
        return super()._could_count(part) | {*self._profile.roles[part].numbers}

    @override
    def _suggested(self, part: Role) -> Role | str:
        """Suggest as the grid meter only what was heard to count: power alone settles nothing."""
        suggested = super()._suggested(part)
        heard = super()._could_count(part)
        if suggested is Role.GRID and grid_fault(heard, import_only=False):
            return UNUSED
        return suggested

    @override
    def _parts(self) -> list[Role]:
        """Offer all parts that it could have: some speak rarely."""
        return list(self._profile.roles)

    @override
    def _identity(self) -> str:
        given = sorted(self._data[CONF_PARAMETERS].items())
        broker = self._data[CONF_BROKER]
        where = _OF_HOME_ASSISTANT if broker is None else f"{broker[CONF_HOST].lower()}"
        return " ".join([self._profile.key, where, *(f"{name}={text}" for name, text in given)])
