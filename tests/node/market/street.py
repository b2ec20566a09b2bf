"""A street for the tests: homes with meters that trade in a village, and what its log decided."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from depin_protocol.durations import DAY
from depin_protocol.encoding import from_text
from depin_protocol.log.entries import DecisionEntry, read_entry
from depin_protocol.rules.market_rules import MarketRules
from depin_protocol.settlement.charges import Charges, Fees, Taxed, Vat
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.statements.measuring import Column, Device, Readings
from depin_protocol.statements.money import Constant, Tariff
from depin_protocol.statements.trading import Side, Step
from settlement_node.governance.objections import NO_EFFECT
from settlement_node.keeping.state_root import STATE_ROOT
from settlement_node.ledger.accounts import AccountKind, AccountName
from settlement_node.log.entries import Decision, read_decision
from tests.node.village import FACTS, Village
from tests.protocol.spoken import NOON, QUARTER, Home, ident

MARKET: Final = FACTS.market
LENT: Final = 10**9
"""How far orders may go below zero: 1 euro, which a few large ones pass."""

RULES: Final = MarketRules(
    k=2,
    tick=1_000,
    correction=DAY,
    credit_limit=LENT,
    charges=Charges(
        traded=Fees(41_000, 7_000, 500),
        pooled=Fees(20_500, 7_000, 500),
        vat=Vat(81, 1_000, Taxed.ENERGY | Taxed.GRID_FEE | Taxed.COOP_FEE),
    ),
    pool=PoolRule(110_000, Key.DYNAMIC),
)
STREET: Final = replace(FACTS, rules=RULES)


@dataclass(slots=True)
class Metered:
    """A home with a grid meter and a roof: what its counters say, and up to when it was told."""

    home: Home
    read_to: int
    imported: int = 0
    exported: int = 0
    lost: list[Readings] = field(default_factory=list)
    """What it read and has not said."""
    wanted: dict[tuple[int, Side], tuple[Step, ...]] = field(default_factory=dict)
    """What its last order in effect said of an interval."""
    is_plain: bool = True
    """It has only orders, neither standing nor flexible ones."""

    @property
    def grid(self) -> str:
        return ident(5_000 + self.home.number)

    @property
    def roof(self) -> str:
        return ident(6_000 + self.home.number)

    @property
    def money(self) -> AccountName:
        return AccountName(AccountKind.MEMBER_MONEY, from_text(self.home.member, 16))

    def devices(self) -> Iterator[Device]:
        """Declare both."""
        yield Device(self.grid, "grid", {"import": 1, "export": 1})
        yield Device(self.roof, "production", {"production": 1})

    def tariff(self) -> Tariff:
        """Tell what its supplier takes and gives."""
        step = 1_000 * self.home.number
        return Tariff(MARKET, Constant(300_000 - step), Constant(80_000 + step))

    def readings(self, until: int, wh_in: int, wh_out: int) -> Iterator[Readings]:
        """Read both meters at each quarter of an hour since the last time."""
        at = tuple(range(self.read_to + QUARTER, until + 1, QUARTER))
        if not at:
            return
        steps = range(1, len(at) + 1)
        imported = tuple(self.imported + wh_in * step for step in steps)
        exported = tuple(self.exported + wh_out * step for step in steps)
        self.imported, self.exported, self.read_to = imported[-1], exported[-1], at[-1]
        for first in range(0, len(at), 500):
            part = slice(first, first + 500)
            columns: dict[str, Column] = {"import": imported[part], "export": exported[part]}
            yield Readings(self.grid, at[part], columns)
            yield Readings(self.roof, at[part], {"production": exported[part]})


def boundary(instant: int) -> int:
    """Return the last boundary at or before an instant."""
    return instant - (instant - NOON) % QUARTER


async def decisions_since(here: Village, index: int) -> list[tuple[int, Decision]]:
    """Read what the log decided from an entry on, and as which; of a state root lines are apart."""
    found = []
    for at in range(index, here.coop.position.size):
        entry, body = await here.coop.entry(at), await here.coop.body(at)
        assert entry is not None
        assert body is not None
        read = read_entry(entry)
        if isinstance(read, DecisionEntry) and read.kind != STATE_ROOT:
            found.append((at, read_decision(read, body)))
    return found


def had_effect(decisions: list[Decision]) -> bool:
    return all(decision.kind != NO_EFFECT for decision in decisions)
