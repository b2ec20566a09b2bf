"""What a decision about membership does, and who is told."""

from collections.abc import Callable
from typing import Final, NamedTuple

from depin_protocol.encoding import EncodingError
from depin_protocol.events import EventKind
from depin_protocol.joining import JoinError, JoinRequest
from depin_protocol.statements.envelope import read_envelope
from depin_protocol.statements.fields import HASH, BodyError, Fields
from settlement_node.governance.actions import GiveInvite, SetRoles, WithdrawInvite, invite_hash
from settlement_node.governance.announcements import KeyReplacement, read_replacement
from settlement_node.governance.arriving import HELD, JOINED, held_telling, line_of, wire_in
from settlement_node.governance.community import Community
from settlement_node.governance.facts import GENESIS, Facts
from settlement_node.governance.invitation import Invitation
from settlement_node.governance.member import Role, Standing
from settlement_node.governance.objections import NO_EFFECT
from settlement_node.intake.said import Effects, Telling
from settlement_node.intake.streams import Place
from settlement_node.log.entries import Decision, DecisionError
from settlement_node.store.tables import Change


class _Entry(NamedTuple):
    """The entry of a decision: its name, its place in the log, and when it was logged."""

    name: str
    place: int
    at: int


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
        return effect(decision, community, _Entry(name, index, at))
    except (BodyError, EncodingError, JoinError) as error:
        raise DecisionError(f"{decision.kind} of {at}: {error}") from None


def _genesis(decision: Decision, community: Community, entry: _Entry) -> Effects:
    line = line_of(decision)
    facts = Facts.read(decision.result, line.words("name", 80))
    changes = community.found(facts)
    request = JoinRequest.read(wire_in(decision, "founder"))
    if request.coop != facts.coop:
        raise DecisionError("the founder asks to join another co-op")
    return Effects((*changes, *community.take_in(request, Role.OPERATOR, entry.place)))


def _joined(decision: Decision, community: Community, entry: _Entry) -> Effects:
    request = JoinRequest.read(wire_in(decision, "request"))
    code = invite_hash(request.code)
    given = community.invitations[code]
    used = Invitation(given.expires, given.role, request.member)
    taken = community.take_in(request, given.role, entry.place)
    return Effects((*taken, *community.invite(code, used)))


def _invited(decision: Decision, community: Community, _entry: _Entry) -> Effects:
    action = GiveInvite.read(line_of(decision))
    changes = community.invite(action.code, Invitation(action.expires, action.role))
    return Effects(tuple(changes))


def _withdrawn(decision: Decision, community: Community, _entry: _Entry) -> Effects:
    return Effects(tuple(community.withdraw(WithdrawInvite.read(line_of(decision)).code)))


def _standing(standing: Standing) -> "_Effect":
    def effect(decision: Decision, community: Community, entry: _Entry) -> Effects:
        member = _member(decision)
        changes = community.set_standing(member, standing)
        return Effects(tuple(changes), (_told(member, decision, entry.name),))

    return effect


def _roles_set(decision: Decision, community: Community, entry: _Entry) -> Effects:
    action = SetRoles.read(line_of(decision))
    changes = community.set_roles(action.member, frozenset(action.roles), entry.at)
    return Effects(tuple(changes), (_told(action.member, decision, entry.name),))


def _announced(decision: Decision, community: Community, entry: _Entry) -> Effects:
    replacement = read_replacement(decision.lines[0])
    changes = community.announce(entry.name, replacement)
    data: dict[str, object] = {"decision": entry.name, **replacement.to_json()}
    if isinstance(replacement, KeyReplacement):
        concerned = [replacement.member]
    else:
        concerned = _present(community)
    return Effects(
        tuple(changes), tuple(Telling(member, EventKind.KEY, data) for member in concerned)
    )


def _ended(complete: Callable[[Community, str, int], list[Change]]) -> "_Effect":
    def effect(decision: Decision, community: Community, entry: _Entry) -> Effects:
        fields = Fields(decision.result, "result")
        announced = fields.text("decision", HASH)
        replacement = community.announced[announced]
        changes = complete(community, announced, entry.place)
        if isinstance(replacement, KeyReplacement):
            concerned = [replacement.member]
        else:
            concerned = _present(community)
        data: dict[str, object] = {"decision": entry.name, "kind": decision.kind, "ends": announced}
        return Effects(
            tuple(changes), tuple(Telling(member, EventKind.KEY, data) for member in concerned)
        )

    return effect


def _dropped(community: Community, announced: str, _index: int) -> list[Change]:
    return community.drop(announced)


def _present(community: Community) -> list[str]:
    return [
        name for name, member in community.members.items() if member.standing is not Standing.LEFT
    ]


def _told(member: str, decision: Decision, name: str) -> Telling:
    return Telling(member, EventKind.DECISION, {"decision": name, "kind": decision.kind})


def _member(decision: Decision) -> str:
    return line_of(decision).words("member", 22)


def _held(decision: Decision, community: Community, entry: _Entry) -> Effects:
    header = read_envelope(wire_in(decision, "statement")).header
    place = Place(header.member, header.stream, header.chain, header.seq)
    return Effects(tuple(community.hold(place)), (held_telling(header.member, entry.name),))


type _Effect = Callable[[Decision, Community, _Entry], Effects]

_EFFECTS: Final[dict[str, _Effect]] = {
    GENESIS: _genesis,
    JOINED: _joined,
    HELD: _held,
    "invited": _invited,
    "invite_withdrawn": _withdrawn,
    "suspended": _standing(Standing.SUSPENDED),
    "reinstated": _standing(Standing.ACTIVE),
    "left": _standing(Standing.LEFT),
    "roles_set": _roles_set,
    "key_replacement_announced": _announced,
    "node_key_announced": _announced,
    "key_replacement_vetoed": _ended(_dropped),
    "node_key_vetoed": _ended(_dropped),
    "key_replaced": _ended(Community.complete),
    "node_key_replaced": _ended(Community.complete),
}

KINDS: Final = frozenset((NO_EFFECT, *_EFFECTS))
