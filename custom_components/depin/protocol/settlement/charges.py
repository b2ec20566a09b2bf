"""Grid fees, levies, the co-op's fee and VAT on the energy that members take."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..bounds import MAX_PRICE
from .limits import bounded_amount, require_within

_MAX_VAT_DENOMINATOR: Final = 2**31


class Taxed(enum.Flag):
    """The parts of a member's bill that VAT falls on."""

    NOTHING = 0
    ENERGY = 1
    GRID_FEE = 2
    LEVIES = 4
    COOP_FEE = 8
    EVERYTHING = 15


@dataclass(frozen=True, slots=True)
class Fees:
    """What falls on each watt-hour, in the currency's smallest unit."""

    grid_fee: int = 0
    levies: int = 0
    coop_fee: int = 0

    def __post_init__(self) -> None:
        """Refuse a fee that pays the member."""
        for name, fee in (
            ("grid fee", self.grid_fee),
            ("levies", self.levies),
            ("co-op fee", self.coop_fee),
        ):
            require_within(name, fee, 0, MAX_PRICE)


@dataclass(frozen=True, slots=True)
class Vat:
    """A rate as a fraction, and what it falls on."""

    numerator: int = 0
    denominator: int = 1
    on: Taxed = Taxed.EVERYTHING

    def __post_init__(self) -> None:
        """Refuse a rate below nothing or above the whole."""
        require_within("VAT denominator", self.denominator, 1, _MAX_VAT_DENOMINATOR)
        require_within("VAT numerator", self.numerator, 0, self.denominator)

    def of(self, taxable: int) -> int:
        """Compute the tax on an amount, rounded down."""
        return taxable * self.numerator // self.denominator


@dataclass(frozen=True, slots=True)
class Taken:
    """The watt-hours that a member took from neighbours, and what the energy cost."""

    traded: int = 0
    traded_cost: int = 0
    pooled: int = 0
    pooled_cost: int = 0


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """One member's charges; `taxable` is the amount that its VAT was taken of."""

    grid_fee: int
    levies: int
    coop_fee: int
    taxable: int
    vat: int

    @property
    def pays(self) -> int:
        """All charges together."""
        return self.grid_fee + self.levies + self.coop_fee + self.vat


@dataclass(frozen=True, slots=True)
class Charges:
    """A market's charges: fees on delivered trades, fees on pooled energy, VAT on both."""

    traded: Fees = Fees()
    pooled: Fees = Fees()
    vat: Vat = Vat()

    def on(self, taken: Taken) -> ChargeLine:
        """Charge what one member took."""
        grid_fee = self.traded.grid_fee * taken.traded + self.pooled.grid_fee * taken.pooled
        levies = self.traded.levies * taken.traded + self.pooled.levies * taken.pooled
        coop_fee = self.traded.coop_fee * taken.traded + self.pooled.coop_fee * taken.pooled
        parts = (
            (Taxed.ENERGY, taken.traded_cost + taken.pooled_cost),
            (Taxed.GRID_FEE, grid_fee),
            (Taxed.LEVIES, levies),
            (Taxed.COOP_FEE, coop_fee),
        )
        # Energy at a negative price can outweigh the fees; a refund of tax is nobody's promise.
        taxable = max(0, sum(amount for part, amount in parts if part in self.vat.on))
        return ChargeLine(
            grid_fee=bounded_amount("grid fee", grid_fee),
            levies=bounded_amount("levies", levies),
            coop_fee=bounded_amount("co-op fee", coop_fee),
            taxable=bounded_amount("taxable", taxable),
            vat=self.vat.of(taxable),
        )

    def pool_within(self, price: int, retail: int) -> bool:
        """Tell whether pooled energy with its fees and VAT costs no more than retail."""
        line = self.on(Taken(pooled=1, pooled_cost=price))
        fees = line.grid_fee + line.levies + line.coop_fee
        tax = line.taxable * self.vat.numerator
        return (price + fees - retail) * self.vat.denominator + tax <= 0


@dataclass(frozen=True, slots=True)
class ChargeTotals:
    """An interval's charges, one line a member, and what each account receives."""

    lines: tuple[ChargeLine, ...]
    grid_fees: int
    levies: int
    coop_fee: int
    vat: int
    rounding: int


def charge(members: Sequence[Taken], charges: Charges) -> ChargeTotals:
    """Charge each member for what it took.

    Each member's VAT is rounded down alone. The `vat` account receives the tax on the sum,
    rounded down; the `rounding` account pays the difference, under one unit a member.
    """
    lines = tuple(charges.on(taken) for taken in members)
    vat = charges.vat.of(sum(line.taxable for line in lines))
    return ChargeTotals(
        lines=lines,
        grid_fees=bounded_amount("grid fees", sum(line.grid_fee for line in lines)),
        levies=bounded_amount("levies", sum(line.levies for line in lines)),
        coop_fee=bounded_amount("co-op fee", sum(line.coop_fee for line in lines)),
        vat=bounded_amount("VAT", vat),
        rounding=sum(line.vat for line in lines) - vat,
    )
