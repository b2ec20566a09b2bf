"""The home's side of the market: what to offer, and at what price."""

from dataclasses import dataclass

from .protocol.bounds import MAX_PRICE
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
    """
    bid = highest_bid(grid, fees, vat)
    curves = []
    if forecast.need > 0 and abs(bid) <= MAX_PRICE:
        curves.append(Curve(forecast.start, "bid", ((bid, forecast.need),)))
    if forecast.surplus > 0:
        curves.append(Curve(forecast.start, "ask", ((grid.feed_in, forecast.surplus),)))
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
