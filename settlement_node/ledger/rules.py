"""What the books allow: one transfer looked at, nothing altered."""

from typing import Final

from depin_protocol.bounds import MAX_AMOUNT
from settlement_node.ledger.accounts import Account, Bound
from settlement_node.ledger.books import Books
from settlement_node.ledger.codes import ALLOWED_MOVES, RESERVED_FIRST
from settlement_node.ledger.outcomes import Outcome, said_again
from settlement_node.ledger.rows import Standing
from settlement_node.ledger.transfers import ID_LENGTH, MAX_REFERENCE, Phase, Transfer

_MAX_MOMENT: Final = 2**48

_ENDED: Final = {
    Standing.POSTED: Outcome.RESERVATION_ALREADY_POSTED,
    Standing.VOIDED: Outcome.RESERVATION_ALREADY_VOIDED,
    Standing.EXPIRED: Outcome.RESERVATION_EXPIRED,
}


_SAME_AS_RESERVED: Final = (
    ("debit", Outcome.RESERVATION_HAS_DIFFERENT_DEBIT_ACCOUNT),
    ("credit", Outcome.RESERVATION_HAS_DIFFERENT_CREDIT_ACCOUNT),
    ("asset", Outcome.RESERVATION_HAS_DIFFERENT_ASSET),
    ("code", Outcome.RESERVATION_HAS_DIFFERENT_CODE),
)


def decide(books: Books, transfer: Transfer, at: int, ahead: bytes) -> Outcome:
    """Say what comes of a transfer; ids from `ahead` on belong to moments after the logged time."""
    name = transfer.id
    if len(name) != ID_LENGTH:
        return Outcome.ID_MALFORMED
    if name >= ahead:
        return Outcome.ID_AHEAD_OF_TIME
    if name in books.transfers:
        before = books.transfers[name]
        return Outcome.ID_ALREADY_FAILED if before is None else said_again(before, transfer)
    return _form(transfer) or (
        _begin(books, transfer, at)
        if transfer.phase is Phase.AT_ONCE or transfer.phase is Phase.RESERVE
        else _end(books, transfer)
    )


def _form(transfer: Transfer) -> Outcome | None:
    if not 0 < transfer.amount < MAX_AMOUNT:
        return Outcome.AMOUNT_OUT_OF_BOUNDS
    if len(transfer.reference) > MAX_REFERENCE:
        return Outcome.REFERENCE_TOO_LONG
    if transfer.phase is Phase.AT_ONCE or transfer.phase is Phase.RESERVE:
        return _form_of_beginning(transfer)
    return _form_of_end(transfer)


def _form_of_beginning(transfer: Transfer) -> Outcome | None:
    if transfer.debit == transfer.credit:
        return Outcome.ACCOUNTS_EQUAL
    if transfer.reserved_by:
        return Outcome.RESERVATION_NAMED_WITHOUT_NEED
    if transfer.expires:
        if transfer.phase is not Phase.RESERVE:
            return Outcome.EXPIRY_WITHOUT_RESERVATION
        if not 0 < transfer.expires < _MAX_MOMENT:
            return Outcome.EXPIRY_OUT_OF_BOUNDS
    return None


def _begin(books: Books, transfer: Transfer, at: int) -> Outcome:
    debited = books.accounts.get(transfer.debit)
    credited = books.accounts.get(transfer.credit)
    if debited is None:
        return Outcome.DEBIT_ACCOUNT_NOT_FOUND
    if credited is None:
        return Outcome.CREDIT_ACCOUNT_NOT_FOUND
    return (
        _fit(debited, credited, transfer)
        or (Outcome.EXPIRED_ALREADY if 0 < transfer.expires <= at else None)
        or _room(debited, credited, transfer)
    )


def _fit(debited: Account, credited: Account, transfer: Transfer) -> Outcome | None:
    if debited.asset is not transfer.asset or credited.asset is not transfer.asset:
        return Outcome.ASSET_OF_ACCOUNTS_DIFFERS
    if (transfer.code, debited.kind, credited.kind) not in ALLOWED_MOVES:
        return Outcome.CODE_DOES_NOT_FIT
    if (transfer.code in RESERVED_FIRST) is not (transfer.phase is Phase.RESERVE):
        return Outcome.PHASE_DOES_NOT_FIT
    if debited.closed:
        return Outcome.DEBIT_ACCOUNT_CLOSED
    if credited.closed:
        return Outcome.CREDIT_ACCOUNT_CLOSED
    return None


def _room(debited: Account, credited: Account, transfer: Transfer) -> Outcome:
    debits = debited.debits_pending + debited.debits_posted + transfer.amount
    credits_ = credited.credits_pending + credited.credits_posted + transfer.amount
    if debits >= MAX_AMOUNT:
        return Outcome.DEBITS_OVERFLOW
    if credits_ >= MAX_AMOUNT:
        return Outcome.CREDITS_OVERFLOW
    binding = Bound.RESERVATIONS if transfer.phase is Phase.RESERVE else Bound.EVERYTHING
    if debited.debits_bound >= binding and debits > debited.credits_posted + debited.limit:
        return Outcome.EXCEEDS_CREDITS
    if credited.credits_bound >= binding and credits_ > credited.debits_posted + credited.limit:
        return Outcome.EXCEEDS_DEBITS
    return Outcome.CREATED


def _form_of_end(transfer: Transfer) -> Outcome | None:
    if len(transfer.reserved_by) != ID_LENGTH or transfer.reserved_by == transfer.id:
        return Outcome.RESERVATION_NOT_NAMED
    if transfer.expires:
        return Outcome.EXPIRY_WITHOUT_RESERVATION
    return None


def _end(books: Books, transfer: Transfer) -> Outcome:
    reservation = books.transfers.get(transfer.reserved_by)
    if reservation is None:
        return Outcome.RESERVATION_NOT_FOUND
    if reservation.phase is not Phase.RESERVE:
        return Outcome.NOT_A_RESERVATION
    return _mismatch(transfer, reservation) or _ENDED.get(
        books.ended.get(reservation.id, Standing.RESERVED), Outcome.CREATED
    )


def _mismatch(transfer: Transfer, reservation: Transfer) -> Outcome | None:
    for field, outcome in _SAME_AS_RESERVED:
        if getattr(transfer, field) != getattr(reservation, field):
            return outcome
    if transfer.amount > reservation.amount:
        return Outcome.EXCEEDS_RESERVATION
    if transfer.phase is Phase.VOID and transfer.amount < reservation.amount:
        return Outcome.RESERVATION_HAS_DIFFERENT_AMOUNT
    return None
