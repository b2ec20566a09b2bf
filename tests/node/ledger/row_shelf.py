"""Rows as a store keeps them: each change replaces the row of its key."""

from settlement_node.ledger.assets import usual_denominations
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.rows import (
    AccountRow,
    Changes,
    HistoryRow,
    Logged,
    PendingRow,
    TransferRow,
)

DENOMINATIONS = usual_denominations("EUR", "SUN")


class RowShelf:
    def __init__(self) -> None:
        self.accounts: dict[int, AccountRow] = {}
        self.transfers: dict[bytes, TransferRow] = {}
        self.history: dict[tuple[int, int, int], HistoryRow] = {}
        self.pending: set[PendingRow] = set()

    def write(self, changes: Changes) -> None:
        for keys in (
            [row.account for row in changes.accounts],
            [row.id for row in changes.transfers],
            [row[:3] for row in changes.history],
            [*changes.pending, *changes.no_longer_pending],
        ):
            assert len(keys) == len(set(keys))
        self.accounts.update({row.account: row for row in changes.accounts})
        self.transfers.update({row.id: row for row in changes.transfers})
        for row in changes.history:
            assert row[:3] not in self.history
            self.history[row[:3]] = row
        assert self.pending >= set(changes.no_longer_pending)
        self.pending -= set(changes.no_longer_pending)
        self.pending |= set(changes.pending)

    def load(self, logged: Logged) -> Ledger:
        return Ledger.from_rows(
            DENOMINATIONS,
            logged,
            [row for _, row in sorted(self.accounts.items())],
            [self.transfers[row.id] for row in sorted(self.pending)],
        )

    def recall_into(self, ledger: Ledger, asked: set[bytes]) -> None:
        ledger.recall(asked, [self.transfers[name] for name in asked if name in self.transfers])
