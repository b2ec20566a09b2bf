"""Which decisions follow from what members say, and from the passing of time.

The node writes these decisions, and who replays the log expects the very same ones.
"""

from enum import StrEnum
from typing import Final

from depin_protocol.encoding import EncodingError, to_text
from depin_protocol.statements.fields import BodyError
from depin_protocol.statements.membership import KeyChange, Leave, OperatorAction, Veto
from settlement_node.governance import actions
from settlement_node.governance.announcements import (
    VETO_TIME,
    KeyReplacement,
    NodeKeyReplacement,
    Replacement,
)
from settlement_node.governance.community import Community
from settlement_node.governance.member import Member, Role, Standing
from settlement_node.intake.said import Said
from settlement_node.log.entries import Decision

NO_EFFECT: Final = "no_effect"

HEARD_WHILE_SUSPENDED: Final = frozenset(
    ("chain_opening", "key_change", "readings", "veto", "leave", "appeal")
)
"""Kinds that have their effect whatever the member's standing: they protect it, or the books."""


class Objection(StrEnum):
    """Why a sound statement about membership does nothing."""

    NOT_ACTIVE = "not-active"
    NOT_OPERATOR = "not-operator"
    ACTION_UNKNOWN = "action-unknown"
    PARAMETERS_INVALID = "parameters-invalid"
    NO_SUCH_MEMBER = "no-such-member"
    NO_SUCH_INVITE = "no-such-invite"
    INVITE_EXISTS = "invite-exists"
    LAST_OPERATOR = "last-operator"
    NOTHING_TO_DO = "nothing-to-do"
    NOTHING_TO_VETO = "nothing-to-veto"
    KEY_UNPROVEN = "key-unproven"
    ALREADY_ANNOUNCED = "already-announced"


class _ObjectedError(Exception):
    """The statement does nothing, for a reason."""

    def __init__(self, code: Objection, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def no_effect(said: Said, code: str, detail: str) -> Decision:
    """Decide that a statement does nothing."""
    result: dict[str, object] = {"statement": said.index, "code": code}
    return Decision(NO_EFFECT, result, ({"detail": detail},))


def concerns_membership(said: Said) -> bool:
    """Tell whether a sound statement is for this room to answer."""
    return isinstance(said.statement.body, KeyChange | Leave | OperatorAction | Veto)


def decisions_on(said: Said, community: Community) -> list[Decision]:
    """Return what follows from a statement, in order."""
    member = community.members[said.statement.header.member]
    kind = said.statement.kind
    if member.standing is Standing.LEFT or (
        member.standing is Standing.SUSPENDED and kind not in HEARD_WHILE_SUSPENDED
    ):
        return [no_effect(said, Objection.NOT_ACTIVE, f"the member is {member.standing}")]
    try:
        match said.statement.body:
            case KeyChange():
                return [
                    _about(said, "key_replacement_vetoed", {"decision": decision})
                    for decision in sorted(community.replacements_of(member.id))
                ]
            case Leave():
                return [_leave(said, community)]
            case Veto(decision=decision):
                return [_veto(said, member, decision, community)]
            case OperatorAction() as body:
                return [_act(said, member, body, community)]
    except _ObjectedError as error:
        return [no_effect(said, error.code, error.detail)]
    return []


def overdue(community: Community, at: int) -> Decision | None:
    """Return the next decision that the time calls for."""
    decision = community.next_due(at)
    if decision is None:
        return None
    is_member = isinstance(community.announced[decision], KeyReplacement)
    kind = "key_replaced" if is_member else "node_key_replaced"
    return Decision(kind, {"decision": decision})


def _about(
    said: Said, kind: str, result: dict[str, object], line: dict[str, object] | None = None
) -> Decision:
    whole: dict[str, object] = {"statement": said.index, **result}
    return Decision(kind, whole, () if line is None else (line,))


def _leave(said: Said, community: Community) -> Decision:
    member = said.statement.header.member
    if community.operators() == [member]:
        detail = "the last operator can't leave: make another member one first"
        raise _ObjectedError(Objection.LAST_OPERATOR, detail)
    return _about(said, "left", {}, {"member": member})


def _veto(said: Said, member: Member, decision: str, community: Community) -> Decision:
    match community.announced.get(decision):
        case KeyReplacement(member=concerned) if concerned == member.id:
            return _about(said, "key_replacement_vetoed", {"decision": decision})
        case NodeKeyReplacement() if member.acts_as(Role.OPERATOR):
            return _about(said, "node_key_vetoed", {"decision": decision})
    detail = "no such change is announced that this member could stop"
    raise _ObjectedError(Objection.NOTHING_TO_VETO, detail)


def _act(said: Said, member: Member, body: OperatorAction, community: Community) -> Decision:
    if not member.acts_as(Role.OPERATOR):
        detail = "only an operator's action has an effect"
        raise _ObjectedError(Objection.NOT_OPERATOR, detail)
    if not actions.knows(body.action):
        detail = f"the action {body.action} is unknown"
        raise _ObjectedError(Objection.ACTION_UNKNOWN, detail)
    try:
        action = actions.read_action(body)
    except (BodyError, EncodingError) as error:
        raise _ObjectedError(Objection.PARAMETERS_INVALID, str(error)) from None
    match action:
        case actions.GiveInvite():
            return _invited(said, action, community)
        case actions.WithdrawInvite(code=code):
            invitation = community.invitations.get(code)
            if invitation is None or invitation.used_by:
                detail = "there is no such invite, or it was used"
                raise _ObjectedError(Objection.NO_SUCH_INVITE, detail)
            return _about(said, "invite_withdrawn", {}, {"code": to_text(code)})
        case actions.Suspend(member=name):
            _other_operator(community, name)
            return _standing(said, community, name, Standing.ACTIVE, "suspended")
        case actions.Reinstate(member=name):
            return _standing(said, community, name, Standing.SUSPENDED, "reinstated")
        case actions.SetRoles(member=name, roles=roles):
            _present(community, name)
            if Role.OPERATOR not in roles:
                _other_operator(community, name)
            return _about(said, "roles_set", {}, {"member": name, "roles": list(roles)})
        case actions.ReplaceKey():
            return _replaced_key(said, action, community)
        case actions.ReplaceNodeKey():
            return _replaced_node_key(said, action, community)


def _invited(said: Said, action: actions.GiveInvite, community: Community) -> Decision:
    if not said.at < action.expires <= said.at + actions.MAX_INVITE_LIFE:
        detail = "parameters.expires is past, or more than 90 days ahead"
        raise _ObjectedError(Objection.PARAMETERS_INVALID, detail)
    if action.code in community.invitations:
        detail = "an invite has this code already: make another"
        raise _ObjectedError(Objection.INVITE_EXISTS, detail)
    return _about(said, "invited", {}, action.to_json())


def _standing(said: Said, community: Community, name: str, now: Standing, kind: str) -> Decision:
    if _present(community, name).standing is not now:
        detail = f"the member is not {now}"
        raise _ObjectedError(Objection.NOTHING_TO_DO, detail)
    return _about(said, kind, {}, {"member": name})


def _replaced_key(said: Said, action: actions.ReplaceKey, community: Community) -> Decision:
    member = _present(community, action.member)
    if not action.is_proven(community.facts.coop):
        detail = "the new key is weak, or its proof of possession does not hold"
        raise _ObjectedError(Objection.KEY_UNPROVEN, detail)
    if action.key in member.history.keys:
        detail = "the member has had this key already: make another"
        raise _ObjectedError(Objection.NOTHING_TO_DO, detail)
    if community.replacements_of(action.member):
        detail = "a replacement of this member's key is announced already"
        raise _ObjectedError(Objection.ALREADY_ANNOUNCED, detail)
    effective = said.at + VETO_TIME
    replacement = KeyReplacement(action.member, action.key, action.tier, effective)
    return _announced(said, "key_replacement_announced", {"effective": effective}, replacement)


def _replaced_node_key(
    said: Said, action: actions.ReplaceNodeKey, community: Community
) -> Decision:
    if not action.is_proven(community.facts.coop):
        detail = "the new key is weak, or its proof of possession does not hold"
        raise _ObjectedError(Objection.KEY_UNPROVEN, detail)
    for waiting in community.announced.values():
        if isinstance(waiting, NodeKeyReplacement) and waiting.use == action.use:
            detail = f"another key for {action.use} is announced already"
            raise _ObjectedError(Objection.ALREADY_ANNOUNCED, detail)
    effective = said.at + VETO_TIME
    replacement = NodeKeyReplacement(action.use, action.key, effective)
    # The node's keys are everybody's to know.
    return _announced(said, "node_key_announced", replacement.to_json(), replacement)


def _announced(
    said: Said, kind: str, result: dict[str, object], replacement: Replacement
) -> Decision:
    return _about(said, kind, result, replacement.to_json())


def _present(community: Community, name: str) -> Member:
    member = community.members.get(name)
    if member is None or member.standing is Standing.LEFT:
        detail = f"nobody here is {name}"
        raise _ObjectedError(Objection.NO_SUCH_MEMBER, detail)
    return member


def _other_operator(community: Community, name: str) -> None:
    if community.operators() == [name]:
        detail = "the co-op would be without an operator: make another member one first"
        raise _ObjectedError(Objection.LAST_OPERATOR, detail)
