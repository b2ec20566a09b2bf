"""Settle a whole interval: from what was cleared and metered to lines and accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from .certificates import CertificateLine, Certificates, Holding, pass_certificates
from .charges import ChargeLine, Charges, ChargeTotals, Taken, charge
from .limits import SettlementError, bounded_amount, require_energy, require_price
from .pool import PoolLine, PoolRule, Stake, share_pool
from .trades import Position, References, TradeLine, Trades, cancel_own, settle_trades


class ZonePriceError(SettlementError):
    """The prices of the zones do not follow from one clearing."""


@dataclass(frozen=True, slots=True)
class ZonePrices:
    """What a zone's buyers paid and its sellers got per watt-hour, net of fees and VAT."""

    buyers: int
    sellers: int

    def __post_init__(self) -> None:
        """Refuse prices that pay sellers more than buyers give."""
        require_price("buyers' price", self.buyers)
        require_price("sellers' price", self.sellers)
        if self.buyers < self.sellers:
            msg = f"buyers' price {self.buyers} is below sellers' price {self.sellers}"
            raise ZonePriceError(msg)


@dataclass(frozen=True, slots=True)
class Terms:
    """The market's parameters in force in the interval; no pool rule, no pool."""

    references: References
    charges: Charges
    pool: PoolRule | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """All that is known of one member's interval; `bought` and `sold` as cleared."""

    retail: int
    feed_in: int
    imported: int = 0
    exported: int = 0
    bought: int = 0
    sold: int = 0
    zone: int = 0
    pool_weight: int = 0
    produced: int = 0
    own_use: int = 0
    certificates: int = 0
    prefers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what no later step would look at before it counts."""
        require_energy("bought", self.bought)
        require_energy("sold", self.sold)
        require_price("own retail price", self.retail)
        require_price("own feed-in price", self.feed_in)


@dataclass(frozen=True, slots=True)
class GridMemo:
    """What is left for the member's own supplier, at its own tariffs; no account moves.

    So its money has no bound: what one member says of its tariffs refuses nobody's interval.
    """

    imported: int
    exported: int
    cost: int
    revenue: int


@dataclass(frozen=True, slots=True)
class MemberLines:
    """One member's settled interval."""

    trade: TradeLine
    pool: PoolLine
    charges: ChargeLine
    certificates: CertificateLine
    grid: GridMemo
    pays: int
    receives: int


@dataclass(frozen=True, slots=True)
class Accounts:
    """What each named account receives; a negative amount is what it pays."""

    balancing: int
    rounding: int
    vat: int
    grid_fees: int
    levies: int
    coop_fee: int
    congestion_rent: int
    mechanism_surplus: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """A settled interval: lines in the members' order, accounts, attribution of energy.

    Exactly, for every input: all that members pay is all that members receive and all
    that the accounts receive.
    """

    members: tuple[MemberLines, ...]
    accounts: Accounts
    certificates: Certificates


def settle(
    terms: Terms,
    zones: Sequence[ZonePrices | None],
    members: Sequence[Member],
    crossing_fees: int = 0,
) -> Settlement:
    """Settle the members, given in tie order; a zone in which nothing was traded is None.

    The crossing fees are those of the zones' edges, which the zones' prices have collected.
    """
    positions = [_position(zones, member) for member in members]
    trades = settle_trades(positions, terms.references)
    pool = _share_rest(terms, members, trades)
    charged = charge(
        [
            Taken(
                traded=trade.delivered_in,
                traded_cost=position.price * trade.delivered_in,
                pooled=share.taken,
                pooled_cost=share.cost,
            )
            for position, trade, share in zip(positions, trades.lines, pool, strict=True)
        ],
        terms.charges,
    )
    certificates = pass_certificates(
        [
            Holding(
                held=member.certificates,
                produced=member.produced,
                own_use=member.own_use,
                given=trade.delivered_out + share.given,
                received=trade.delivered_in + share.taken,
                prefers=member.prefers,
            )
            for member, trade, share in zip(members, trades.lines, pool, strict=True)
        ]
    )
    rows = zip(members, trades.lines, pool, charged.lines, certificates.lines, strict=True)
    return Settlement(
        members=tuple(_lines(*row) for row in rows),
        accounts=_accounts(
            _Collected.of(zones, members, positions), crossing_fees, trades, charged
        ),
        certificates=certificates,
    )


def _position(zones: Sequence[ZonePrices | None], member: Member) -> Position:
    """Put the member's net trade, at its zone's price, beside its meter."""
    if not 0 <= member.zone < len(zones):
        msg = f"zone {member.zone} of {len(zones)}: name a zone of this market"
        raise ZonePriceError(msg)
    bought, sold = cancel_own(member.bought, member.sold)
    prices = zones[member.zone]
    if prices is None:
        if bought or sold:
            msg = f"trades in zone {member.zone}, which has no price: give its clearing's"
            raise ZonePriceError(msg)
        price = 0
    else:
        price = prices.buyers if bought else prices.sellers
    return Position(bought, sold, price, member.imported, member.exported)


def _share_rest(terms: Terms, members: Sequence[Member], trades: Trades) -> tuple[PoolLine, ...]:
    """Bring to the pool what was metered and not delivered."""
    if terms.pool is None:
        return (PoolLine(),) * len(members)
    stakes = [
        Stake(
            offer=member.exported - trade.delivered_out,
            need=member.imported - trade.delivered_in,
            retail=member.retail,
            feed_in=member.feed_in,
            weight=member.pool_weight,
        )
        for member, trade in zip(members, trades.lines, strict=True)
    ]
    return share_pool(stakes, terms.pool, terms.references, terms.charges)


def _lines(
    member: Member,
    trade: TradeLine,
    pool: PoolLine,
    charges: ChargeLine,
    certificates: CertificateLine,
) -> MemberLines:
    """Gather one member's lines, with what is left to the grid."""
    from_grid = member.imported - trade.delivered_in - pool.taken
    to_grid = member.exported - trade.delivered_out - pool.given
    return MemberLines(
        trade=trade,
        pool=pool,
        charges=charges,
        certificates=certificates,
        grid=GridMemo(
            imported=from_grid,
            exported=to_grid,
            cost=member.retail * from_grid,
            revenue=member.feed_in * to_grid,
        ),
        pays=bounded_amount("pays", trade.pays + pool.cost + charges.pays),
        receives=bounded_amount("receives", trade.receives + pool.revenue),
    )


@dataclass(frozen=True, slots=True)
class _Collected:
    """What the zones' buyers paid more than their sellers got, inside the zones and between."""

    surplus: int
    between: int

    @classmethod
    def of(
        cls,
        zones: Sequence[ZonePrices | None],
        members: Sequence[Member],
        positions: Sequence[Position],
    ) -> Self:
        """Add up all zones."""
        bought, sold = [0] * len(zones), [0] * len(zones)
        for member, position in zip(members, positions, strict=True):
            bought[member.zone] += position.bought
            sold[member.zone] += position.sold
        surplus = between = 0
        for zone, prices in enumerate(zones):
            if prices is not None:
                surplus += (prices.buyers - prices.sellers) * bought[zone]
                between += prices.sellers * (bought[zone] - sold[zone])
        return cls(surplus, between)


def _accounts(
    collected: _Collected, crossing_fees: int, trades: Trades, charged: ChargeTotals
) -> Accounts:
    """Book what is left of the members' money by the reason why."""
    rent = collected.between - crossing_fees
    if crossing_fees < 0 or rent < 0:
        msg = (
            f"the zones' prices collect {collected.between} between them, and their edges' fees "
            f"are {crossing_fees}: give one clearing's"
        )
        raise ZonePriceError(msg)
    return Accounts(
        balancing=trades.balancing,
        rounding=charged.rounding,
        vat=charged.vat,
        grid_fees=bounded_amount("grid fees", charged.grid_fees + crossing_fees),
        levies=charged.levies,
        coop_fee=charged.coop_fee,
        congestion_rent=bounded_amount("congestion rent", rent),
        mechanism_surplus=bounded_amount("mechanism surplus", collected.surplus),
    )
