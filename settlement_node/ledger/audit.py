"""What must hold of a ledger at every moment, stated once."""

from collections import defaultdict
from collections.abc import Iterable

from depin_protocol.bounds import MAX_AMOUNT
from settlement_node.ledger.accounts import KIND_RULES, AccountName, Balance, Bound
from settlement_node.ledger.assets import Asset
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.rows import Standing, TransferRow, transfer_of
from settlement_node.ledger.transfers import Phase, Transfer

_ENDS = {Phase.POST: Standing.POSTED, Phase.VOID: Standing.VOIDED}


def audit(ledger: Ledger, transfers: Iterable[TransferRow] | None = None) -> tuple[str, ...]:
    """Say all that is wrong with a ledger; nothing is the right answer.

    1. In each asset debits equal credits, posted and pending apart.
    2. Every sum is from 0 to 2^62 - 1, and no account that forbids it is below zero.
    3. What is pending on each account is what its reservations hold; nothing else is.
    4. A closed account holds nothing.
    5. With all transfer rows: balances are the fold of the transfers, each reservation ended at
       most once, with no more than it held, and as its row says.
    """
    accounts = dict(ledger.accounts())
    return (
        *_sums(accounts),
        *_forbidden(ledger, accounts),
        *_pending(ledger, accounts),
        *(() if transfers is None else _fold(ledger, accounts, transfers)),
    )


def _sums(accounts: dict[AccountName, Balance]) -> Iterable[str]:
    for asset in Asset:
        of_asset = [held for name, held in accounts.items() if KIND_RULES[name.kind].asset is asset]
        posted = sum(held.credits_posted - held.debits_posted for held in of_asset)
        pending = sum(held.credits_pending - held.debits_pending for held in of_asset)
        if posted:
            yield f"{asset.name}: posted credits exceed debits by {posted}"
        if pending:
            yield f"{asset.name}: pending credits exceed debits by {pending}"


def _forbidden(ledger: Ledger, accounts: dict[AccountName, Balance]) -> Iterable[str]:
    for name, held in accounts.items():
        sums = (held.debits_pending, held.debits_posted, held.credits_pending, held.credits_posted)
        if not all(0 <= amount < MAX_AMOUNT for amount in sums):
            yield f"{_title(name)}: a sum is out of bounds: {sums}"
        rule = KIND_RULES[name.kind]
        if rule.debits is Bound.EVERYTHING and held.available < 0:
            yield f"{_title(name)}: below zero: {held.available}"
        if ledger.is_closed(name) and (held.posted or held.debits_pending or held.credits_pending):
            yield f"{_title(name)}: closed, and not empty"


def _pending(ledger: Ledger, accounts: dict[AccountName, Balance]) -> Iterable[str]:
    debits: defaultdict[AccountName, int] = defaultdict(int)
    credits_: defaultdict[AccountName, int] = defaultdict(int)
    for reservation in ledger.reservations():
        debits[ledger.name(reservation.debit)] += reservation.amount
        credits_[ledger.name(reservation.credit)] += reservation.amount
    for name, held in accounts.items():
        if (held.debits_pending, held.credits_pending) != (debits[name], credits_[name]):
            yield f"{_title(name)}: pending is not what its reservations hold"


def _fold(
    ledger: Ledger, accounts: dict[AccountName, Balance], rows: Iterable[TransferRow]
) -> Iterable[str]:
    debits: defaultdict[AccountName, int] = defaultdict(int)
    credits_: defaultdict[AccountName, int] = defaultdict(int)
    reservations: dict[bytes, tuple[Standing, Transfer]] = {}
    ends: defaultdict[bytes, list[Transfer]] = defaultdict(list)
    for row in rows:
        standing, transfer = transfer_of(row)
        if transfer is None:
            continue
        if transfer.phase is Phase.RESERVE:
            reservations[transfer.id] = standing, transfer
        elif transfer.phase in _ENDS:
            ends[transfer.reserved_by].append(transfer)
        if transfer.phase in {Phase.AT_ONCE, Phase.POST}:
            debits[ledger.name(transfer.debit)] += transfer.amount
            credits_[ledger.name(transfer.credit)] += transfer.amount
    for name, held in accounts.items():
        if (held.debits_posted, held.credits_posted) != (debits[name], credits_[name]):
            yield f"{_title(name)}: the balance is not the fold of the transfers"
    yield from _ended(ledger, reservations, ends)


def _ended(
    ledger: Ledger,
    reservations: dict[bytes, tuple[Standing, Transfer]],
    ends: defaultdict[bytes, list[Transfer]],
) -> Iterable[str]:
    for name in ends.keys() - reservations.keys():
        yield f"reservation {name.hex()}: ended, and never made"
    for name, (standing, reservation) in reservations.items():
        ended = [_ENDS[end.phase] for end in ends[name]]
        if ended not in ([standing], []) or (not ended and standing in _ENDS.values()):
            yield f"reservation {name.hex()}: {standing.name}, but its ends are {ended}"
        if sum(end.amount for end in ends[name]) > reservation.amount:
            yield f"reservation {name.hex()}: more was taken than it held"
        if (standing is Standing.RESERVED) != (ledger.reservation(name) == reservation):
            yield f"reservation {name.hex()}: row and memory differ on whether it stands"


def _title(name: AccountName) -> str:
    return f"{name.kind.name} {name.owner.hex()}".rstrip()
