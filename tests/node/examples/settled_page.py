"""Settle the interval of a worked example, and find the figure that each row of it names."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from depin_protocol.settlement.charges import Charges, Fees, Taxed, Vat
from depin_protocol.settlement.interval import (
    Member,
    MemberLines,
    Settlement,
    Terms,
    ZonePrices,
    settle,
)
from depin_protocol.settlement.pool import Key, PoolRule
from depin_protocol.settlement.trades import References
from tests.node.examples.page import Cell, Table

type Page = Mapping[str, Table]

OF_A_MEMBER: Final[dict[str, Callable[[MemberLines], int]]] = {
    "undelivered": lambda lines: lines.trade.undelivered,
    "unused": lambda lines: lines.trade.unused,
    "uncovered": lambda lines: lines.trade.uncovered,
    "unplaced": lambda lines: lines.trade.unplaced,
    "delivered in": lambda lines: lines.trade.delivered_in,
    "delivered out": lambda lines: lines.trade.delivered_out,
    "purchase": lambda lines: lines.trade.purchase,
    "shortfall": lambda lines: lines.trade.shortfall,
    "handed back": lambda lines: lines.trade.handed_back,
    "sale": lambda lines: lines.trade.sale,
    "refund": lambda lines: lines.trade.refund,
    "cover": lambda lines: lines.trade.cover,
    "taken from the pool": lambda lines: lines.pool.taken,
    "given to the pool": lambda lines: lines.pool.given,
    "pool cost": lambda lines: lines.pool.cost,
    "grid fee": lambda lines: lines.charges.grid_fee,
    "levies": lambda lines: lines.charges.levies,
    "co-op fee": lambda lines: lines.charges.coop_fee,
    "taxable": lambda lines: lines.charges.taxable,
    "VAT": lambda lines: lines.charges.vat,
    "from the grid": lambda lines: lines.grid.imported,
    "to the grid": lambda lines: lines.grid.exported,
    "paid to the grid": lambda lines: lines.grid.cost,
    "paid by the grid": lambda lines: lines.grid.revenue,
    "pays": lambda lines: lines.pays,
    "receives": lambda lines: lines.receives,
}
OF_ALL: Final[dict[str, Callable[[Settlement], int]]] = {
    "balancing": lambda settled: settled.accounts.balancing,
    "rounding": lambda settled: settled.accounts.rounding,
    "VAT": lambda settled: settled.accounts.vat,
    "grid fees": lambda settled: settled.accounts.grid_fees,
    "levies": lambda settled: settled.accounts.levies,
    "co-op fee": lambda settled: settled.accounts.coop_fee,
    "congestion rent": lambda settled: settled.accounts.congestion_rent,
    "all that members pay": lambda settled: sum(lines.pays for lines in settled.members),
    "all that members receive": lambda settled: sum(lines.receives for lines in settled.members),
}


def settled_page(page: Page) -> Settlement:
    """Settle what a page gives."""
    zones = _zones(page)
    members = [_member(page["given"], home, list(zones)) for home in page["given"].columns]
    settled = settle(
        _terms(page["market"]),
        list(zones.values()),
        members,
        _figure(page["market"], "crossing fees"),
    )
    taken = sum(line.pays for line in settled.members)
    given = sum(line.receives for line in settled.members)
    assert taken == given + sum(asdict(settled.accounts).values())
    return settled


def _zones(page: Page) -> dict[str, ZonePrices | None]:
    if "price" in page:
        prices = {name: _only(row).figure for name, row in page["price"].rows.items()}
        return {name: ZonePrices(price, price) for name, price in prices.items()}
    row = page["market"].row("price")
    if not row:
        return {"": None}
    return {"": ZonePrices(_only(row).figure, _only(row).figure)}


def _member(given: Table, home: str, zones: list[str]) -> Member:
    def figure(name: str) -> int:
        row = given.row(name)
        return row[home].figure if row else 0

    zone = given.row("zone")
    return Member(
        retail=figure("retail"),
        feed_in=figure("feed-in"),
        imported=figure("imported"),
        exported=figure("exported"),
        bought=figure("bought"),
        sold=figure("sold"),
        zone=zones.index(zone[home].text) if zone else 0,
        pool_weight=figure("pool weight"),
    )


def _terms(market: Table) -> Terms:
    references = References(
        _figure(market, "reference retail price"), _figure(market, "reference feed-in price")
    )
    traded, pooled = (
        Fees(*(_figure(market, f"{name}, {where}") for name in ("grid fee", "levies", "co-op fee")))
        for where in ("traded", "pooled")
    )
    vat = Vat()
    if on := market.row("VAT on"):
        parts = Taxed.NOTHING
        for name in _only(on).text.split():
            parts |= Taxed[name]
        vat = Vat(_figure(market, "VAT, parts"), _figure(market, "VAT, of"), parts)
    key = market.row("pool key")
    pool = PoolRule(_figure(market, "pool price"), Key(_only(key).text)) if key else None
    return Terms(references, Charges(traded, pooled, vat), pool)


def _figure(market: Table, name: str) -> int:
    row = market.row(name)
    return _only(row).figure if row else 0


def _only(row: Mapping[str, Cell]) -> Cell:
    (cell,) = row.values()
    return cell
