"""What a decision about membership does, and who is told."""

from collections.abc import Callable
from typing import Final

from depin_protocol.clearing.pseudonym import salt_commitment
from depin_protocol.encoding import EncodingError, from_text, to_text
from depin_protocol.events import EventKind
from depin_protocol.joining import JoinError, JoinRequest
from depin_protocol.statements.fields import HASH, BodyError, Fields
from depin_protocol.statements.timing import MAX_LEAD
from settlement_node.governance.actions import GiveInvite, SetRoles, WithdrawInvite, invite_hash
from settlement_node.governance.announcements import KeyReplacement, read_replacement
from settlement_node.governance.community import Community
from settlement_node.governance.facts import GENESIS, Facts
from settlement_node.governance.following import NO_EFFECT
from settlement_node.governance.invitation import Invitation
from settlement_node.governance.joining import JoinProblem, JoinRefusedError
from settlement_node.governance.member import Role, Standing
from settlement_node.intake.said import Effects, Telling
from settlement_node.log.entries import Decision
from settlement_node.store.tables import Change

JOINED: Final = "joined"


class DecisionError(ValueError):
    """A decision does not follow from what precedes it; the message says why."""


def admitted(wire: bytes, community: Community, at: int) -> tuple[JoinRequest, Invitation]:
    """Tell whether somebody may join now, or raise a JoinRefusedError."""
    try:
        request = JoinRequest.read(wire)
    except JoinError as error:
        raise JoinRefusedError(JoinProblem.REQUEST_INVALID, str(error)) from None
    if request.coop != community.facts.coop:
        detail = f"the request is for co-op {request.coop}, and this is {community.facts.coop}"
        raise JoinRefusedError(JoinProblem.WRONG_COOP, detail)
    if request.issued_at > at + MAX_LEAD:
        detail = "the request is from the future: set the home's clock and ask again"
        raise JoinRefusedError(JoinProblem.CLOCK_WRONG, detail)
    invitation = community.invitations.get(invite_hash(request.code))
    if invitation is None:
        detail = "this invite is unknown, or was withdrawn: ask an operator for another"
        raise JoinRefusedError(JoinProblem.INVITE_UNKNOWN, detail)
    if invitation.used_by:
        detail = "somebody has joined with this invite: ask an operator for another"
        raise JoinRefusedError(JoinProblem.INVITE_USED, detail)
    if at >= invitation.expires:
        detail = "this invite has expired: ask an operator for another"
        raise JoinRefusedError(JoinProblem.INVITE_EXPIRED, detail)
    if request.member in community.members:
        detail = "this key has been a member's here: make another"
        raise JoinRefusedError(JoinProblem.LEFT, detail)
    return request, invitation


def joining(wire: bytes, request: JoinRequest) -> Decision:
    """Decide that somebody joins."""
    commitment = to_text(salt_commitment(request.pseudonym_salt))
    return Decision(JOINED, {"commitment": commitment}, ({"request": to_text(wire)},))


def check_free(decision: Decision, community: Community, at: int) -> None:
    """Check a decision that nothing in the log called for."""
    if decision.kind == GENESIS and not community.founded:
        return
    if decision.kind != JOINED or not community.founded:
        raise DecisionError(f"nothing that precedes it calls for the decision {decision.kind}")
    try:
        wire = _wire(decision, "request")
        request, _ = admitted(wire, community, at)
    except JoinRefusedError as error:
        raise DecisionError(f"nobody could join here: {error}") from None
    if decision != joining(wire, request):
        raise DecisionError("the entry does not say what the request to join says")


def apply_decision(
    decision: Decision, community: Community, *, name: str, index: int, at: int
) -> Effects:
    """Let a decision take effect; it was checked to follow."""
    if decision.kind == NO_EFFECT:
        return Effects()
    effect = _EFFECTS.get(decision.kind)
    if effect is None:
        raise DecisionError(f"the decision {decision.kind} is unknown here")
    try:
        return effect(decision, community, name, index)
    except (BodyError, EncodingError, JoinError) as error:
        raise DecisionError(f"{decision.kind} of {at}: {error}") from None


def _genesis(decision: Decision, community: Community, _name: str, index: int) -> Effects:
    line = _line(decision)
    facts = Facts.read(decision.result, line.words("name", 80))
    changes = community.found(facts)
    request = JoinRequest.read(_wire(decision, "founder"))
    if request.coop != facts.coop:
        raise DecisionError("the founder asks to join another co-op")
    return Effects((*changes, *community.take_in(request, Role.OPERATOR, index)))


def _joined(decision: Decision, community: Community, _name: str, index: int) -> Effects:
    request = JoinRequest.read(_wire(decision, "request"))
    code = invite_hash(request.code)
    given = community.invitations[code]
    used = Invitation(given.expires, given.role, request.member)
    taken = community.take_in(request, given.role, index)
    return Effects((*taken, *community.invite(code, used)))


def _invited(decision: Decision, community: Community, _name: str, _index: int) -> Effects:
    action = GiveInvite.read(_line(decision))
    changes = community.invite(action.code, Invitation(action.expires, action.role))
    return Effects(tuple(changes))


def _withdrawn(decision: Decision, community: Community, _name: str, _index: int) -> Effects:
    return Effects(tuple(community.withdraw(WithdrawInvite.read(_line(decision)).code)))


def _standing(standing: Standing) -> "_Effect":
    def effect(decision: Decision, community: Community, name: str, _index: int) -> Effects:
        member = _member(decision)
        changes = community.set_standing(member, standing)
        return Effects(tuple(changes), (_told(member, decision, name),))

    return effect


def _roles_set(decision: Decision, community: Community, name: str, _index: int) -> Effects:
    action = SetRoles.read(_line(decision))
    changes = community.set_roles(action.member, frozenset(action.roles))
    return Effects(tuple(changes), (_told(action.member, decision, name),))


def _announced(decision: Decision, community: Community, name: str, _index: int) -> Effects:
    replacement = read_replacement(decision.lines[0])
    changes = community.announce(name, replacement)
    data: dict[str, object] = {"decision": name, **replacement.to_json()}
    if isinstance(replacement, KeyReplacement):
        concerned = [replacement.member]
    else:
        concerned = _present(community)
    return Effects(
        tuple(changes), tuple(Telling(member, EventKind.KEY, data) for member in concerned)
    )


def _ended(complete: Callable[[Community, str], list[Change]]) -> "_Effect":
    def effect(decision: Decision, community: Community, name: str, _index: int) -> Effects:
        fields = Fields(decision.result, "result")
        announced = fields.text("decision", HASH)
        replacement = community.announced[announced]
        changes = complete(community, announced)
        if isinstance(replacement, KeyReplacement):
            concerned = [replacement.member]
        else:
            concerned = _present(community)
        data: dict[str, object] = {"decision": name, "kind": decision.kind, "ends": announced}
        return Effects(
            tuple(changes), tuple(Telling(member, EventKind.KEY, data) for member in concerned)
        )

    return effect


def _present(community: Community) -> list[str]:
    return [
        name for name, member in community.members.items() if member.standing is not Standing.LEFT
    ]


def _told(member: str, decision: Decision, name: str) -> Telling:
    return Telling(member, EventKind.DECISION, {"decision": name, "kind": decision.kind})


def _line(decision: Decision) -> Fields:
    if len(decision.lines) != 1:
        raise DecisionError(f"{decision.kind} has one line, not {len(decision.lines)}")
    return Fields(decision.lines[0], "line")


def _member(decision: Decision) -> str:
    return _line(decision).words("member", 22)


def _wire(decision: Decision, name: str) -> bytes:
    value = _line(decision).take(name)
    if not isinstance(value, str):
        raise DecisionError(f"line.{name} is no text")
    try:
        return from_text(value, len(value) * 3 // 4)
    except EncodingError as error:
        raise DecisionError(f"line.{name}: {error}") from None


type _Effect = Callable[[Decision, Community, str, int], Effects]

_EFFECTS: Final[dict[str, _Effect]] = {
    GENESIS: _genesis,
    JOINED: _joined,
    "invited": _invited,
    "invite_withdrawn": _withdrawn,
    "suspended": _standing(Standing.SUSPENDED),
    "reinstated": _standing(Standing.ACTIVE),
    "left": _standing(Standing.LEFT),
    "roles_set": _roles_set,
    "key_replacement_announced": _announced,
    "node_key_announced": _announced,
    "key_replacement_vetoed": _ended(Community.drop),
    "node_key_vetoed": _ended(Community.drop),
    "key_replaced": _ended(Community.complete),
    "node_key_replaced": _ended(Community.complete),
}
