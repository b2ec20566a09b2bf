"""Members' money that came in and went out, noted as it is booked."""

from collections.abc import AsyncIterator, Iterator
from typing import Final, NamedTuple

from settlement_node.ledger.accounts import AccountKind
from settlement_node.ledger.effects import BOOKED, REFUSED
from settlement_node.ledger.ledger import Ledger
from settlement_node.ledger.lines import transfer_in
from settlement_node.ledger.transfers import Phase
from settlement_node.log.entries import Decision
from settlement_node.market.billing.statement import MOVEMENTS, Movement
from settlement_node.market.issuing.tables import MOVEMENT
from settlement_node.store.port import View
from settlement_node.store.tables import Change, Key, Put, Row

_AT_ONCE: Final = 500
_DONE: Final = frozenset((Phase.AT_ONCE, Phase.POST))


def noted(decision: Decision, ledger: Ledger, index: int, at: int) -> tuple[Change, ...]:
    """Write rows for what a decision books on members' money accounts."""
    if decision.kind != BOOKED:
        return ()
    rows = list(_rows(decision, ledger, index, at))
    return (Put(MOVEMENT, rows),) if rows else ()


class Noted(NamedTuple):
    """A movement, and the entry that booked it."""

    entry: int
    moved: Movement


async def movements(view: View, member: bytes, first: int, end: int) -> AsyncIterator[Noted]:
    """Read a member's movements logged from an instant to before another."""
    after: Key = (member, first - 1)
    until: Key = (member, end - 1)
    while True:
        rows = await view.scan(MOVEMENT, (member,), after=after, until=until, limit=_AT_ONCE)
        for row in rows:
            match row:
                case (bytes(), int(at), int(index), int(), str(code), int(amount)):
                    yield Noted(index, Movement(at, code, amount))
        if len(rows) < _AT_ONCE:
            return
        after = rows[-1][: len(MOVEMENT.key)]


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
