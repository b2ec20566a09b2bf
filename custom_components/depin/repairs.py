"""What the owner can answer to troubles."""

from abc import ABC, abstractmethod
from typing import Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .dashboard_repair import DashboardFlow
from .energy_dashboard import COUNTED_TWICE
from .membership import DepinConfigEntry, Membership
from .repair_forms import AnotherEntityFlow, ClockFlow, NewInviteFlow, NodeMovedFlow
from .senses import ENTITY_UNFIT
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
    if data is None:
        return ConfirmRepairFlow()
    trouble, entry_id = str(data["trouble"]), str(data["entry_id"])
    if trouble in _CONFIRMED:
        return _CONFIRMED[trouble](hass, entry_id)
    entry: DepinConfigEntry | None = hass.config_entries.async_get_entry(entry_id)
    if entry is not None and trouble in _FORMS:
        return _FORMS[trouble](entry)
    subentry = None if entry is None else entry.subentries.get(str(data.get("subentry_id")))
    if entry is not None and subentry is not None and trouble == ENTITY_UNFIT:
        return AnotherEntityFlow(entry, subentry, str(data["point"]))
    return ConfirmRepairFlow()


_CONFIRMED: Final[dict[str, type[_MembershipFlow]]] = {
    Trouble.CLONE: CloneFlow,
    Trouble.BOOKS_WRONG: BooksFlow,
}
_FORMS: Final[dict[str, type[NodeMovedFlow | NewInviteFlow | ClockFlow | DashboardFlow]]] = {
    COUNTED_TWICE: DashboardFlow,
    Trouble.NODE_SILENT: NodeMovedFlow,
    Trouble.INVITE_REFUSED: NewInviteFlow,
    Trouble.CLOCK_WRONG: ClockFlow,
}
