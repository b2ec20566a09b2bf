"""The books in plain text, as Beancount reads them, to be checked by a program of others."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from settlement_node.ledger.accounts import KIND_RULES, AccountKind, AccountName
from settlement_node.ledger.assets import Denominations
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.transfers import Phase, Transfer

_ASSETS = {AccountKind.BANK}
_EQUITY = {
    AccountKind.OPENING_BALANCES,
    AccountKind.EMISSION,
    AccountKind.ISSUED_CERTIFICATES,
    AccountKind.COOP_FUNDS,
}


def to_journal(ledger: Ledger, booked: Sequence[tuple[int, Transfer]], begin: int) -> Iterator[str]:
    """Write all booked transfers, each with its logged time, line by line, and check balances.

    The transfers are those since `begin`, when the books were empty, in order of time.
    """
    denominations = ledger.denominations
    for name, _ in ledger.accounts():
        yield f"{_day(begin)} open {account_title(name)} {_commodity(denominations, name)}\n"
    last = begin
    for at, transfer in booked:
        last = at
        yield from _transaction(ledger, at, transfer)
    yield from _balances(ledger, last)


def account_title(name: AccountName) -> str:
    """Name an account as Beancount wants it."""
    group = "Liabilities"
    if name.kind in _ASSETS:
        group = "Assets"
    elif name.kind in _EQUITY:
        group = "Equity"
    title = "".join(word.capitalize() for word in name.kind.name.split("_"))
    return f"{group}:{title}" + (f":O{name.owner.hex()}" if name.owner else "")


def _transaction(ledger: Ledger, at: int, transfer: Transfer) -> Iterator[str]:
    if transfer.phase not in {Phase.AT_ONCE, Phase.POST}:
        return
    amount = ledger.denominations[transfer.asset].written(transfer.amount)
    code = ledger.denominations[transfer.asset].code
    yield f'{_day(at)} * "{transfer.code.name}" "{transfer.id.hex()}"\n'
    yield f"  {account_title(ledger.name(transfer.debit))}  {amount} {code}\n"
    yield f"  {account_title(ledger.name(transfer.credit))}  -{amount} {code}\n"


def _balances(ledger: Ledger, last: int) -> Iterable[str]:
    # Beancount compares in the morning, so the next one.
    morning = _day(last + 86_400_000)
    for name, held in ledger.accounts():
        amount = ledger.denominations[KIND_RULES[name.kind].asset].written(-held.posted)
        code = _commodity(ledger.denominations, name)
        yield f"{morning} balance {account_title(name)}  {amount} {code}\n"


def _commodity(denominations: Denominations, name: AccountName) -> str:
    return denominations[KIND_RULES[name.kind].asset].code


def _day(at: int) -> str:
    return datetime.fromtimestamp(at // 1000, UTC).date().isoformat()
