"""Troubles as issues of Home Assistant, which its repairs show to the owner."""

from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .membership import DepinConfigEntry
from .troubles import Trouble
from .verified_file import Suspicion

_ANSWERED: Final = frozenset(
    (
        Trouble.CLONE,
        Trouble.RESTORED,
        Trouble.OUTBOX_DAMAGED,
        Trouble.STATEMENT_REFUSED,
    )
)
"""What goes away with the owner's answer; the others end by themselves."""

_MENDED: Final = _ANSWERED | {Trouble.INVITE_REFUSED, Trouble.NODE_SILENT, Trouble.CLOCK_WRONG}
"""Of what the owner can do something about on the spot."""

_LASTING: Final = _ANSWERED | {Trouble.NODE_SILENT}
"""What is still so after a restart."""

_WARNINGS: Final = frozenset((Trouble.RESTORED, Trouble.NODE_SILENT))


class IssuesOfEntry:
    """Tells the owner of an entry by way of Home Assistant's issues."""

    def __init__(self, hass: HomeAssistant, entry: DepinConfigEntry) -> None:
        """Speak for an entry."""
        self._hass = hass
        self._entry = entry

    def tell(self, trouble: Trouble) -> None:
        """Raise an issue; it stays over a restart until it was answered."""
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue(trouble),
            data=self._data(trouble),
            is_fixable=trouble in _MENDED,
            is_persistent=trouble in _LASTING,
            severity=ir.IssueSeverity.WARNING if trouble in _WARNINGS else ir.IssueSeverity.ERROR,
            translation_key=trouble.value,
            translation_placeholders={"coop": self._entry.title},
        )

    def tell_suspicion(self, suspicion: Suspicion) -> None:
        """Say what was found in the co-op's books, and where its evidence is."""
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue(Trouble.BOOKS_WRONG),
            data=self._data(Trouble.BOOKS_WRONG),
            is_fixable=True,
            is_persistent=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key="books_wrong",
            translation_placeholders={
                "coop": self._entry.title,
                "said": suspicion.said,
                "file": suspicion.file,
            },
        )

    def withdraw_suspicion(self) -> None:
        """Say no more of the co-op's books."""
        self.withdraw(Trouble.BOOKS_WRONG)

    def withdraw(self, trouble: Trouble) -> None:
        """Take an issue back."""
        ir.async_delete_issue(self._hass, DOMAIN, self._issue(trouble))

    def withdraw_all(self) -> None:
        """Take all issues back, as when the entry goes."""
        for trouble in Trouble:
            self.withdraw(trouble)

    def _data(self, trouble: Trouble) -> dict[str, str | int | float | None]:
        return {"entry_id": self._entry.entry_id, "trouble": trouble.value}

    def _issue(self, trouble: Trouble) -> str:
        return f"{trouble.value}_{self._entry.entry_id}"
