"""The transfers of what operators do by hand."""

from settlement_node.governance.actions import Action
from settlement_node.ledger import actions
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.codes import Code
from settlement_node.ledger.desk import Desk, RefusedActionError, refusal
from settlement_node.ledger.money import (
    NoOpeningError,
    cancelled,
    funds_moved,
    identified,
    opening_balance,
    paid_in,
    paid_out,
    payout,
    returned,
)
from settlement_node.ledger.outcomes import Outcome
from settlement_node.ledger.transfers import Cause, Transfer

_UNMATCHED = frozenset({Code.UNMATCHED_IN, Code.UNMATCHED_OUT})


def transfers_of(action: Action, desk: Desk, cause: Cause) -> tuple[Transfer, ...]:
    """Write the transfers that an action comes to, or raise a RefusedActionError."""
    match action:
        case actions.RecordDeposit(member=member, account=number, amount=amount):
            name, bank = desk.member(member), desk.bank(number)
            return (paid_in(desk.ledger, name, bank, amount, cause),)
        case actions.RecordPayout() | actions.ReservePayout():
            return _paid(action, desk, cause)
        case actions.OpenBalance():
            return (_opening(action, desk),)
        case actions.RecordFunds(account=number, amount=amount):
            return (funds_moved(desk.ledger, desk.bank(number), amount, cause),)
    return (_about_another(action, desk, cause),)


def _paid(
    action: actions.RecordPayout | actions.ReservePayout, desk: Desk, cause: Cause
) -> tuple[Transfer, ...]:
    name, bank = desk.member(action.member), desk.bank(action.account)
    available = desk.ledger.balance(name).available
    amount = available if action.amount is None else action.amount
    # A limit lets orders go below zero; nobody is paid what it hasn't got.
    if not 0 < amount <= available:
        raise refusal(Outcome.EXCEEDS_CREDITS)
    if isinstance(action, actions.RecordPayout):
        return paid_out(desk.ledger, name, bank, amount, cause)
    reservation = payout(desk.ledger, name, bank, amount, cause)
    return (reservation._replace(expires=action.expires or 0),)


def _opening(action: actions.OpenBalance, desk: Desk) -> Transfer:
    name = AccountName(AccountKind.COOP_FUNDS)
    if action.member is not None:
        name = desk.member(action.member)
    elif action.account is not None:
        name = desk.bank(action.account)
    try:
        opening = opening_balance(desk.ledger, name, action.amount, 0)
    except NoOpeningError as error:
        raise RefusedActionError("parameters-invalid", str(error)) from None
    desk.check_age(opening.id)
    return opening


def _about_another(action: Action, desk: Desk, cause: Cause) -> Transfer:
    match action:
        case actions.CancelPayout(transfer=name):
            waiting = desk.ledger.reservation(name)
            if waiting is None or waiting.code is not Code.PAYOUT:
                raise RefusedActionError("no-such-transfer", "no payout of this id waits")
            return cancelled(waiting, cause)
        case actions.ReturnMovement(transfer=name):
            desk.check_age(name)
            original = desk.original(name)
            if original is None:
                detail = "this is no deposit or finished payout, or it was returned already"
                raise RefusedActionError("no-such-transfer", detail)
            return returned(original, cause)
        case actions.IdentifyLine(transfer=name, member=whose):
            return _identified(desk, name, whose, cause)
    raise RefusedActionError("action-unknown", f"the action {action.NAME} is unknown here")


def _identified(desk: Desk, name: bytes, whose: str | None, cause: Cause) -> Transfer:
    desk.check_age(name)
    line = desk.ledger.transfer(name)
    if line is None or line.code not in _UNMATCHED:
        raise RefusedActionError("no-such-transfer", "no line of this id went into suspense")
    if desk.about.newest(name):
        raise RefusedActionError("already-so", "somebody has said already whose this line is")
    owner = AccountName(AccountKind.COOP_FUNDS) if whose is None else desk.member(whose)
    return identified(desk.ledger, line, owner, cause)
