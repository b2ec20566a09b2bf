"""Money that enters and leaves by hand: opening balances, payouts, lines identified."""

from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.transfers import (
    Cause,
    Phase,
    Transfer,
    linked,
    post,
    transfer_id,
    void,
)

_OPENING_CODES = {
    AccountKind.BANK: Code.OPENING_BANK,
    AccountKind.MEMBER_MONEY: Code.OPENING_MEMBER,
    AccountKind.COOP_FUNDS: Code.OPENING_FUNDS,
}

_WORDS = (b"deposit", b"payout", b"paid", b"cancel", b"returned", b"funds", b"identified")


class NoOpeningError(ValueError):
    """Accounts of this kind begin empty."""


def opening_balance(ledger: Ledger, name: AccountName, amount: int, at: int) -> Transfer:
    """Book what an account held before these books began; below 0 a member owes it.

    A bank's account opens with what the bank held. Said twice, it is done once.
    """
    code = _OPENING_CODES.get(name.kind)
    if code is None or (amount < 0 and name.kind is AccountKind.BANK):
        raise NoOpeningError(f"no opening balance of {amount} for a {name.kind.name} account")
    opened = ledger.open(name)
    other = ledger.open(AccountName(AccountKind.OPENING_BALANCES))
    debited = name.kind is AccountKind.BANK or amount < 0
    return Transfer(
        opening_id(name, at),
        opened if debited else other,
        other if debited else opened,
        abs(amount),
        Asset.CURRENCY,
        code,
    )


def payout(
    ledger: Ledger, member: AccountName, bank: AccountName, amount: int, cause: Cause
) -> Transfer:
    """Reserve a payout until the bank has done it; the bank's statement then posts it."""
    return Transfer(
        transfer_id(cause.at, b"payout", cause.name),
        ledger.open(member),
        ledger.open(bank),
        amount,
        Asset.CURRENCY,
        Code.PAYOUT,
        Phase.RESERVE,
        reference=cause.name,
    )


def identified(ledger: Ledger, line: Transfer, whose: AccountName, cause: Cause) -> Transfer:
    """Move a line out of suspense to whom it belongs: a member, or the co-op's own funds."""
    suspense = ledger.open(AccountName(AccountKind.SUSPENSE))
    owner = ledger.open(whose)
    came = line.code is Code.UNMATCHED_IN
    return Transfer(
        transfer_id(cause.at, b"identified", cause.name),
        suspense if came else owner,
        owner if came else suspense,
        line.amount,
        Asset.CURRENCY,
        Code.SUSPENSE_IDENTIFIED if came else Code.SUSPENSE_CHARGED,
        reference=line.id,
    )


def paid_in(
    ledger: Ledger, member: AccountName, bank: AccountName, amount: int, cause: Cause
) -> Transfer:
    """Book what a member has paid in, where no bank's statement tells it: in cash, say."""
    return Transfer(
        transfer_id(cause.at, b"deposit", cause.name),
        ledger.open(bank),
        ledger.open(member),
        amount,
        Asset.CURRENCY,
        Code.DEPOSIT,
    )


def paid_out(
    ledger: Ledger, member: AccountName, bank: AccountName, amount: int, cause: Cause
) -> tuple[Transfer, ...]:
    """Book a payout that was handed out at once: it reserves first, so that limits bind it."""
    reservation = payout(ledger, member, bank, amount, cause)
    return linked(
        (reservation, post(transfer_id(cause.at, b"paid", cause.name), reservation, amount))
    )


def cancelled(reservation: Transfer, cause: Cause) -> Transfer:
    """Release a payout that the bank has not done and will not do."""
    return void(transfer_id(cause.at, b"cancel", cause.name), reservation)


def undone(name: bytes, original: Transfer) -> Transfer:
    """Undo a deposit that the bank takes back, or a payout that did not arrive."""
    came = original.code is Code.DEPOSIT
    return Transfer(
        name,
        original.credit,
        original.debit,
        original.amount,
        Asset.CURRENCY,
        Code.DEPOSIT_RETURNED if came else Code.PAYOUT_RETURNED,
        reference=original.id,
    )


def returned(original: Transfer, cause: Cause) -> Transfer:
    """Undo such a movement by hand."""
    return undone(transfer_id(cause.at, b"returned", cause.name), original)


def funds_moved(ledger: Ledger, bank: AccountName, amount: int, cause: Cause) -> Transfer:
    """Book what the co-op itself received, or below 0 what it spent."""
    at_bank = ledger.open(bank)
    funds = ledger.open(AccountName(AccountKind.COOP_FUNDS))
    came = amount > 0
    return Transfer(
        transfer_id(cause.at, b"funds", cause.name),
        at_bank if came else funds,
        funds if came else at_bank,
        abs(amount),
        Asset.CURRENCY,
        Code.COOP_FUNDS_IN if came else Code.COOP_FUNDS_OUT,
    )


def ids_because_of(cause: Cause) -> tuple[bytes, ...]:
    """Name every id that something by hand may get, so that it can be looked up beforehand."""
    return tuple(transfer_id(cause.at, word, cause.name) for word in _WORDS)


def opening_id(name: AccountName, at: int) -> bytes:
    """Name an account's opening balance."""
    return transfer_id(at, b"opening", name.kind.name.encode(), name.owner)
