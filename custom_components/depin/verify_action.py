"""The action that has the co-op's books looked at now, rather than in some minutes."""

from typing import Final

import voluptuous as vol
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import service

from .const import DOMAIN
from .membership import DepinConfigEntry
from .node import NodeError

VERIFY_NOW: Final = "verify_now"

_CONF_ENTRY: Final = "config_entry"
_SCHEMA: Final = vol.Schema({vol.Optional(_CONF_ENTRY): cv.string})


@callback
def async_setup_verify_action(hass: HomeAssistant) -> None:
    """Offer the action, whether a co-op is there or not."""
    hass.services.async_register(
        DOMAIN, VERIFY_NOW, _async_verify_now, _SCHEMA, SupportsResponse.OPTIONAL
    )


async def _async_verify_now(call: ServiceCall) -> ServiceResponse:
    """Look at everything that is new, and say what came of it."""
    entry: DepinConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data.get(_CONF_ENTRY)
    )
    verification = entry.runtime_data.verification
    if verification is None:
        raise ServiceValidationError(translation_domain=DOMAIN, translation_key="not_a_member_yet")
    try:
        await verification.verify()
    except NodeError as error:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="cannot_verify",
            translation_placeholders={"error": str(error)},
        ) from error
    suspicion = verification.suspicion
    return {
        "verified": verification.is_verified,
        "log_size": verification.size,
        "intervals": verification.intervals,
        "found": None if suspicion is None else suspicion.said,
        "evidence": None if suspicion is None else suspicion.file,
    }
