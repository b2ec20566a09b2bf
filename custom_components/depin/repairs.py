"""What the owner can answer to troubles."""

from abc import ABC, abstractmethod
from typing import override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .dashboard_repair import DashboardFlow
from .energy_dashboard import COUNTED_TWICE
from .membership import DepinConfigEntry, Membership
from .troubles import Trouble


class _MembershipFlow(ConfirmRepairFlow, ABC):
    """Lets the owner confirm something that a membership waits for."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        """Ask about an entry."""
        self._entry = hass, entry_id

    @override
    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Do it once it is confirmed."""
        if user_input is not None:
            membership = _loaded(*self._entry)
            if membership is None or not await self._go_on(membership):
                return self.async_abort(reason="not_loaded")
        return await super().async_step_confirm(user_input)

    @abstractmethod
    async def _go_on(self, membership: Membership) -> bool:
        """Do what was confirmed, and tell whether the membership was ready for it."""


class CloneFlow(_MembershipFlow):
    """Lets the owner say that this is the home that speaks from now on."""

    @override
    async def _go_on(self, membership: Membership) -> bool:
        if membership.delivery is None:
            return False
        membership.delivery.take_over()
        return True


class BooksFlow(_MembershipFlow):
    """Lets the owner say that the home trades again, whatever was found in the co-op's books."""

    @override
    async def _go_on(self, membership: Membership) -> bool:
        if membership.verification is None:
            return False
        await membership.verification.trust_again()
        return True


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
    if data is not None and data["trouble"] == COUNTED_TWICE:
        entry = hass.config_entries.async_get_known_entry(str(data["entry_id"]))
        return DashboardFlow(entry)
    return ConfirmRepairFlow()
