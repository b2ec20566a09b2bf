"""Which transfers are about what: a bank's movement, or another transfer."""

from collections.abc import Iterable
from typing import Final

from settlement_node.ledger.beginning import Beginning
from settlement_node.ledger.codes import Code
from settlement_node.ledger.rows import TransferRow, code_of, transfer_of
from settlement_node.ledger.tables import ABOUT
from settlement_node.store.port import View
from settlement_node.store.tables import Row

FOUND_BY_REFERENCE: Final = frozenset(
    {
        Code.DEPOSIT,
        Code.DEPOSIT_RETURNED,
        Code.PAYOUT_RETURNED,
        Code.SUSPENSE_IDENTIFIED,
        Code.SUSPENSE_CHARGED,
    }
)
"""What is looked for later: has a line been identified, a payment been returned?"""

_MOST: Final = 8
"""How many of one reference are looked at: the newest ones."""


class About:
    """What is known by heart: what was looked up, and what was booked since."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._near: dict[bytes, dict[tuple[int, int], bytes]] = {}

    def note(self, rows: Iterable[TransferRow]) -> list[Row]:
        """Take in what was booked, and return the rows that lead to it."""
        noted: list[Row] = []
        for row in rows:
            # A settlement books some hundred thousand, and none of them is looked for later.
            if code_of(row) not in FOUND_BY_REFERENCE:
                continue
            _, transfer = transfer_of(row)
            if transfer and transfer.reference:
                self._keep(transfer.reference, row.entry, row.position, row.id)
                noted.append((transfer.reference, row.entry, row.position, row.id))
        return noted

    async def look_up(
        self, references: Iterable[bytes], view: View, size: int, begin: Beginning
    ) -> None:
        """Bring near the newest transfers about these, of the log's first `size` entries."""
        for reference in sorted(set(references)):
            rows = await view.scan(
                ABOUT, (reference,), after=(reference, size), limit=_MOST, reverse=True
            )
            for row in rows:
                match row:
                    case (bytes(), int(entry), int(position), bytes(name)) if entry >= begin.entry:
                        self._keep(reference, entry, position, name)

    def newest(self, reference: bytes) -> list[bytes]:
        """Return the newest few transfers about this, the newest first."""
        found = self._near.get(reference, {})
        # Memory may hold more than a look-up brings; what follows must not hang on that.
        return [name for _, name in sorted(found.items(), reverse=True)[:_MOST]]

    def forget(self) -> None:
        """Know nothing by heart: all is stored."""
        self._near.clear()

    def _keep(self, reference: bytes, entry: int, position: int, name: bytes) -> None:
        self._near.setdefault(reference, {})[entry, position] = name
