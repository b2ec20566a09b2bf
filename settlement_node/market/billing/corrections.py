"""Intervals that came out otherwise after they stood on a statement: put right by the next one."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import starmap

from depin_protocol.settlement.charges import Vat
from depin_protocol.settlement.interval import MemberLines
from settlement_node.market.billing.lines import (
    EnergyKind,
    EnergyLine,
    MoneyKind,
    MoneyLine,
    energy_of,
    money_of,
    supplied_in,
)
from settlement_node.market.billing.numbers import StatementNumber
from settlement_node.market.billing.taxes import TaxDirection, TaxPart, basis_points


@dataclass(frozen=True, slots=True)
class Roof:
    """Watt-hours that came from one home, by the name that the co-op shows it under."""

    home: str
    wh: int


@dataclass(frozen=True, slots=True)
class SettledInterval:
    """What settlement said of the member's interval, and the taxes in force in it.

    `seller_rate` is in basis points, and 0 where the member is not liable to VAT for what it sells.
    """

    start: int
    lines: MemberLines
    vat: Vat
    seller_rate: int = 0
    roofs: tuple[Roof, ...] = ()
    market: str = ""

    def taxes(self) -> Iterator[TaxPart]:
        """Say which tax falls on it."""
        charges = self.lines.charges
        yield TaxPart(TaxDirection.CHARGED, basis_points(self.vat), charges.taxable, charges.vat)
        if self.seller_rate:
            yield TaxPart(TaxDirection.CREDITED, self.seller_rate, supplied_in(self.lines))


@dataclass(frozen=True, slots=True)
class Correction:
    """An interval as a statement told it, what it became, and why."""

    told: SettledInterval
    became: MemberLines
    corrects: StatementNumber
    reason: str


@dataclass(frozen=True, slots=True)
class CorrectionLine:
    """The difference that a correction makes; above 0 the member receives it: a credit note.

    `amount` is the sum of `money`, without the tax that a seller adds: that is in its tax line.
    """

    interval: int
    corrects: StatementNumber
    reason: str
    energy: tuple[EnergyLine, ...]
    money: tuple[MoneyLine, ...]

    @property
    def amount(self) -> int:
        """What the member receives, or below 0 pays."""
        return sum(line.amount for line in self.money)

    @property
    def is_credit_note(self) -> bool:
        """Tell whether the member gains by it."""
        return self.amount > 0


def correction_line(correction: Correction) -> CorrectionLine:
    """Work out what differs, line by line."""
    told, became = correction.told.lines, correction.became
    wh = _difference(energy_of(told), energy_of(became))
    money = _difference(money_of(told), money_of(became))
    money[MoneyKind.VAT_CHARGED] = told.charges.vat - became.charges.vat
    return CorrectionLine(
        correction.told.start,
        correction.corrects,
        correction.reason,
        tuple(starmap(EnergyLine, ((kind, wh[kind]) for kind in EnergyKind if wh.get(kind)))),
        tuple(starmap(MoneyLine, ((kind, money[kind]) for kind in MoneyKind if money.get(kind)))),
    )


def correction_taxes(correction: Correction) -> Iterator[TaxPart]:
    """Say how the taxes differ, at the rates that were in force."""
    told = correction.told
    became = SettledInterval(told.start, correction.became, told.vat, told.seller_rate)
    for before, after in zip(told.taxes(), became.taxes(), strict=True):
        yield TaxPart(
            after.direction, after.rate, after.taxable - before.taxable, after.tax - before.tax
        )


def _difference[Kind](
    told: Iterator[tuple[Kind, int]], became: Iterator[tuple[Kind, int]]
) -> dict[Kind, int]:
    before = dict(told)
    return {kind: value - before[kind] for kind, value in became}
