"""Value added tax in both directions, by rate: whole cents shown, what is left over carried."""

import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from depin_protocol.settlement.charges import Vat
from settlement_node.market.billing.cents import rounded_down

WHOLE: Final = 10_000
"""Basis points of the whole."""


class TaxError(ValueError):
    """A rate or a tax line that cannot stand on a statement."""


class TaxDirection(enum.StrEnum):
    """Who adds the tax: the co-op to its bill, or a member that is liable to what it sold."""

    CHARGED = "charged"
    CREDITED = "credited"


@dataclass(frozen=True, slots=True)
class TaxPart:
    """Tax on something; the amounts are the taxed one's, below 0 where they are taken back."""

    direction: TaxDirection
    rate: int
    taxable: int
    tax: int = 0

    def __post_init__(self) -> None:
        """Refuse a rate below nothing or above the whole."""
        if not 0 <= self.rate <= WHOLE:
            raise TaxError(f"a rate of {self.rate} basis points: give 0 to {WHOLE}")


@dataclass(frozen=True, slots=True)
class TaxLine:
    """A month's tax of one direction and rate: `accrued + brought = shown + carried`.

    `shown` is in whole cents; `carried` is under one cent and goes into the next statement.
    """

    direction: TaxDirection
    rate: int
    taxable: int
    accrued: int
    brought: int
    shown: int
    carried: int

    def __post_init__(self) -> None:
        """Refuse a line that does not add up."""
        if self.accrued + self.brought != self.shown + self.carried:
            raise TaxError(f"the tax at {self.rate} basis points does not add up")


def basis_points(vat: Vat) -> int:
    """Write a market's rate in basis points."""
    points, left = divmod(vat.numerator * WHOLE, vat.denominator)
    if left:
        raise TaxError(
            f"VAT of {vat.numerator}/{vat.denominator} is no whole number of basis points: "
            "a statement cannot name it; set such a rate"
        )
    return points


def tax_lines(
    parts: Iterable[TaxPart], before: Iterable[TaxLine], cent: int
) -> tuple[TaxLine, ...]:
    """Add up a month's taxes, with what the statement before carried.

    The co-op's own tax was charged interval by interval. A seller's is taken here, of the month's
    sum, rounded down to the smallest unit.
    """
    sums: dict[tuple[TaxDirection, int], tuple[int, int]] = {}
    for part in parts:
        taxable, tax = sums.get((part.direction, part.rate), (0, 0))
        sums[part.direction, part.rate] = (taxable + part.taxable, tax + part.tax)
    carried = {(line.direction, line.rate): line.carried for line in before if line.carried}
    lines = []
    for direction, rate in sorted(sums.keys() | carried.keys()):
        taxable, accrued = sums.get((direction, rate), (0, 0))
        if direction is TaxDirection.CREDITED:
            accrued = taxable * rate // WHOLE
        brought = carried.get((direction, rate), 0)
        if not (taxable or accrued or brought):
            continue
        shown, left = rounded_down(accrued + brought, cent)
        lines.append(TaxLine(direction, rate, taxable, accrued, brought, shown, left))
    return tuple(lines)
