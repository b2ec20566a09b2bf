"""What every room of a co-op offers to the one that decides: membership, ledger, market ..."""

from collections.abc import Iterator
from typing import Protocol

from settlement_node.intake.said import Effects, Said
from settlement_node.log.entries import Decision
from settlement_node.store.port import View
from settlement_node.store.tables import Row, Table


class Room(Protocol):
    """A subject with its own state, which follows from the log alone.

    A room reads no clock, no store and no chance once it is loaded: the same entries lead to the
    same state and the same rows, live and in a replay.
    """

    @property
    def kinds(self) -> frozenset[str]:
        """The decisions that are this room's."""
        ...

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that hold its state."""
        ...

    async def load(self, view: View) -> None:
        """Take the state from its rows: those of a store, or of a state root."""
        ...

    def state_rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of the state as it stands, from which `load` takes it up again.

        Rows that only tell what was (older transfers, say) are none of these.
        """
        ...

    def concerns(self, said: Said) -> bool:
        """Tell whether a sound statement is this room's to answer."""
        ...

    def following(self, said: Said) -> list[Decision]:
        """Return the decisions that a statement calls for."""
        ...

    def overdue(self, at: int) -> Decision | None:
        """Return the next decision that the time calls for."""
        ...

    def check_free(self, decision: Decision, at: int) -> None:
        """Check a decision that nothing in the log called for, or raise a DecisionError."""
        ...

    def apply(self, decision: Decision, *, name: str, index: int, at: int) -> Effects:
        """Let a decision take effect."""
        ...
