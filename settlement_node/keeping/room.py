"""The keeping of a log as one of the rooms that a co-op consists of."""

from collections.abc import Iterator, Sequence
from typing import Final, Protocol

from depin_protocol.durations import DAY
from depin_protocol.statements.envelope import Statement
from depin_protocol.statements.fields import ID, MAX_TIME, Fields
from depin_protocol.statements.membership import Confirmation, OperatorAction
from settlement_node.governance.arriving import line_of
from settlement_node.governance.community import Community
from settlement_node.intake.said import Effects, Said
from settlement_node.keeping.following import (
    CONFIRMED,
    ERASED,
    EraseBodies,
    decision_on_action,
    decision_on_confirmation,
)
from settlement_node.keeping.roots import LINES, ROOT, Roots
from settlement_node.keeping.state_root import STATE_ROOT, state_root
from settlement_node.log.entries import Decision, DecisionError
from settlement_node.store.port import View
from settlement_node.store.tables import Change, Row, Table


class Whole(Protocol):
    """What a state root is taken of."""

    @property
    def size(self) -> int:
        """How many entries the log has."""
        ...

    @property
    def at(self) -> int:
        """The logged time of the last entry."""
        ...

    def rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of every room's state."""
        ...


class KeepingRoom:
    """State roots: one before the first entry of each day on which something came before."""

    kinds: Final = frozenset((STATE_ROOT, CONFIRMED, ERASED))
    actions: Final = frozenset((EraseBodies.NAME,))
    tables: Final[tuple[Table, ...]] = (ROOT, LINES)

    def __init__(self, community: Community, whole: Whole) -> None:
        """Keep the log of which this is the state."""
        self._community = community
        self._whole = whole
        self._made: tuple[int, Decision] | None = None
        self.roots = Roots()

    async def load(self, view: View) -> None:
        """Take the state from its rows."""
        await self.roots.load(view)

    def state_rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of the state as it stands."""
        return self.roots.rows()

    def concerns(self, said: Said) -> bool:
        """Tell whether a sound statement is this room's to answer."""
        match said.statement.body:
            case Confirmation():
                return True
            case OperatorAction(action=action):
                return action in self.actions
        return False

    def following(self, said: Said) -> list[Decision]:
        """Return the decisions that a statement calls for."""
        match said.statement.body:
            case Confirmation(decision=name):
                return [decision_on_confirmation(said, name, self._community, self.roots)]
            case OperatorAction() as body if body.action in self.actions:
                return [decision_on_action(said, body, self._community, self.roots)]
        return []

    def take(self, said: Said) -> tuple[Change, ...]:  # noqa: ARG002
        """Let a statement have its effect: here it has none but by decisions."""
        return ()

    def overdue(self, at: int) -> Decision | None:
        """Return the state root that a new day begins with."""
        whole = self._whole
        if at // DAY <= whole.at // DAY or not whole.size or self.roots.newest == whole.size - 1:
            return None
        if self._made is None or self._made[0] != whole.size:
            self._made = whole.size, state_root(whole.rows(), whole.at)
        return self._made[1]

    @property
    def due_at(self) -> int | None:
        """When a decision should not wait for an entry: never."""
        return None

    def check_free(self, decision: Decision, at: int) -> None:
        """Check a decision that nothing in the log called for, or raise a DecisionError."""
        raise DecisionError(f"nothing that precedes {at} calls for the decision {decision.kind}")

    def apply(self, decision: Decision, *, name: str, index: int, at: int) -> Effects:
        """Let a decision take effect."""
        self._made = None
        if decision.kind == STATE_ROOT:
            return Effects(tuple(self.roots.add(index, name, at)))
        root = Fields(decision.result, "result").integer("root", 0, MAX_TIME)
        if decision.kind == CONFIRMED:
            auditor = line_of(decision).text("member", ID)
            return Effects(tuple(self.roots.confirm(root, auditor)))
        return Effects(tuple(self.roots.erase(root)))

    def hear(self, decision: Decision, *, index: int, at: int) -> Effects:  # noqa: ARG002
        """React to what another room has decided: a root is of whatever came of it."""
        return Effects()

    async def look_up(self, said: Sequence[Statement], view: View, *, size: int, at: int) -> None:
        """Bring near what deciding takes: all of it is in memory."""

    def forget(self, at: int) -> None:
        """Let go of what was brought near: nothing was."""
