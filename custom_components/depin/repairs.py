"""What the owner can answer to troubles."""

from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .membership import DepinConfigEntry, Membership
from .troubles import Trouble


class CloneFlow(ConfirmRepairFlow):
    """Lets the owner say that this is the home that speaks from now on."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Ask about an entry."""
        self._entry = hass, entry_id

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Take over once it is confirmed."""
        if user_input is not None:
            membership = _loaded(*self._entry)
            if membership is None or membership.delivery is None:
                return self.async_abort(reason="not_loaded")
            membership.delivery.take_over()
        return await super().async_step_confirm(user_input)


class BooksFlow(ConfirmRepairFlow):
    """Lets the owner say that the home trades again, whatever was found in the co-op's books."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Ask about an entry."""
        self._entry = hass, entry_id

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Trade again once it is confirmed."""
        if user_input is not None:
            membership = _loaded(*self._entry)
            if membership is None or membership.verification is None:
                return self.async_abort(reason="not_loaded")
            await membership.verification.trust_again()
        return await super().async_step_confirm(user_input)


def _loaded(hass: HomeAssistant, entry_id: str) -> Membership | None:
    """Return the membership of an entry that is set up."""
    entry: DepinConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
    is_loaded = entry is not None and entry.state is ConfigEntryState.LOADED
    return entry.runtime_data if entry is not None and is_loaded else None


async def async_create_fix_flow(
    hass: HomeAssistant,
    issue_id: str,  # noqa: ARG001 - the platform's interface
    data: dict[str, str | int | float | None] | None,
) -> RepairsFlow:
    """Return what the owner is asked about a trouble."""
    if data is not None and data["trouble"] == Trouble.CLONE:
        return CloneFlow(hass, str(data["entry_id"]))
    if data is not None and data["trouble"] == Trouble.BOOKS_WRONG:
        return BooksFlow(hass, str(data["entry_id"]))
    return ConfirmRepairFlow()
