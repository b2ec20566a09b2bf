"""What comes into the log from outside its own course: somebody joins, or evidence of a clone."""

from typing import Final

from depin_protocol.clearing.pseudonym import salt_commitment
from depin_protocol.encoding import EncodingError, from_text, to_text
from depin_protocol.events import EventKind
from depin_protocol.joining import JoinError, JoinRequest
from depin_protocol.problems import ChainEndedError, ForkError, RefusedError
from depin_protocol.statements.envelope import read_envelope
from depin_protocol.statements.fields import Fields
from depin_protocol.statements.record import check_statement
from depin_protocol.statements.timing import MAX_LEAD
from settlement_node.governance.actions import invite_hash
from settlement_node.governance.community import Community
from settlement_node.governance.facts import GENESIS
from settlement_node.governance.invitation import Invitation
from settlement_node.governance.joining import JoinProblem, JoinRefusedError
from settlement_node.governance.member import Member
from settlement_node.intake.said import Telling
from settlement_node.log.entries import Decision, DecisionError

JOINED: Final = "joined"
HELD: Final = "held"

FREE: Final = frozenset((JOINED, HELD))
"""Decisions that the log does not call for: they bring in what is signed by somebody else."""


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
        detail = "this invite is unknown here: ask an operator for another"
        raise JoinRefusedError(JoinProblem.INVITE_UNKNOWN, detail)
    if invitation.withdrawn:
        detail = "this invite was withdrawn: ask an operator for another"
        raise JoinRefusedError(JoinProblem.INVITE_WITHDRAWN, detail)
    if invitation.used_by:
        detail = "somebody has joined with this invite: ask an operator for another"
        raise JoinRefusedError(JoinProblem.INVITE_USED, detail)
    if at >= invitation.expires:
        detail = "this invite has expired: ask an operator for another"
        raise JoinRefusedError(JoinProblem.INVITE_EXPIRED, detail)
    if request.member in community.members:
        detail = "this key has been a member's here: make another"
        raise JoinRefusedError(JoinProblem.LEFT, detail)
    if community.has_pseudonym_salt(request.pseudonym_salt):
        # Both would stand at one place of the tie order.
        detail = "another member has this pseudonym_salt: make a new one at random"
        raise JoinRefusedError(JoinProblem.REQUEST_INVALID, detail)
    return request, invitation


def joined_by(wire: bytes, community: Community) -> Member | None:
    """Return the member that this very request, or another with its code and key, has made."""
    try:
        request = JoinRequest.read(wire)
    except JoinError:
        return None
    invitation = community.invitations.get(invite_hash(request.code))
    if invitation is None or invitation.used_by != request.member:
        return None
    return community.members[request.member]


def joining(wire: bytes, request: JoinRequest) -> Decision:
    """Decide that somebody joins."""
    commitment = to_text(salt_commitment(request.pseudonym_salt))
    return Decision(JOINED, {"commitment": commitment}, ({"request": to_text(wire)},))


def evidence(wire: bytes, community: Community) -> RefusedError | None:
    """Tell whether a statement shows that two homes speak with one key, where none knows yet.

    What it names must have been looked up.
    """
    try:
        check_statement(wire, community.facts.coop, community.members.get)
    except (ForkError, ChainEndedError) as error:
        header = read_envelope(wire).header
        member = community.members[header.member]
        news = member.lacks_evidence(header.stream, header.chain, header.seq)
        return error if news else None
    except RefusedError:
        return None
    return None


def holding(wire: bytes) -> Decision:
    """Decide that a member's orders are held, and keep the evidence."""
    return Decision(HELD, {}, ({"statement": to_text(wire)},))


def held_telling(member: str, decision: str | None) -> Telling:
    """Tell a member that its orders are held until an opening names all its chains."""
    data: dict[str, object] = {} if decision is None else {"decision": decision}
    return Telling(member, EventKind.HELD, data)


def check_free(decision: Decision, community: Community, at: int) -> None:
    """Check a decision that nothing in the log called for."""
    if decision.kind == GENESIS and not community.founded:
        return
    if decision.kind not in FREE or not community.founded:
        raise DecisionError(f"nothing that precedes it calls for the decision {decision.kind}")
    if decision.kind == HELD:
        wire = wire_in(decision, "statement")
        if evidence(wire, community) is None or decision != holding(wire):
            raise DecisionError("its statement is no evidence of two homes with one key")
        return
    try:
        wire = wire_in(decision, "request")
        request, _ = admitted(wire, community, at)
    except JoinRefusedError as error:
        raise DecisionError(f"nobody could join here: {error}") from None
    if decision != joining(wire, request):
        raise DecisionError("the entry does not say what the request to join says")


def line_of(decision: Decision) -> Fields:
    """Open the one line that a decision has."""
    if len(decision.lines) != 1:
        raise DecisionError(f"{decision.kind} has one line, not {len(decision.lines)}")
    return Fields(decision.lines[0], "line")


def wire_in(decision: Decision, name: str) -> bytes:
    """Read what somebody signed, out of a decision's line."""
    value = line_of(decision).take(name)
    if not isinstance(value, str):
        raise DecisionError(f"line.{name} is no text")
    try:
        return from_text(value, len(value) * 3 // 4)
    except EncodingError as error:
        raise DecisionError(f"line.{name}: {error}") from None
