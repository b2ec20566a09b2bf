"""The lines of a member's month: kinds of energy and of money, and where each comes from."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from depin_protocol.settlement.interval import MemberLines


class EnergyKind(enum.StrEnum):
    """What watt-hours of a member's month were, in the order in which they are shown."""

    IMPORTED = "imported"
    BOUGHT = "bought"
    BOUGHT_DELIVERED = "bought_delivered"
    UNUSED = "unused"
    UNCOVERED = "uncovered"
    POOL_TAKEN = "pool_taken"
    FROM_GRID = "from_grid"
    EXPORTED = "exported"
    SOLD = "sold"
    SOLD_DELIVERED = "sold_delivered"
    UNDELIVERED = "undelivered"
    UNPLACED = "unplaced"
    POOL_GIVEN = "pool_given"
    TO_GRID = "to_grid"
    PRODUCED = "produced"
    CERTIFIED_IN = "certified_in"
    UNATTRIBUTED_IN = "unattributed_in"
    CERTIFIED_OUT = "certified_out"
    UNATTRIBUTED_OUT = "unattributed_out"


class MoneyKind(enum.StrEnum):
    """What money of a member's month was for, in the order in which it is shown."""

    PURCHASE = "purchase"
    BUY_BACK = "buy_back"
    COVER = "cover"
    SALE = "sale"
    SHORTFALL = "shortfall"
    HANDED_BACK = "handed_back"
    POOL_TAKEN = "pool_taken"
    POOL_GIVEN = "pool_given"
    GRID_FEES = "grid_fees"
    LEVIES = "levies"
    COOP_FEE = "coop_fee"
    VAT_CHARGED = "vat_charged"
    VAT_CREDITED = "vat_credited"


@dataclass(frozen=True, slots=True)
class EnergyLine:
    """Watt-hours of a kind."""

    kind: EnergyKind
    wh: int


@dataclass(frozen=True, slots=True)
class MoneyLine:
    """An amount in the currency's smallest unit; above 0 the member receives it."""

    kind: MoneyKind
    amount: int


def energy_of(lines: MemberLines) -> Iterator[tuple[EnergyKind, int]]:
    """Say what the watt-hours of one settled interval were."""
    trade, pool, grid, passed = lines.trade, lines.pool, lines.grid, lines.certificates
    yield EnergyKind.IMPORTED, trade.delivered_in + pool.taken + grid.imported
    yield EnergyKind.BOUGHT, trade.delivered_in + trade.unused + trade.uncovered
    yield EnergyKind.BOUGHT_DELIVERED, trade.delivered_in
    yield EnergyKind.UNUSED, trade.unused
    yield EnergyKind.UNCOVERED, trade.uncovered
    yield EnergyKind.POOL_TAKEN, pool.taken
    yield EnergyKind.FROM_GRID, grid.imported
    yield EnergyKind.EXPORTED, trade.delivered_out + pool.given + grid.exported
    yield EnergyKind.SOLD, sold_in(lines)
    yield EnergyKind.SOLD_DELIVERED, trade.delivered_out
    yield EnergyKind.UNDELIVERED, trade.undelivered
    yield EnergyKind.UNPLACED, trade.unplaced
    yield EnergyKind.POOL_GIVEN, pool.given
    yield EnergyKind.TO_GRID, grid.exported
    yield EnergyKind.PRODUCED, passed.issued
    yield EnergyKind.CERTIFIED_IN, passed.received
    yield EnergyKind.UNATTRIBUTED_IN, passed.received_unattributed
    yield EnergyKind.CERTIFIED_OUT, passed.passed
    yield EnergyKind.UNATTRIBUTED_OUT, passed.given_unattributed


def money_of(lines: MemberLines) -> Iterator[tuple[MoneyKind, int]]:
    """Say what the money of one settled interval was for, without taxes."""
    trade, pool, charges = lines.trade, lines.pool, lines.charges
    yield MoneyKind.PURCHASE, -trade.purchase
    yield MoneyKind.BUY_BACK, trade.refund
    yield MoneyKind.COVER, trade.cover
    yield MoneyKind.SALE, trade.sale
    yield MoneyKind.SHORTFALL, -trade.shortfall
    yield MoneyKind.HANDED_BACK, -trade.handed_back
    yield MoneyKind.POOL_TAKEN, -pool.cost
    yield MoneyKind.POOL_GIVEN, pool.revenue
    yield MoneyKind.GRID_FEES, -charges.grid_fee
    yield MoneyKind.LEVIES, -charges.levies
    yield MoneyKind.COOP_FEE, -charges.coop_fee


def supplied_in(lines: MemberLines) -> int:
    """Value the energy that the member really supplied: what a seller's tax is taken of.

    Compensation for what was not delivered is no price of energy, on the buyers' side neither.
    """
    sold = sold_in(lines)
    price = lines.trade.sale // sold if sold else 0
    return price * lines.trade.delivered_out + lines.pool.revenue


def sold_in(lines: MemberLines) -> int:
    """Add up what the member sold, delivered or not."""
    trade = lines.trade
    return trade.delivered_out + trade.undelivered + trade.unplaced
