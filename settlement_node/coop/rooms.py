"""What every room of a co-op offers to the one that decides: membership, ledger, market ..."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from depin_protocol.statements.envelope import Statement
from settlement_node.intake.said import Effects, Said
from settlement_node.log.entries import Decision
from settlement_node.store.port import View
from settlement_node.store.tables import Change, Row, Table


class Room(Protocol):
    """A subject with its own state, which follows from the log alone.

    A room decides without clock, store and chance: the same entries lead to the same state and the
    same rows, live and in a replay. What it has only in the store is brought near beforehand.
    """

    @property
    def kinds(self) -> frozenset[str]:
        """The decisions that are this room's."""
        ...

    @property
    def actions(self) -> frozenset[str]:
        """The operators' actions that this room answers."""
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

    def take(self, said: Said) -> tuple[Change, ...]:
        """Let a statement that concerns this room have the effect that no decision has to tell.

        Nobody has found it to be without effect.
        """
        ...

    def overdue(self, at: int) -> Decision | None:
        """Return the next decision that the time calls for."""
        ...

    @property
    def due_at(self) -> int | None:
        """When the time will next call for a decision that should not wait for an entry."""
        ...

    def check_free(self, decision: Decision, at: int) -> None:
        """Check a decision that nothing in the log called for, or raise a DecisionError."""
        ...

    def apply(self, decision: Decision, *, name: str, index: int, at: int) -> Effects:
        """Let a decision take effect."""
        ...

    def hear(self, decision: Decision, *, index: int, at: int) -> Effects:
        """React to what another room has decided, within the same entry."""
        ...

    async def look_up(self, said: Sequence[Statement], view: View, *, size: int, at: int) -> None:
        """Bring near what deciding on these statements takes of what only the store has.

        The log has `size` entries and these enter at `at`; rows of later entries, which a replay
        can see, count for nothing.
        """
        ...

    def forget(self, at: int) -> None:
        """Let go of what was brought near: all that was decided until now is stored."""
        ...
