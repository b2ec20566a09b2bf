"""Which decision follows from what an operator does with money."""

from collections.abc import Sequence

from depin_protocol.encoding import from_text, to_text
from depin_protocol.identifiers import HASH_LENGTH
from settlement_node.governance.actions import Action
from settlement_node.intake.said import Said
from settlement_node.ledger import actions
from settlement_node.ledger.bank.booking import BankDesk, bank_account, imported, line_id
from settlement_node.ledger.beginning import TOO_OLD
from settlement_node.ledger.by_hand import transfers_of
from settlement_node.ledger.desk import Desk, RefusedActionError, refusal
from settlement_node.ledger.effects import (
    ACCOUNT_CLOSED,
    ACCOUNT_REOPENED,
    BANK_ACCOUNT_OPENED,
    BOOKED,
    LIMIT_SET,
    REFUSED,
)
from settlement_node.ledger.lines import transfer_line
from settlement_node.ledger.outcomes import AccountOutcome, Outcome, code_of
from settlement_node.ledger.transfers import Cause
from settlement_node.log.entries import Decision


def decided(said: Said, action: Action, desk: Desk) -> Decision:
    """Decide on an action, or raise a RefusedActionError."""
    if isinstance(action, actions.BookBankLines):
        return _bank_lines(said, action, desk)
    found = _of_account(action, desk)
    return _by_hand(said, action, desk) if found is None else _account(said, action, *found)


def _of_account(action: Action, desk: Desk) -> tuple[str, AccountOutcome] | None:
    """Say what would come of an action on an account itself, or that it is none."""
    ledger = desk.ledger
    match action:
        case actions.OpenBankAccount(account=number):
            outcome = ledger.may_reopen(bank_account(number))
            is_new = outcome is AccountOutcome.NOT_FOUND
            opened = BANK_ACCOUNT_OPENED, AccountOutcome.DONE
            return opened if is_new else (ACCOUNT_REOPENED, outcome)
        case actions.CloseBankAccount(account=number):
            return ACCOUNT_CLOSED, ledger.may_close(desk.bank(number))
        case actions.SetLimit(member=member, limit=limit):
            return LIMIT_SET, ledger.may_set_limit(desk.member(member), limit)
        case actions.CloseAccount(member=member):
            return ACCOUNT_CLOSED, ledger.may_close(desk.member(member))
        case actions.ReopenAccount(member=member):
            return ACCOUNT_REOPENED, ledger.may_reopen(desk.member(member))
    return None


def _account(said: Said, action: Action, kind: str, outcome: AccountOutcome) -> Decision:
    if outcome is not AccountOutcome.DONE:
        raise refusal(outcome)
    return Decision(kind, {"statement": said.index}, (action.to_json(),))


def _by_hand(said: Said, action: Action, desk: Desk) -> Decision:
    cause = Cause(from_text(said.statement.hash, HASH_LENGTH), said.at)
    transfers = transfers_of(action, desk, cause)
    for outcome in desk.ledger.would(transfers, said.at):
        if outcome not in {Outcome.CREATED, Outcome.LINKED_FAILED}:
            raise refusal(outcome)
    return _booked(said, [transfer_line(transfer) for transfer in transfers])


def _bank_lines(said: Said, action: actions.BookBankLines, desk: Desk) -> Decision:
    number = action.account
    desk.bank(number)
    at_desk = BankDesk(desk.ledger, number, desk.members, desk.undone_by)
    names = [line_id(number, line) for line in action.lines]
    old = [name for name in names if desk.begin.is_after(name)]
    told = zip(action.lines, names, strict=True)
    bookings = at_desk.bookings(line for line, name in told if name not in old)
    outcomes = desk.ledger.would([booking.transfer for booking in bookings], said.at)
    result = imported(bookings, outcomes)
    if not result.new:
        for _, outcome in result.refused:
            raise refusal(outcome)
        for name in old:
            desk.check_age(name)
        raise RefusedActionError("nothing-new", "all of these lines are in the books already")
    lines: list[dict[str, object]] = [
        {**transfer_line(booking.transfer), "match": booking.match.name} for booking in result.new
    ]
    lines += [
        {REFUSED: code_of(outcome), "id": to_text(booking.transfer.id)}
        for booking, outcome in result.refused
    ]
    lines += [{REFUSED: TOO_OLD, "id": to_text(name)} for name in old]
    return _booked(said, lines)


def _booked(said: Said, lines: Sequence[dict[str, object]]) -> Decision:
    return Decision(BOOKED, {"statement": said.index}, tuple(lines))
