"""Which decision follows from an operator's action."""

from depin_protocol.encoding import EncodingError
from depin_protocol.statements.fields import BodyError
from depin_protocol.statements.membership import OperatorAction
from settlement_node.governance import actions
from settlement_node.governance.announcements import (
    VETO_TIME,
    KeyReplacement,
    NodeKeyReplacement,
    Replacement,
)
from settlement_node.governance.community import Community
from settlement_node.governance.member import Member, Role, Standing
from settlement_node.governance.objections import ObjectedError, Objection, about
from settlement_node.intake.said import Said
from settlement_node.log.entries import Decision


def act(
    said: Said,
    member: Member,
    body: OperatorAction,
    community: Community,
    elsewhere: frozenset[str],
) -> list[Decision]:
    """Decide on an operator's action, or raise an ObjectedError; other rooms decide on theirs."""
    if not member.acts_as(Role.OPERATOR):
        detail = "only an operator's action has an effect"
        raise ObjectedError(Objection.NOT_OPERATOR, detail)
    if body.action in elsewhere:
        return []
    if not actions.knows(body.action):
        detail = f"the action {body.action} is unknown"
        raise ObjectedError(Objection.ACTION_UNKNOWN, detail)
    try:
        action = actions.read_action(body)
    except (BodyError, EncodingError) as error:
        raise ObjectedError(Objection.PARAMETERS_INVALID, str(error)) from None
    return [_decided(said, action, community)]


def _decided(said: Said, action: actions.MembershipAction, community: Community) -> Decision:
    match action:
        case actions.GiveInvite():
            return _invited(said, action, community)
        case actions.WithdrawInvite():
            return _withdrawn(said, action, community)
        case actions.ReplaceKey():
            return _replaced_key(said, action, community)
        case actions.ReplaceNodeKey():
            return _replaced_node_key(said, action, community)
        case _:
            return _treated(said, action, community)


def _treated(
    said: Said, action: actions.Suspend | actions.Reinstate | actions.SetRoles, community: Community
) -> Decision:
    match action:
        case actions.Suspend(member=name):
            _other_operator(community, name)
            return _standing(said, community, name, Standing.ACTIVE, "suspended")
        case actions.Reinstate(member=name):
            return _standing(said, community, name, Standing.SUSPENDED, "reinstated")
        case actions.SetRoles(member=name, roles=roles):
            _present(community, name)
            if Role.OPERATOR not in roles:
                _other_operator(community, name)
            return about(said, "roles_set", {}, {"member": name, "roles": list(roles)})


def _withdrawn(said: Said, action: actions.WithdrawInvite, community: Community) -> Decision:
    invitation = community.invitations.get(action.code)
    if invitation is None:
        raise ObjectedError(Objection.NO_SUCH_INVITE, "there is no such invite")
    if invitation.used_by:
        raise ObjectedError(Objection.NO_SUCH_INVITE, "somebody has joined with the invite")
    if invitation.withdrawn:
        raise ObjectedError(Objection.NO_SUCH_INVITE, "the invite was withdrawn before")
    return about(said, "invite_withdrawn", {}, action.to_json())


def _invited(said: Said, action: actions.GiveInvite, community: Community) -> Decision:
    if not said.at < action.expires <= said.at + actions.MAX_INVITE_LIFE:
        detail = "parameters.expires is past, or more than 90 days ahead"
        raise ObjectedError(Objection.PARAMETERS_INVALID, detail)
    if action.code in community.invitations:
        detail = "an invite has this code already: make another"
        raise ObjectedError(Objection.INVITE_EXISTS, detail)
    return about(said, "invited", {}, action.to_json())


def _standing(said: Said, community: Community, name: str, now: Standing, kind: str) -> Decision:
    if _present(community, name).standing is not now:
        detail = f"the member is not {now}"
        raise ObjectedError(Objection.NOTHING_TO_DO, detail)
    return about(said, kind, {}, {"member": name})


def _replaced_key(said: Said, action: actions.ReplaceKey, community: Community) -> Decision:
    member = _present(community, action.member)
    if not action.is_proven(community.facts.coop):
        detail = "the new key is weak, or its proof of possession does not hold"
        raise ObjectedError(Objection.KEY_UNPROVEN, detail)
    if action.key in member.history.keys:
        detail = "the member has had this key already: make another"
        raise ObjectedError(Objection.NOTHING_TO_DO, detail)
    if community.replacements_of(action.member):
        detail = "a replacement of this member's key is announced already"
        raise ObjectedError(Objection.ALREADY_ANNOUNCED, detail)
    effective = said.at + VETO_TIME
    replacement = KeyReplacement(action.member, action.key, action.tier, effective)
    return _announced(said, "key_replacement_announced", {"effective": effective}, replacement)


def _replaced_node_key(
    said: Said, action: actions.ReplaceNodeKey, community: Community
) -> Decision:
    if not action.is_proven(community.facts.coop):
        detail = "the new key is weak, or its proof of possession does not hold"
        raise ObjectedError(Objection.KEY_UNPROVEN, detail)
    for waiting in community.announced.values():
        if isinstance(waiting, NodeKeyReplacement) and waiting.use == action.use:
            detail = f"another key for {action.use} is announced already"
            raise ObjectedError(Objection.ALREADY_ANNOUNCED, detail)
    effective = said.at + VETO_TIME
    replacement = NodeKeyReplacement(action.use, action.key, effective)
    # The node's keys are everybody's to know.
    return _announced(said, "node_key_announced", replacement.to_json(), replacement)


def _announced(
    said: Said, kind: str, result: dict[str, object], replacement: Replacement
) -> Decision:
    return about(said, kind, result, replacement.to_json())


def _present(community: Community, name: str) -> Member:
    member = community.members.get(name)
    if member is None or member.standing is Standing.LEFT:
        detail = f"nobody here is {name}"
        raise ObjectedError(Objection.NO_SUCH_MEMBER, detail)
    return member


def _other_operator(community: Community, name: str) -> None:
    if community.operators() == [name]:
        detail = "the co-op would be without an operator: make another member one first"
        raise ObjectedError(Objection.LAST_OPERATOR, detail)
