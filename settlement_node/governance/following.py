"""Which decisions follow from what members say, and from the passing of time.

The node writes these decisions, and who replays the log expects the very same ones.
"""

from typing import Final

from depin_protocol.statements.membership import KeyChange, Leave, OperatorAction, Veto
from settlement_node.governance.acting import act
from settlement_node.governance.announcements import KeyReplacement, NodeKeyReplacement
from settlement_node.governance.community import Community
from settlement_node.governance.member import Member, Role, Standing
from settlement_node.governance.objections import ObjectedError, Objection, about, no_effect
from settlement_node.intake.said import Said
from settlement_node.log.entries import Decision

HEARD_WHILE_SUSPENDED: Final = frozenset(
    ("chain_opening", "key_change", "readings", "veto", "leave", "appeal")
)
"""Kinds that have their effect whatever the member's standing: they protect it, or the books."""


def has_a_say(said: Said, community: Community) -> bool:
    """Tell whether membership decides something about a sound statement."""
    body = said.statement.body
    if isinstance(body, (KeyChange, Leave, OperatorAction, Veto)):
        return True
    member = community.members[said.statement.header.member]
    return member.standing is not Standing.ACTIVE


def decisions_on(said: Said, community: Community, elsewhere: frozenset[str]) -> list[Decision]:
    """Return what follows from a statement, in order; `elsewhere` are other rooms' actions."""
    member = community.members[said.statement.header.member]
    kind = said.statement.kind
    if member.standing is Standing.LEFT or (
        member.standing is Standing.SUSPENDED and kind not in HEARD_WHILE_SUSPENDED
    ):
        return [no_effect(said, Objection.NOT_ACTIVE, f"the member is {member.standing}")]
    try:
        return _called_for(said, member, community, elsewhere)
    except ObjectedError as error:
        return [no_effect(said, error.code, error.detail)]


def _called_for(
    said: Said, member: Member, community: Community, elsewhere: frozenset[str]
) -> list[Decision]:
    match said.statement.body:
        case KeyChange():
            # Who can still sign with the old key has not lost it.
            return [
                about(said, "key_replacement_vetoed", {"decision": decision})
                for decision in sorted(community.replacements_of(member.id))
            ]
        case Leave():
            return [_leave(said, community)]
        case Veto(decision=decision):
            return [_veto(said, member, decision, community)]
        case OperatorAction() as body:
            return act(said, member, body, community, elsewhere)
    return []


def overdue(community: Community, at: int) -> Decision | None:
    """Return the next decision that the time calls for."""
    decision = community.next_due(at)
    if decision is None:
        return None
    is_member = isinstance(community.announced[decision], KeyReplacement)
    kind = "key_replaced" if is_member else "node_key_replaced"
    return Decision(kind, {"decision": decision})


def _leave(said: Said, community: Community) -> Decision:
    member = said.statement.header.member
    if community.operators() == [member]:
        detail = "the last operator can't leave: make another member one first"
        raise ObjectedError(Objection.LAST_OPERATOR, detail)
    return about(said, "left", {}, {"member": member})


def _veto(said: Said, member: Member, decision: str, community: Community) -> Decision:
    match community.announced.get(decision):
        case KeyReplacement(member=concerned) if concerned == member.id:
            return about(said, "key_replacement_vetoed", {"decision": decision})
        case NodeKeyReplacement() if member.acts_as(Role.OPERATOR):
            return about(said, "node_key_vetoed", {"decision": decision})
    detail = "no such change is announced that this member could stop"
    raise ObjectedError(Objection.NOTHING_TO_VETO, detail)
