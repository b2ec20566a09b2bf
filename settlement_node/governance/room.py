"""Membership as one of the rooms that a co-op consists of."""

from collections.abc import Iterator, Sequence
from typing import Final

from depin_protocol.statements.envelope import Statement
from settlement_node.governance.actions import ACTIONS
from settlement_node.governance.announcements import ANNOUNCED
from settlement_node.governance.arriving import check_free
from settlement_node.governance.community import Community
from settlement_node.governance.effects import KINDS, apply_decision
from settlement_node.governance.facts import FACTS
from settlement_node.governance.following import decisions_on, has_a_say, overdue
from settlement_node.governance.invitation import INVITE
from settlement_node.governance.member import MEMBER
from settlement_node.intake.said import Effects, Said
from settlement_node.intake.streams import CHAIN, ENDED
from settlement_node.log.entries import Decision
from settlement_node.store.port import View
from settlement_node.store.tables import Change, Row, Table


class MembershipRoom:
    """Members, roles and keys."""

    kinds: Final = KINDS
    actions: Final = ACTIONS
    tables: Final[tuple[Table, ...]] = (FACTS, MEMBER, CHAIN, ENDED, INVITE, ANNOUNCED)

    def __init__(self, community: Community, elsewhere: frozenset[str] = frozenset()) -> None:
        """Keep this community's books; `elsewhere` are operators' actions of other rooms."""
        self._community = community
        self._elsewhere = elsewhere

    async def load(self, view: View) -> None:
        """Take the state from its rows."""
        await self._community.load(view)

    def state_rows(self) -> Iterator[tuple[Table, Row]]:
        """Give every row of the state as it stands."""
        return self._community.rows()

    def concerns(self, said: Said) -> bool:
        """Tell whether a sound statement is this room's to answer."""
        return has_a_say(said, self._community)

    def following(self, said: Said) -> list[Decision]:
        """Return the decisions that a statement calls for."""
        return decisions_on(said, self._community, self._elsewhere)

    def take(self, said: Said) -> tuple[Change, ...]:  # noqa: ARG002
        """Let a statement have its effect: here it has none but by decisions."""
        return ()

    def overdue(self, at: int) -> Decision | None:
        """Return the next decision that the time calls for."""
        return overdue(self._community, at)

    @property
    def due_at(self) -> int | None:
        """When a decision should not wait for an entry: never."""
        return None

    def check_free(self, decision: Decision, at: int) -> None:
        """Check a decision that nothing in the log called for, or raise a DecisionError."""
        check_free(decision, self._community, at)

    def apply(self, decision: Decision, *, name: str, index: int, at: int) -> Effects:
        """Let a decision take effect."""
        return apply_decision(decision, self._community, name=name, index=index, at=at)

    def hear(self, decision: Decision, *, index: int, at: int) -> Effects:  # noqa: ARG002
        """React to what another room has decided: none of it alters who belongs here."""
        return Effects()

    async def look_up(self, said: Sequence[Statement], view: View, *, size: int, at: int) -> None:
        """Bring near what deciding takes: all of it is in memory."""

    def forget(self, at: int) -> None:
        """Let go of what was brought near: nothing was."""
