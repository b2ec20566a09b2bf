"""What a member's line has to be, from its trades, its meters and the market's rules.

What others did decides four figures: how much of a trade nobody covered or placed, and what the
pool gave and took. These are bounded here, and all else follows from them.
"""

from dataclasses import fields, is_dataclass

from ..bounds import MAX_AMOUNT
from ..rules.market_rules import MarketRules
from ..settlement.certificates import CertificateLine
from ..settlement.charges import Taken
from ..settlement.interval import GridMemo, MemberLines
from ..settlement.limits import SettlementError
from ..settlement.metered import Bounds, metered
from ..settlement.pool import PoolLine
from ..settlement.settled_member import SettledMember
from ..settlement.trades import TradeLine, cancel_own
from ..statements.fields import BodyError
from .verdicts import Check, FailedCheckError


def require_following(
    told: SettledMember, rules: MarketRules, price: int | None, members: int
) -> None:
    """Refuse a line that does not follow; `price` is that at which its net trade settles."""
    # So much a member can be believed that all of them together stay within an amount.
    most_wh = (MAX_AMOUNT - 1) // max(1, rules.exposure) // max(1, members)
    require_metered(told, rules, min(rules.most_wh, most_wh))
    _check_prices(told, rules, price)
    try:
        lines = _lines(told, rules)
    except SettlementError as error:
        msg = f"the line is beyond what can be settled: {error}"
        raise FailedCheckError(Check.SETTLEMENT, msg) from error
    require_same(lines, told.lines, "")


def require_metered(told: SettledMember, rules: MarketRules, most_wh: int) -> None:
    """Refuse a line whose import and export are not what its meters show."""
    try:
        bounds = Bounds(rules.netting, most_wh)
        found = metered(told.meters, told.told, bounds, told.terms)
    except ValueError as error:
        raise BodyError(str(error)) from error
    require_same(found, told.metered, "metered.")


def require_same(found: object, told: object, name: str) -> None:
    """Refuse figures that differ, and name the first."""
    if is_dataclass(found):
        for field in fields(found):
            inner = f"{name}{field.name}."
            require_same(getattr(found, field.name), getattr(told, field.name), inner)
    elif found != told:
        msg = f"{name.rstrip('.')} is {found} by the rules, and the line says {told}"
        raise FailedCheckError(Check.SETTLEMENT, msg)


def _check_prices(told: SettledMember, rules: MarketRules, price: int | None) -> None:
    prices = told.prices
    pool = None if rules.pool is None else rules.pool.price
    retail, feed_in = rules.references.retail, rules.references.feed_in
    _require(prices.trade == price, f"trades settle at {price}, and the line says {prices.trade}")
    _require(prices.pool == pool, f"the pool's price is {pool}, and the line says {prices.pool}")
    # Others may have traded at another price, in other zones or without this member.
    if price is None:
        least, most = retail, max(retail, rules.band.high)
        lowest, highest = min(feed_in, rules.band.low), feed_in
    else:
        least, highest = max(retail, price), min(feed_in, price)
        most, lowest = max(least, rules.dearest_cover), min(highest, rules.cheapest_return)
    _require(
        least <= prices.cover <= most,
        f"what is not delivered costs {least} to {most}, and the line says {prices.cover}",
    )
    _require(
        lowest <= prices.back <= highest,
        f"what is not used brings {lowest} to {highest}, and the line says {prices.back}",
    )


def _lines(told: SettledMember, rules: MarketRules) -> MemberLines:
    trade = _trade(told)
    pool = _pool(told, rules, trade)
    price = told.prices.trade or 0
    charges = rules.charges.on(
        Taken(trade.delivered_in, price * trade.delivered_in, pool.taken, pool.cost)
    )
    meter = told.metered
    from_grid = meter.imported - trade.delivered_in - pool.taken
    to_grid = meter.exported - trade.delivered_out - pool.given
    grid = GridMemo(from_grid, to_grid, told.terms.retail * from_grid, told.terms.feed_in * to_grid)
    return MemberLines(
        trade,
        pool,
        charges,
        _certificates(told, trade, pool),
        grid,
        trade.pays + pool.cost + charges.pays,
        trade.receives + pool.revenue,
    )


def _trade(told: SettledMember) -> TradeLine:
    bought, sold = cancel_own(told.traded.bought, told.traded.sold)
    meter, prices, said = told.metered, told.prices, told.lines.trade
    price = prices.trade or 0
    undelivered, unused = max(0, sold - meter.exported), max(0, bought - meter.imported)
    _within("trade.uncovered", said.uncovered, min(bought, meter.imported))
    _within("trade.unplaced", said.unplaced, min(sold, meter.exported))
    return TradeLine(
        undelivered=undelivered,
        unused=unused,
        uncovered=said.uncovered,
        unplaced=said.unplaced,
        delivered_in=bought - unused - said.uncovered,
        delivered_out=sold - undelivered - said.unplaced,
        purchase=price * bought,
        shortfall=prices.cover * undelivered,
        handed_back=prices.back * said.unplaced,
        sale=price * sold,
        refund=prices.back * unused,
        cover=prices.cover * said.uncovered,
    )


def _pool(told: SettledMember, rules: MarketRules, trade: TradeLine) -> PoolLine:
    pool, said = rules.pool, told.lines.pool
    if pool is None:
        return PoolLine()
    clip = rules.references.clip
    gives = clip(told.terms.feed_in) <= pool.price
    takes = rules.charges.pool_within(pool.price, clip(told.terms.retail))
    offer = told.metered.exported - trade.delivered_out if gives else 0
    need = told.metered.imported - trade.delivered_in if takes else 0
    _within("pool.given", said.given, offer)
    _within("pool.taken", said.taken, need)
    return PoolLine(said.given, said.taken, pool.price * said.taken, pool.price * said.given)


def _certificates(told: SettledMember, trade: TradeLine, pool: PoolLine) -> CertificateLine:
    produced, said = told.metered.produced, told.lines.certificates
    given, due = trade.delivered_out + pool.given, trade.delivered_in + pool.taken
    passed = min(given, told.certificates + produced)
    _within("certificates.received", said.received, due)
    left = told.certificates + produced - passed
    used = min(told.metered.own_use, left)
    return CertificateLine(
        issued=produced,
        passed=passed,
        given_unattributed=given - passed,
        received=said.received,
        received_unattributed=due - said.received,
        retired_at_home=used,
        held=left - used,
    )


def _within(name: str, said: int, most: int) -> None:
    _require(0 <= said <= most, f"{name} is 0 to {most} by the rules, and the line says {said}")


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - what it is about is in words
    if not holds:
        raise FailedCheckError(Check.SETTLEMENT, otherwise)
