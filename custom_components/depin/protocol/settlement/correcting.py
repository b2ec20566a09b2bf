"""What a better value makes of a settled interval: nobody but the member itself is settled anew.

Prices, what others received, and pool shares stay as they were settled. What the member exported
less than it had delivered and given, it owes: delivered Wh at the price of undelivered ones, given
Wh at the pool's price. All else that differs is its own grid supplier's, at its own tariffs.
"""

from dataclasses import replace

from .interval import GridMemo, MemberLines
from .metered import Metered, MeterEnergy, Told
from .settled_member import SettledMember


def corrected(
    first: SettledMember, meters: tuple[MeterEnergy, ...], told: Told, metered: Metered
) -> SettledMember:
    """Settle a member anew; `first` is what its interval was settled to, before any correction."""
    lines = first.lines
    trade, pool, passed = lines.trade, lines.pool, lines.certificates
    short = max(0, trade.delivered_out + pool.given - metered.exported)
    undelivered = min(short, trade.delivered_out)
    ungiven = short - undelivered
    trade = replace(
        trade,
        undelivered=trade.undelivered + undelivered,
        delivered_out=trade.delivered_out - undelivered,
        shortfall=trade.shortfall + first.prices.cover * undelivered,
    )
    pool = replace(
        pool,
        given=pool.given - ungiven,
        revenue=pool.revenue - (first.prices.pool or 0) * ungiven,
    )
    kept = first.certificates + metered.produced - passed.passed
    used = min(metered.own_use, max(0, kept))
    passed = replace(passed, issued=metered.produced, retired_at_home=used, held=kept - used)
    from_grid = metered.imported - trade.delivered_in - pool.taken
    to_grid = metered.exported - trade.delivered_out - pool.given
    grid = GridMemo(
        from_grid, to_grid, first.terms.retail * from_grid, first.terms.feed_in * to_grid
    )
    charges = lines.charges
    pays = trade.pays + pool.cost + charges.pays
    receives = trade.receives + pool.revenue
    return replace(
        first,
        meters=meters,
        told=told,
        metered=metered,
        lines=MemberLines(trade, pool, charges, passed, grid, pays, receives),
    )
