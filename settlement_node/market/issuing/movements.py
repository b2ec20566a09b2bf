"""Members' money that came in and went out, noted as it is booked."""

from collections.abc import Iterator
from typing import Final

from settlement_node.ledger.accounts import AccountKind
from settlement_node.ledger.effects import BOOKED, REFUSED
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.lines import transfer_in
from settlement_node.ledger.transfers import Phase
from settlement_node.log.entries import Decision
from settlement_node.market.billing.statement import MOVEMENTS, Movement
from settlement_node.market.issuing.tables import MOVEMENT
from settlement_node.store.tables import Change, Put, Row

_DONE: Final = frozenset((Phase.AT_ONCE, Phase.POST))


def noted(decision: Decision, ledger: Ledger, index: int, at: int) -> tuple[Change, ...]:
    """Write rows for what a decision books on members' money accounts."""
    if decision.kind != BOOKED:
        return ()
    rows = list(_rows(decision, ledger, index, at))
    return (Put(MOVEMENT, rows),) if rows else ()


def movement(row: Row) -> tuple[int, Movement]:
    """Read a row: which entry booked it, and what moved."""
    match row:
        case (bytes(), int(at), int(index), int(), str(code), int(amount)):
            return index, Movement(at, code, amount)
    raise TypeError(f"not the row of a movement: {row!r}")


def _rows(decision: Decision, ledger: Ledger, index: int, at: int) -> Iterator[Row]:
    for position, line in enumerate(decision.lines):
        if REFUSED in line:
            continue
        transfer = transfer_in({name: line[name] for name in line if name != "match"}, ledger)
        code = transfer.code.name
        if transfer.phase not in _DONE or code not in MOVEMENTS:
            continue
        for number, amount in (
            (transfer.debit, -transfer.amount),
            (transfer.credit, transfer.amount),
        ):
            name = ledger.name(number)
            if name.kind is AccountKind.MEMBER_MONEY:
                yield name.owner, at, index, position, code, amount
