"""Where the books begin: what an erasure has deleted is neither named nor booked any more.

What is left of older rows is compared by no replay, so nothing may rest on it. All that was booked
before the root has an id of a moment before it: ids are never ahead of the logged time.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from settlement_node.ledger.rows import TransferRow
from settlement_node.ledger.transfers import id_at
from settlement_node.store.port import View
from settlement_node.store.tables import Change, Clear, Put, Row, Table, integers

BEGINNING: Final = Table("books_beginning", integers("entry", "at"))

TOO_OLD: Final = "older-than-the-books"
TOO_OLD_WORDS: Final = (
    "It is about a moment before the last erasure, and the books don't reach so far back: whether"
    " it was booked or returned then is known no more. If it was not, book it by hand, as of today."
)


class Beginning(NamedTuple):
    """The state root below which all was erased, and its time."""

    entry: int = 0
    at: int = 0

    def is_after(self, name: bytes) -> bool:
        """Tell whether a transfer is about a moment before the books begin."""
        return name < id_at(self.at)

    def among(self, names: Iterable[bytes]) -> set[bytes]:
        """Return those of some transfers that the books may know."""
        return {name for name in names if not self.is_after(name)}

    def kept(self, rows: Iterable[TransferRow], size: int) -> list[TransferRow]:
        """Return the rows of the entries from here on, as far as there are `size` of them."""
        # A replay sees rows that come later in the log; there they are not yet.
        return [row for row in rows if self.entry <= row.entry < size]

    def rows(self) -> list[Row]:
        """Return its row, if anything was erased."""
        return [tuple(self)] if self.at else []

    def changes(self) -> tuple[Change, ...]:
        """Have it written."""
        return Clear(BEGINNING), Put(BEGINNING, self.rows())


async def beginning(view: View) -> Beginning:
    """Read where the books begin."""
    for entry, at in await view.scan(BEGINNING, limit=1):
        if isinstance(entry, int) and isinstance(at, int):
            return Beginning(entry, at)
    return Beginning()
