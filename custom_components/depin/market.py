"""The home's side of the market: what to offer, and at what price."""

from dataclasses import dataclass

from .protocol.bounds import MAX_ENERGY, MAX_PRICE
from .protocol.settlement.charges import Fees, Taxed, Vat
from .protocol.statements.trading import Curve


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the grid meter will count in one interval, in watt-hours."""

    start: int
    surplus: int
    need: int


@dataclass(frozen=True, slots=True)
class GridTariff:
    """What a home has without neighbours, per watt-hour in the currency's smallest unit."""

    retail: int
    """All that a watt-hour from the grid costs, with fees and VAT."""
    feed_in: int
    """What the grid pays for one."""


def truthful_curves(
    forecast: Forecast, grid: GridTariff, fees: Fees, vat: Vat
) -> tuple[Curve, ...]:
    """Offer the surplus and bid for the need, each at the worth that the grid gives it.

    Nobody gains by saying another price than his own; what he pays or gets is the market's.
    Beyond what an order can hold he says less than he would, and never a worse price.
    """
    bid = min(highest_bid(grid, fees, vat), MAX_PRICE)
    ask = max(grid.feed_in, -MAX_PRICE)
    curves = []
    if forecast.need > 0 and bid >= -MAX_PRICE:
        curves.append(Curve(forecast.start, "bid", ((bid, min(forecast.need, MAX_ENERGY)),)))
    if forecast.surplus > 0 and ask <= MAX_PRICE:
        curves.append(Curve(forecast.start, "ask", ((ask, min(forecast.surplus, MAX_ENERGY)),)))
    return tuple(curves)


def highest_bid(grid: GridTariff, fees: Fees, vat: Vat) -> int:
    """Compute the highest limit at which neighbours' energy costs no more than the grid's.

    Limits are without fees and VAT, which the buyer pays on top.
    """
    parts = {
        Taxed.GRID_FEE: fees.grid_fee,
        Taxed.LEVIES: fees.levies,
        Taxed.COOP_FEE: fees.coop_fee,
    }
    taxed_fees = sum(fee for part, fee in parts.items() if part in vat.on)
    energy_rate = vat.numerator if Taxed.ENERGY in vat.on else 0
    left = (grid.retail - sum(parts.values())) * vat.denominator - taxed_fees * vat.numerator
    return left // (vat.denominator + energy_rate)
