"""Money that enters and leaves by a decision: opening balances, payouts, lines identified."""

from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.codes import Code
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.transfers import Cause, Phase, Transfer, transfer_id

_OPENING_CODES = {
    AccountKind.BANK: Code.OPENING_BANK,
    AccountKind.MEMBER_MONEY: Code.OPENING_MEMBER,
    AccountKind.COOP_FUNDS: Code.OPENING_FUNDS,
}


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
        transfer_id(at, b"opening", name.kind.name.encode(), name.owner),
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


def farewell(
    ledger: Ledger, member: AccountName, bank: AccountName, cause: Cause
) -> Transfer | None:
    """Pay a member who leaves all that is not reserved; the account can close once it is done."""
    left = ledger.balance(member).available
    return payout(ledger, member, bank, left, cause) if left > 0 else None


def identified(ledger: Ledger, line: Transfer, whose: AccountName, cause: Cause) -> Transfer:
    """Move a line out of suspense to whom it belongs: a member, or the co-op's own funds."""
    suspense = ledger.open(AccountName(AccountKind.SUSPENSE))
    owner = ledger.open(whose)
    came = line.code is Code.UNMATCHED_IN
    return Transfer(
        transfer_id(cause.at, b"identified", cause.name, line.id),
        suspense if came else owner,
        owner if came else suspense,
        line.amount,
        Asset.CURRENCY,
        Code.SUSPENSE_IDENTIFIED if came else Code.SUSPENSE_CHARGED,
        reference=line.id,
    )
