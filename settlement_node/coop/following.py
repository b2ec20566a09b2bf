"""One entry after another, each checked to follow from those before it."""

from depin_protocol.encoding import EncodingError
from depin_protocol.log.entries import DecisionEntry, EntryError, StatementEntry
from depin_protocol.problems import RefusedError
from depin_protocol.statements.fields import BodyError
from settlement_node.coop.state import CoopState
from settlement_node.intake.checking import Checked, admit_in_turn
from settlement_node.intake.said import Effects
from settlement_node.keeping.state_root import STATE_ROOT, all_lines
from settlement_node.log.entries import Decision, DecisionError, read_decision


class DoesNotFollowError(Exception):
    """An entry is not what the log before it and its body lead to; the message says which."""

    def __init__(self, index: int, why: str) -> None:
        """Name the entry."""
        super().__init__(f"entry {index} does not follow: {why}")
        self.index = index


def follow_statement(
    state: CoopState, entry: StatementEntry, read: Checked | RefusedError
) -> Effects:
    """Take a statement's entry; what the statement names must have been looked up."""
    index = state.size
    if isinstance(read, RefusedError):
        raise DoesNotFollowError(index, f"its statement cannot enter a chain: {read}")
    if (read.hash, read.envelope.kind) != (entry.hash, entry.kind):
        raise DoesNotFollowError(index, "its body is not the statement that it names")
    _check_time(state, entry.at)
    # More statements of the same commit may come before the decisions on the first.
    if not state.may_owe:
        overdue = state.next_decision(entry.at)
        if overdue is not None:
            raise DoesNotFollowError(index, f"the decision {overdue.kind} was due before it")
    try:
        admitted = admit_in_turn(read, state.find)
    except RefusedError as error:
        raise DoesNotFollowError(index, f"its statement cannot enter its chain: {error}") from None
    if admitted is None:
        raise DoesNotFollowError(index, "its statement is in the log already")
    try:
        return state.enter(entry.at, *admitted)
    except DecisionError as error:
        raise DoesNotFollowError(index, str(error)) from None


def follow_decision(state: CoopState, entry: DecisionEntry, written: bytes, body: bytes) -> Effects:
    """Take a decision's entry."""
    index = state.size
    _check_time(state, entry.at)
    try:
        if entry.kind == STATE_ROOT:
            decision = _state_root_due(state, entry.at)
            body = all_lines(entry, body, decision)
        else:
            decision = read_decision(entry, body)
        return state.decide(entry.at, decision, written, body)
    except (EntryError, DecisionError, BodyError, EncodingError) as error:
        raise DoesNotFollowError(index, str(error)) from None


async def follow_succession(
    state: CoopState, entry: DecisionEntry, written: bytes, body: bytes
) -> Effects:
    """Take entry 0 of a log that succeeds another."""
    try:
        return await state.succeed(entry.at, read_decision(entry, body), written, body)
    except (DecisionError, EntryError, LookupError, ValueError, TypeError) as error:
        raise DoesNotFollowError(0, str(error)) from None


def _state_root_due(state: CoopState, at: int) -> Decision:
    decision = state.next_decision(at)
    if decision is None or decision.kind != STATE_ROOT:
        raise DecisionError("no state root is due here")
    return decision


def check_all_answered(state: CoopState) -> None:
    """Refuse a log that ends where a decision has to follow."""
    if state.unanswered is not None:
        raise DoesNotFollowError(
            state.unanswered, "it calls for a decision, and the log ends without it"
        )


def _check_time(state: CoopState, at: int) -> None:
    if at > state.at and state.unanswered is not None:
        raise DoesNotFollowError(
            state.unanswered, "it calls for a decision, and the log goes on without it"
        )
