"""Settle what was traded against what was metered."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..shares import proportional
from .limits import SettlementError, bounded_amount, require_energy, require_price


class ReferencesReversedError(SettlementError):
    """The reference feed-in price is above the reference retail price."""


class UnbalancedTradesError(SettlementError):
    """What was bought is not what was sold."""


class UncancelledTradeError(SettlementError):
    """A member's own buys and sells have not been cancelled."""


@dataclass(frozen=True, slots=True)
class References:
    """The market's governed reference prices."""

    retail: int
    feed_in: int

    def __post_init__(self) -> None:
        """Refuse prices under which not delivering would pay."""
        require_price("reference retail price", self.retail)
        require_price("reference feed-in price", self.feed_in)
        if self.feed_in > self.retail:
            msg = f"reference feed-in price {self.feed_in} is above retail {self.retail}: lower it"
            raise ReferencesReversedError(msg)

    def clip(self, price: int) -> int:
        """Bring a member's own tariff between feed-in and retail."""
        return min(max(price, self.feed_in), self.retail)


@dataclass(frozen=True, slots=True)
class Position:
    """What one member traded, net, and metered in an interval."""

    bought: int
    sold: int
    price: int
    imported: int
    exported: int

    def __post_init__(self) -> None:
        """Refuse figures out of bounds, and trades of both sides."""
        require_energy("bought", self.bought)
        require_energy("sold", self.sold)
        require_price("price", self.price)
        require_energy("imported", self.imported)
        require_energy("exported", self.exported)
        if self.bought and self.sold:
            msg = f"bought {self.bought} and sold {self.sold} Wh: cancel own trades first"
            raise UncancelledTradeError(msg)


@dataclass(frozen=True, slots=True)
class TradeLine:
    """One member's trades: watt-hours, then what it pays, then what it receives."""

    undelivered: int
    unused: int
    uncovered: int
    unplaced: int
    delivered_in: int
    delivered_out: int
    purchase: int
    shortfall: int
    handed_back: int
    sale: int
    refund: int
    cover: int

    @property
    def pays(self) -> int:
        """All that the member owes for its trades."""
        return self.purchase + self.shortfall + self.handed_back

    @property
    def receives(self) -> int:
        """All that the member is owed for its trades."""
        return self.sale + self.refund + self.cover


@dataclass(frozen=True, slots=True)
class Trades:
    """An interval's trades, settled, one line a member."""

    lines: tuple[TradeLine, ...]
    cover_price: int
    return_price: int
    balancing: int


def cancel_own(bought: int, sold: int) -> tuple[int, int]:
    """Cancel a member's own buys against its own sells."""
    own = min(bought, sold)
    return bought - own, sold - own


def settle_trades(positions: Sequence[Position], references: References) -> Trades:
    """Settle the members' trades, given in tie order."""
    _require_balance(positions)
    prices = [member.price for member in positions if member.bought or member.sold]
    cover_price = max([references.retail, *prices])
    return_price = min([references.feed_in, *prices])
    undelivered = [max(0, member.sold - member.exported) for member in positions]
    unused = [max(0, member.bought - member.imported) for member in positions]
    short, idle = sum(undelivered), sum(unused)
    # As much was bought as sold, so neither total exceeds what it is shared over,
    # and no share exceeds its weight.
    uncovered = proportional(
        [min(member.bought, member.imported) for member in positions], max(0, short - idle)
    )
    unplaced = proportional(
        [min(member.sold, member.exported) for member in positions], max(0, idle - short)
    )
    lines = tuple(
        TradeLine(
            undelivered=undelivered[row],
            unused=unused[row],
            uncovered=uncovered[row],
            unplaced=unplaced[row],
            delivered_in=member.bought - unused[row] - uncovered[row],
            delivered_out=member.sold - undelivered[row] - unplaced[row],
            purchase=bounded_amount("purchase", member.price * member.bought),
            shortfall=bounded_amount("shortfall", cover_price * undelivered[row]),
            handed_back=bounded_amount("handed back", return_price * unplaced[row]),
            sale=bounded_amount("sale", member.price * member.sold),
            refund=bounded_amount("refund", return_price * unused[row]),
            cover=bounded_amount("cover", cover_price * uncovered[row]),
        )
        for row, member in enumerate(positions)
    )
    balancing = (cover_price - return_price) * min(short, idle)
    return Trades(lines, cover_price, return_price, bounded_amount("balancing", balancing))


def _require_balance(positions: Sequence[Position]) -> None:
    """Refuse trades in which one side has more than the other."""
    bought = sum(member.bought for member in positions)
    sold = sum(member.sold for member in positions)
    if bought != sold:
        msg = f"{bought} Wh bought but {sold} Wh sold: settle one whole clearing"
        raise UnbalancedTradesError(msg)
